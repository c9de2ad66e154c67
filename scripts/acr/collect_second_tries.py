"""Read the second tries, and write their programs."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping

from refinement.benchmarks.programs import answer_program, distinct
from refinement.benchmarks.record_types import PROBLEM
from refinement.completion.record_types import REQUEST, SAMPLE
from refinement.completion.requests import Answer, collect_answers, found_in, parse_id
from refinement.records.accounts import Account
from refinement.records.files import index_records, load_records, write_records
from refinement.records.record_types import Record
from refinement.running.command_line import add_account, parser, run_step
from refinement.sandbox.record_types import PROGRAM


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("problems", help="JSONL: the benchmark's problems")
    options.add_argument("requests", help="JSONL: the requests for second tries")
    options.add_argument("--responses", nargs="+", required=True, help="JSONL: the models' responses, all shards")
    options.add_argument("--output", required=True, help="JSONL: samples, ids {iteration}/{kind of feedback}/{problem}")
    options.add_argument("--programs", required=True, help="JSONL: the distinct programs")
    add_account(options, rejected=False)
    return options


def second_tries(
    requests: Iterable[Record], answers: Mapping[tuple[str, int], Answer], problems: Mapping[str, Record]
) -> Iterator[tuple[Record, Record | None]]:
    """Yield the answer to each request, in the order of the requests, with its program.

    A request that failed gets an empty answer, which passes no test.
    """
    for request in requests:
        name = parse_id(request["custom_id"])
        answer = found_in(answers, name.record, name.sample)
        program = answer_program(answer.text or "", problems[name.record.split("/", 2)[2]])
        yield (
            {
                "id": name.record,
                "sample": name.sample,
                "response": answer.text or "",
                "finish_reason": answer.finish_reason,
                "program": program and program["id"],
            },
            program,
        )


def main(options: Namespace) -> None:
    account = Account("second_tries.answers")
    problems = index_records(load_records(options.problems, PROBLEM), "id")
    requests = list(account.take(load_records(options.requests, REQUEST)))
    found = list(second_tries(requests, collect_answers(options.responses), problems))
    account.given = write_records(options.output, (sample for sample, _ in found), SAMPLE)
    number = write_records(options.programs, distinct(program for _, program in found), PROGRAM)
    account.write(options.counts, distinct_programs=number)


if __name__ == "__main__":
    run_step(main, arguments())
