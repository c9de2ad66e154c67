"""Backend ``endpoint``: any server that speaks OpenAI's protocol, many requests at a time.

What can pass (429, 5xx, time-outs, lost connections, empty or broken answers)
is tried again after growing waits; what can't is recorded; what would befall
every request (no key, a wrong key, an unknown model) ends the step at once.
"""

import asyncio
import json
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx2
from aiohttp import ClientError
from aiolimiter import AsyncLimiter
from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI, DefaultAioHttpClient
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from refinement.completion.engine import Answered
from refinement.completion.requests import fail, respond
from refinement.records.errors import BadInput
from refinement.records.files import RecordFile
from refinement.records.record_types import Record

FIRST_WAIT = 0.25  # seconds before a second try, beside what the server asks for; doubled for each further one
LONGEST_AFTER_ANSWER = 2.0  # seconds: where the server answered, badly, it is not overloaded
EMPTY = 5  # empty answers to one request, of which the last is taken for its answer
CHARACTERS_A_TOKEN = 3.5  # for a limit on tokens: the server counts them too late
BURST = 5.0  # seconds whose allowance may be used at once
_MESSAGE = 300
_PASSING = {408, 409, 425, 429}
_FATAL = {"insufficient_quota", "model_not_found", "invalid_api_key"}


class Settings(NamedTuple):
    """Options of the backend; rates are per minute, times in seconds.

    ``key_variable``: the environment variable that holds the key, None for a
    server that asks for none; ``retries``: how often what can pass is tried
    again, ``longest_wait`` apart at most.
    """

    base_url: str
    key_variable: str | None = None
    concurrency: int = 32
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    request_timeout: float = 600.0
    retries: int = 12
    longest_wait: float = 20.0


