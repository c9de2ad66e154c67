"""Write the requests to evolve the instructions; the seed chooses a strategy for each instruction."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from refinement.completion.prompts import fill_template, load_template
from refinement.completion.record_types import REQUEST
from refinement.completion.requests import ask
from refinement.methods.acr.instructions import choose_strategy
from refinement.methods.acr.record_types import INSTRUCTION
from refinement.records.files import read_records, write_records
from refinement.running.command_line import add_request_options, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("instructions", help="JSONL: the instructions of the previous round")
    options.add_argument(
        "--templates", nargs="+", required=True, help="texts with {instruction}; each file has the name of its strategy"
    )
    options.add_argument("--round", type=int, required=True, help="number of the round, from 1")
    add_request_options(options)
    return options


def main(options: Namespace) -> None:
    templates = {Path(path).stem: load_template(path, "instruction") for path in options.templates}
    strategies = sorted(templates)
    requests = (
        ask(
            record["id"],
            fill_template(
                templates[choose_strategy(record["id"], strategies, options.seed, options.round)],
                instruction=record["instruction"],
            ),
            options.sampling,
            (options.seed, "evolution", options.round),
        )
        for record in read_records(options.instructions, INSTRUCTION)
    )
    write_records(options.output, requests, REQUEST)


if __name__ == "__main__":
    run_step(main, arguments())
