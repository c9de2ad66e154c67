"""Python values as messages of plain JSON, from which only values of exact built-in types are made again.

So do a program and its tests exchange values. An object of a class that only
one side has stays there, and a handle is sent; an object that claims to equal
everything thus arrives as one that equals nothing. No function here calls
itself, so values may be as deep as they like. An object that occurs twice in a
value, or contains itself, does so on arrival too.

A message is ``[root, nodes]``: references to and descriptions of values. A
scalar refers to itself, ``[i]`` to node i, and ``["=", i]`` to node i of the
message that this one answers.
"""

import collections
import contextlib
import inspect
import operator
import re
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from refinement.sandbox.channel import BadMessage
from refinement.sandbox.in_jail import MESSAGE_LIMIT
from refinement.sandbox.leaf_values import LEAVES, describe_leaf
from refinement.sandbox.sent_exceptions import is_exception_class, known_class, make_like

_LARGE = 10**4000  # from here on an int is sent in hexadecimal: Python refuses to print more than 4,300 digits
_PLAIN = {type(None), bool, float, str}  # types of scalars, beside int
_MISSING = object()  # stands for a value that is not built yet
_VIEWS = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}


class Handle:
    """Stands for an object of the other side; subclasses say what can be done with it.

    ``number``: the object's number in the other side's Encoder; ``kind``: class, exception class, iterator,
    coroutine, callable or object; ``name``: its class's name.
    """

    def __init__(self, number: int, kind: str, name: str) -> None:
        self.__dict__.update(_number=number, _kind=kind, _name=name)


Known = Mapping[int, int]  # id of an object -> number of its node in the message that is answered


class Encoder:
    """Makes messages of one side's values.

    ``classes``: by name, classes that both sides have; their instances are sent
    with their attributes. ``exported`` keeps the objects for which handles were
    sent, by their numbers. While ``closed``, no further object is exported, but
    those that ``may_follow`` accepts.
    """

    def __init__(self, classes: Mapping[str, type] | None = None) -> None:
        self.exported: list[Any] = []
        self.closed = False
        self.kept: frozenset[type] = frozenset()  # classes whose objects stay here even if they derive from built-ins
        self.may_follow: Callable[[Any], bool] = lambda _: False
        self._numbers: dict[int, int] = {}
        self._classes = classes or {}

    def export(self, value: Any) -> int:
        """The number by which the other side can refer to ``value`` from now on.

        Raises TypeError for an object that must not be exported while ``closed``.
        """
        number = self._numbers.get(id(value))
        if number is None:
            if self.closed and not self.may_follow(value):
                raise TypeError(f"a {type(value).__name__} cannot cross here")
            number = self._numbers[id(value)] = len(self.exported)
            self.exported.append(value)
        return number

    def holds(self, value: Any) -> bool:
        """Whether this very object was exported."""
        return id(value) in self._numbers

    def encode(self, root: Any, known: Known | None = None) -> tuple[list[Any], list[Any]]:
        """The message of a value, and the objects that its nodes describe.

        ``known``: objects of the message that this one answers. Raises TypeError as ``export`` does.
        """
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
                kept.append(value)  # as long as it lives, no other object gets its id
            return place

        first = refer(root)
        while waiting:
            place, value = waiting.pop()
            nodes[place] = self.describe(value, refer)
        return [first, nodes], kept

    def describe(self, value: Any, refer: Callable[[Any], Any]) -> list[Any]:
        """The node of a value that is no scalar; ``refer`` gives references to its parts."""

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
        leaf = describe_leaf(value, kind)
        if leaf is not None:
            return leaf
        if kind in (range, slice):
            return [kind.__name__, [refer(part) for part in (value.start, value.stop, value.step)]]
        return self._describe_more(value, kind, refer, items)

    def _describe_more(
        self, value: Any, kind: type, refer: Callable[[Any], Any], items: Callable[[Any], list[Any]]
    ) -> list[Any]:
        ancestors = kind.__mro__
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
        if dict in ancestors:
            name = next((c.__name__ for c in ancestors if c in (collections.Counter, collections.OrderedDict)), "dict")
            return ["dict", items(dict.__iter__(value)), items(dict.values(value)), name]
        if set in ancestors:
            return ["set", items(set.__iter__(value))]
        if frozenset in ancestors:
            return ["frozenset", items(frozenset.__iter__(value))]
        if kind is type and issubclass(value, BaseException) and type(vars(value).get("_outer_number")) is int:
            return ["yours", vars(value)["_outer_number"]]
        if kind.__name__ in self._classes and isinstance(getattr(value, "__dict__", None), dict):
            return ["instance", kind.__name__, items(vars(value)), items(vars(value).values())]
        if BaseException in ancestors:
            return self.describe_exception(value, refer)
        return ["mine", self.export(value), _sort(value, kind), kind.__name__]

    def describe_exception(self, error: BaseException, refer: Callable[[Any], Any]) -> list[Any]:
        """An exception: names of its built-in classes, numbers of its exported ones, its arguments, its text."""
        ancestors = type(error).__mro__
        names = [kind.__name__ for kind in ancestors if known_class(kind.__name__) is kind]
        own = [self._numbers[id(kind)] for kind in ancestors if id(kind) in self._numbers]
        theirs = [vars(kind)["_outer_number"] for kind in ancestors if type(vars(kind).get("_outer_number")) is int]
        try:
            text = str(error)[:MESSAGE_LIMIT]
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


