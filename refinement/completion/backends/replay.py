"""Backend ``replay``: answers of an earlier run, found by what was asked; a run repeats offline and for nothing."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from refinement.completion.engine import Answered, Backend
from refinement.completion.options import RULE, STEP, Option
from refinement.completion.record_types import RESPONSE
from refinement.completion.requests import content_digest
from refinement.records.errors import BadInput
from refinement.records.files import RecordFile, read_records
from refinement.records.record_types import Record

OPTIONS = (
    Option(
        "run",
        "folder of the earlier run, such as results/refinecoder",
        {"type": "string", "minLength": 1},
        required=True,
        giver=RULE,
    ),
    Option(
        "responses",
        "JSONL: responses of an earlier run",
        {"type": "array", "items": {"type": "string"}},
        required=True,
        giver=STEP,
        has_argument=True,
    ),
)


def load(model: str | None, options: Mapping[str, Any]) -> Backend:
    """The backend; ``model`` does not matter. Raises BadInput for a file that is not there."""
    return ReplayBackend(options["responses"])


class ReplayBackend:
    """Answers from files of responses. Memory holds where in the files each answer lies, not the answers."""

    def __init__(self, paths: Sequence[str]) -> None:
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
        """A digest of the recorded answer: another earlier run may hold another answer to the same request."""
        found = self._places.get(content_digest(request))
        return f"replay {found[2] if found else None}"

    def batches(self, requests: RecordFile, part: int, parts: int) -> list[RecordFile]:
        """One share as one batch, which is read while it is answered."""
        return [requests.share(part, parts)]

    def complete(self, batch: Iterable[Record]) -> Iterator[list[Answered]]:
        """The recorded answers, one a group. Raises BadInput for a request that the earlier run did not ask."""
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
        """Nothing to do: nothing is held open."""
