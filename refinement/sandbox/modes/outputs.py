"""Mode ``outputs``: many calls of one function, whose values are compared with expected ones outside the jail.

The program gets all argument lists in one message. It sends the values of its
calls in bundles, as plain values of exact built-in types. It never holds an
expected value, so a program that forges a message must know the answer. The
first call that fails ends it, since later ones change nothing.

``entry_point`` is a name or ``Class().method``. ``calls`` and ``expected`` are
lists of plain JSON or texts of packing.py, which keep exact types. A call may
take the CPU seconds of its limit, and by the clock three times that and 5 s,
so that a sleeping call ends too; ``timeout`` holds for all calls together.
"""

import functools
import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from refinement.records.record_types import LIST, NUMBER, OBJECT, TEXT, WHOLE, Field
from refinement.sandbox.channel import LARGEST, BadMessage, Channel, ChannelClosed
from refinement.sandbox.fields import CODE, ENTRY_POINT, OUTSIDE
from refinement.sandbox.in_jail import MESSAGE_LIMIT, describe, execute_module
from refinement.sandbox.oracles import ORACLES
from refinement.sandbox.outcome import Outcome, lost
from refinement.sandbox.packing import LARGE, MOST, Expected, digest_of, encode, item_of, pack, pack_items, unpack

if TYPE_CHECKING:
    from refinement.sandbox.worker import Worker

ANSWER_FIELDS = (CODE,)
TEST_FIELDS = (
    ENTRY_POINT,
    Field("calls", "a list of argument lists, or a text of one that keeps exact types", (LIST, TEXT)),
    Field("expected", "what each call should give, in either form", (LIST, TEXT)),
    Field("oracle", "how the two are compared", choices=tuple(ORACLES)),
    Field("oracle_settings", "what that oracle wants to know", (OBJECT,), required=False),
    Field("limits", "seconds of CPU for each call, a list or one number", (LIST, NUMBER), required=False),
    Field("parts", "numbers of calls before each of which the program is loaded anew", (LIST,), required=False),
    Field("iterate", "1 if what can be iterated over is wanted as a list", (WHOLE,), required=False, choices=(0, 1)),
)
INTEGRITY = OUTSIDE
PROCESSES = False
_ENTRY = re.compile(r"([^\W\d]\w*)(?:\(\)\.([^\W\d]\w*))?")
_BUNDLE_BYTES, _BUNDLE_SECONDS = 1 << 20, 0.05  # at which a bundle of results is sent


def _calls_text(program: dict[str, Any]) -> str:
    calls = program["calls"]
    return calls if isinstance(calls, str) else pack(calls)


def _expected_text(program: dict[str, Any]) -> str:
    expected = program["expected"]
    return expected if isinstance(expected, str) else pack_items(list(map(encode, expected)))


def _are_calls(calls: Any) -> bool:
    return isinstance(calls, list) and bool(calls) and all(isinstance(call, list) for call in calls)


@functools.lru_cache(maxsize=1024)  # all answers to a problem bring the same texts
def _count(calls: str | None, expected: str | None) -> tuple[int, int]:
    """Numbers of calls and of expected values in two texts; 1 and 0 for those that are None. Raises ValueError."""
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
    """There must be a call, as many expected values as calls, a known oracle, and parts that add up to all calls."""
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
    """Raises OutOfTime in a call that takes longer than its limit, by CPU or by the clock."""

    def __init__(self) -> None:
        self.expired: str | None = None
        self._set = signal.setitimer  # kept, since the program may replace the module's
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
    """Results of calls, sent several to a message; none waits long for a slow call that follows it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._held: list[str] = []
        self._bytes = 0
        self._sent = time.monotonic()

    def add_value(self, value: Any, seconds: float) -> None:
        """Add a value. Of a large one the digest is sent first, and the value itself only if it is asked for."""
        digest, size = digest_of(value)
        if size > LARGE:
            self.add({"digest": digest, "size": size, "text": type(value) is str, "seconds": seconds})
            self.send()
            if not self._channel.receive()["more"]:
                return
        self.add([encode(value), seconds])

    def add(self, result: Any) -> None:
        """Add a result, which is plain JSON. Raises ValueError for one that is too large to send."""
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
    namespace = execute_module({"<program>": code}, "program")
    name, method = _ENTRY.fullmatch(entry_point).groups()  # type: ignore[union-attr]
    if name not in namespace:
        raise NameError(f"no {name}")
    return getattr(namespace[name](), method) if method else namespace[name]


def _measure(job: dict[str, Any], results: _Bundle) -> None:
    """Make the calls in turn, up to the first that fails."""
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
                # Encoded at once, since a later call may change the value.
                results.add_value(value, round(seconds, 6))
                number += 1
    except BaseException as error:
        results.add(
            {"error": describe(error), "expired": timer.expired, "limit": limits[number] if timer.expired else 0}
        )


def run_in_jail(job: dict[str, Any], channel: Channel) -> None:
    """Load the program, make the calls, send their results."""
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


def run_tests(job: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Compare what the program at the other end of ``channel`` sends with the expected values."""
    from refinement.sandbox.comparison import Comparison  # which the jail does not need

    return Comparison(job, channel).judge()


def judge(program: dict[str, Any], worker: "Worker") -> Outcome:
    """The oracle's verdict on the outputs, in their order, up to the first that is wrong."""
    settings = program.get("oracle_settings", {})
    job = {
        "mode": "outputs", "expected": _expected_text(program), "oracle": program["oracle"], "settings": settings,
    }  # fmt: skip
    if settings.get("calls"):
        job["calls"] = _calls_text(program)
    with worker.start(program, PROCESSES) as child:
        told = None
        try:
            child.channel.send(_job(program))
            with worker.test(program, child) as tester:
                tester.channel.send(job)
                told = tester.channel.receive()
                end = child.end(closed=told["verdict"] == "gone")
                watched = tester.end()
        except ChannelClosed:
            end = child.end()
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
    """The calls' values as items of packing.py, and the CPU seconds of each call.

    ``program``: a line of this mode that is trusted to be right, without
    ``expected``. Raises ValueError, with the reason, where a call fails.
    """
    wanted, digest = len(unpack(_calls_text(program))), ""
    with worker.start(program, PROCESSES, largest=LARGEST) as child:
        try:
            child.channel.send(_job(program))
            while wanted > 0:
                for result in child.channel.receive()["results"]:
                    if "error" in result:
                        raise ValueError(result["error"])
                    if "digest" in result:
                        alone = result["text"] or result["size"] > MOST
                        child.channel.send({"more": not alone})
                        if not alone:
                            digest = result["digest"]
                            continue
                        yield {"digest": result["digest"], "folded": None}, result["seconds"]
                    else:
                        yield item_of(result[0], digest), result[1]
                    digest, wanted = "", wanted - 1
        except ChannelClosed:
            raise ValueError(lost(child.end(closed=True), program).error) from None
