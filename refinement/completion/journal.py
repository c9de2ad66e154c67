"""A journal of answers, so that a request that was answered is not asked again after a kill."""

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

_KEY = 32  # hexadecimal digits of a key
_COMMIT = b"=\n"  # the line behind a group


class Journal:
    """The answers given so far to the requests of one output.

    A line holds a request's key and its response. A group of lines counts once
    the mark behind it is on disk; a group that a kill cut short is dropped.
    Memory holds where answers lie in the file, not the answers. ``identify``:
    the backend's. One process holds the journal at a time: another waits until
    it has ended. Used as a context manager.
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
        """Read the committed groups; return the place in the file where the last one ends."""
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
        """Digest of a request's name and body and of the backend's identity, in 16 bytes."""
        text = json.dumps([self._identify(request), request["custom_id"], request["body"]], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=_KEY // 2).digest()

    def find(self, request: Record) -> Record | None:
        """The response to a request with the same key, or None."""
        place = self._places.get(self.key(request))
        if place is None:
            return None
        self._file.seek(place)
        return json.loads(self._file.readline()[_KEY + 1 :])

    def add(self, group: Iterable[tuple[Record, Record]]) -> None:
        """Keep the responses to requests, all of them or none.

        Errors are not kept, so that the step asks again when it is started again.
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
