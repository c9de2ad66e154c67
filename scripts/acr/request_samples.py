"""Write the requests for self-generated answers, n for each instruction of D_t."""

from argparse import ArgumentParser, Namespace

from refinement.completion.record_types import REQUEST
from refinement.completion.requests import ask
from refinement.methods.acr.record_types import DATASET
from refinement.records.files import read_records, write_records
from refinement.running.command_line import add_request_options, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("dataset", help="JSONL: D_t")
    options.add_argument("--samples", type=int, required=True, help="n, the number of samples for each instruction")
    options.add_argument("--iteration", type=int, required=True, help="t")
    add_request_options(options)
    return options


def main(options: Namespace) -> None:
    requests = (
        ask(record["id"], record["instruction"], options.sampling, (options.seed, "student", options.iteration), sample)
        for record in read_records(options.dataset, DATASET)
        for sample in range(1, options.samples + 1)
    )
    write_records(options.output, requests, REQUEST)


if __name__ == "__main__":
    run_step(main, arguments())
