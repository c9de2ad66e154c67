"""Python values as plain JSON, so that what arrives is of exact built-in types whatever was sent.

Values cross between a program and its tests. An object of a class that only
one side knows stays where it is and crosses as a handle; an object that claims
to equal everything thus arrives as one that equals nothing. Nothing here is
recursive, so values may be as deep as they like; what occurs twice in a
message, or contains itself, does so on arrival too.

A message is ``[root, nodes]``. A scalar stands for itself; ``[i]`` is node i;
``["=", i]`` is the i-th node of the message that this one answers.
"""

import base64
import collections
import contextlib
import copy
import datetime
import decimal
import fractions
import inspect
import itertools
import operator
import pathlib
import re
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

_LARGE = 10**4000  # digits that Python prints without complaint
_SCALARS = {type(None), bool, int, float, str}
_PLAIN = {type(None), bool, float, str}
_MISSING = object()
_VIEWS = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}
_DATES = (datetime.datetime, datetime.date, datetime.time)
_CONSTANTS = {"Ellipsis": ..., "NotImplemented": NotImplemented}
_BUILTIN_TYPES = {
    kind.__name__: kind
    for kind in (bool, bytearray, bytes, complex, dict, float, frozenset, int, list, object, range, set, slice, str,
                 tuple, type, type(None), type(len), enumerate, filter, map, memoryview, reversed, zip, decimal.Decimal,
                 collections.Counter, collections.OrderedDict, collections.defaultdict, collections.deque,
                 datetime.date, datetime.datetime, datetime.time, datetime.timedelta)
}  # fmt: skip
_EXCEPTIONS = {
    name: kind for name, kind in vars(__import__("builtins")).items()
    if isinstance(kind, type) and issubclass(kind, BaseException) and kind.__name__ == name
}  # fmt: skip
_LIBRARY = {
    "JSONDecodeError": "json", "InvalidOperation": "decimal", "DivisionByZero": "decimal", "error": "re",
    "StatisticsError": "statistics", "FrozenInstanceError": "dataclasses", "Empty": "queue",
    "DecimalException": "decimal", "Full": "queue", "LinAlgError": "numpy.linalg", "CancelledError": "asyncio",
    "UnsupportedOperation": "io",
}  # fmt: skip


def _exception_class(name: str) -> type[BaseException] | None:
    """A class of exceptions that both sides have, where this side has loaded its module."""
    if name in _EXCEPTIONS:
        return _EXCEPTIONS[name]
    found = getattr(sys.modules.get(_LIBRARY.get(name, "")), name, None)
    return found if _is_exception_class(found) else None


MUTABLE = {"list", "dict", "set", "bytearray", "deque", "instance", "ndarray"}


class BadMessage(Exception):
    """A message that no honest sender writes."""


class Handle:
    """An object that stays on the other side; subclassed by what uses it."""

    def __init__(self, number: int, kind: str, name: str) -> None:
        self.__dict__.update(_number=number, _kind=kind, _name=name)


Known = Mapping[int, int]  # id of an object -> its node in the message that is answered


