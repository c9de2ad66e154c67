"""Read the teacher's answers to the selected instructions; they make the initial data set D_0."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping

from refinement.completion.requests import Answer, collect_answers, found_in
from refinement.methods.acr.record_types import DATASET, INSTRUCTION
from refinement.methods.acr.refining import single_turn
from refinement.records.accounts import Account
from refinement.records.errors import BadInput
from refinement.records.files import read_records, write_records
from refinement.records.record_types import Record
from refinement.running.command_line import add_account, parser, run_step


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("instructions", help="JSONL: the selected instructions")
    options.add_argument("--responses", nargs="+", required=True, help="JSONL: the teacher's responses, all shards")
    options.add_argument("--output", required=True, help="JSONL: D_0")
    add_account(options)
    return options


def answered(
    instructions: Iterator[Record], answers: Mapping[tuple[str, int], Answer], account: Account
) -> Iterator[Record]:
    """Yield the records of D_0; reject instructions without an answer."""
    for record in account.take(instructions):
        answer = found_in(answers, record["id"])
        if answer.text is None or not answer.text.strip():
            account.reject(record["id"], answer.error or "empty")
            continue
        account.given += 1
        yield single_turn(record, answer.text, "initial", "teacher")


def main(options: Namespace) -> None:
    account = Account("answers")
    instructions = read_records(options.instructions, INSTRUCTION)
    records = list(answered(instructions, collect_answers(options.responses), account))
    if not records:
        raise BadInput(
            f"{options.instructions}: none of {account.taken} instructions has an answer ({account.rejected}); "
            "see the responses"
        )
    write_records(options.output, records, DATASET)
    account.write(options.counts, options.rejected)


if __name__ == "__main__":
    run_step(main, arguments())
