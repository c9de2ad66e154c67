"""Run generated programs in the sandbox; one result a program (docs/sandbox.md).

Results are kept as they come: the same command after a kill goes on where the
killed one was.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping
from itertools import tee

from refinement.benchmarks.programs import join_problem
from refinement.benchmarks.record_types import PROBLEM
from refinement.benchmarks.requirements import skipped_execution
from refinement.records.digest import code_digest
from refinement.records.files import RecordFile, index_records, load_records, write_records
from refinement.records.manifest import digest_files
from refinement.records.progress import Progress
from refinement.records.record_types import Record
from refinement.running.command_line import parse_part, parser, run_step
from refinement.sandbox.jail import TIERS
from refinement.sandbox.journal import ExecutionJournal
from refinement.sandbox.pool import execute_all
from refinement.sandbox.record_types import EXECUTION, PROGRAM


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("programs", help="JSONL: programs")
    options.add_argument("--problems", help="JSONL: problems, for programs that answer one and leave the tests to it")
    options.add_argument("--output", required=True, help="JSONL: runs")
    options.add_argument(
        "--known", nargs="*", default=[], help="JSONL: earlier runs; a program among them is not run again"
    )
    options.add_argument("--workers", type=int, default=1, help="processes side by side")
    options.add_argument("--timeout", type=float, default=4.0, help="seconds of CPU for programs that name none")
    options.add_argument("--memory-mb", type=int, default=1024, help="MiB of memory for programs that name none")
    options.add_argument(
        "--isolation",
        choices=("auto", *TIERS),
        default="auto",
        help="auto: the strongest that works here and keeps programs in namespaces; the last two must be asked for",
    )
    options.add_argument("--shard", default="1/1", help="I/N: run the I-th of N parts")
    return options


def watched(runs: Iterable[Record], progress: Progress) -> Iterator[Record]:
    """The runs, with a report of their progress."""
    for result in runs:
        yield result
        progress.advance()


def completed(
    programs: Iterable[Record], known: Mapping[str, Record], workers: int, isolation: str = "auto"
) -> Iterator[Record]:
    """A run of every program, in their order; those that are known are taken over."""

    def settled(program: Record) -> Record | None:
        return known.get(program["id"]) or skipped_execution(program)

    mine, new = tee(programs)
    runs = execute_all((program for program in new if not settled(program)), workers, isolation)
    for program in mine:
        yield settled(program) or next(runs)


def main(options: Namespace) -> None:
    part, parts = parse_part(options.shard)
    limits = {"timeout": options.timeout, "memory_mb": options.memory_mb}
    lines = RecordFile(options.programs, PROGRAM, part, parts)
    problems = index_records(load_records(options.problems, PROBLEM), "id") if options.problems else {}
    known = index_records(load_records(options.known, EXECUTION), "id")
    progress = Progress("programs", len(lines))

    def execute(rest: Iterable[Record]) -> Iterator[Record]:
        programs = ({**limits, **join_problem(program, problems)} for program in rest)
        return completed(programs, known, options.workers, options.isolation)

    tested = digest_files(options.problems) if options.problems else None
    settings = f"{options.isolation} {limits} {tested} {code_digest('engines/execute_programs')}"
    with ExecutionJournal(options.output, settings) as journal:
        write_records(options.output, watched(journal.complete(lines, execute), progress), EXECUTION)
        journal.discard()


if __name__ == "__main__":
    run_step(main, arguments())
