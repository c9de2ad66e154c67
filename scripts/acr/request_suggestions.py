"""Write the requests for the teacher's suggestions of how to fix failed answers (RefineCoder, Figure 22)."""

from argparse import ArgumentParser, Namespace

from refinement.benchmarks.record_types import OUTCOME, PROBLEM
from refinement.completion.prompts import fill_template, load_template
from refinement.completion.record_types import REQUEST
from refinement.completion.requests import ask
from refinement.methods.acr.feedback import CASES, describe_execution, failures
from refinement.records.files import index_records, load_records, write_records
from refinement.running.command_line import add_request_options, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("outcomes", help="JSONL: outcomes of the first tries")
    options.add_argument("problems", help="JSONL: the benchmark's problems")
    options.add_argument("--template", required=True, help="text with {instruction}, {code} and {result}")
    options.add_argument("--cases", choices=CASES, required=True, help="which failing cases the prompts may show")
    options.add_argument(
        "--iterations", type=int, nargs="+", required=True, help="iterations whose models get a second try"
    )
    add_request_options(options)
    return options


def main(options: Namespace) -> None:
    template = load_template(options.template, "instruction", "code", "result")
    problems = index_records(load_records(options.problems, PROBLEM), "id")
    requests = (
        ask(
            f"{outcome['iteration']}/{outcome['id']}",
            fill_template(
                template,
                instruction=problems[outcome["id"]]["prompt"],
                code=outcome["response"],
                result=describe_execution(outcome, problems[outcome["id"]]["prompt"], options.cases),
            ),
            options.sampling,
            (options.seed, "suggestion"),
        )
        for outcome in failures(load_records(options.outcomes, OUTCOME), options.iterations)
    )
    write_records(options.output, requests, REQUEST)


if __name__ == "__main__":
    run_step(main, arguments())
