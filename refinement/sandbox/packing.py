"""Values as texts of JSON that keep exact types (tuples, sets, complex numbers, large integers), by codec.py.

An expected value of a call is an item: the message of codec.py, or for a long
message a digest and the compressed message. A program first sends the digest
of a long value; only where the digests differ must the value itself be sent.
Texts, which equal nothing of another digest, and values that are too large to
send have the digest alone.
"""

import base64
import hashlib
import json
import marshal
import zlib
from collections.abc import Sequence
from typing import Any

from refinement.sandbox.channel import BadMessage
from refinement.sandbox.codec import Decoder, Encoder

LARGE = 1 << 16  # bytes; of a larger value the digest is sent first
MOST = 1 << 25  # bytes; of a larger value the digest alone is kept
_CHUNK = 1024  # items of a list or tuple that are marshalled at a time
_FORMAT = 2  # of marshal: the last without references, by which equal values could differ


class Opaque:
    """Stands for an object that cannot be sent; equals nothing but itself."""

    def __repr__(self) -> str:
        return "<an object>"


def _opaque(number: int, kind: str, name: str) -> Opaque:
    return Opaque()


def encode(value: Any) -> list[Any]:
    """The message of a value. Objects that only this process has become handles that nobody can follow."""
    return Encoder().encode(value)[0]


def decode(message: Any) -> Any:
    """The value of a message, of exact built-in types, with Opaque for each handle. Raises BadMessage."""
    return Decoder([], _opaque).decode(message)[0]


def _to_text(message: Any) -> str:
    return json.dumps(message, separators=(",", ":"))


def _from_text(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"not JSON: {error}"[:200]) from None


def pack(value: Any) -> str:
    """A text of a value."""
    return _to_text(encode(value))


def unpack(text: str) -> Any:
    """The value of a text that ``pack`` made. Raises BadMessage."""
    return decode(_from_text(text))


def digest_of(value: Any) -> tuple[str, int]:
    """Digest and number of bytes of a value that consists of exact built-in types; ("", 0) of any other value."""
    found, size = hashlib.blake2b(digest_size=16), 0
    long = type(value) in (list, tuple) and len(value) > _CHUNK
    try:
        pieces = (value[start : start + _CHUNK] for start in range(0, len(value), _CHUNK)) if long else (value,)
        for piece in pieces:
            data = marshal.dumps(piece, _FORMAT)
            found.update(data)
            size += len(data)
    except ValueError:
        return "", 0
    return found.hexdigest(), size


def item_of(message: list[Any], digest: str = "") -> Any:
    """The item of a message: itself, or where there is a digest that, with the message compressed."""
    if not digest:
        return message
    folded = base64.b64encode(zlib.compress(_to_text(message).encode(), 1)).decode()
    return {"digest": digest, "folded": folded}


def pack_items(items: Sequence[Any]) -> str:
    """A text of items."""
    return _to_text(items)


class Expected(Sequence[Any]):
    """The values of a text of items, each decoded when it is asked for. Raises BadMessage."""

    def __init__(self, text: str) -> None:
        self._items = _from_text(text)
        if type(self._items) is not list:
            raise BadMessage("not a list")

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, number: Any) -> Any:
        item = self._items[number]
        if type(item) is not dict:
            return decode(item)
        if item["folded"] is None:
            return Opaque()
        return decode(_from_text(zlib.decompress(base64.b64decode(item["folded"])).decode()))

    def digest(self, number: int) -> str:
        """The digest of a large value; an empty text for any other."""
        item = self._items[number]
        return item["digest"] if type(item) is dict else ""
