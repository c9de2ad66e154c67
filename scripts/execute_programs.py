"""Run generated programs in processes with limits; one result a program."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from itertools import islice

from refinecoder.progress import Progress
from refinecoder.records import Record, read_records, write_records
from refinecoder.sandbox.pool import execute_all
from refinecoder.steps import parse_part, parser, run


def arguments() -> ArgumentParser:
    options = parser(__doc__)
    options.add_argument("programs", help="JSONL: programs")
    options.add_argument("--output", required=True, help="JSONL: runs")
    options.add_argument("--workers", type=int, default=1, help="processes side by side")
    options.add_argument("--timeout", type=float, default=4.0, help="seconds of CPU for programs that name none")
    options.add_argument("--memory-mb", type=int, default=1024, help="MiB of memory for programs that name none")
    options.add_argument("--shard", default="1/1", help="I/N: run the I-th of N parts")
    return options


def watched(runs: Iterator[Record]) -> Iterator[Record]:
    """The runs, with a report of their progress."""
    progress = Progress("programs")
    for result in runs:
        yield result
        progress.advance()


def main(options: Namespace) -> None:
    part, parts = parse_part(options.shard)
    limits = {"timeout": options.timeout, "memory_mb": options.memory_mb}
    lines = islice(read_records(options.programs, "program"), part - 1, None, parts)
    programs = ({**limits, **program} for program in lines)
    write_records(options.output, watched(execute_all(programs, options.workers)), "run")


if __name__ == "__main__":
    run(main, arguments())
