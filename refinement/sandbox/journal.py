"""Executions on disk from the moment they are there, so that a killed step loses none."""

import fcntl
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

from refinement.records.files import to_line
from refinement.records.record_types import Record


def _digest(program: Record, settings: str) -> str:
    text = json.dumps([settings, program], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


class ExecutionJournal:
    """The executions of an earlier, killed attempt at the same output, in the same order.

    A line holds the digest of a program and what came of it. They are read
    and compared one by one, so memory does not grow with their number. Held by
    one process at a time; used as a context manager.
    """

    def __init__(self, output: str | Path, settings: str) -> None:
        target = Path(output)
        self._path = target.with_name(f"{target.name}.journal")
        self._settings = settings

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(self._path, "a+b")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def complete(
        self, programs: Iterable[Record], execute: Callable[[Iterable[Record]], Iterator[Record]]
    ) -> Iterator[Record]:
        """An execution of every program, in their order: the kept ones, and from the first that differs, new ones."""
        stream = iter(programs)
        self._file.seek(0)
        kept = 0
        for program in stream:
            line = self._file.readline()
            if not line.endswith(b"\n") or line[:24].decode() != _digest(program, self._settings):
                stream = chain([program], stream)
                break
            kept += len(line)
            yield json.loads(line[25:])
        self._file.truncate(kept)
        digests: list[str] = []

        def noted() -> Iterator[Record]:
            for program in stream:
                digests.append(_digest(program, self._settings))
                yield program

        for execution in execute(noted()):
            self._file.write(f"{digests.pop(0)} {to_line(execution)}\n".encode("utf-8", "backslashreplace"))
            self._file.flush()
            yield execution

    def discard(self) -> None:
        """Remove the journal: the output is there."""
        self._path.unlink()
