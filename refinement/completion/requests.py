"""Requests and responses: lines of OpenAI's batch format."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from refinement.completion.record_types import RESPONSE
from refinement.records.errors import BadInput
from refinement.records.files import load_records
from refinement.records.randomness import hash_seed
from refinement.records.record_types import Record


class RequestId(NamedTuple):
    """The parts of a ``custom_id``, which reads {record id}:{sample}:{attempt}."""

    record: str
    sample: int
    attempt: int

    def __str__(self) -> str:
        return f"{self.record}:{self.sample}:{self.attempt}"


class Answer(NamedTuple):
    """What a step that collects answers reads from a response: its text, or the code of its error."""

    text: str | None
    finish_reason: str
    error: str | None


def parse_id(custom_id: str) -> RequestId:
    """The RequestId of a ``custom_id``. Raises BadInput for a text of another form."""
    parts = custom_id.rsplit(":", 2)
    if len(parts) != 3 or not (parts[1].isdigit() and parts[2].isdigit()):
        raise BadInput(f"custom_id '{custom_id}' is not {{record id}}:{{sample}}:{{attempt}}; mend the requests file")
    return RequestId(parts[0], int(parts[1]), int(parts[2]))


def ask(
    record_id: str,
    prompt: str | Sequence[Mapping[str, str]],
    sampling: Mapping[str, Any],
    seed_parts: Sequence[object],
    sample: int = 1,
    model: str | None = None,
) -> Record:
    """The first attempt at a chat request.

    ``prompt``: the user's text, or a list of messages; ``sampling``:
    temperature, max_tokens and the like; ``seed_parts``: what the request's
    seed is made of, beside record, sample and attempt: the config's seed, the
    role, the iteration.
    """
    messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
    body = {"messages": messages, **sampling, "seed": hash_seed(*seed_parts, record_id, sample, 1)}
    if model is not None:
        body = {"model": model, **body}
    return {"custom_id": str(RequestId(record_id, sample, 1)), "body": body}


def with_system(request: Record, system: str | None) -> Record:
    """A chat request with a system message before its others; another request, or one without ``system``, as it is."""
    body = request["body"]
    if system is None or "messages" not in body:
        return request
    return {**request, "body": {**body, "messages": [{"role": "system", "content": system}, *body["messages"]]}}


def ask_again(request: Record, temperature: float) -> Record:
    """The next attempt at a request: with another seed, and at ``temperature`` if its own is lower."""
    name = parse_id(request["custom_id"])
    attempt = name.attempt + 1
    body = dict(request["body"])
    body["seed"] = hash_seed(body.get("seed"), "attempt", attempt)
    body["temperature"] = max(body.get("temperature", 0.0), temperature)
    return {"custom_id": str(name._replace(attempt=attempt)), "body": body}


def content_digest(request: Record) -> str:
    """Digest of a request's body alone: neither its name nor the backend changes it."""
    text = json.dumps(request["body"], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def respond(
    request: Record,
    text: str,
    finish_reason: str = "stop",
    usage: tuple[int, int] = (0, 0),
    model: str | None = None,
) -> Record:
    """The response to a request that was answered.

    ``usage``: tokens of the prompt and of the answer; ``model``: the name that the server gives itself.
    """
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    counts = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    body = {"object": "chat.completion", "choices": [choice], "usage": counts}
    if model is not None:
        body["model"] = _text(model)
    return {
        "custom_id": request["custom_id"],
        "request": content_digest(request),
        "response": {"status_code": 200, "body": body},
        "error": None,
    }


def _text(value: object) -> str:
    """A server's text as a file can hold it: lone surrogates are replaced."""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def fail(request: Record, code: str, message: str) -> Record:
    """The response to a request that was not answered, with a code and a message that say why."""
    return {
        "custom_id": request["custom_id"],
        "request": content_digest(request),
        "response": None,
        "error": {"code": _text(code), "message": _text(message)},
    }


def read_answer(response: Record) -> Answer:
    """The Answer in a response."""
    if response["response"] is None:
        return Answer(None, "error", response["error"]["code"])
    choice = response["response"]["body"]["choices"][0]
    return Answer(choice["message"]["content"], choice["finish_reason"], None)


def collect_answers(paths: Sequence[str | Path]) -> dict[tuple[str, int], Answer]:
    """Answers of all shards, by record id and number of the sample; the last attempt counts."""
    latest: dict[tuple[str, int], tuple[int, Answer]] = {}
    for response in load_records(paths, RESPONSE):
        name = parse_id(response["custom_id"])
        key = (name.record, name.sample)
        if key not in latest or latest[key][0] < name.attempt:
            latest[key] = (name.attempt, read_answer(response))
    return {key: answer for key, (_, answer) in latest.items()}


def found_in(answers: Mapping[tuple[str, int], Answer], record_id: str, sample: int = 1) -> Answer:
    """The answer of that record and sample; where there is none, an Answer with the error no_response."""
    return answers.get((record_id, sample), Answer(None, "error", "no_response"))
