"""The tests of mode ``call``, run outside the jail against stand-ins for the program's functions and classes."""

import ast
import builtins
import functools
import importlib
import inspect
import itertools
import re
import symtable
import types
from collections.abc import Callable
from typing import Any

from refinement.sandbox.channel import Channel, ChannelClosed
from refinement.sandbox.codec import Handle
from refinement.sandbox.in_jail import MESSAGE_LIMIT, describe
from refinement.sandbox.remote_calls import SHOWN, Gone, RemoteCalls, local_classes
from refinement.sandbox.tests_text import defines_check

TESTS_MODULE = "__main__"  # so that tests below `if __name__ == "__main__"` are run
_WELL_KNOWN = {
    "array", "bisect", "collections", "collections.abc", "copy", "dataclasses", "datetime", "decimal", "enum",
    "fractions", "functools", "heapq", "itertools", "json", "math", "numpy", "operator", "pandas", "pathlib", "random",
    "re", "statistics", "string", "typing",
}  # fmt: skip
_CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")  # by which the tests show that they test a class of the program
_ARITHMETIC = (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and_",
    "or_",
    "xor",
    "lshift",
    "rshift",
)
_UNARY = ("neg", "pos", "invert", "abs")
_SHOWN = ("__name__", "__qualname__", "__defaults__", "__kwdefaults__", "__wrapped__", "__signature__")
_HIDDEN = ("__doc__", "__annotations__")  # which are looked up in the stand-in's own class, unless it defines them
_ORDER = ("lt", "le", "gt", "ge")
# Methods whose arguments tell the program what a test expects, so that it could just say yes.
_JUDGING = {"equals", "startswith", "endswith", "issubset", "issuperset", "isdisjoint"}


