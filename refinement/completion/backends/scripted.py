"""Backend ``scripted``: the miniature's teacher, judge and critic, which are programs, in the step's own process."""

import importlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from refinement.completion.engine import Answered, Backend
from refinement.completion.options import POSITIVE, SHARE, STEP, Option
from refinement.completion.requests import respond
from refinement.records.digest import code_digest, file_digest
from refinement.records.errors import BadInput
from refinement.records.record_types import Record

BATCH = 256  # requests
TEACHER, JUDGE = "teacher", "judge"
MODELS = (TEACHER, JUDGE, "critic")
OPTIONS = (
    Option(
        "alpha",
        "error rates of phrases follow Beta(alpha, beta)",
        POSITIVE,
        required=True,
        models=(TEACHER,),
    ),
    Option("beta", "see alpha", POSITIVE, required=True, models=(TEACHER,)),
    Option("syntax_rate", "share of answers that are cut off", SHARE, required=True, models=(TEACHER,)),
    Option(
        "errors",
        "whether errors belong to a phrase, to none in particular, or are not made",
        {"enum": ["concept", "independent", "none"]},
        required=True,
        models=(TEACHER,),
    ),
    Option(
        "noise",
        "standard deviation of a criterion's score",
        {"type": "number", "minimum": 0},
        required=True,
        models=(JUDGE,),
    ),
    Option(
        "flip_rate",
        "share of right taken for wrong, and of wrong for right",
        SHARE,
        required=True,
        models=(JUDGE,),
    ),
    Option(
        "seed",
        "what the errors and the noise are drawn by",
        {"type": "integer"},
        required=True,
        models=(TEACHER, JUDGE),
        giver=STEP,
    ),
)


def load(model: str | None, options: Mapping[str, Any]) -> Backend:
    """The backend. Raises BadInput for a model that it does not have."""
    return ScriptedBackend(model, options)


def _count_words(text: str) -> int:
    return len(text.split())


class ScriptedBackend:
    """Answers by a program that reads nothing but the request.

    ``model``: one of :data:`MODELS`, a module of ``refinement.miniature.lists``;
    ``options``: its settings. At temperature 0 an answer depends on the text
    only, above 0 on the request's seed too. Token counts are counts of words.
    Raises BadInput for another model.
    """

    def __init__(self, model: str | None, options: Mapping[str, Any]) -> None:
        if model not in MODELS:
            raise BadInput(f"the scripted backend has no model '{model}'; choose one of {', '.join(MODELS)}")
        name = f"refinement.miniature.lists.{model}"
        self._reply = importlib.import_module(name).reply
        self._options = dict(options)
        self._identity = json.dumps([file_digest(__name__), code_digest(name), self._options], sort_keys=True)

    def identify(self, request: Record) -> str:
        """The model's settings, and digests of its code and of this module's."""
        return self._identity

    def batches(self, requests: Iterable[Record], part: int, parts: int) -> list[list[Record]]:
        """One share, in batches of up to BATCH requests in the file's order."""
        known = list(requests)
        return [known[start : start + BATCH] for start in range(0, len(known), BATCH)][part - 1 :: parts]

    def complete(self, batch: Iterable[Record]) -> Iterator[list[Answered]]:
        """Answers to a batch, as one group."""
        if answered := list(self._answer(batch)):
            yield answered

    def close(self) -> None:
        """Nothing to do: nothing is held open."""

    def _answer(self, batch: Iterable[Record]) -> Iterator[Answered]:
        for request in batch:
            body = request["body"]
            if "messages" not in body:
                raise BadInput(f"request {request['custom_id']}: the scripted backend needs messages")
            text = "\n\n".join(message["content"] for message in body["messages"])
            key = (body["seed"],) if body.get("temperature", 0) > 0 else ()
            reply = self._reply(text, key, self._options)
            yield request, respond(request, reply, usage=(_count_words(text), _count_words(reply)))
