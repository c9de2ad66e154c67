"""Requests and responses: lines of OpenAI's batch format, and their journal.

A journal beside the output keeps each answer as soon as it is there. It is
keyed by what was asked and of whom, so that after a kill an answered request
is never asked again, while a changed one is.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

from refinecoder.randomness import hash_seed
from refinecoder.records import BadInput, Record, load_records


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


class Backend(Protocol):
    """Who answers requests."""

    def identify(self, request: Record) -> str:
        """Text that changes whenever the answer to a request might."""
        ...

    def batches(self, requests: Sequence[Record]) -> list[list[Record]]:
        """Split a whole requests file; a function of the file alone, whatever the shard."""
        ...

    def complete(self, batch: Sequence[Record]) -> Iterable[Record]:
        """Responses to a batch, in its order."""
        ...


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


def ask_again(request: Record, temperature: float) -> Record:
    """The next attempt at a request: a new seed, and a temperature above 0."""
    name = parse_id(request["custom_id"])
    attempt = name.attempt + 1
    body = dict(request["body"])
    body["seed"] = hash_seed(body.get("seed"), "attempt", attempt)
    body["temperature"] = max(body.get("temperature", 0.0), temperature)
    return {"custom_id": str(name._replace(attempt=attempt)), "body": body}


def respond(request: Record, text: str, finish_reason: str = "stop", usage: tuple[int, int] = (0, 0)) -> Record:
    """A successful response; ``usage`` is (prompt tokens, completion tokens)."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    counts = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    body = {"object": "chat.completion", "choices": [choice], "usage": counts}
    return {"custom_id": request["custom_id"], "response": {"status_code": 200, "body": body}, "error": None}


def fail(request: Record, code: str, message: str) -> Record:
    """A response that says why there is no answer."""
    return {"custom_id": request["custom_id"], "response": None, "error": {"code": code, "message": message}}


def read_answer(response: Record) -> Answer:
    """The text of a response, or its error."""
    if response["response"] is None:
        return Answer(None, "error", response["error"]["code"])
    choice = response["response"]["body"]["choices"][0]
    return Answer(choice["message"]["content"], choice["finish_reason"], None)


def collect_answers(paths: Sequence[str | Path]) -> dict[tuple[str, int], Answer]:
    """Answers of all shards by (record id, sample); the last attempt counts."""
    latest: dict[tuple[str, int], tuple[int, Answer]] = {}
    for response in load_records(paths, "response"):
        name = parse_id(response["custom_id"])
        key = (name.record, name.sample)
        if key not in latest or latest[key][0] < name.attempt:
            latest[key] = (name.attempt, read_answer(response))
    return {key: answer for key, (_, answer) in latest.items()}


def found_in(answers: Mapping[tuple[str, int], Answer], record_id: str, sample: int = 1) -> Answer:
    """The answer to a request, or an answer that says that there is none."""
    return answers.get((record_id, sample), Answer(None, "error", "no_response"))


class Journal:
    """Answers on disk from the moment they arrive, held by one process at a time.

    Waits for a predecessor that is still dying. A line cut short by a kill is
    dropped. Used as a context manager.
    """

    def __init__(self, path: str | Path, identify: Callable[[Record], str]) -> None:
        self._path, self._identify = Path(path), identify
        self._answers: dict[str, Record] = {}

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(self._path, "a+b")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._file.seek(0)
        whole_lines = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            whole_lines += len(line)
            self._answers.update(json.loads(line))
        self._file.truncate(whole_lines)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def key(self, request: Record) -> str:
        """Digest of what is asked, under which name, and of whom."""
        text = json.dumps([self._identify(request), request["custom_id"], request["body"]], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def find(self, request: Record) -> Record | None:
        """The answer to this very request, if it was given before."""
        return self._answers.get(self.key(request))

    def add(self, pairs: Iterable[tuple[Record, Record]]) -> list[Record]:
        """Commit requests with their responses: one line, so all of them or none; returns the responses.

        Failures are not kept: the next run asks again.
        """
        answered = list(pairs)
        good = {self.key(request): response for request, response in answered if response["error"] is None}
        self._answers.update(good)
        self._file.write(json.dumps(good).encode() + b"\n")
        self._file.flush()
        os.fdatasync(self._file.fileno())
        return [response for _, response in answered]


def _complete_once(batch: Sequence[Record], backend: Backend, journal: Journal) -> list[Record]:
    known = {request["custom_id"]: found for request in batch if (found := journal.find(request))}
    unknown = [request for request in batch if request["custom_id"] not in known]
    if unknown:
        for response in journal.add(zip(unknown, backend.complete(unknown), strict=True)):
            known[response["custom_id"]] = response
    return [known[request["custom_id"]] for request in batch]


def complete_batch(
    batch: Sequence[Record],
    backend: Backend,
    journal: Journal,
    is_readable: Callable[[str], bool],
    attempts: int,
    temperature: float,
) -> Iterator[Record]:
    """Responses to a batch and to the further attempts that it needed.

    An answer that ``is_readable`` refuses, or an error, is asked again up to
    ``attempts`` times in all, at ``temperature`` or above.
    """
    pending = list(batch)
    for attempt in range(1, attempts + 1):
        again = []
        for request, response in zip(pending, _complete_once(pending, backend, journal), strict=True):
            yield response
            text = read_answer(response).text
            if text is None or not is_readable(text):
                again.append(ask_again(request, temperature))
        if not again or attempt == attempts:
            return
        pending = again
