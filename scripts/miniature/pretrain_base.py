"""Train the miniature's tokenizer and pre-train its base model on the corpus."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from refinement.miniature.lists.student import encode_documents, new_model, train_tokenizer
from refinement.miniature.record_types import DOCUMENT
from refinement.records.files import load_records, write_json
from refinement.running.command_line import JoinObjects, json_value, parser, run_step
from refinement.training.settings import read_settings
from refinement.training.sft import join_process_group, pretrain


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("corpus", help="JSONL: documents")
    options.add_argument("--chat-template", required=True, help="Jinja template with generation markers")
    options.add_argument("--architecture", type=json_value, required=True, help="JSON: sizes of the model")
    options.add_argument(
        "--settings", type=json_value, action=JoinObjects, required=True, help="JSON: training settings"
    )
    options.add_argument("--threads", type=int, default=1, help="number of CPU threads; results may depend on it")
    options.add_argument("--output", required=True, help="folder: the base model, in Hugging Face format")
    options.add_argument("--log", required=True, help="JSON: losses and throughput")
    return options


def main(options: Namespace) -> None:
    settings = read_settings(options.settings)
    with join_process_group(options.threads):
        documents = [record["text"] for record in load_records(options.corpus, DOCUMENT)]
        tokenizer = train_tokenizer(
            documents, options.architecture["vocabulary"], Path(options.chat_template), settings.seed
        )
        model = new_model(options.architecture, tokenizer, settings.seed)
        parameters = model.num_parameters()
        examples = encode_documents(documents, tokenizer)
        tokens = sum(len(example["input_ids"]) for example in examples)

        def record(log: dict[str, Any]) -> None:
            write_json(options.log, {"parameters": parameters, "tokens": tokens, **log})

        pretrain(model, tokenizer, examples, settings, Path(options.output), record)


if __name__ == "__main__":
    run_step(main, arguments())
