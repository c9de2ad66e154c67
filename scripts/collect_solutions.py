"""Read models' answers to a benchmark and write the programs that they hold."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping

from refinecoder.accounts import Account
from refinecoder.batch import Answer, collect_answers, found_in
from refinecoder.programs import write_call_programs
from refinecoder.records import Record, index_records, load_records, write_records
from refinecoder.steps import add_account, parser, run


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("problems", help="JSONL: problems")
    options.add_argument("--responses", nargs="+", required=True, help="JSONL: responses, all shards")
    options.add_argument("--iterations", type=int, nargs=2, required=True, help="the models' first and last")
    options.add_argument("--samples", type=int, required=True, help="answers to each problem")
    options.add_argument("--output", required=True, help="JSONL: samples, ids {iteration}/{problem}")
    options.add_argument("--programs", required=True, help="JSONL: programs")
    add_account(options, rejected=False)
    return options


def solutions(
    options: Namespace, problems: list[Record], answers: Mapping[tuple[str, int], Answer]
) -> Iterator[Record]:
    """Every answer; a request that failed is an empty one, which passes nothing."""
    first, last = options.iterations
    for iteration in range(first, last + 1):
        for problem in problems:
            for sample in range(1, options.samples + 1):
                name = f"{iteration}/{problem['id']}"
                answer = found_in(answers, name, sample)
                yield {
                    "id": name,
                    "sample": sample,
                    "response": answer.text or "",
                    "finish_reason": answer.finish_reason,
                }


def main(options: Namespace) -> None:
    account = Account("solutions")
    problems = index_records(load_records(options.problems, "problem"), "id")
    found = list(solutions(options, list(problems.values()), collect_answers(options.responses)))
    account.taken = len(found)
    account.given = write_records(options.output, found, "sample")
    answers = ((sample["response"], problems[sample["id"].partition("/")[2]]) for sample in found)
    distinct = write_records(options.programs, write_call_programs(answers), "program")
    account.write(options.counts, distinct_programs=distinct)


if __name__ == "__main__":
    run(main, arguments())
