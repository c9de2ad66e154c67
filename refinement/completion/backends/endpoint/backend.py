"""The client of a server that speaks OpenAI's protocol; it has many requests in flight.

A fault that may pass (429, 5xx, a time-out, a lost connection, an empty or a
broken answer) is tried again after growing waits. A fault of one request that
cannot pass is recorded. A fault of all requests (no key, a wrong key, an
unknown model) ends the step at once.
"""

import asyncio
import json
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import httpx2
from aiohttp import ClientError
from aiolimiter import AsyncLimiter
from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI, DefaultAioHttpClient
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from refinement.completion.backends.endpoint import OPTIONS
from refinement.completion.engine import Answered
from refinement.completion.options import with_defaults
from refinement.completion.requests import fail, respond
from refinement.records.errors import BadInput
from refinement.records.files import RecordFile
from refinement.records.record_types import Record

FIRST_WAIT = 0.25  # seconds before the second try, beside what the server asks for; doubled for each further try
LONGEST_AFTER_ANSWER = 2.0  # seconds between tries after a bad answer: a server that answers is not overloaded
EMPTY = 5  # tries at a request whose answers are empty; the last empty one is taken for the answer
CHARACTERS_A_TOKEN = 3.5  # by which tokens_per_minute estimates a prompt; the server counts only once it has answered
BURST = 5.0  # seconds whose allowance of requests or tokens may be used at once
_MESSAGE = 300  # characters of a server's message that are kept
_PASSING = {408, 409, 425, 429}  # HTTP statuses of faults that may pass, beside all from 500 on
_FATAL = {"insufficient_quota", "model_not_found", "invalid_api_key"}  # OpenAI's codes of faults of all requests


