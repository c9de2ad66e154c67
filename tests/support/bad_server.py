"""A faulty server that speaks OpenAI's protocol, in a thread of a test or on its own: `python bad_server.py --port N`.

Faults happen by chance, each at a given rate. Every request is logged with its
fate, so that a test can see which requests were asked again.
"""

import argparse
import asyncio
import json
import os
import random
import threading
import time
from collections import Counter
from typing import Any, NamedTuple

from aiohttp import web

FAULTS = ("limit", "error", "hang", "drop", "half", "broken", "no_choice", "empty", "wrong_id", "trickle")
KEY = "sk-secret-of-the-test"


class Entry(NamedTuple):
    """A request that the server saw: its text, when it arrived, and its fate, a fault or "fine"."""

    content: str
    began: float
    fate: str


def answer_to(content: str) -> str:
    """The server's answer to a request."""
    return f"answer to {content}"


class BadServer:
    """The server. ``rates``: share of requests by fault; ``script``: by content, the fates of its first requests."""

    def __init__(
        self,
        rates: dict[str, float] | None = None,
        script: dict[str, list[str]] | None = None,
        retry_after: float = 1,
    ) -> None:
        self.retry_after = retry_after
        self.rates, self.script = rates or {}, script or {}
        self.log: list[Entry] = []
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.authorizations: set[str] = set()
        self._random = random.Random(7)
        self._ready = threading.Event()
        self.die_after: int | None = None
        self.forgets = False

    def __enter__(self) -> "BadServer":
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(0)), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    @property
    def url(self) -> str:
        """The server's base_url."""
        return f"http://127.0.0.1:{self.port}/v1"

    def fates(self) -> Counter[str]:
        """Number of requests by fate."""
        return Counter(entry.fate for entry in self.log)

    def answered(self) -> Counter[str]:
        """Number of full answers by content."""
        return Counter(entry.content for entry in self.log if entry.fate in ("fine", "wrong_id", "trickle"))

    async def _serve(self, port: int, announce: bool = False) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        application = web.Application()
        application.router.add_post("/v1/chat/completions", self._complete)
        application.router.add_post("/v1/completions", self._complete)
        application.router.add_get("/health", self._health)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port, backlog=1024)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        if announce:
            print(f"listening on {self.port}", flush=True)
        self._ready.set()
        await self._stopped.wait()
        await runner.cleanup()

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response()

    def _fate(self, content: str) -> str:
        if self.script.get(content):
            return self.script[content].pop(0)
        chance = self._random.random()
        for fault, rate in self.rates.items():
            if chance < rate:
                return fault
            chance -= rate
        return "fine"

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body, began = await request.json(), time.monotonic()
        if not self.forgets:
            self.bodies.append(body)
            self.paths.append(request.path)
            self.authorizations.add(request.headers.get("Authorization", ""))
        content = body["prompt"] if "prompt" in body else body["messages"][-1]["content"]
        fate = self._fate(content)
        try:
            return await self._meet(request, body, content, fate)
        finally:
            if not self.forgets:
                self.log.append(Entry(content, began, fate))
            if self.die_after is not None and len(self.log) >= self.die_after:
                os._exit(3)

    async def _meet(self, request: web.Request, body: dict[str, Any], content: str, fate: str) -> web.StreamResponse:
        if fate == "limit":
            return _error(429, "slow down", "rate_limit_exceeded", {"Retry-After": str(self.retry_after)})
        if fate == "error":
            return _error(500, "something broke", "server_error")
        if fate.isdigit():
            told = {400: ("filtered", "content_filter"), 413: ("over the maximum context length", None)}
            return _error(int(fate), *told.get(int(fate), (f"key {KEY} is bad", None)))
        if fate == "hang":
            await asyncio.sleep(3600)
        if fate == "drop":
            request.transport.abort()
            return web.Response()
        whole = json.dumps(_answer(body, content, fate)).encode()
        if fate in ("half", "trickle"):
            response = web.StreamResponse(
                headers={"Content-Type": "application/json", "Content-Length": str(len(whole))}
            )
            await response.prepare(request)
            if fate == "half":
                await response.write(whole[: len(whole) // 2])
                request.transport.abort()
                return response
            for start in range(0, len(whole), 40):
                await response.write(whole[start : start + 40])
                await asyncio.sleep(0.05)
            await response.write_eof()
            return response
        return web.Response(body=whole[:20] if fate == "broken" else whole, content_type="application/json")


def _error(status: int, message: str, code: str | None, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": {"message": message, "code": code}}, status=status, headers=headers)


def _answer(body: dict[str, Any], content: str, fate: str) -> dict[str, Any]:
    text = "" if fate == "empty" else answer_to(content)
    said = {"text": text} if "prompt" in body else {"message": {"role": "assistant", "content": text}}
    return {
        "id": "somebody else's" if fate == "wrong_id" else f"id-{time.monotonic_ns()}",
        "created": int(time.time()),
        "model": f"{body['model']}-served",
        "choices": [] if fate == "no_choice" else [{"index": 0, **said, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": len(content.split()), "completion_tokens": len(text.split())},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--die-after", type=int, help="requests after which it exits")
    parser.add_argument("--forget", action="store_true", help="keep no log")
    options = parser.parse_args()
    server = BadServer()
    server.die_after, server.forgets = options.die_after, options.forget
    asyncio.run(server._serve(options.port, announce=True))