def _is_text(value: str) -> bool:
    """Whether a text holds no surrogates; a pair of them would come out of JSON as one character."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_reference(item: Any) -> bool:
    return type(item) is list


class Decoder:
    """Makes values of messages.

    ``exported``: this side's objects, by the numbers of their handles;
    ``wrap``: makes a stand-in for an object of the other side from its number,
    kind and name; ``classes``: as in Encoder; ``exception_of``: this side's
    class for an exception class of the other side, by its number.
    """

    def __init__(
        self,
        exported: Sequence[Any],
        wrap: Callable[[int, str, str], Any],
        classes: Mapping[str, type] | None = None,
    ) -> None:
        self._exported, self._wrap, self._classes = exported, wrap, classes or {}
        self.exception_of: Callable[[int], type[BaseException] | None] = lambda _: None
        self.raised: list[BaseException] = []  # exceptions that went to the other side; it may raise them again here

    def decode(self, message: Any, known: Sequence[Any] = ()) -> tuple[Any, list[Any]]:
        """The value of a message, and the values of all its nodes. Raises BadMessage.

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
        """An empty value of a kind that can contain itself, to be filled later; _MISSING for other kinds."""
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
        """The value of a node whose parts are all built."""
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
        return LEAVES[kind](*rest) if kind in LEAVES else _RANGES[kind](*map(find, rest[0]))

    def _make_exception(self, rest: Sequence[Any], find: Callable[[Any], Any]) -> BaseException:
        names, own, arguments, values, held, name, text, theirs, number = rest
        if number is not None and 0 <= operator.index(number) < len(self.raised):
            return self.raised[number]
        kinds = [kind for number in own if (kind := self.exception_of(operator.index(number)))]
        kinds += [kind for number in theirs if is_exception_class(kind := self._exported[operator.index(number)])]
        kinds += [kind for known in names if (kind := known_class(known))]
        error = make_like(kinds, list(map(find, arguments)), str(name), str(text))
        for attribute, value in zip(held, map(find, values), strict=True):
            if type(attribute) is not str or attribute.startswith("_"):
                raise BadMessage("an attribute that an exception cannot have")
            with contextlib.suppress(
                AttributeError, TypeError
            ):  # an attribute that its built-in class does not let one set
                setattr(error, attribute, value)
        error.told = f"{name}: {text}"  # type: ignore[attr-defined]
        return error


def _is_own(kind: type, name: str) -> bool:
    """Whether a class has a method or descriptor of this name, which an instance's attribute would hide."""
    found = inspect.getattr_static(kind, name, None)
    return callable(found) or hasattr(type(found), "__get__")


def _make_view(kind: str, values: list[Any]) -> Any:
    if kind == "keys":
        return dict.fromkeys(values).keys()
    return dict(values).items() if kind == "items" else dict(enumerate(values)).values()


_RANGES: dict[str, Callable[..., Any]] = {"range": range, "slice": slice}
