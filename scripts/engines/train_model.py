"""Fine-tune a student model on a data set (RefineCoder, section 3.4).

Run it directly for one process, or through launch_processes.py for several. If the
settings checkpoint_steps or checkpoint_minutes are given, an interrupted training
resumes from its latest checkpoint when the same command runs again. Checkpoints are
kept in OUTPUT.checkpoints until the model, its log and its counts are written.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from refinement.methods.acr.record_types import DATASET
from refinement.records.accounts import Account
from refinement.records.errors import BadInput
from refinement.records.files import load_records, write_json
from refinement.running.command_line import JoinObjects, add_account, json_value, parser, run_step
from refinement.training.settings import read_settings
from refinement.training.sft import fine_tune, join_process_group, load_student, split_over_long


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("dataset", help="JSONL: the data set D_t")
    options.add_argument("--start", required=True, help="folder or hub name of the model to start from")
    options.add_argument("--chat-template", help="Jinja template that replaces the model's chat template")
    options.add_argument("--eos-token", help="token that ends a chat turn; default: the model's eos token")
    options.add_argument("--pad-token", help="token that pads a batch; default: the model's pad token")
    options.add_argument(
        "--settings", type=json_value, action=JoinObjects, required=True, help="JSON: training settings"
    )
    options.add_argument("--loss", choices=("all", "last"), required=True, help="assistant turns that bear loss")
    options.add_argument("--threads", type=int, default=1, help="number of CPU threads; results may depend on it")
    options.add_argument("--output", required=True, help="folder: the trained model, in Hugging Face format")
    options.add_argument("--log", required=True, help="JSON: losses and throughput")
    add_account(options)
    return options


def main(options: Namespace) -> None:
    settings, account = read_settings(options.settings), Account("training")
    with join_process_group(options.threads):
        records = list(account.take(load_records(options.dataset, DATASET)))
        special = (options.chat_template, options.eos_token, options.pad_token)
        model, tokenizer = load_student(options.start, *special, settings)
        kept, long = split_over_long(records, tokenizer, settings)
        for record in long:
            account.reject(record["id"], "over_long")
        if not kept:
            raise BadInput(
                f"{options.dataset}: no record fits into training.max_length {settings.max_length}; raise that limit"
            )
        account.given = len(kept)

        def record(log: dict[str, Any]) -> None:
            write_json(options.log, log)
            account.write(options.counts, options.rejected)

        fine_tune(model, tokenizer, kept, settings, Path(options.output), options.loss, record, options.start)


if __name__ == "__main__":
    run_step(main, arguments())
