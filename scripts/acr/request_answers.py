"""Write the requests for the teacher's answers; each prompt is the bare instruction."""

from argparse import ArgumentParser, Namespace

from refinement.completion.record_types import REQUEST
from refinement.completion.requests import ask
from refinement.methods.acr.record_types import INSTRUCTION
from refinement.records.files import read_records, write_records
from refinement.running.command_line import add_request_options, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("instructions", help="JSONL: the selected instructions")
    add_request_options(options)
    return options


def main(options: Namespace) -> None:
    requests = (
        ask(record["id"], record["instruction"], options.sampling, (options.seed, "answer"))
        for record in read_records(options.instructions, INSTRUCTION)
    )
    write_records(options.output, requests, REQUEST)


if __name__ == "__main__":
    run_step(main, arguments())
