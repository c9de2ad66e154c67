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
    """``custom_id`` taken apart: {record id}:{sample}:{attempt}."""

    record: str
    sample: int
    attempt: int

    def __str__(self) -> str:
        return f"{self.record}:{self.sample}:{self.attempt}"


class Answer(NamedTuple):
    """What a collecting step reads from a response: its text, or why there is none."""

    text: str | None
    finish_reason: str
    error: str | None


def parse_id(custom_id: str) -> RequestId:
    """Inverse of ``str(RequestId(...))``. Raises BadInput."""
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
    """A chat request, first attempt.

    ``prompt``: the user's text or a list of messages; ``sampling``:
    temperature, max_tokens and the like; ``seed_parts``: (config seed, role,
    iteration), to which record, sample and attempt are added.
    """
    messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
    body = {"messages": messages, **sampling, "seed": hash_seed(*seed_parts, record_id, sample, 1)}
    if model is not None:
        body = {"model": model, **body}
    return {"custom_id": str(RequestId(record_id, sample, 1)), "body": body}


def with_system(request: Record, system: str | None) -> Record:
    """A chat request with a system message in front; any other as it is."""
    body = request["body"]
    if system is None or "messages" not in body:
        return request
    return {**request, "body": {**body, "messages": [{"role": "system", "content": system}, *body["messages"]]}}


def ask_again(request: Record, temperature: float) -> Record:
    """The next attempt at a request: a new seed, and a temperature above 0."""
    name = parse_id(request["custom_id"])
    attempt = name.attempt + 1
    body = dict(request["body"])
    body["seed"] = hash_seed(body.get("seed"), "attempt", attempt)
    body["temperature"] = max(body.get("temperature", 0.0), temperature)
    return {"custom_id": str(name._replace(attempt=attempt)), "body": body}


def content_digest(request: Record) -> str:
    """Digest of what is asked, whatever it is called and whoever is asked."""
    text = json.dumps(request["body"], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def respond(
    request: Record,
    text: str,
    finish_reason: str = "stop",
    usage: tuple[int, int] = (0, 0),
    model: str | None = None,
) -> Record:
    """A successful response; ``usage`` is (prompt tokens, completion tokens), ``model`` who says that it answered."""
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
    """A server's word as text that a file can hold: half a character is replaced."""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def fail(request: Record, code: str, message: str) -> Record:
    """A response that says why there is no answer."""
    return {
        "custom_id": request["custom_id"],
        "request": content_digest(request),
        "response": None,
        "error": {"code": _text(code), "message": _text(message)},
    }


def read_answer(response: Record) -> Answer:
    """The text of a response, or its error."""
    if response["response"] is None:
        return Answer(None, "error", response["error"]["code"])
    choice = response["response"]["body"]["choices"][0]
    return Answer(choice["message"]["content"], choice["finish_reason"], None)


def collect_answers(paths: Sequence[str | Path]) -> dict[tuple[str, int], Answer]:
    """Answers of all shards by (record id, sample); the last attempt counts."""
    latest: dict[tuple[str, int], tuple[int, Answer]] = {}
    for response in load_records(paths, RESPONSE):
        name = parse_id(response["custom_id"])
        key = (name.record, name.sample)
        if key not in latest or latest[key][0] < name.attempt:
            latest[key] = (name.attempt, read_answer(response))
    return {key: answer for key, (_, answer) in latest.items()}


def found_in(answers: Mapping[tuple[str, int], Answer], record_id: str, sample: int = 1) -> Answer:
    """The answer to a request, or an answer that says that there is none."""
    return answers.get((record_id, sample), Answer(None, "error", "no_response"))
