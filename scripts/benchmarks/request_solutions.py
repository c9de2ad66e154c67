"""Write the requests that ask models to solve a benchmark's problems.

Request ids are {iteration}/{problem}. Each request names its model, so that one process
can answer the requests of all models.
"""

from argparse import ArgumentParser, Namespace

from refinement.benchmarks.record_types import PROBLEM
from refinement.completion.record_types import REQUEST
from refinement.completion.requests import ask
from refinement.records.errors import BadInput
from refinement.records.files import index_records, load_records, write_records
from refinement.running.command_line import add_request_options, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("problems", help="JSONL: problems")
    options.add_argument("--models", nargs="+", required=True, help="folders or hub names of the models M_0, M_1, ...")
    options.add_argument("--first", type=int, default=0, help="iteration of the first model")
    options.add_argument("--samples", type=int, required=True, help="number of answers to each problem")
    add_request_options(options)
    return options


def main(options: Namespace) -> None:
    problems = index_records(load_records(options.problems, PROBLEM), "id")
    if not problems:
        raise BadInput(f"{options.problems}: no problem in it; a benchmark needs at least one")
    requests = (
        ask(
            f"{iteration}/{name}",
            problem["prompt"],
            options.sampling,
            (options.seed, "benchmark"),
            sample,
            model,
        )
        for iteration, model in enumerate(options.models, start=options.first)
        for name, problem in problems.items()
        for sample in range(1, options.samples + 1)
    )
    write_records(options.output, requests, REQUEST)


if __name__ == "__main__":
    run_step(main, arguments())
