"""Mode ``call``: functions and classes under tests that run outside the jail.

The program never sees the tests. They ask it for values, one call at a time,
and judge what arrives.
"""

import ast
import collections
import copy
import functools
import operator
from typing import TYPE_CHECKING, Any

from refinement.records.record_types import Field
from refinement.sandbox.channel import Channel, ChannelClosed
from refinement.sandbox.codec import Encoder, Handle
from refinement.sandbox.fields import CODE, ENTRY_POINT, OUTSIDE
from refinement.sandbox.in_jail import describe, execute_module
from refinement.sandbox.outcome import Outcome, lost
from refinement.sandbox.remote_calls import SHOWN, RemoteCalls, local_classes
from refinement.sandbox.tests_text import defines_check, parse_tests

if TYPE_CHECKING:
    from refinement.sandbox.worker import Worker

ANSWER_FIELDS = (CODE,)
TEST_FIELDS = (
    ENTRY_POINT,
    Field("tests", "assert statements, or a function check(candidate)"),
    Field("preamble", "trusted code that precedes the program", required=False),
)
INTEGRITY = OUTSIDE
PROCESSES = False
_CONVERSIONS = {
    "int": int, "float": float, "complex": complex, "index": operator.index, "round": round, "bytes": bytes,
    "format": format,
}  # fmt: skip
_OPERATORS = {name: getattr(operator, name) for name in dir(operator) if not name.startswith("_")}


@functools.lru_cache(maxsize=4096)
def _check_tests(text: str) -> None:
    tree = parse_tests(text)
    if not (defines_check(tree) or any(isinstance(node, ast.Assert) for node in ast.walk(tree))):
        raise ValueError("its tests hold neither an assert nor a check(candidate)")


def check(program: dict[str, Any]) -> None:
    """The tests and the preamble must compile; the tests must hold an assert or a check(candidate)."""
    _check_tests(program["tests"])
    if program.get("preamble"):
        parse_tests(program["preamble"], "its preamble does")


