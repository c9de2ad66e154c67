"""Backend ``scripted``: the miniature's teacher, judge and critic, in process."""

import importlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from refinement.completion.engine import Answered
from refinement.completion.requests import respond
from refinement.records.digest import code_digest, file_digest
from refinement.records.errors import BadInput
from refinement.records.record_types import Record

BATCH = 256
MODELS = ("teacher", "judge", "critic")


def _count_words(text: str) -> int:
    return len(text.split())


class ScriptedBackend:
    """Answers by program, from the request's text alone.

    ``model``: one of :data:`MODELS`, a module of ``refinement.miniature.lists``;
    ``options``: its settings. At temperature 0 an answer depends on the text
    only, above it on the request's seed too. Token counts are counts of words.
    """

    def __init__(self, model: str, options: Mapping[str, Any]) -> None:
        if model not in MODELS:
            raise BadInput(f"the scripted backend has no model '{model}'; choose one of {', '.join(MODELS)}")
        name = f"refinement.miniature.lists.{model}"
        self._reply = importlib.import_module(name).reply
        self._options = dict(options)
        self._identity = json.dumps([file_digest(__name__), code_digest(name), self._options], sort_keys=True)

    def identify(self, request: Record) -> str:
        """The model, its code and its settings."""
        return self._identity

    def batches(self, requests: Iterable[Record], part: int, parts: int) -> list[list[Record]]:
        """Chunks in the file's order."""
        known = list(requests)
        return [known[start : start + BATCH] for start in range(0, len(known), BATCH)][part - 1 :: parts]

    def complete(self, batch: Iterable[Record]) -> Iterator[list[Answered]]:
        """Answer each request by itself."""
        if answered := list(self._answer(batch)):
            yield answered

    def close(self) -> None:
        """Nothing is held open."""

    def _answer(self, batch: Iterable[Record]) -> Iterator[Answered]:
        for request in batch:
            body = request["body"]
            if "messages" not in body:
                raise BadInput(f"request {request['custom_id']}: the scripted backend needs messages")
            text = "\n\n".join(message["content"] for message in body["messages"])
            key = (body["seed"],) if body.get("temperature", 0) > 0 else ()
            reply = self._reply(text, key, self._options)
            yield request, respond(request, reply, usage=(_count_words(text), _count_words(reply)))
