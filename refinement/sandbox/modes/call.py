"""Mode ``call``: functions and classes under tests that run outside the jail.

The program never sees its tests: it is asked for values, one call at a time,
and the tests judge what arrives.
"""

import ast
import collections
import copy
import functools
import operator
from typing import TYPE_CHECKING, Any

from refinement.sandbox.channel import Channel, ChannelClosed
from refinement.sandbox.codec import Encoder, Handle
from refinement.sandbox.in_jail import describe, run_program
from refinement.sandbox.outcome import Outcome, lost
from refinement.sandbox.remote_calls import Peer
from refinement.sandbox.tests_text import parse_tests

if TYPE_CHECKING:
    from refinement.sandbox.worker import Worker

FIELDS = ("entry_point", "tests")
PROCESSES = False
_CONVERSIONS = {
    "int": int, "float": float, "complex": complex, "index": operator.index, "round": round, "bytes": bytes,
    "format": format,
}  # fmt: skip
SHOWN = ("__name__", "__qualname__", "__doc__")  # of the tests' functions; a decorator hands them on
_OPERATORS = {name: getattr(operator, name) for name in dir(operator) if not name.startswith("_")}


@functools.lru_cache(maxsize=4096)
def _check_tests(text: str) -> None:
    tree = parse_tests(text)
    if not (defines_check(tree) or any(isinstance(node, ast.Assert) for node in ast.walk(tree))):
        raise ValueError("its tests hold neither an assert nor a check(candidate)")


def defines_check(tree: ast.Module) -> bool:
    """Whether tests define a function check(candidate)."""
    return any(isinstance(node, ast.FunctionDef) and node.name == "check" for node in tree.body)


def check(program: dict[str, Any]) -> None:
    """The tests, and what they build on, must compile; the tests hold a test."""
    _check_tests(program["tests"])
    if program.get("preamble"):
        parse_tests(program["preamble"], "its preamble does")


class Outer(Handle):
    """An object of the tests, in the program's hands: to be called, asked for attributes, iterated over."""

    _peer: Peer

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._peer.request("call", self, arguments, named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") and name not in SHOWN:
            raise AttributeError(name)
        is_method, value = self._peer.request("get", self, name)
        if not is_method:
            return value
        return lambda *arguments, **named: self._peer.request("invoke", self, name, arguments, named)

    def __setattr__(self, name: str, value: Any) -> None:
        self._peer.request("put", self, name, value)

    def __iter__(self) -> Any:
        return self if self.__dict__["_kind"] == "iterator" else iter(self._peer.request("items", self))

    def __next__(self) -> Any:
        return self._peer.request("advance", self)


def local_classes(namespace: dict[str, Any]) -> dict[str, type]:
    """The classes that a preamble made, by name."""
    return {
        name: value for name, value in namespace.items()
        if isinstance(value, type) and value.__module__ == namespace["__name__"]
    }  # fmt: skip


def asyncio_run(coroutine: Any) -> Any:
    """Run a coroutine of the program, or what else can be awaited, to its end."""
    import asyncio  # heavy, and rarely needed

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
    """What an object of a class derived from a built-in one holds, for a comparison over there."""
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


def inside(job: dict[str, Any], channel: Channel) -> None:
    """Run the program, then answer for it."""
    parts = {"<preamble>": job["preamble"]} if job["preamble"] else {}
    try:
        namespace = run_program(parts, "program") if parts else {}
        classes = local_classes(namespace) if parts else {}
        namespace = run_program({**parts, "<program>": job["code"]}, "program")
    except BaseException as error:
        channel.send({"error": describe(error)})
        return
    channel.send({"error": None})
    operations = {
        "names": lambda wanted: _names(namespace, peer.encoder, wanted),
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
    seen: dict[int, Any] = {}  # the same object of the tests is the same here

    def wrap(number: int, kind: str, name: str) -> Any:
        if number not in seen:
            caught = kind == "exception class"  # it can be named in an except clause
            seen[number] = type(name, (Exception,), {"_outer_number": number}) if caught else outer(number, kind, name)
        return seen[number]

    peer = Peer(channel, operations, wrap, classes)
    text = property(lambda self: self.__getattr__("__doc__"))  # a class has one of its own
    outer = type("Outer", (Outer,), {"_peer": peer, "__doc__": text})
    peer.decoder.exception_of = lambda number: seen.get(number)
    peer.serve()


def judge(program: dict[str, Any], worker: "Worker") -> Outcome:
    """What the tests say; without their word, how the program ended."""
    job = {name: program[name] for name in ("code", "tests", "entry_point")}
    job["preamble"] = program.get("preamble", "")
    with worker.start(program, PROCESSES) as execution, worker.test(program, execution) as tester:
        try:
            tester.channel.send(job)
            told = tester.channel.receive()
        except ChannelClosed:
            told = None
        end = execution.end(closed=told is not None and told["verdict"] == "gone")
        watched = tester.end()
    if told is None:
        by = watched if watched.timed_out else end
        return lost(by, program)._replace(seconds=end.seconds)
    if told["verdict"] == "gone":
        return lost(end, program, told["total"], told["passed"])
    return Outcome(end.overflow(told["verdict"]), told["passed"], told["total"], told["error"], end.seconds)
