"""A journal of executions, so that a step that is killed loses none."""

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
    """The executions of an earlier, killed attempt at the same output, in the order of its programs.

    A line holds the digest of a program and its execution. Lines are read one
    by one, so memory does not grow with their number. ``settings``: all else
    that executions depend on, as a text. One process holds the journal at a
    time; used as a context manager.
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
        """An execution of each program, in order: kept ones, then new ones from the first program that differs."""
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
        """Remove the journal, once the output is complete."""
        self._path.unlink()
