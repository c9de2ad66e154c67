"""Write the requests to the judge, and the programs, with which the scoring system rates answers to a benchmark.

The judge scores each sample as it does between iterations (RefineCoder, equation 1), and the sandbox executes its
program without tests (equation 4). Table 4 compares the ratings with the benchmark's tests.
"""

from argparse import ArgumentParser, Namespace

from refinement.benchmarks.programs import distinct, standalone_program
from refinement.benchmarks.record_types import PROBLEM
from refinement.completion.prompts import fill_template, load_template
from refinement.completion.record_types import REQUEST, SAMPLE
from refinement.completion.requests import ask
from refinement.records.files import index_records, load_records, write_records
from refinement.running.command_line import add_request_options, parser, run_step
from refinement.sandbox.record_types import PROGRAM


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("problems", help="JSONL: the benchmark's problems")
    options.add_argument("solutions", help="JSONL: the samples to rate, ids {iteration}/{problem}")
    options.add_argument("--template", required=True, help="text with {instruction} and {response}")
    options.add_argument("--programs", required=True, help="JSONL: programs to execute without tests (mode run)")
    add_request_options(options)
    return options


def main(options: Namespace) -> None:
    template = load_template(options.template, "instruction", "response")
    problems = index_records(load_records(options.problems, PROBLEM), "id")
    solutions = load_records(options.solutions, SAMPLE)
    requests = (
        ask(
            sample["id"],
            fill_template(
                template,
                instruction=problems[sample["id"].partition("/")[2]]["prompt"],
                response=sample["response"],
            ),
            options.sampling,
            (options.seed, "judge", "scoring"),
            sample["sample"],
        )
        for sample in solutions
    )
    write_records(options.output, requests, REQUEST)
    programs = distinct(standalone_program(sample["response"]) for sample in solutions)
    write_records(options.programs, programs, PROGRAM)


if __name__ == "__main__":
    run_step(main, arguments())
