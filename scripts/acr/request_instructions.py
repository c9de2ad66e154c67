"""Write the requests for concepts and instructions that the snippets inspire."""

from argparse import ArgumentParser, Namespace

from refinement.completion.prompts import fill_template, load_template
from refinement.completion.record_types import REQUEST
from refinement.completion.requests import ask
from refinement.methods.acr.record_types import SNIPPET
from refinement.records.files import read_records, write_records
from refinement.running.command_line import add_request_options, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("snippets", help="JSONL: the snippets")
    options.add_argument("--template", required=True, help="text with {snippet}")
    options.add_argument("--per-snippet", type=int, required=True, help="number of instructions for each snippet")
    add_request_options(options)
    return options


def main(options: Namespace) -> None:
    template = load_template(options.template, "snippet")
    requests = (
        ask(
            snippet["id"],
            fill_template(template, snippet=snippet["code"]),
            options.sampling,
            (options.seed, "idea"),
            sample,
        )
        for snippet in read_records(options.snippets, SNIPPET)
        for sample in range(1, options.per_snippet + 1)
    )
    write_records(options.output, requests, REQUEST)


if __name__ == "__main__":
    run_step(main, arguments())
