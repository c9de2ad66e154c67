"""Backend ``replay``: answers of an earlier run, by what was asked, so that a run repeats offline and unpaid."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from refinement.completion.engine import Answered
from refinement.completion.record_types import RESPONSE
from refinement.completion.requests import content_digest
from refinement.records.errors import BadInput
from refinement.records.files import RecordFile, read_records
from refinement.records.record_types import Record


class ReplayBackend:
    """Answers from files of responses.

    ``options``: ``responses``, a list of files. Memory holds places in them,
    not answers.
    """

    def __init__(self, model: str | None, options: Mapping[str, Any]) -> None:
        paths = options.get("responses") or []
        if not paths:
            raise BadInput("the replay backend has no responses to answer from; name the files of an earlier run")
        self._places: dict[str, tuple[str, int, str]] = {}
        self._failed: set[str] = set()
        for path in paths:
            self._index(path)

    def _index(self, path: str) -> None:
        if not Path(path).is_file():
            raise BadInput(f"{path}: no such file; name the responses of an earlier run")
        place = 0
        with open(path, "rb") as lines:
            for record, line in zip(read_records(path, RESPONSE), lines, strict=True):
                asked = record.get("request")
                if asked is not None and (asked not in self._places or (asked in self._failed and not record["error"])):
                    self._places[asked] = (path, place, hashlib.blake2b(line, digest_size=8).hexdigest())
                    (self._failed.add if record["error"] else self._failed.discard)(asked)
                place += len(line)

    def identify(self, request: Record) -> str:
        """The answer itself: another run may have given another."""
        found = self._places.get(content_digest(request))
        return f"replay {found[2] if found else None}"

    def batches(self, requests: RecordFile, part: int, parts: int) -> list[RecordFile]:
        """One share, read as it is answered."""
        return [requests.share(part, parts)]

    def complete(self, batch: Iterable[Record]) -> Iterator[list[Answered]]:
        """Answer each request by itself. Raises BadInput for one that was never asked."""
        for request in batch:
            found = self._places.get(content_digest(request))
            if found is None:
                raise BadInput(
                    f"request {request['custom_id']}: the earlier run has no answer to it; "
                    "ask with the same templates, settings and seed, or choose another backend"
                )
            path, place, _ = found
            with open(path, "rb") as lines:
                lines.seek(place)
                yield [(request, {**json.loads(lines.readline()), "custom_id": request["custom_id"]})]

    def close(self) -> None:
        """Nothing is held open."""
