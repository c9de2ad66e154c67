"""Read concepts and instructions from the teacher's answers: round 0."""

from argparse import ArgumentParser, Namespace

from refinecoder.accounts import Account
from refinecoder.batch import collect_answers
from refinecoder.instructions import collect_ideas
from refinecoder.records import load_records, write_records
from refinecoder.steps import add_account, parser, run


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("snippets", help="JSONL: snippets")
    options.add_argument("--responses", nargs="+", required=True, help="JSONL: responses, all shards")
    options.add_argument("--per-snippet", type=int, required=True)
    options.add_argument("--output", required=True, help="JSONL: instructions")
    add_account(options)
    return options


def main(options: Namespace) -> None:
    account = Account("instructions")
    snippets = load_records(options.snippets, "snippet")
    ideas = collect_ideas(snippets, collect_answers(options.responses), options.per_snippet, account)
    write_records(options.output, ideas, "instruction")
    account.write(options.counts, options.rejected)


if __name__ == "__main__":
    run(main, arguments())
