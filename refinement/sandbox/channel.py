"""Messages between two processes that need not trust each other: a length, then JSON, over a stream socket."""

import json
import socket
import struct
from typing import Any

LARGEST = 64 << 20  # bytes of one message
_LENGTH = struct.Struct("!I")
_READ = 1 << 16


class ChannelClosed(Exception):
    """The other side has ended or sent what is no message, so that no further message can come from it."""


class BadMessage(Exception):
    """A message whose content no honest sender writes."""


class Channel:
    """Sends and receives messages; refuses to receive one of more than ``largest`` bytes."""

    def __init__(self, stream: socket.socket, largest: int = LARGEST) -> None:
        self._stream, self._largest = stream, largest
        self._ahead = bytearray()

    def send(self, message: Any) -> None:
        """Send one message. Raises ValueError if it is too large, ChannelClosed if the other side has hung up."""
        self.send_text(json.dumps(message))

    def send_text(self, text: str) -> None:
        """Send one message that is JSON already. Raises what ``send`` does."""
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
        """The next message. Raises ChannelClosed at the end of the stream, on a time-out and for what is none."""
        length = _LENGTH.unpack(self._take(_LENGTH.size))[0]
        if length > self._largest:
            raise ChannelClosed(f"a message of {length} bytes")
        try:
            return json.loads(self._take(length))
        except (ValueError, RecursionError):
            raise ChannelClosed("a message that is not JSON") from None

    def hand_over(self) -> int:
        """The descriptor, for a process that will use the channel instead of this one.

        It gets no time-out: both processes would share that.
        """
        self._stream.setblocking(True)
        return self._stream.fileno()

    def close(self) -> None:
        """Hang up."""
        self._stream.close()