class Encoder:
    """Writes one side's values. Objects that must stay are kept in ``exported``, by their handles' numbers.

    ``classes``: by name, classes that both sides have, whose instances cross with their attributes.
    """

    def __init__(self, classes: Mapping[str, type] | None = None) -> None:
        self.exported: list[Any] = []
        self.closed = False
        self.kept: frozenset[type] = frozenset()  # classes whose objects stay here even where they are also built-in
        self.may_follow: Callable[[Any], bool] = lambda _: False
        self._numbers: dict[int, int] = {}
        self._classes = classes or {}

    def export(self, value: Any) -> int:
        """The number under which the other side can name ``value`` from now on.

        Raises TypeError for what it does not hold yet while ``closed``, but for what ``may_follow``.
        """
        number = self._numbers.get(id(value))
        if number is None:
            if self.closed and not self.may_follow(value):
                raise TypeError(f"a {type(value).__name__} cannot cross here")
            number = self._numbers[id(value)] = len(self.exported)
            self.exported.append(value)
        return number

    def holds(self, value: Any) -> bool:
        """Whether ``value`` itself was exported."""
        return id(value) in self._numbers

    def encode(self, root: Any, known: Known | None = None) -> tuple[list[Any], list[Any]]:
        """``[root, nodes]`` of a value, and the objects that the nodes describe."""
        nodes: list[Any] = []
        places: dict[int, list[Any]] = {key: ["=", place] for key, place in (known or {}).items()}
        waiting: list[tuple[int, Any]] = []
        kept: list[Any] = []

        def refer(value: Any) -> Any:
            kind = type(value)
            if kind is str:
                if value.isascii() or _is_text(value):
                    return value
            elif kind in _PLAIN or (kind is int and -_LARGE < value < _LARGE):
                return value
            place = places.get(id(value))
            if place is None:
                place = places[id(value)] = [len(nodes)]
                waiting.append((len(nodes), value))
                nodes.append(None)
                kept.append(value)  # so that its id stays its own
            return place

        first = refer(root)
        while waiting:
            place, value = waiting.pop()
            nodes[place] = self.describe(value, refer)
        return [first, nodes], kept

    def describe(self, value: Any, refer: Callable[[Any], Any]) -> list[Any]:
        """The node of a value that is no scalar; ``refer`` says where its parts are."""

        def items(values: Any) -> list[Any]:
            found = list(values)
            kinds = set(map(type, found))
            if str in kinds and not _is_text("".join(item for item in found if type(item) is str)):
                return list(map(refer, found))
            if kinds <= _PLAIN or (kinds == {int} and min(found) > -_LARGE and max(found) < _LARGE):
                return found
            return list(map(refer, found))

        kind = type(value)
        ancestors = kind.__mro__
        if self.kept and not self.kept.isdisjoint(ancestors):
            return ["mine", self.export(value), _sort(value, kind), kind.__name__]
        if kind is list:
            return ["list", items(value)]
        if kind is tuple:
            return ["tuple", items(value)]
        if kind is dict:
            return ["dict", items(value), items(value.values())]
        if isinstance(value, Handle):
            return ["yours", value.__dict__["_number"]]
        if kind in (set, frozenset):
            return [kind.__name__, items(value)]
        if kind in _VIEWS:
            return ["view", _VIEWS[kind], items(value)]
        numpy = sys.modules.get("numpy")
        if numpy is not None and kind.__module__ == "numpy" and kind in _numpy_kinds(numpy, value):
            return _describe_array(numpy, value)
        if int in ancestors:
            return ["int", hex(int.__index__(value))]
        if float in ancestors:
            return ["float", float.__float__(value)]
        if str in ancestors:
            return ["str", base64.b64encode(str.__str__(value).encode("utf-8", "surrogatepass")).decode()]
        if kind in (bytes, bytearray):
            return [kind.__name__, base64.b64encode(value).decode()]
        if kind is complex:
            return ["complex", value.real, value.imag]
        if kind in (range, slice):
            return [kind.__name__, [refer(part) for part in (value.start, value.stop, value.step)]]
        for name, constant in _CONSTANTS.items():
            if value is constant:
                return ["constant", name]
        return self._describe_library(value, kind, refer, items)

    def _describe_library(
        self, value: Any, kind: type, refer: Callable[[Any], Any], items: Callable[[Any], list[Any]]
    ) -> list[Any]:
        ancestors = kind.__mro__
        if kind is decimal.Decimal:
            return ["decimal", str(value)]
        if kind is fractions.Fraction:
            return ["fraction", hex(value.numerator), hex(value.denominator)]
        if kind in _DATES:
            return ["date", kind.__name__, value.isoformat()]
        if pathlib.PurePath in ancestors:
            return ["path", str(value), isinstance(value, pathlib.Path)]
        if kind is datetime.timedelta:
            return ["timedelta", value.days, value.seconds, value.microseconds]
        if collections.deque in ancestors:
            return ["deque", items(collections.deque.__iter__(value)), value.maxlen]
        if tuple in ancestors:
            fields = getattr(kind, "_fields", None)
            parts = items(tuple.__iter__(value))
            named = type(fields) is tuple and all(type(name) is str for name in fields)
            return ["namedtuple", kind.__name__, list(fields), parts] if named and fields else ["tuple", parts]
        if list in ancestors:
            return ["list", items(list.__iter__(value))]
        if collections.OrderedDict in ancestors:
            keys = list(collections.OrderedDict.__iter__(value))
            return ["dict", items(keys), items([dict.__getitem__(value, key) for key in keys]), "OrderedDict"]
        if kind is collections.defaultdict:
            return ["dict", items(value), items(value.values()), "defaultdict", [refer(value.default_factory)]]
        if kind is re.Pattern and type(value.pattern) is str:
            return ["pattern", refer(value.pattern), value.flags]
        if kind is datetime.timezone:
            return ["timezone", value.utcoffset(None).total_seconds()]
        if dict in ancestors:
            name = next((c.__name__ for c in ancestors if c in (collections.Counter, collections.OrderedDict)), "dict")
            return ["dict", items(dict.__iter__(value)), items(dict.values(value)), name]
        if set in ancestors:
            return ["set", items(set.__iter__(value))]
        if frozenset in ancestors:
            return ["frozenset", items(frozenset.__iter__(value))]
        if kind is type and issubclass(value, BaseException) and type(vars(value).get("_outer_number")) is int:
            return ["yours", vars(value)["_outer_number"]]
        if kind is type and value in _BUILTIN_TYPES.values():
            return ["type", value.__name__]
        if kind is type and _EXCEPTIONS.get(value.__name__) is value:
            return ["type", value.__name__]
        if kind.__name__ in self._classes and isinstance(getattr(value, "__dict__", None), dict):
            return ["instance", kind.__name__, items(vars(value)), items(vars(value).values())]
        if BaseException in ancestors:
            return self.describe_exception(value, refer)
        return ["mine", self.export(value), _sort(value, kind), kind.__name__]

    def describe_exception(self, error: BaseException, refer: Callable[[Any], Any]) -> list[Any]:
        """An exception: names of its built-in classes, numbers of its exported ones, its arguments, its text."""
        ancestors = type(error).__mro__
        names = [kind.__name__ for kind in ancestors if _exception_class(kind.__name__) is kind]
        own = [self._numbers[id(kind)] for kind in ancestors if id(kind) in self._numbers]
        theirs = [vars(kind)["_outer_number"] for kind in ancestors if type(vars(kind).get("_outer_number")) is int]
        try:
            text = str(error)[:300]
        except Exception as fault:
            text = f"its text cannot be made: {type(fault).__name__}"
        arguments = error.args if type(error.args) is tuple else ()
        if isinstance(error, OSError) and len(arguments) == 2 and error.filename is not None:
            arguments = (*arguments, error.filename)
        held = {name: value for name, value in vars(error).items() if type(name) is str and not name.startswith("_")}
        return ["exception", names, own, list(map(refer, arguments)), list(map(refer, held.values())), list(held),
                type(error).__name__, text, theirs, vars(error).get("_outer_number")]  # fmt: skip


