"""Messages between two processes that need not trust each other: JSON behind a length, over a stream socket."""

import json
import socket
import struct
from typing import Any

LARGEST = 64 << 20  # bytes of one message
_LENGTH = struct.Struct("!I")
_READ = 1 << 16


class ChannelClosed(Exception):
    """The other side is gone, or broke the rules, so that nothing more can be learned from it."""


class Channel:
    """Sends and receives messages, none received that is longer than ``largest`` bytes."""

    def __init__(self, stream: socket.socket, largest: int = LARGEST) -> None:
        self._stream, self._largest = stream, largest
        self._ahead = bytearray()

    def send(self, message: Any) -> None:
        """Send one message. Raises ValueError if it is too large, ChannelClosed if nobody listens."""
        self.send_text(json.dumps(message))

    def send_text(self, text: str) -> None:
        """Send one message that is JSON already; raises as send does."""
        body = text.encode()
        if len(body) > LARGEST:
            raise ValueError(f"a value of {len(body) >> 20} MiB is too large to cross")
        try:
            self._stream.sendall(_LENGTH.pack(len(body)) + body)
        except OSError as error:
            raise ChannelClosed(str(error)) from None

    def _take(self, count: int) -> bytes:
        while len(self._ahead) < count:
            try:
                part = self._stream.recv(max(count - len(self._ahead), _READ))
            except OSError as error:
                raise ChannelClosed(str(error)) from None
            if not part:
                raise ChannelClosed("end of stream")
            self._ahead += part
        taken = bytes(self._ahead[:count])
        del self._ahead[:count]
        return taken

    def receive(self) -> Any:
        """The next message. Raises ChannelClosed at the end, on a time-out, and for what is no message."""
        length = _LENGTH.unpack(self._take(_LENGTH.size))[0]
        if length > self._largest:
            raise ChannelClosed(f"a message of {length} bytes")
        try:
            return json.loads(self._take(length))
        except (ValueError, RecursionError):
            raise ChannelClosed("a message that is not JSON") from None

    def hand_over(self) -> int:
        """The descriptor, for another process that waits on it without a deadline (the two share that mode)."""
        self._stream.setblocking(True)
        return self._stream.fileno()

    def close(self) -> None:
        """Hang up."""
        self._stream.close()
