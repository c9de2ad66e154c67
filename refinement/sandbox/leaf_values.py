"""Values without parts in messages of codec.py: how each kind is described, and made again from its description."""

import base64
import collections
import datetime
import decimal
import fractions
import pathlib
import re
import sys
from collections.abc import Callable
from typing import Any

from refinement.sandbox.channel import BadMessage
from refinement.sandbox.sent_exceptions import BUILT_IN

_DATES = (datetime.datetime, datetime.date, datetime.time)
_CONSTANTS = {"Ellipsis": ..., "NotImplemented": NotImplemented}
_BUILTIN_TYPES = {
    kind.__name__: kind
    for kind in (bool, bytearray, bytes, complex, dict, float, frozenset, int, list, object, range, set, slice, str,
                 tuple, type, type(None), type(len), enumerate, filter, map, memoryview, reversed, zip, decimal.Decimal,
                 collections.Counter, collections.OrderedDict, collections.defaultdict, collections.deque,
                 datetime.date, datetime.datetime, datetime.time, datetime.timedelta)
}  # fmt: skip
_NUMPY_KINDS = "biufcSUmM"  # of arrays that hold plain data


def describe_leaf(value: Any, kind: type) -> list[Any] | None:
    """The node of a value of type ``kind``; None where that has parts, or stays with its side."""
    ancestors = kind.__mro__
    numpy = sys.modules.get("numpy")
    if numpy is not None and kind.__module__ == "numpy" and _is_plain_array(numpy, value):
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
    for name, constant in _CONSTANTS.items():
        if value is constant:
            return ["constant", name]
    if kind is type:
        is_known = value in _BUILTIN_TYPES.values() or BUILT_IN.get(value.__name__) is value
        return ["type", value.__name__] if is_known else None
    return _describe_library(value, kind)


def _describe_library(value: Any, kind: type) -> list[Any] | None:
    if kind is decimal.Decimal:
        return ["decimal", str(value)]
    if kind is fractions.Fraction:
        return ["fraction", hex(value.numerator), hex(value.denominator)]
    if kind in _DATES:
        return ["date", kind.__name__, value.isoformat()]
    if pathlib.PurePath in kind.__mro__:
        return ["path", str(value), isinstance(value, pathlib.Path)]
    if kind is datetime.timedelta:
        return ["timedelta", value.days, value.seconds, value.microseconds]
    if kind is datetime.timezone:
        return ["timezone", value.utcoffset(None).total_seconds()]
    return None


def _is_plain_array(numpy: Any, value: Any) -> bool:
    return isinstance(value, (numpy.ndarray, numpy.generic)) and value.dtype.kind in _NUMPY_KINDS


def _describe_array(numpy: Any, value: Any) -> list[Any]:
    array = numpy.ascontiguousarray(value)
    shape = list(value.shape) if isinstance(value, numpy.ndarray) else None
    return ["ndarray", array.dtype.str, shape, base64.b64encode(array.tobytes()).decode()]


def _make_array(dtype: str, shape: list[int] | None, data: str) -> Any:
    import numpy  # which the process has loaded, where its program or tests import it

    found = numpy.dtype(dtype)
    if found.kind not in _NUMPY_KINDS:
        raise BadMessage(f"an array of {dtype}")
    array = numpy.frombuffer(base64.b64decode(data), dtype=found)
    return array.reshape(shape).copy() if shape is not None else array.reshape(-1)[0]


def _make_date(kind: str, text: str) -> Any:
    return next(found for found in _DATES if found.__name__ == kind).fromisoformat(text)


def _make_type(name: str) -> type:
    return _BUILTIN_TYPES[name] if name in _BUILTIN_TYPES else BUILT_IN[name]


# By the kind of node, what makes the value of the node's other items.
LEAVES: dict[str, Callable[..., Any]] = {
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
