"""Write the requests for second tries: with execution feedback, and with the teacher's suggestion.

The record ids are {iteration}/{kind of feedback}/{problem}. Each request names the model of its iteration.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from refinement.benchmarks.record_types import OUTCOME, PROBLEM
from refinement.completion.prompts import load_template
from refinement.completion.record_types import REQUEST
from refinement.completion.requests import ask, collect_answers, found_in
from refinement.methods.acr.feedback import (
    CASES,
    FIELDS,
    FORMATS,
    SINGLE,
    SUGGESTION,
    describe_all,
    failures,
    second_prompt,
    second_turn,
)
from refinement.records.accounts import Account
from refinement.records.errors import BadInput
from refinement.records.files import index_records, load_records, write_records
from refinement.records.record_types import Record
from refinement.running.command_line import add_account, add_request_options, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("outcomes", help="JSONL: outcomes of the first tries")
    options.add_argument("problems", help="JSONL: the benchmark's problems")
    options.add_argument("--suggestions", nargs="+", required=True, help="JSONL: the teacher's responses, all shards")
    options.add_argument("--format", choices=FORMATS, required=True, help="a conversation, or a new prompt")
    options.add_argument(
        "--template", required=True, help="text with {instruction}, {code} and {feedback}, for the format single"
    )
    options.add_argument("--cases", choices=CASES, required=True, help="which failing cases the prompts may show")
    options.add_argument(
        "--iterations", type=int, nargs="+", required=True, help="iterations whose models get a second try"
    )
    options.add_argument("--models", nargs="+", required=True, help="the models of these iterations, in order")
    add_account(options)
    add_request_options(options)
    return options


def requests(options: Namespace, account: Account) -> Iterator[Record]:
    """Yield a request for each failure and kind of feedback; reject missing and unusable suggestions."""
    model_of = dict(zip(options.iterations, options.models, strict=True))
    template = load_template(options.template, *FIELDS)
    problems = index_records(load_records(options.problems, PROBLEM), "id")
    suggestions = collect_answers(options.suggestions)
    for outcome in account.take(list(failures(load_records(options.outcomes, OUTCOME), options.iterations))):
        name = f"{outcome['iteration']}/{outcome['id']}"
        prompt = problems[outcome["id"]]["prompt"]
        feedback = describe_all(outcome, suggestions, prompt, options.cases)
        if SUGGESTION in feedback:
            account.given += 1
        else:
            answer = found_in(suggestions, name)
            account.reject(name, answer.error or "unusable", answer.text)
        for kind, text in feedback.items():
            if options.format == SINGLE:
                messages = second_prompt(template, prompt, outcome, text)
            else:
                messages = second_turn(prompt, outcome, text)
            record = f"{outcome['iteration']}/{kind}/{outcome['id']}"
            model = model_of[outcome["iteration"]]
            yield ask(record, messages, options.sampling, (options.seed, "second try"), model=model)


def main(options: Namespace) -> None:
    if len(options.models) != len(options.iterations):
        raise BadInput(
            f"--models: {len(options.models)} models for {len(options.iterations)} iterations; "
            "give one model for each iteration"
        )
    account = Account("second_tries")
    write_records(options.output, requests(options, account), REQUEST)
    account.write(options.counts, options.rejected)


if __name__ == "__main__":
    run_step(main, arguments())