class RemoteObject(Handle):
    """Stands for an object of the program. It equals itself alone.

    Where the tests name classes of the program (``_own``), it also equals an
    object of the program that says so, and the built-in value that it derives from.
    """

    _remote_calls: RemoteCalls
    _own: bool

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in _SHOWN:
            raise AttributeError(f"'{self.__dict__['_name']}' object has no attribute '{name}'")
        if name in _JUDGING and not self._own:
            raise AttributeError(f"'{name}' is asked of plain values, and of classes that the tests name, alone")
        return self._remote_calls.request("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._remote_calls.request("set", self, name, value)

    def __eq__(self, other: object) -> bool:
        if self._own and isinstance(other, RemoteObject) and other is not self:
            return self._remote_calls.request("operator", "eq", self, other) is True
        if self._own and not isinstance(other, RemoteObject):  # its built-in value is fetched and compared here
            plain = self._remote_calls.request("plain", self)
            return not isinstance(plain, RemoteObject) and plain is not NotImplemented and plain == other
        return self is other

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return int(self._remote_calls.request("hash", self)) if self._own else id(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self._remote_calls.request("copy", self)

    def __int__(self) -> int:
        return self._remote_calls.request("convert", "int", self)

    def __float__(self) -> float:
        return self._remote_calls.request("convert", "float", self)

    def __complex__(self) -> complex:
        return self._remote_calls.request("convert", "complex", self)

    def __index__(self) -> int:
        return self._remote_calls.request("convert", "index", self)

    def __bytes__(self) -> bytes:
        return self._remote_calls.request("convert", "bytes", self)

    def __round__(self, *digits: int) -> Any:
        return self._remote_calls.request("convert", "round", self, *digits)

    def __format__(self, how: str) -> str:
        return self._remote_calls.request("convert", "format", self, how)

    def __iter__(self) -> Any:
        return self._remote_calls.request("iterate", self)

    def __len__(self) -> int:
        return self._remote_calls.request("length", self)

    def __bool__(self) -> bool:
        return self._remote_calls.request("truth", self) is True

    def __getitem__(self, key: Any) -> Any:
        return self._remote_calls.request("operator", "getitem", self, key)

    def __str__(self) -> str:
        return str(self._remote_calls.request("string", self))

    def __repr__(self) -> str:
        return str(self._remote_calls.request("representation", self))

    def __enter__(self) -> Any:
        return self._remote_calls.request("enter", self)

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> bool:
        return self._remote_calls.request("exit", self, error) is True

    def __reversed__(self) -> Any:
        return self._remote_calls.request("reverse", self)

    def __delattr__(self, name: str) -> None:
        self._remote_calls.request("delete", self, name)

    def __copy__(self) -> Any:
        return self._remote_calls.request("shallow", self)

    async def __aenter__(self) -> Any:
        return self._remote_calls.request("special await", "__aenter__", self)

    async def __aexit__(self, *_: object) -> bool:
        return self._remote_calls.request("special await", "__aexit__", self, None, None, None) is True

    def __aiter__(self) -> Any:
        return self._remote_calls.request("special", "__aiter__", self)

    async def __anext__(self) -> Any:
        return self._remote_calls.request("special await", "__anext__", self)


class RemoteIterator(RemoteObject):
    """An iterator of the program."""

    def __next__(self) -> Any:
        return self._remote_calls.request("next", self)


class RemoteFunction(RemoteObject):
    """A function, a class or another callable of the program."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        try:
            return self._remote_calls.request("call", self, arguments, named)
        except (StopIteration, StopAsyncIteration) as error:  # which would silently end a loop of the tests
            raise RuntimeError(f"the program raised {type(error).__name__}") from error

    def __instancecheck__(self, value: Any) -> bool:
        return isinstance(value, RemoteObject) and self._remote_calls.request("instance", value, self) is True

    def __subclasscheck__(self, kind: Any) -> bool:
        return isinstance(kind, RemoteObject) and self._remote_calls.request("subclass", kind, self) is True


@functools.cache
def _operators(own: bool) -> dict[str, Any]:
    """Methods of a stand-in for operators. ``own``: whether the tests name a class of the program.

    Only then does the program get operands: they tell it what a test expects,
    and let it give the answer that the test decides by.
    """

    def binary(name: str, turned: bool) -> Callable[..., Any]:
        def operate(self: RemoteObject, other: Any) -> Any:
            return self._remote_calls.request("operator", name, *((other, self) if turned else (self, other)))

        return operate

    def unary(name: str) -> Callable[..., Any]:
        return lambda self: self._remote_calls.request("operator", name, self)

    def order(name: str) -> Callable[..., Any]:
        def compare(self: RemoteObject, other: Any) -> Any:
            if not isinstance(other, RemoteObject):
                return NotImplemented
            return self._remote_calls.request("operator", name, self, other) is True

        return compare

    def shown(name: str) -> Any:
        return property(lambda self: self._remote_calls.request("get", self, name))

    found: dict[str, Any] = {f"__{name}__": order(name) for name in _ORDER}
    found |= {name: shown(name) for name in _HIDDEN}
    if own:
        for name in _ARITHMETIC:  # an in-place operator; the program's side falls back to the plain one
            found[f"__i{name.strip('_')}__"] = binary(f"i{name.strip('_')}", turned=False)
        found["__divmod__"] = lambda self, other: self._remote_calls.request("divide", self, other)
        for name in _ARITHMETIC:
            found[f"__{name.strip('_')}__"] = binary(name, turned=False)
            found[f"__r{name.strip('_')}__"] = binary(name, turned=True)
        found |= {f"__{name}__": unary(name) for name in _UNARY}
        found["__contains__"] = lambda self, item: (
            self._remote_calls.request("operator", "contains", self, item) is True
        )
        found["__setitem__"] = lambda self, key, item: self._remote_calls.request(
            "operator", "setitem", self, key, item
        )
        found["__delitem__"] = lambda self, key: self._remote_calls.request("operator", "delitem", self, key)
    return found


def free_names(tests: str) -> set[str]:
    """Names that tests use and neither define, nor import, nor find among Python's built-in ones."""
    top = symtable.symtable(tests, "<tests>", "exec")
    used: set[str] = set()
    tables = [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        used |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (table is top or s.is_global())}
    defined = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    return used - defined - set(vars(builtins))


def imported_names(code: str, names: set[str]) -> dict[str, Any]:
    """Those of the names that a program imports from well-known modules, with our own modules' values."""
    found: dict[str, Any] = {}
    if not names:
        return found
    try:
        nodes = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError):
        return found
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                if bound in names and alias.name in _WELL_KNOWN:
                    found[bound] = importlib.import_module(alias.name)
        elif isinstance(node, ast.ImportFrom) and node.module in _WELL_KNOWN and not node.level:
            module = importlib.import_module(node.module)
            for alias in node.names:
                if (alias.asname or alias.name) in names and hasattr(module, alias.name):
                    found[alias.asname or alias.name] = getattr(module, alias.name)
    return found


def _is_of_tests(value: Any) -> bool:
    """Whether the tests' text defines this function or class, or that of this generator or object."""
    code = getattr(value, "__code__" if type(value) is types.FunctionType else "gi_code", None)
    if type(value) in (types.FunctionType, types.GeneratorType):
        return isinstance(code, types.CodeType) and code.co_filename == "<tests>"
    return type(value if type(value) is type else type(value)) is type and (
        (value if type(value) is type else type(value)).__module__ == TESTS_MODULE
    )


class Offers:
    """What the program may do with objects that the tests gave it, and with no other object.

    ``held``: whether an object was given. Each method raises TypeError for one that was not.
    """

    def __init__(self, held: Callable[[Any], bool]) -> None:
        self._held = held

    def _own(self, target: Any) -> Any:
        if not self._held(target):
            raise TypeError("not an object of the tests")
        return target

    def call(self, target: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """The result of a function, or of another object that can be called."""
        if isinstance(self._own(target), type) and not _is_of_tests(target):
            raise TypeError("a class that the tests do not define cannot be called")
        return target(*arguments, **named)

    def items(self, target: Any) -> list[Any]:
        """All items of an iterable."""
        return list(self._own(target))

    def advance(self, target: Any) -> Any:
        """The next item of an iterator."""
        return next(self._own(target))

    def put(self, target: Any, name: str, value: Any) -> None:
        """Set an attribute of an object whose class the tests define, unless the class has one of this name."""
        kind = type(self._own(target))
        if kind.__module__ != TESTS_MODULE or type(name) is not str or name.startswith("_") or hasattr(kind, name):
            raise AttributeError(name)
        setattr(target, name, value)

    def _find(self, target: Any, name: str) -> Any:
        if type(self._own(target)).__module__ != TESTS_MODULE or type(name) is not str or name.startswith("_"):
            raise AttributeError(name)
        return inspect.getattr_static(target, name)

    def get(self, target: Any, name: str) -> tuple[bool, Any]:
        """Whether an attribute is a method, and if not, its value; for objects whose class the tests define."""
        if name in SHOWN and isinstance(self._own(target), types.FunctionType):
            return False, getattr(target, name)
        found = self._find(target, name)
        if isinstance(found, types.FunctionType) and name not in vars(target):
            return True, None
        return False, found.fget(target) if isinstance(found, property) and found.fget else found

    def invoke(self, target: Any, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """The result of a method of an object whose class the tests define."""
        found = self._find(target, name)
        if not isinstance(found, types.FunctionType):
            raise TypeError(f"{name} is no method")
        return found(target, *arguments, **named)


class Tests:
    """The tests of one program, and how many have passed.

    ``job``: with ``code``, ``tests``, ``entry_point``, ``preamble``; ``channel``: the program's, which is not trusted.
    """

    def __init__(self, job: dict[str, Any], channel: Channel) -> None:
        self._job, self._channel = job, channel
        self._tree = ast.parse(job["tests"])
        self._checks = defines_check(self._tree)
        asserts = sum(isinstance(node, ast.Assert) for node in self._tree.body)
        self.total = max(1, asserts + self._checks)
        self.passed = 0
        self.remote: RemoteCalls | None = None
        self._prepared = 0

    def _outcome(self, verdict: str, error: str | None = None) -> dict[str, Any]:
        return {"verdict": verdict, "passed": self.passed, "total": self.total, "error": error}

    def _begin(self) -> str | None:
        """Send the program its code; return the error with which that ended, or None."""
        self._channel.send({"mode": "call", "code": self._job["code"], "preamble": self._job["preamble"]})
        told = self._channel.receive()
        error = told.get("error") if isinstance(told, dict) else "not an answer"
        return None if error is None else str(error)[:MESSAGE_LIMIT]

    async def _await(self, coroutine: RemoteObject) -> Any:
        assert self.remote
        return self.remote.request("await", coroutine)

    def _scope(self) -> dict[str, Any]:
        """The names that the tests see: the preamble's functions and classes, and stand-ins for the program's."""
        scope: dict[str, Any] = {"__name__": TESTS_MODULE}
        exec(compile(self._job["preamble"], "<preamble>", "exec"), scope)
        classes = local_classes(scope)
        entry = self._job["entry_point"]
        names = free_names(self._job["tests"]) - set(scope)
        scope |= imported_names(self._job["code"], names - {entry})
        wanted = (names - set(scope)) | {entry}
        seen: dict[int, Any] = {}
        own = types.SimpleNamespace(operators=False)

        def wrap(number: int, kind: str, name: str) -> Any:
            if kind == "coroutine":
                return self._await(RemoteObject(number, kind, name))
            if number not in seen:
                base = {"iterator": RemoteIterator, "object": RemoteObject}.get(kind, RemoteFunction)
                seen[number] = type(
                    name, (base,), {"_remote_calls": self.remote, "_own": own.operators, **_operators(own.operators)}
                )(number, kind, name)
            return seen[number]

        offers = Offers(lambda target: self.remote is not None and self.remote.encoder.holds(target))
        operations = {"call": offers.call, "items": offers.items, "get": offers.get, "invoke": offers.invoke,
                      "put": offers.put, "advance": offers.advance}  # fmt: skip
        self.remote = RemoteCalls(self._channel, operations, wrap, classes, guarded=True)
        self.remote.encoder.may_follow = _is_of_tests
        answer = self.remote.request("names", sorted(wanted))
        if type(answer) is not dict or entry not in answer:
            raise NameError(f"no {entry}")
        found = {name: answer[name] for name in wanted if name in answer}
        own.operators = any(
            _CLASS_NAME.fullmatch(name) and isinstance(value, RemoteObject) and value.__dict__["_kind"] == "class"
            for name, value in found.items()
        )
        self._stand_in_for_exceptions(found)
        return {**found, **scope, entry: found[entry]}

    def _stand_in_for_exceptions(self, found: dict[str, Any]) -> None:
        """Put real exception classes in the place of stand-ins for the program's, so that tests can catch them."""
        assert self.remote
        classes = {
            value.__dict__["_number"]: (name, self.remote.request("ancestors", value))
            for name, value in found.items()
            if isinstance(value, RemoteObject) and value.__dict__["_kind"] == "exception class"
        }
        own: dict[int, type[BaseException]] = {}
        for number, (name, ancestors) in sorted(classes.items(), key=lambda item: len(item[1][1])):  # bases first
            bases = (
                own.get(kind.__dict__["_number"]) if isinstance(kind, RemoteObject) else kind for kind in ancestors
            )
            base = next(kind for kind in bases if isinstance(kind, type) and issubclass(kind, BaseException))
            own[number] = found[name] = type(name, (base,), {})
        self.remote.decoder.exception_of = own.get

    def _run(self, scope: dict[str, Any]) -> None:
        for asserted, nodes in itertools.groupby(self._tree.body, lambda node: isinstance(node, ast.Assert)):
            for part in ([node] for node in nodes) if asserted else [list(nodes)]:
                exec(compile(ast.Module(part, []), "<tests>", "exec"), scope)
                self.passed += asserted
        if self._checks:
            told = scope["check"](scope[self._job["entry_point"]])
            if inspect.isawaitable(told) or inspect.isgenerator(told):
                raise TypeError("check is a coroutine or a generator, so it checked nothing")
            self.passed += 1

    def judge(self) -> dict[str, Any]:
        """Verdict, passed, total and error; the verdict is ``gone`` if the program ended before its tests did."""
        try:
            error = self._begin()
            if error is not None:
                return self._outcome("memory" if error.startswith("MemoryError") else "error", error)
            scope = self._scope()
            self._prepared = self.remote.requests if self.remote else 0
            self._run(scope)
        except (ChannelClosed, Gone):
            return self._outcome("gone")
        except BaseException as fault:
            if self.remote and self.remote.lost:
                return self._outcome("gone")
            if isinstance(fault, MemoryError):
                return self._outcome("memory", describe(fault))
            ours = isinstance(fault, AssertionError) and not hasattr(fault, "told")
            return self._outcome("failed" if ours else "error", getattr(fault, "told", None) or describe(fault))
        if self.remote and self.remote.lost:
            return self._outcome("gone")
        if not self.passed and self.remote and self.remote.requests == self._prepared:
            return self._outcome("error", "the tests never asked anything of the program")
        self.passed = self.total
        return self._outcome("passed")