class _Passing(Exception):
    """A fault that may be gone at the next try; ``kept`` is the answer if it is not."""

    def __init__(
        self, code: str, message: str, asked: float = 0.0, longest: float | None = None, kept: Record | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.asked, self.longest, self.kept = code, asked, longest, kept

    def wait(self, tries: int, longest: float) -> float:
        """Seconds until the next try, which differ so that requests do not come back all at once."""
        grown = min(longest, self.longest or longest, FIRST_WAIT * 2.0 ** (tries - 1))
        return self.asked + random.uniform(grown / 2, grown)


class _BadAnswer(_Passing):
    """The server answered, but not as one can use."""

    def __init__(self, code: str, message: str, kept: Record | None = None) -> None:
        super().__init__(code, message, longest=LONGEST_AFTER_ANSWER, kept=kept)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def read_settings(options: Mapping[str, Any]) -> Settings:
    """The settings among a role's options. Raises BadInput for what cannot be meant."""
    if not _is_address(str(options.get("base_url", ""))):
        raise BadInput(
            f"base_url '{options.get('base_url', '')}': name the server, http://... or https://... (mostly up to /v1)"
        )
    settings = Settings(**{name: value for name, value in options.items() if name in Settings._fields})
    try:
        is_meant = settings.concurrency >= 1 and settings.retries >= 0 and settings.request_timeout > 0
    except TypeError:
        is_meant = False
    if not is_meant or not isinstance(settings.concurrency, int):
        raise BadInput("concurrency must be a whole number of at least 1, retries at least 0, request_timeout above 0")
    return settings


def is_loopback(url: str) -> bool:
    """Whether a server is this machine's own, which no proxy stands before."""
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def read_key(variable: str | None) -> str:
    """The key in the environment variable of that name. Raises BadInput if there is none."""
    if variable is None:
        return "none"
    key = os.environ.get(variable, "").strip()
    if not key:
        raise BadInput(f"the environment variable {variable} holds no key; export one, or name another as key_variable")
    if not key.isascii() or not key.isprintable():
        raise BadInput(f"the environment variable {variable} holds a character that no key has; export it anew")
    return key


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that a server asks to wait for, as a number or as a date; 0 where it does not."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value) if value[:1].isdigit() else parsedate_to_datetime(value).timestamp() - time.time()
    except ValueError:
        return 0.0
    return min(max(0.0, seconds), 3600.0)


def _read(request: Record, body: Any) -> Record:
    """The response in a server's answer; what differs from run to run is left out."""
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
        text = ""  # all tokens went into what a reasoning model does not show
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
    """Requests in flight, on one event loop; answers are handed over as they come."""

    def __init__(
        self, settings: Settings, key: str, model: str | None, requests: Iterable[Record], look: Callable[[], None]
    ) -> None:
        self._settings, self._key, self._model, self._look = settings, key, model, look
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
        """What was answered since the last call; None after the last. Raises what ended the exchange."""
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
        """Give up what is still in flight."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self._client.close()

    async def _work(self) -> None:
        # A fault waits until what is in flight has been answered: that is paid for.
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
            before_sleep=lambda state: self._look(),
            sleep=self._pause,
            reraise=True,
        )
        try:
            return await retrying(self._ask, request)
        except _Passing as fault:
            return fault.kept or fail(request, fault.code, self._scrub(str(fault)))

    async def _pause(self, seconds: float) -> None:
        """Wait before another try; not where the exchange ends anyway."""
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
        tokens = len(json.dumps(body)) / CHARACTERS_A_TOKEN + (body.get("max_tokens") or 0)
        for limit, amount in zip(self._limits, (1.0, tokens), strict=True):
            while limit and amount > 0 and not self._fault:
                part = min(amount, limit.max_rate)
                await limit.acquire(part)
                amount -= part
        if self._fault:
            raise _Passing("given_up", "the exchange ended")

    def _refused(self, request: Record, fault: APIStatusError) -> Record:
        status, told = fault.status_code, self._scrub(str(fault.message))
        code = fault.code or f"http_{status}"
        if status in (401, 403) or code == "invalid_api_key":
            source = self._settings.key_variable or "no key_variable is named"
            raise BadInput(f"{self._settings.base_url} refuses the key ({source}): {status}; export a valid one")
        if code in _FATAL or status == 404:
            raise BadInput(f"{self._settings.base_url} refuses model '{self._model}': {told}; name one that it serves")
        if status in _PASSING or status >= 500:
            raise _Passing(f"http_{status}", told, retry_after(fault.response.headers))
        return fail(request, "too_long" if "context length" in told.lower() else code, told)

    def _scrub(self, text: str) -> str:
        return text.replace(self._key, "***")[:_MESSAGE].replace("\n", " ")


def _limiter(per_minute: float | None) -> AsyncLimiter | None:
    if per_minute is None:
        return None
    seconds = max(BURST, 60.0 / per_minute)
    return AsyncLimiter(per_minute * seconds / 60.0, seconds)


class EndpointBackend:
    """Answers by an OpenAI-compatible server.

    ``model``: for requests that name none; ``options``: see :class:`Settings`;
    ``look``: called before a try that follows a fault, to see to the server.
    """

    def __init__(self, model: str | None, options: Mapping[str, Any], look: Callable[[], None] = lambda: None) -> None:
        self._model, self._settings, self._look = model, read_settings(options), look
        self._key = read_key(self._settings.key_variable)

    def identify(self, request: Record) -> str:
        """The model: where it is served does not matter."""
        return f"endpoint {self._model}"

    def batches(self, requests: RecordFile, part: int, parts: int) -> list[RecordFile]:
        """One share, read as it is asked."""
        return [requests.share(part, parts)]

    def complete(self, batch: Iterable[Record]) -> Iterator[list[Answered]]:
        """Answers as they come."""
        with asyncio.Runner() as runner:
            exchange = runner.run(self._open(batch))
            try:
                while (group := runner.run(exchange.next_group())) is not None:
                    yield group
            finally:
                runner.run(exchange.close())

    async def _open(self, batch: Iterable[Record]) -> _Exchange:
        return _Exchange(self._settings, self._key, self._model, batch, self._look)

    def close(self) -> None:
        """Nothing is kept between batches."""
