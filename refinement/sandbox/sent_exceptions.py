"""Exceptions in messages of codec.py: the classes that both sides have, and making one like the other side's."""

import sys
from collections.abc import Sequence
from typing import Any

from refinement.sandbox.channel import BadMessage

BUILT_IN = {
    name: kind for name, kind in vars(__import__("builtins")).items()
    if isinstance(kind, type) and issubclass(kind, BaseException) and kind.__name__ == name
}  # fmt: skip
# Exceptions of libraries, and their modules.
_LIBRARY = {
    "JSONDecodeError": "json", "InvalidOperation": "decimal", "DivisionByZero": "decimal", "error": "re",
    "StatisticsError": "statistics", "FrozenInstanceError": "dataclasses", "Empty": "queue",
    "DecimalException": "decimal", "Full": "queue", "LinAlgError": "numpy.linalg", "CancelledError": "asyncio",
    "UnsupportedOperation": "io",
}  # fmt: skip


def known_class(name: str) -> type[BaseException] | None:
    """A class of exceptions that both sides have, by its name; None where this side has not loaded its module."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    found = getattr(sys.modules.get(_LIBRARY.get(name, "")), name, None)
    return found if is_exception_class(found) else None


def make_like(kinds: Sequence[type[BaseException]], arguments: Sequence[Any], name: str, text: str) -> BaseException:
    """An exception with the name and the text that it had on the other side. Raises BadMessage.

    ``kinds``: its classes; it gets the first of which an object can be made.
    """
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


def is_exception_class(value: Any) -> bool:
    """Whether a value is a class of exceptions."""
    return isinstance(value, type) and issubclass(value, BaseException)
