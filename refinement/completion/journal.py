"""Answers on disk from the moment they arrive, so that nothing answered is asked again."""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from refinement.records.files import to_line
from refinement.records.record_types import Record

_KEY = 32  # hexadecimal digits
_COMMIT = b"=\n"


class Journal:
    """The answers given so far to the requests of one output, held by one process at a time.

    A line holds the digest of what was asked, and of whom, and the response; a
    group of responses counts once the mark behind it is on disk. What a kill
    cut short is dropped. Memory holds places in the file, not answers. Waits
    for a predecessor that is still dying. Used as a context manager.
    """

    def __init__(self, path: str | Path, identify: Callable[[Record], str]) -> None:
        self._path, self._identify = Path(path), identify
        self._places: dict[bytes, int] = {}

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(self._path, "a+b")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._end = self._recover()
        self._file.truncate(self._end)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _recover(self) -> int:
        """Take over what is committed; where that ends."""
        self._file.seek(0)
        place = committed = 0
        group: dict[bytes, int] = {}
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            if line == _COMMIT:
                self._places.update(group)
                group, committed = {}, place + len(line)
            else:
                group[bytes.fromhex(line[:_KEY].decode())] = place
            place += len(line)
        return committed

    def key(self, request: Record) -> bytes:
        """Digest of what is asked, under which name, and of whom."""
        text = json.dumps([self._identify(request), request["custom_id"], request["body"]], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=_KEY // 2).digest()

    def find(self, request: Record) -> Record | None:
        """The answer to this very request, if it was given before."""
        place = self._places.get(self.key(request))
        if place is None:
            return None
        self._file.seek(place)
        return json.loads(self._file.readline()[_KEY + 1 :])

    def add(self, group: Iterable[tuple[Record, Record]]) -> None:
        """Commit requests with their responses, all of them or none.

        Failures are not kept: the next run asks again.
        """
        lines, place = [], self._end
        for request, response in group:
            if response["error"] is None:
                key = self.key(request)
                lines.append(f"{key.hex()} {to_line(response)}\n".encode("utf-8", "surrogatepass"))
                self._places[key] = place
                place += len(lines[-1])
        if lines:
            self._file.write(b"".join([*lines, _COMMIT]))
            self._file.flush()
            os.fdatasync(self._file.fileno())
            self._end = place + len(_COMMIT)
