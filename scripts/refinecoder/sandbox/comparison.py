"""Mode ``outputs``, outside the jail: what a program's calls gave, held against what they should."""

from typing import Any

from refinecoder.sandbox.channel import Channel, ChannelClosed
from refinecoder.sandbox.codec import BadMessage
from refinecoder.sandbox.inside import describe
from refinecoder.sandbox.oracles import ORACLES
from refinecoder.sandbox.outcome import heard
from refinecoder.sandbox.packing import decode, unpack


class Comparison:
    """``job``: expected, oracle, settings, perhaps calls; ``channel``: the program's, which is not trusted."""

    def __init__(self, job: dict[str, Any], channel: Channel) -> None:
        self._channel = channel
        expected = unpack(job["expected"])
        self._total = len(expected)
        self._passed = 0
        calls = unpack(job["calls"]) if "calls" in job else ()
        self._oracle = ORACLES[job["oracle"]](expected, job["settings"], calls)

    def _outcome(self, verdict: str, error: str | None = None) -> dict[str, Any]:
        return {"verdict": verdict, "passed": self._passed, "total": self._total, "error": error}

    def _ended_badly(self, told: dict[str, Any]) -> dict[str, Any]:
        told = heard(told, error=str, expired=(str, type(None)), limit=(int, float)) or {"error": "not an answer"}
        where = f"call {self._passed + 1}: "
        if told.get("expired"):
            limit = f"more than {told['limit']:g} s of CPU" if told["expired"] == "cpu" else "waits too long"
            return self._outcome("timeout", where + limit)
        error = told["error"][:300]
        return self._outcome("memory" if error.startswith("MemoryError") else "error", error)

    def _is_right(self, message: Any) -> bool:
        """Whether the oracle takes a value; what it cannot compare is not right."""
        found = decode(message)
        try:
            return self._oracle(self._passed, found)
        except Exception:
            return False

    def judge(self) -> dict[str, Any]:
        """The outcome; verdict ``gone`` if the program ended before its calls did."""
        try:
            while self._passed < self._total:
                for result in self._channel.receive()["results"]:
                    if not isinstance(result, list):
                        return self._ended_badly(result)
                    if not self._is_right(result[0]):
                        return self._outcome("failed", f"call {self._passed + 1}: another output")
                    self._passed += 1
                    if self._passed == self._total:
                        break
        except ChannelClosed:
            return self._outcome("gone")
        except (BadMessage, LookupError, TypeError) as error:
            return self._outcome("error", f"not an answer: {describe(error)}"[:300])
        except MemoryError as error:
            return self._outcome("memory", describe(error))
        return self._outcome("passed")
