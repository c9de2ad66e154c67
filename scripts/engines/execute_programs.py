"""Execute generated programs in the sandbox; each yields an execution (docs/sandbox.md).

A journal beside the output keeps each execution from the moment it is there:
after a kill, the same command executes only the rest.
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
from refinement.sandbox.modes import MODES
from refinement.sandbox.pool import execute_all
from refinement.sandbox.record_types import EXECUTION, PROGRAM


def modes_help() -> str:
    """What a program of each mode brings, from the modes' declarations."""
    lines = ["fields of a program, or of the problem that it answers, by its mode (docs/records.md):"]
    for name, mode in MODES.items():
        declared = (*mode.ANSWER_FIELDS, *mode.TEST_FIELDS)
        fields = ", ".join(field.name if field.required else f"[{field.name}]" for field in declared)
        lines.append(f"  {name:<9} {fields}; judged {mode.INTEGRITY} its jail")
    return "\n".join(lines)


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.epilog = modes_help()
    options.add_argument("programs", help="JSONL: programs")
    options.add_argument("--problems", help="JSONL: problems, which hold the tests of programs that answer one")
    options.add_argument("--output", required=True, help="JSONL: executions")
    options.add_argument(
        "--known", nargs="*", default=[], help="JSONL: earlier executions; a program among them is not executed again"
    )
    options.add_argument("--workers", type=int, default=1, help="programs executed side by side")
    options.add_argument("--timeout", type=float, default=4.0, help="seconds of CPU for programs that set no timeout")
    options.add_argument("--memory-mb", type=int, default=1024, help="MiB of memory for programs that set no memory_mb")
    options.add_argument(
        "--isolation",
        choices=("auto", *TIERS),
        default="auto",
        help="auto: the strongest that works here and keeps programs in namespaces; the last two must be asked for",
    )
    options.add_argument("--shard", default="1/1", help="I/N: execute the I-th of N parts")
    return options


def watched(executions: Iterable[Record], progress: Progress) -> Iterator[Record]:
    """The executions, whose number is reported as progress."""
    for execution in executions:
        yield execution
        progress.advance()


def completed(
    programs: Iterable[Record], known: Mapping[str, Record], workers: int, isolation: str = "auto"
) -> Iterator[Record]:
    """An execution of every program, in their order; those that are ``known``, by id, are taken over."""

    def settled(program: Record) -> Record | None:
        return known.get(program["id"]) or skipped_execution(program)

    mine, new = tee(programs)
    executions = execute_all((program for program in new if not settled(program)), workers, isolation)
    for program in mine:
        yield settled(program) or next(executions)


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