class _Passing(Exception):
    """A fault that may be gone at the next try.

    ``asked``: seconds that the server asks to wait; ``longest``: seconds of our
    own wait, at most; ``kept``: the response to record if no try succeeds.
    """

    def __init__(
        self, code: str, message: str, asked: float = 0.0, longest: float | None = None, kept: Record | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.asked, self.longest, self.kept = code, asked, longest, kept

    def wait(self, tries: int, longest: float) -> float:
        """Seconds until the next try; drawn at random, so that requests do not come back all at once."""
        grown = min(longest, self.longest or longest, FIRST_WAIT * 2.0 ** (tries - 1))
        return self.asked + random.uniform(grown / 2, grown)


class _BadAnswer(_Passing):
    """The server answered, but its answer is of no use."""

    def __init__(self, code: str, message: str, kept: Record | None = None) -> None:
        super().__init__(code, message, longest=LONGEST_AFTER_ANSWER, kept=kept)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def read_settings(options: Mapping[str, Any]) -> SimpleNamespace:
    """The values of this backend's options, with defaults. Raises BadInput for a base_url that is no address."""
    settings = SimpleNamespace(**with_defaults(OPTIONS, options))
    if not _is_address(settings.base_url):
        raise BadInput(f"base_url '{settings.base_url}': name the server, http://... or https://... (mostly up to /v1)")
    return settings


def is_loopback(url: str) -> bool:
    """Whether a server runs on this machine, so that no proxy must be asked for it."""
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def read_key(variable: str | None) -> str:
    """The key in an environment variable; "none" where no variable is named. Raises BadInput if it holds no key."""
    if variable is None:
        return "none"
    key = os.environ.get(variable, "").strip()
    if not key:
        raise BadInput(f"the environment variable {variable} holds no key; export one, or name another as key_variable")
    if not key.isascii() or not key.isprintable():
        raise BadInput(f"the environment variable {variable} holds a character that no key has; export it anew")
    return key


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds until the time that a server's Retry-After names, by a number or a date, up to an hour; else 0."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value) if value[:1].isdigit() else parsedate_to_datetime(value).timestamp() - time.time()
    except ValueError:
        return 0.0
    return min(max(0.0, seconds), 3600.0)


def _read(request: Record, body: Any) -> Record:
    """The response to a request by the body of a server's answer, without its id and time, which never repeat.

    Raises _BadAnswer.
    """
    try:
        choice = body["choices"][0]
        message = {"content": choice["text"]} if "prompt" in request["body"] else choice["message"]
        text, reason, counts = message["content"], choice.get("finish_reason"), body.get("usage") or {}
        usage = (int(counts.get("prompt_tokens") or 0), int(counts.get("completion_tokens") or 0))
    except (KeyError, IndexError, TypeError, AttributeError):
        raise _BadAnswer("broken_answer", "the server's answer holds no choice") from None
    if reason == "content_filter":
        return fail(request, "content_filter", "the server's filter withheld the answer")
    if text is None and message.get("refusal"):
        return fail(request, "refusal", str(message["refusal"])[:_MESSAGE])
    if text is None and reason == "length":
        text = ""  # a reasoning model spent all tokens on thoughts that it does not show
    if not isinstance(text, str) or not isinstance(reason, str):
        raise _BadAnswer("cut_answer", "the server's answer has no text or no end")
    text = text.encode("utf-8", "replace").decode("utf-8")
    response = respond(request, text, reason, usage, body.get("model"))
    if not text.strip():
        raise _BadAnswer("empty_answer", "the server's answer is empty", kept=response)
    return response


def _fault_of(state: RetryCallState) -> _Passing:
    return state.outcome.exception()  # type: ignore[union-attr,return-value]


class _Exchange:
    """Workers that take requests from one iterator and put answers into a queue, on one event loop.

    ``before_retry``: called before each further try, to look after the server.
    """

    def __init__(
        self,
        settings: SimpleNamespace,
        key: str,
        model: str | None,
        requests: Iterable[Record],
        before_retry: Callable[[], None],
    ) -> None:
        self._settings, self._key, self._model, self._before_retry = settings, key, model, before_retry
        self._requests = iter(requests)
        self._done: asyncio.Queue[Answered | None] = asyncio.Queue()
        self._workers: list[asyncio.Task[None]] = []
        self._running = settings.concurrency
        self._fault: Exception | None = None
        self._ending = asyncio.Event()
        self._limits = [_limiter(settings.requests_per_minute), _limiter(settings.tokens_per_minute)]
        self._client = AsyncOpenAI(
            base_url=settings.base_url,
            api_key=key,
            max_retries=0,
            timeout=settings.request_timeout,
            http_client=DefaultAioHttpClient(
                limits=httpx2.Limits(max_connections=settings.concurrency, max_keepalive_connections=None),
                trust_env=not is_loopback(settings.base_url),
            ),
        )

    async def next_group(self) -> list[Answered] | None:
        """The requests answered since the last call; None when all are. Raises the fault that ended the exchange."""
        if not self._workers:
            self._workers = [asyncio.create_task(self._work()) for _ in range(self._running)]
        while self._running:
            came = [await self._done.get()]
            while not self._done.empty():
                came.append(self._done.get_nowait())
            self._running -= came.count(None)
            if group := [pair for pair in came if pair]:
                return group
        if self._fault:
            raise self._fault
        return None

    async def close(self) -> None:
        """Give up the requests that are still in flight."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self._client.close()

    async def _work(self) -> None:
        # After a fault of all, each worker still finishes its request: the answer is paid for.
        try:
            for request in self._requests:
                response = await self._answer(request)
                if self._fault and response["error"] is not None:
                    break
                self._done.put_nowait((request, response))
                if self._fault:
                    break
        except Exception as fault:  # noqa: BLE001 - raised by next_group
            self._fault = self._fault or fault
            self._ending.set()
        finally:
            self._done.put_nowait(None)

    async def _answer(self, request: Record) -> Record:
        empty = 0

        def is_enough(state: RetryCallState) -> bool:
            nonlocal empty
            empty += _fault_of(state).kept is not None
            return self._fault is not None or empty >= EMPTY or state.attempt_number > self._settings.retries

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_Passing),
            stop=is_enough,
            wait=lambda state: _fault_of(state).wait(state.attempt_number, self._settings.longest_wait),
            before_sleep=lambda state: self._before_retry(),
            sleep=self._pause,
            reraise=True,
        )
        try:
            return await retrying(self._ask, request)
        except _Passing as fault:
            return fault.kept or fail(request, fault.code, self._scrub(str(fault)))

    async def _pause(self, seconds: float) -> None:
        """Wait before another try. Raises _Passing as soon as the exchange ends."""
        try:
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        except TimeoutError:
            return
        raise _Passing("given_up", "the exchange ended")

    async def _ask(self, request: Record) -> Record:
        body = {"model": self._model, **request["body"]}
        if body["model"] is None:
            raise BadInput(f"request {request['custom_id']} names no model, and --model was not given")
        await self._admit(body)
        path = "/completions" if "prompt" in body else "/chat/completions"
        try:
            async with asyncio.timeout(self._settings.request_timeout):
                answer = await self._client.post(path, cast_to=httpx2.Response, body=body)
        except (TimeoutError, APIConnectionError, ClientError) as fault:
            raise self._lost(fault) from None
        except APIStatusError as fault:
            return self._refused(request, fault)
        except UnicodeEncodeError:
            return fail(
                request, "not_text", "the request holds half a character (a lone surrogate), which no server takes"
            )
        try:
            return _read(request, answer.json())
        except (ValueError, OverflowError, RecursionError):
            raise _BadAnswer("broken_answer", "the server's answer is not JSON") from None

    def _lost(self, fault: Exception) -> _Passing:
        cause = fault.__cause__
        # A refused connection counts as a time-out of connecting in openai's aiohttp client.
        if isinstance(fault, (TimeoutError, APITimeoutError)) and not isinstance(cause, httpx2.ConnectTimeout):
            return _Passing("timeout", f"no answer within {self._settings.request_timeout:g} s")
        return _Passing("connection", str(cause or fault))

    async def _admit(self, body: Record) -> None:
        """Wait until the limits on requests and tokens allow a request. Raises _Passing if the exchange ends."""
        tokens = len(json.dumps(body)) / CHARACTERS_A_TOKEN + (body.get("max_tokens") or 0)
        for limit, amount in zip(self._limits, (1.0, tokens), strict=True):
            while limit and amount > 0 and not self._fault:
                part = min(amount, limit.max_rate)
                await limit.acquire(part)
                amount -= part
        if self._fault:
            raise _Passing("given_up", "the exchange ended")

    def _refused(self, request: Record, fault: APIStatusError) -> Record:
        status, message = fault.status_code, self._scrub(str(fault.message))
        code = fault.code or f"http_{status}"
        if status in (401, 403) or code == "invalid_api_key":
            source = self._settings.key_variable or "no key_variable is named"
            raise BadInput(f"{self._settings.base_url} refuses the key ({source}): {status}; export a valid one")
        if code in _FATAL or status == 404:
            raise BadInput(
                f"{self._settings.base_url} refuses model '{self._model}': {message}; name one that it serves"
            )
        if status in _PASSING or status >= 500:
            raise _Passing(f"http_{status}", message, retry_after(fault.response.headers))
        return fail(request, "too_long" if "context length" in message.lower() else code, message)

    def _scrub(self, text: str) -> str:
        """A message as one short line that does not hold the key."""
        return text.replace(self._key, "***")[:_MESSAGE].replace("\n", " ")


def _limiter(per_minute: float | None) -> AsyncLimiter | None:
    if per_minute is None:
        return None
    seconds = max(BURST, 60.0 / per_minute)
    return AsyncLimiter(per_minute * seconds / 60.0, seconds)


class EndpointBackend:
    """Asks an OpenAI-compatible server.

    ``model``: for requests that name none; ``options``: those of the backend,
    others are ignored; ``before_retry``: called before each try that follows a
    fault, to look after the server. Raises BadInput for an address or a key
    that cannot be one.
    """

    def __init__(
        self, model: str | None, options: Mapping[str, Any], before_retry: Callable[[], None] = lambda: None
    ) -> None:
        self._model, self._settings, self._before_retry = model, read_settings(options), before_retry
        self._key = read_key(self._settings.key_variable)

    def identify(self, request: Record) -> str:
        """The default model's name; the server's address does not change the answers."""
        return f"endpoint {self._model}"

    def batches(self, requests: RecordFile, part: int, parts: int) -> list[RecordFile]:
        """One share as one batch, which is read while it is asked."""
        return [requests.share(part, parts)]

    def complete(self, batch: Iterable[Record]) -> Iterator[list[Answered]]:
        """Answers in the order in which they arrive."""
        with asyncio.Runner() as runner:
            exchange = runner.run(self._open(batch))
            try:
                while (group := runner.run(exchange.next_group())) is not None:
                    yield group
            finally:
                runner.run(exchange.close())

    async def _open(self, batch: Iterable[Record]) -> _Exchange:
        return _Exchange(self._settings, self._key, self._model, batch, self._before_retry)

    def close(self) -> None:
        """Nothing to do: each batch closes its own connections."""