def _sort(value: Any, kind: type) -> str:
    if isinstance(value, type):
        return "exception class" if issubclass(value, BaseException) else "class"
    if hasattr(kind, "__next__"):
        return "iterator"
    if isinstance(value, types.CoroutineType):
        return "coroutine"
    return "callable" if callable(value) else "object"


def _numpy_kinds(numpy: Any, value: Any) -> tuple[type, ...]:
    plain = isinstance(value, (numpy.ndarray, numpy.generic)) and value.dtype.kind in "biufcSUmM"
    return (type(value),) if plain else ()


def _describe_array(numpy: Any, value: Any) -> list[Any]:
    array = numpy.ascontiguousarray(value)
    shape = list(value.shape) if isinstance(value, numpy.ndarray) else None
    return ["ndarray", array.dtype.str, shape, base64.b64encode(array.tobytes()).decode()]


def _is_text(value: str) -> bool:
    """Whether a text survives JSON, which joins surrogates that stand together."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_reference(item: Any) -> bool:
    return type(item) is list


class Decoder:
    """Builds values from messages; ``received`` are the nodes' values of the last one.

    ``exported``: what this side's handles stand for; ``wrap``: makes an object
    of the other side from number, kind and name; ``classes`` as in Encoder.
    """

    def __init__(
        self,
        exported: Sequence[Any],
        wrap: Callable[[int, str, str], Any],
        classes: Mapping[str, type] | None = None,
    ) -> None:
        self._exported, self._wrap, self._classes = exported, wrap, classes or {}
        self.exception_of: Callable[[int], type[BaseException] | None] = lambda _: None
        self.raised: list[BaseException] = []  # what this side raised for the other, which may raise it again

    def decode(self, message: Any, known: Sequence[Any] = ()) -> tuple[Any, list[Any]]:
        """The value of ``[root, nodes]``, and the values of all its nodes. Raises BadMessage.

        ``known``: the values of the nodes of the message that this one answers.
        """
        try:
            return self._decode(message, known)
        except (TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError) as error:
            raise BadMessage(f"{type(error).__name__}: {error}"[:200]) from None

    def _decode(self, message: Any, known: Sequence[Any]) -> tuple[Any, list[Any]]:
        root, nodes = message
        built: list[Any] = [self._begin(node) for node in nodes]

        def find(item: Any) -> Any:
            if not _is_reference(item):
                return item
            return known[item[1]] if item[0] == "=" else built[item[0]]

        for place in range(len(nodes)):
            if built[place] is _MISSING:
                self._build(place, nodes, built, find)
        for value, node in zip(built, nodes, strict=True):
            self._fill(value, node, find)
        return find(root), built

    def _build(self, first: int, nodes: Sequence[Any], built: list[Any], find: Callable[[Any], Any]) -> None:
        stack, opened = [first], set()
        while stack:
            place = stack[-1]
            if built[place] is not _MISSING:
                stack.pop()
                continue
            below = [
                item[0] for part in nodes[place] if type(part) is list
                for item in part if _is_reference(item) and item[0] != "=" and built[item[0]] is _MISSING
            ]  # fmt: skip
            if not below:
                built[place] = self._finish(nodes[place], find)
            elif place in opened:
                raise BadMessage("a value that cannot contain itself does")
            else:
                opened.add(place)
                stack.extend(below)

    def _begin(self, node: Sequence[Any]) -> Any:
        """An empty value for what may contain itself."""
        kind = node[0]
        if kind == "list":
            return []
        if kind == "dict":
            named = {"Counter": collections.Counter, "OrderedDict": collections.OrderedDict,
                     "defaultdict": collections.defaultdict}  # fmt: skip
            return named.get(node[3], dict)() if len(node) > 3 else {}
        if kind == "set":
            return set()
        if kind == "deque":
            return collections.deque(maxlen=node[2])
        if kind == "instance":
            found = self._classes[node[1]]
            return object.__new__(found)
        return _MISSING

    def _fill(self, value: Any, node: Sequence[Any], find: Callable[[Any], Any]) -> None:
        kind = node[0]
        if kind == "list":
            value.extend(map(find, node[1]))
        elif kind == "dict":
            for key, item in zip(map(find, node[1]), map(find, node[2]), strict=True):
                value[key] = item
            if type(value) is collections.defaultdict:
                value.default_factory = find(node[4][0])
        elif kind == "set":
            value.update(map(find, node[1]))
        elif kind == "deque":
            value.extend(map(find, node[1]))
        elif kind == "instance":
            names = list(map(find, node[2]))
            if any(type(name) is not str or name.startswith("__") or _is_own(type(value), name) for name in names):
                raise BadMessage("an attribute in the place of a class's own")
            vars(value).update(zip(names, map(find, node[3]), strict=True))

    def _finish(self, node: Sequence[Any], find: Callable[[Any], Any]) -> Any:
        """A value whose parts are there."""
        kind, *rest = node
        if kind == "tuple":
            return tuple(map(find, rest[0]))
        if kind == "frozenset":
            return frozenset(map(find, rest[0]))
        if kind == "mine":
            return self._wrap(int(rest[0]), str(rest[1]), str(rest[2]))
        if kind == "yours":
            if operator.index(rest[0]) < 0:
                raise BadMessage("a handle that was never given")
            return self._exported[rest[0]]
        if kind == "exception":
            return self._make_exception(rest, find)
        if kind == "namedtuple":
            return collections.namedtuple(rest[0], rest[1])(*map(find, rest[2]))
        if kind == "view":
            return _make_view(rest[0], list(map(find, rest[1])))
        return _LEAVES[kind](*rest) if kind in _LEAVES else _RANGES[kind](*map(find, rest[0]))

    def _make_exception(self, rest: Sequence[Any], find: Callable[[Any], Any]) -> BaseException:
        names, own, arguments, values, held, name, text, theirs, number = rest
        if number is not None and 0 <= operator.index(number) < len(self.raised):
            return self.raised[number]
        kinds = [kind for number in own if (kind := self.exception_of(operator.index(number)))]
        kinds += [kind for number in theirs if _is_exception_class(kind := self._exported[operator.index(number)])]
        kinds += [kind for known in names if (kind := _exception_class(known))]
        error = _raise_like(kinds, list(map(find, arguments)), str(name), str(text))
        for attribute, value in zip(held, map(find, values), strict=True):
            if type(attribute) is not str or attribute.startswith("_"):
                raise BadMessage("an attribute that an exception cannot have")
            with contextlib.suppress(AttributeError, TypeError):  # what its built-in class keeps for itself
                setattr(error, attribute, value)
        error.told = f"{name}: {text}"  # type: ignore[attr-defined]
        return error


def _raise_like(kinds: Sequence[type[BaseException]], arguments: Sequence[Any], name: str, text: str) -> BaseException:
    """An exception of the first class that can be made, with the name and the text that it had over there."""
    for kind in (*kinds, Exception):
        try:
            error = kind.__new__(kind, *arguments)
            kind.__init__(error, *arguments)
            if str(error) == text and type(error).__name__ == name:
                return error
            like = type(name if kind.__module__ == "builtins" else kind.__name__, (kind,), {"__str__": lambda _: text})
            error = like.__new__(like, *arguments)
            kind.__init__(error, *arguments)
        except (TypeError, ValueError):
            if kind.__module__ not in _LIBRARY.values() and kind.__name__ not in _LIBRARY:
                continue
            bare = type(name, (kind,), {"__init__": lambda *_: None, "__str__": lambda _: text})
            error = bare.__new__(bare, *arguments)
        return error
    raise BadMessage("an exception that cannot be made")


def _is_exception_class(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


def _is_own(kind: type, name: str) -> bool:
    """Whether a class gives its instances something under this name that they must not replace."""
    found = inspect.getattr_static(kind, name, None)
    return callable(found) or hasattr(type(found), "__get__")


def _make_view(kind: str, values: list[Any]) -> Any:
    if kind == "keys":
        return dict.fromkeys(values).keys()
    return dict(values).items() if kind == "items" else dict(enumerate(values)).values()


def _make_array(dtype: str, shape: list[int] | None, data: str) -> Any:
    import numpy  # loaded already where a program's or its tests' first lines import it

    found = numpy.dtype(dtype)
    if found.kind not in "biufcSUmM":
        raise BadMessage(f"an array of {dtype}")
    array = numpy.frombuffer(base64.b64decode(data), dtype=found)
    return array.reshape(shape).copy() if shape is not None else array.reshape(-1)[0]


def _make_date(kind: str, text: str) -> Any:
    return next(found for found in _DATES if found.__name__ == kind).fromisoformat(text)


def _make_type(name: str) -> type:
    return _BUILTIN_TYPES[name] if name in _BUILTIN_TYPES else _EXCEPTIONS[name]


_LEAVES: dict[str, Callable[..., Any]] = {
    "int": lambda text: int(text, 16),
    "float": float,
    "str": lambda text: base64.b64decode(text).decode("utf-8", "surrogatepass"),
    "path": lambda text, real: pathlib.Path(text) if real else pathlib.PurePath(text),
    "bytes": base64.b64decode,
    "bytearray": lambda text: bytearray(base64.b64decode(text)),
    "complex": complex,
    "constant": lambda name: _CONSTANTS[name],
    "decimal": decimal.Decimal,
    "fraction": lambda above, below: fractions.Fraction(int(above, 16), int(below, 16)),
    "date": _make_date,
    "timedelta": datetime.timedelta,
    "timezone": lambda seconds: datetime.timezone(datetime.timedelta(seconds=seconds)),
    "pattern": lambda text, flags: re.compile(text, flags),
    "type": _make_type,
    "ndarray": _make_array,
}
_RANGES: dict[str, Callable[..., Any]] = {"range": range, "slice": slice}


class Snapshot:
    """What the mutable values of a message held on arrival, to tell which were changed since."""

    def __init__(self, values: Sequence[Any], nodes: Sequence[Any]) -> None:
        self._held = [
            (place, value, _content(value))
            for place, (value, node) in enumerate(zip(values, nodes, strict=True)) if node[0] in MUTABLE
        ]  # fmt: skip

    def known(self) -> dict[int, int]:
        """Where each of them stands in the message, by identity."""
        return {id(value): place for place, value, _ in self._held}

    def changed(self) -> Iterator[tuple[int, Any]]:
        """Place, and a copy, of each that no longer holds the same objects."""
        for place, value, before in self._held:
            now = _content(value)
            if before is None or len(now) != len(before) or not all(map(operator.is_, now, before)):
                yield place, copy.copy(value)


def _content(value: Any) -> list[Any] | None:
    """The objects in a container, or None if only sending it again can tell."""
    if type(value) in (list, collections.deque):
        return list(value)
    if isinstance(value, dict):
        return list(itertools.chain(value, value.values()))
    if type(value) is bytearray or type(value).__module__ == "numpy":
        return None
    if type(value) is set:
        return sorted(set.__iter__(value), key=id)
    return list(itertools.chain(vars(value), vars(value).values())) if hasattr(value, "__dict__") else None


def replace(value: Any, new: Any) -> None:
    """Give a mutable value the content of another of its type. Raises BadMessage."""
    if type(value) is not type(new):
        raise BadMessage(f"a {type(value).__name__} cannot become a {type(new).__name__}")
    if isinstance(value, (list, bytearray)):
        value[:] = new
    elif isinstance(value, dict):
        value.clear()
        for key, item in new.items():
            value[key] = item
    elif isinstance(value, (set, collections.deque)):
        value.clear()
        getattr(value, "update" if isinstance(value, set) else "extend")(new)
    elif type(value).__module__ == "numpy":
        value[...] = new
    else:
        vars(value).clear()
        vars(value).update(vars(new))
