"""Mode ``outputs``: many calls of one function; what each gives is compared with what it should, outside the jail.

The program gets all argument lists in one message and sends back what its
calls gave, as plain values of exact built-in types, in bundles. It never
holds an expected value, so whoever forges a message must know the answer. It
is ended at the first call that failed: what a later one would have given
changes nothing.

Fields of a program line: ``entry_point``, a name or ``Class().method``;
``calls``, argument lists, and ``expected``, as many values, both either a list
of plain JSON or a text of packing.py, which keeps exact types; ``oracle``, a
name of oracles.py, and perhaps ``oracle_settings``; ``limits``, seconds of CPU
for each call, a list or one number, beside ``timeout`` for the whole (by the
clock three times that and 5 s, so that sleep ends too); ``parts``, numbers of
calls, before each of which the program is loaded anew (all at once where
absent); ``iterate``, 1 if what can be iterated over is wanted as a list.
"""

import functools
import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from refinement.sandbox.channel import LARGEST, Channel, ChannelClosed
from refinement.sandbox.codec import BadMessage
from refinement.sandbox.in_jail import MESSAGE_LIMIT, describe, run_program
from refinement.sandbox.outcome import Outcome, lost
from refinement.sandbox.packing import LARGE, MOST, Expected, digest_of, encode, item_of, pack, pack_items, unpack

if TYPE_CHECKING:
    from refinement.sandbox.worker import Worker

FIELDS = ("entry_point", "calls", "expected", "oracle")
PROCESSES = False
ORACLES = ("exact", "json", "evalplus")
_ENTRY = re.compile(r"([^\W\d]\w*)(?:\(\)\.([^\W\d]\w*))?")
_BUNDLE_BYTES, _BUNDLE_SECONDS = 1 << 20, 0.05


def _calls_text(program: dict[str, Any]) -> str:
    calls = program["calls"]
    return calls if isinstance(calls, str) else pack(calls)


def _expected_text(program: dict[str, Any]) -> str:
    expected = program["expected"]
    return expected if isinstance(expected, str) else pack_items(list(map(encode, expected)))


def _are_calls(calls: Any) -> bool:
    return isinstance(calls, list) and bool(calls) and all(isinstance(call, list) for call in calls)


@functools.lru_cache(maxsize=1024)  # each answer to a problem brings the same texts
def _count(calls: str | None, expected: str | None) -> tuple[int, int]:
    """Numbers of calls and of expected values in texts, 0 where there is none. Raises ValueError."""
    try:
        found = unpack(calls) if calls is not None else [[]]
        values = len(Expected(expected)) if expected is not None else 0
    except BadMessage as error:
        raise ValueError(f"its calls or expected values cannot be read ({error})") from None
    if not _are_calls(found):
        raise ValueError("its calls must be argument lists, at least one")
    return len(found), values


def _check_limits(limits: Any, count: int) -> None:
    each = limits if isinstance(limits, list) else [limits]
    if isinstance(limits, list) and len(limits) != count:
        raise ValueError(f"{len(limits)} limits for {count} calls")
    if not all(isinstance(limit, (int, float)) and 0 < limit < float("inf") for limit in each):
        raise ValueError("its limits must be seconds above 0")


def check(program: dict[str, Any]) -> None:
    """Argument lists and as many expected values, a known oracle, parts that add up."""
    if not _ENTRY.fullmatch(program["entry_point"]):
        raise ValueError(f"its entry_point {program['entry_point']!r} is neither a name nor Class().method")
    if program["oracle"] not in ORACLES:
        raise ValueError(f"its oracle is {program['oracle']!r}; there are {', '.join(ORACLES)}")
    calls, expected = program["calls"], program["expected"]
    if not isinstance(calls, str) and not _are_calls(calls):
        raise ValueError("its calls must be argument lists, at least one")
    texts = _count(*(values if isinstance(values, str) else None for values in (calls, expected)))
    count = texts[0] if isinstance(calls, str) else len(calls)
    wanted = texts[1] if isinstance(expected, str) else len(expected)
    if count != wanted:
        raise ValueError(f"{count} calls, but {wanted} expected values")
    parts = program.get("parts", [count])
    if not all(type(part) is int and part >= 0 for part in parts) or sum(parts) != count:
        raise ValueError(f"its parts {parts} do not add up to {count} calls")
    if "limits" in program:
        _check_limits(program["limits"], count)


class OutOfTime(BaseException):
    """A call took longer than it may. No Exception, so that the program does not take it for its own."""


class _Timer:
    """Limits one call: CPU seconds, and by the clock three times that and 5 s."""

    def __init__(self) -> None:
        self.expired: str | None = None
        self._set = signal.setitimer  # the program may replace it
        signal.signal(signal.SIGPROF, self._end)
        signal.signal(signal.SIGALRM, self._end)

    def _end(self, number: int, _: Any) -> None:
        self.expired = "cpu" if number == signal.SIGPROF else "wall"
        raise OutOfTime

    def start(self, seconds: float) -> None:
        self.expired = None
        self._set(signal.ITIMER_PROF, seconds)
        self._set(signal.ITIMER_REAL, 3 * seconds + 5)

    def stop(self) -> None:
        self._set(signal.ITIMER_PROF, 0)
        self._set(signal.ITIMER_REAL, 0)


