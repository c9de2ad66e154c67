"""Values of a message that can change in place: which of them changed, and making the same change elsewhere."""

import collections
import copy
import itertools
import operator
from collections.abc import Iterator, Sequence
from typing import Any

from refinement.sandbox.channel import BadMessage

MUTABLE = {"list", "dict", "set", "bytearray", "deque", "instance", "ndarray"}  # kinds of nodes in codec.py


class Snapshot:
    """The contents of a message's mutable values when it arrived.

    ``values``, ``nodes``: of all nodes of the message, in their order.
    """

    def __init__(self, values: Sequence[Any], nodes: Sequence[Any]) -> None:
        self._held = [
            (place, value, _content(value))
            for place, (value, node) in enumerate(zip(values, nodes, strict=True)) if node[0] in MUTABLE
        ]  # fmt: skip

    def known(self) -> dict[int, int]:
        """The place of each mutable value in the message, by the value's id."""
        return {id(value): place for place, value, _ in self._held}

    def changed(self) -> Iterator[tuple[int, Any]]:
        """Place and copy of each mutable value that no longer holds the same objects."""
        for place, value, before in self._held:
            now = _content(value)
            if before is None or len(now) != len(before) or not all(map(operator.is_, now, before)):
                yield place, copy.copy(value)


def _content(value: Any) -> list[Any] | None:
    """The objects in a container; None for an array of bytes or of numpy, which always counts as changed."""
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
    """Give a mutable value the content of another value. Raises BadMessage if that is of another type."""
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
