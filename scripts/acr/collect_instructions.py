"""Read concepts and instructions from the teacher's answers; these are the instructions of round 0."""

from argparse import ArgumentParser, Namespace

from refinement.completion.requests import collect_answers
from refinement.methods.acr.instructions import collect_ideas
from refinement.methods.acr.record_types import INSTRUCTION, SNIPPET
from refinement.records.accounts import Account
from refinement.records.files import load_records, write_records
from refinement.running.command_line import add_account, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("snippets", help="JSONL: the snippets")
    options.add_argument("--responses", nargs="+", required=True, help="JSONL: the teacher's responses, all shards")
    options.add_argument("--per-snippet", type=int, required=True, help="number of instructions for each snippet")
    options.add_argument("--output", required=True, help="JSONL: the instructions")
    add_account(options)
    return options


def main(options: Namespace) -> None:
    account = Account("instructions")
    snippets = load_records(options.snippets, SNIPPET)
    ideas = collect_ideas(snippets, collect_answers(options.responses), options.per_snippet, account)
    write_records(options.output, ideas, INSTRUCTION)
    account.write(options.counts, options.rejected)


if __name__ == "__main__":
    run_step(main, arguments())