class Outer(Handle):
    """Stands, in the program's process, for an object of the tests: what is done with it is done over there."""

    _remote_calls: RemoteCalls

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._remote_calls.request("call", self, arguments, named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") and name not in SHOWN:
            raise AttributeError(name)
        is_method, value = self._remote_calls.request("get", self, name)
        if not is_method:
            return value
        return lambda *arguments, **named: self._remote_calls.request("invoke", self, name, arguments, named)

    def __setattr__(self, name: str, value: Any) -> None:
        self._remote_calls.request("put", self, name, value)

    def __iter__(self) -> Any:
        return self if self.__dict__["_kind"] == "iterator" else iter(self._remote_calls.request("items", self))

    def __next__(self) -> Any:
        return self._remote_calls.request("advance", self)


def asyncio_run(coroutine: Any) -> Any:
    """The result of a coroutine of the program, or of another object that can be awaited."""
    import asyncio  # takes long, and is rarely needed

    async def result() -> Any:
        return await coroutine

    return asyncio.run(result())


def _names(namespace: dict[str, Any], encoder: Encoder, wanted: list[str]) -> dict[str, Any]:
    found = {name: namespace[name] for name in wanted if name in namespace}
    encoder.kept = frozenset(
        value for name, value in found.items()
        if isinstance(value, type) and name[:1].isupper() and value.__module__ == "program"
        and not issubclass(value, BaseException) and not _is_bare_tuple(value)
    )  # fmt: skip
    return found


def _is_bare_tuple(kind: type) -> bool:
    """Whether a class of named tuples has fields alone, so that its objects lose nothing as tuples."""
    return kind.__bases__ == (tuple,) and not any(
        callable(value) or isinstance(value, (property, classmethod, staticmethod))
        for name, value in vars(kind).items() if not name.startswith("_")
    )  # fmt: skip


def _plain(value: Any) -> Any:
    """The built-in value that an object of a derived class holds, for a comparison by the tests; or NotImplemented."""
    for kind in (list, tuple, set, frozenset, collections.deque):
        if isinstance(value, kind):
            return kind(kind.__iter__(value))
    if isinstance(value, dict):
        return {key: dict.__getitem__(value, key) for key in dict.__iter__(value)}
    for kind, convert in ((str, str.__str__), (float, float.__float__), (int, int.__index__), (bytes, bytes.__bytes__)):
        if isinstance(value, kind):
            return convert(value)
    return NotImplemented


def _set(target: Any, name: str, value: Any) -> None:
    setattr(target, name, value)


def _special(name: str, target: Any, *arguments: Any) -> Any:
    return getattr(type(target), name)(target, *arguments)


def _exit(target: Any, error: BaseException | None) -> Any:
    return type(target).__exit__(target, None if error is None else type(error), error, None)


def run_in_jail(job: dict[str, Any], channel: Channel) -> None:
    """Execute the program, then answer what the tests ask of it."""
    parts = {"<preamble>": job["preamble"]} if job["preamble"] else {}
    try:
        namespace = execute_module(parts, "program") if parts else {}
        classes = local_classes(namespace) if parts else {}
        namespace = execute_module({**parts, "<program>": job["code"]}, "program")
    except BaseException as error:
        channel.send({"error": describe(error)})
        return
    channel.send({"error": None})
    operations = {
        "names": lambda wanted: _names(namespace, remote.encoder, wanted),
        "plain": _plain,
        "call": lambda target, arguments, named: target(*arguments, **named),
        "get": getattr,
        "set": _set,
        "iterate": iter,
        "next": next,
        "ancestors": lambda kind: list(kind.__mro__[1:]),
        "await": asyncio_run,
        "hash": hash,
        "copy": copy.deepcopy,
        "convert": lambda name, value, *more: _CONVERSIONS[name](value, *more),
        "instance": lambda value, kind: isinstance(value, kind),
        "string": str,
        "representation": repr,
        "truth": bool,
        "length": len,
        "operator": lambda name, *operands: _OPERATORS[name](*operands),
        "enter": lambda target: type(target).__enter__(target),
        "exit": _exit,
        "subclass": issubclass,
        "reverse": reversed,
        "delete": delattr,
        "shallow": copy.copy,
        "divide": divmod,
        "special": _special,
        "special await": lambda *arguments: asyncio_run(_special(*arguments)),
    }
    seen: dict[int, Any] = {}  # an object of the tests has one stand-in, whenever it arrives

    def wrap(number: int, kind: str, name: str) -> Any:
        if number not in seen:
            is_exception = kind == "exception class"  # which the program may name in an except clause
            seen[number] = (
                type(name, (Exception,), {"_outer_number": number}) if is_exception else outer(number, kind, name)
            )
        return seen[number]

    remote = RemoteCalls(channel, operations, wrap, classes)
    text = property(lambda self: self.__getattr__("__doc__"))  # else the class Outer's own would be found
    outer = type("Outer", (Outer,), {"_remote_calls": remote, "__doc__": text})
    remote.decoder.exception_of = lambda number: seen.get(number)
    remote.serve()


def run_tests(job: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Run the tests against the program at the other end of ``channel``."""
    from refinement.sandbox.tester import Tests  # which the jail does not need

    return Tests(job, channel).judge()


def judge(program: dict[str, Any], worker: "Worker") -> Outcome:
    """The tests' verdict; where they end without one, how the program ended."""
    job = {"mode": "call", **{name: program[name] for name in ("code", "tests", "entry_point")}}
    job["preamble"] = program.get("preamble", "")
    with worker.start(program, PROCESSES) as child, worker.test(program, child) as tester:
        try:
            tester.channel.send(job)
            told = tester.channel.receive()
        except ChannelClosed:
            told = None
        end = child.end(closed=told is not None and told["verdict"] == "gone")
        watched = tester.end()
    if told is None:
        by = watched if watched.timed_out else end
        return lost(by, program)._replace(seconds=end.seconds)
    if told["verdict"] == "gone":
        return lost(end, program, told["total"], told["passed"])
    return Outcome(end.overflow(told["verdict"]), told["passed"], told["total"], told["error"], end.seconds)
