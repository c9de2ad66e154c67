"""Remote calls between a program and its tests. Either side calls the other, and answers calls while it waits."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from refinement.sandbox.channel import BadMessage, Channel, ChannelClosed
from refinement.sandbox.codec import Decoder, Encoder
from refinement.sandbox.mutable_values import MUTABLE, Snapshot, replace

Operations = Mapping[str, Callable[..., Any]]
# Attributes of the tests' functions that the program may read; functools.wraps copies them.
SHOWN = ("__name__", "__qualname__", "__doc__")


def local_classes(namespace: dict[str, Any]) -> dict[str, type]:
    """The classes that a preamble defines, by name."""
    return {
        name: value for name, value in namespace.items()
        if isinstance(value, type) and value.__module__ == namespace["__name__"]
    }  # fmt: skip


class Gone(BaseException):
    """The other side has ended or broken the protocol.

    It is no Exception, so that no test takes it for one that the program raised.
    """


class RemoteCalls:
    """One side's end of the calls.

    ``operations``: functions that the other side may call, by name; ``wrap``
    and ``classes``: as in Decoder; ``guarded``: the other side is not trusted,
    so its calls return plain data to it, and no objects that it could call.
    """

    def __init__(
        self,
        channel: Channel,
        operations: Operations,
        wrap: Callable[[int, str, str], Any],
        classes: Mapping[str, type] | None = None,
        guarded: bool = False,
    ) -> None:
        self._channel, self._operations, self._guarded = channel, operations, guarded
        self.encoder = Encoder(classes)
        self.decoder = Decoder(self.encoder.exported, wrap, classes)
        self.lost: str | None = None
        self.requests = 0
        self._turn = threading.RLock()

    def request(self, operation: str, *arguments: Any) -> Any:
        """Call an operation of the other side. Raises what it raises, or Gone.

        Changes that the other side made to mutable arguments are made here too.
        A second thread waits until the call of the first has returned.
        """
        with self._turn:
            return self._request(operation, arguments)

    def _request(self, operation: str, arguments: tuple[Any, ...]) -> Any:
        message, objects = self.encoder.encode(arguments)
        self.requests += 1
        try:
            self._channel.send({"do": operation, "value": message})
            while "do" in (answer := self._channel.receive()):
                self._answer(answer)
            for place, new in answer["changed"]:
                if message[1][place][0] not in MUTABLE:
                    raise BadMessage("a change of what cannot change")
                replace(objects[place], self.decoder.decode(new, objects)[0])
            if "raise" in answer:
                error = self.decoder.decode(answer["raise"], objects)[0]
                if not isinstance(error, BaseException):
                    raise BadMessage("raises what is no exception")
                if not self._guarded and "number" in answer:
                    error.__dict__["_outer_number"] = answer["number"]
            else:
                return self.decoder.decode(answer["return"], objects)[0]
        except ChannelClosed as closed:
            raise self._lose(str(closed)) from None
        except Exception as fault:
            raise self._lose(f"not an answer: {fault}") from None
        raise error

    def _lose(self, reason: str) -> Gone:
        self.lost = self.lost or reason
        return Gone(reason)

    def _answer(self, message: Mapping[str, Any]) -> None:
        arguments, values = self.decoder.decode(message["value"])
        snapshot = Snapshot(values, message["value"][1])
        known = snapshot.known()
        operation = self._operations[message["do"]]
        answer: dict[str, Any]
        self.encoder.closed = self._guarded
        try:
            answer = {"return": self.encoder.encode(operation(*arguments), known)[0]}
        except Gone:
            raise
        except BaseException as error:
            self.encoder.closed = False
            answer = {"raise": self.encoder.encode(self._tell(error), known)[0], "number": len(self.decoder.raised)}
            self.decoder.raised.append(error)
        finally:
            self.encoder.closed = False
        try:
            changed = [(place, self.encoder.encode(value, known)[0]) for place, value in snapshot.changed()]
            self._channel.send({**answer, "changed": changed})
        except (ValueError, RuntimeError) as error:
            self._channel.send({"raise": self.encoder.encode(error)[0], "changed": []})

    def _tell(self, error: BaseException) -> BaseException:
        """An exception as it may be sent: to a side that is not trusted, with a built-in type and its text alone."""
        if not self._guarded or all(type(argument) in (str, int, float, bool) for argument in error.args):
            return error
        try:
            return next(kind for kind in type(error).__mro__ if kind.__module__ == "builtins")(str(error))
        except TypeError:
            return RuntimeError(f"{type(error).__name__}: {error}")

    def serve(self) -> None:
        """Answer calls until the other side hangs up."""
        try:
            while True:
                self._answer(self._channel.receive())
        except (ChannelClosed, Gone):
            return