class _Bundle:
    """Results on their way out, several to a message, none of which waits long for a slow call after it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._held: list[str] = []
        self._bytes = 0
        self._sent = time.monotonic()

    def add_value(self, value: Any, seconds: float) -> None:
        """A value, or where it is large its digest first; it then crosses only if that does not tell all."""
        digest, size = digest_of(value)
        if size > LARGE:
            self.add({"digest": digest, "size": size, "text": type(value) is str, "seconds": seconds})
            self.send()
            if not self._channel.receive()["more"]:
                return
        self.add([encode(value), seconds])

    def add(self, result: Any) -> None:
        """Raises ValueError for a result that is too large to cross."""
        text = json.dumps(result)
        if len(text) + 100 > LARGEST:
            raise ValueError(f"a value of {len(text) >> 20} MiB is too large to cross")
        if self._bytes + len(text) > _BUNDLE_BYTES:
            self.send()
        self._held.append(text)
        self._bytes += len(text)
        if time.monotonic() - self._sent > _BUNDLE_SECONDS:
            self.send()

    def send(self) -> None:
        if self._held:
            self._channel.send_text('{"results": [' + ", ".join(self._held) + "]}")
        self._held, self._bytes, self._sent = [], 0, time.monotonic()


def _load(code: str, entry_point: str) -> Callable[..., Any]:
    namespace = run_program({"<program>": code}, "program")
    name, method = _ENTRY.fullmatch(entry_point).groups()  # type: ignore[union-attr]
    if name not in namespace:
        raise NameError(f"no {name}")
    return getattr(namespace[name](), method) if method else namespace[name]


def _measure(job: dict[str, Any], results: _Bundle) -> None:
    """Make all calls, up to the first that ends badly."""
    calls = unpack(job["calls"])
    limits = job["limits"] if isinstance(job["limits"], list) else [job["limits"]] * len(calls)
    timer, clock, number = _Timer(), time.process_time, 0
    try:
        for part in job["parts"] or [len(calls)]:
            function = _load(job["code"], job["entry_point"])
            for arguments, limit in zip(calls[number : number + part], limits[number : number + part], strict=True):
                began = clock()
                if limit:
                    timer.start(limit)
                try:
                    value = function(*arguments)
                    if job["iterate"]:
                        value = list(value)
                finally:
                    timer.stop()
                if timer.expired:
                    raise OutOfTime
                seconds = clock() - began
                # At once: a later call may change what this one gave.
                results.add_value(value, round(seconds, 6))
                number += 1
    except BaseException as error:
        results.add(
            {"error": describe(error), "expired": timer.expired, "limit": limits[number] if timer.expired else 0}
        )


def inside(job: dict[str, Any], channel: Channel) -> None:
    """Load the program, make the calls, send what they gave."""
    results = _Bundle(channel)
    _measure(job, results)
    results.send()


def _job(program: dict[str, Any]) -> dict[str, Any]:
    return {
        "mode": "outputs", "code": program["code"], "entry_point": program["entry_point"],
        "calls": _calls_text(program), "limits": program.get("limits"), "parts": program.get("parts"),
        "iterate": program.get("iterate", 0),
    }  # fmt: skip


def _case(program: dict[str, Any], number: int, shown: list[str]) -> str | None:
    """The failing case as ``f(arguments) gives X, not Y``; None where it is long."""
    arguments = ", ".join(map(repr, unpack(_calls_text(program))[number]))
    case = f"{program['entry_point']}({arguments}) gives {shown[0]}, not {shown[1]}"
    return case if len(case) <= MESSAGE_LIMIT else None


def judge(program: dict[str, Any], worker: "Worker") -> Outcome:
    """What the oracle says of the outputs, in their order, up to the first that fails."""
    settings = program.get("oracle_settings", {})
    job = {"expected": _expected_text(program), "oracle": program["oracle"], "settings": settings}
    if settings.get("calls"):
        job["calls"] = _calls_text(program)
    with worker.start(program, PROCESSES) as execution:
        told = None
        try:
            execution.channel.send(_job(program))
            with worker.test(program, execution) as tester:
                tester.channel.send(job)
                told = tester.channel.receive()
                end = execution.end(closed=told["verdict"] == "gone")
                watched = tester.end()
        except ChannelClosed:
            end = execution.end()
            watched = end
    if told is None:
        return lost(watched if watched.timed_out else end, program)._replace(seconds=end.seconds)
    if told["verdict"] == "gone":
        return lost(end, program, told["total"], told["passed"])
    error, shown = told["error"], told.get("shown")
    if shown and settings.get("shown", True):
        error = _case(program, told["passed"], shown) or error
    return Outcome(
        end.overflow(told["verdict"]), told["passed"], told["total"], error, end.seconds,
        starved=told["verdict"] == "timeout",
    )  # fmt: skip


def run_calls(program: dict[str, Any], worker: "Worker") -> Iterator[tuple[Any, float]]:
    """What the calls of a program that is trusted to be right give, as items, and the CPU seconds of each.

    Raises ValueError where one fails, with the reason.
    """
    wanted, digest = len(unpack(_calls_text(program))), ""
    with worker.start(program, PROCESSES, largest=LARGEST) as execution:
        try:
            execution.channel.send(_job(program))
            while wanted > 0:
                for result in execution.channel.receive()["results"]:
                    if "error" in result:
                        raise ValueError(result["error"])
                    if "digest" in result:
                        alone = result["text"] or result["size"] > MOST
                        execution.channel.send({"more": not alone})
                        if not alone:
                            digest = result["digest"]
                            continue
                        yield {"digest": result["digest"], "folded": None}, result["seconds"]
                    else:
                        yield item_of(result[0], digest), result[1]
                    digest, wanted = "", wanted - 1
        except ChannelClosed:
            raise ValueError(lost(execution.end(closed=True), program).error) from None
