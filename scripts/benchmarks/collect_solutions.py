"""Read the models' answers to a benchmark and write the samples and their programs."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from refinement.benchmarks.programs import answer_program, distinct
from refinement.benchmarks.record_types import PROBLEM
from refinement.completion.record_types import SAMPLE
from refinement.completion.requests import Answer, collect_answers
from refinement.records.accounts import Account
from refinement.records.errors import BadInput
from refinement.records.files import index_records, load_records, write_records
from refinement.records.record_types import Record
from refinement.running.command_line import add_account, parser, run_step
from refinement.sandbox.record_types import PROGRAM


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("problems", help="JSONL: problems")
    options.add_argument("--responses", nargs="+", required=True, help="JSONL: responses, all shards")
    options.add_argument("--iterations", type=int, nargs=2, required=True, help="first and last iteration")
    options.add_argument("--samples", type=int, required=True, help="number of answers to each problem")
    options.add_argument("--whole", action="store_true", help="each answer is a program, to be executed unchanged")
    options.add_argument("--output", required=True, help="JSONL: samples, ids {iteration}/{problem}")
    options.add_argument("--programs", required=True, help="JSONL: programs")
    add_account(options, rejected=False)
    return options


def keys(options: Namespace, problems: Mapping[str, Record]) -> Iterator[tuple[str, int, str]]:
    """The id, sample number and problem of each expected answer."""
    first, last = options.iterations
    for iteration in range(first, last + 1):
        for problem in problems:
            for sample in range(1, options.samples + 1):
                yield f"{iteration}/{problem}", sample, problem


def check_answers(wanted: Iterable[tuple[str, int]], answers: Iterable[tuple[str, int]]) -> None:
    """Raise BadInput for a missing or unexpected answer; a failed request counts as an answer."""
    wanted, found = set(wanted), set(answers)
    for keys_, what in ((wanted - found, "missing"), (found - wanted, "that this benchmark does not have")):
        if keys_:
            names = [f"{name}:{sample}" for name, sample in sorted(keys_)]
            shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
            raise BadInput(
                f"--responses: {len(names)} answers {what} ({shown}), of {len(wanted)} expected; "
                "name all shards of the responses to this benchmark's requests"
            )


def solutions(
    options: Namespace, problems: Mapping[str, Record], answers: Mapping[tuple[str, int], Answer]
) -> Iterator[tuple[Record, Record | None]]:
    """Each answer with its program; a failed request counts as an empty answer, which passes no test."""
    for name, sample, problem in keys(options, problems):
        answer = answers[name, sample]
        program = answer_program(answer.text or "", problems[problem], options.whole)
        yield (
            {
                "id": name,
                "sample": sample,
                "response": answer.text or "",
                "finish_reason": answer.finish_reason,
                "program": program and program["id"],
            },
            program,
        )


def main(options: Namespace) -> None:
    account = Account("solutions")
    problems = index_records(load_records(options.problems, PROBLEM), "id")
    answers = collect_answers(options.responses)
    check_answers(((name, sample) for name, sample, _ in keys(options, problems)), answers)
    found = list(solutions(options, problems, answers))
    account.taken = len(found)
    account.given = write_records(options.output, (sample for sample, _ in found), SAMPLE)
    # The canonical solutions show whether the problems can be solved here at all.
    canonical = (answer_program(p["canonical_solution"], p) for p in problems.values() if p.get("canonical_program"))
    programs = distinct(chain((program for _, program in found), canonical))
    number = write_records(options.programs, programs, PROGRAM)
    account.write(options.counts, distinct_programs=number)


if __name__ == "__main__":
    run_step(main, arguments())
