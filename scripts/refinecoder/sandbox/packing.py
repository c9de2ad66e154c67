"""Values as one text that keeps their exact types (tuples, sets, complex numbers, large integers): codec.py's JSON."""

import json
from typing import Any

from refinecoder.sandbox.codec import BadMessage, Decoder, Encoder


class Opaque:
    """Stands for an object that cannot cross; equals nothing but itself."""


def _opaque(number: int, kind: str, name: str) -> Opaque:
    return Opaque()


def pack(value: Any) -> str:
    """A text of plain values. Objects that only this process has are lost in it."""
    return json.dumps(Encoder().encode(value)[0], separators=(",", ":"))


def decode(message: Any) -> Any:
    """The value of a message, of exact built-in types; what is none arrives as Opaque. Raises BadMessage."""
    return Decoder([], _opaque).decode(message)[0]


def unpack(text: str) -> Any:
    """The value of a text that ``pack`` made. Raises BadMessage."""
    try:
        return decode(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"not JSON: {error}"[:200]) from None
