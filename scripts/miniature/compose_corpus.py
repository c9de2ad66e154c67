"""Compose the corpus on which the miniature's base model is pre-trained."""

from argparse import ArgumentParser, Namespace

from refinement.benchmarks.record_types import PROBLEM
from refinement.miniature.lists.corpus import compose_documents
from refinement.miniature.lists.grammar import read_instruction
from refinement.miniature.record_types import DOCUMENT
from refinement.records.files import load_records, write_records
from refinement.running.command_line import json_value, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("--documents", type=int, required=True, help="number of documents")
    options.add_argument("--depths", type=json_value, required=True, help="JSON: weight of each number of steps")
    options.add_argument("--beside", type=float, required=True, help="share of documents with a comment at each line")
    options.add_argument("--benchmarks", nargs="*", default=[], help="JSONL: problems to exclude from the corpus")
    options.add_argument("--seed", type=int, required=True)
    options.add_argument("--output", required=True, help="JSONL: documents")
    return options


def main(options: Namespace) -> None:
    depths = {int(depth): weight for depth, weight in options.depths.items()}
    prompts = [problem["prompt"] for problem in load_records(options.benchmarks, PROBLEM)]
    excluded = {wording.specification for prompt in prompts if (wording := read_instruction(prompt))}
    texts = compose_documents(options.documents, depths, options.beside, options.seed, excluded)
    write_records(options.output, ({"id": f"{n:06d}", "text": text} for n, text in enumerate(texts)), DOCUMENT)


if __name__ == "__main__":
    run_step(main, arguments())
