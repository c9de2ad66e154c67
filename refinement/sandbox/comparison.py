"""The tests of mode ``outputs``, run outside the jail: the values of a program's calls, against expected ones."""

import json
from typing import Any

from refinement.sandbox.channel import BadMessage, Channel, ChannelClosed
from refinement.sandbox.in_jail import MESSAGE_LIMIT, describe
from refinement.sandbox.oracles import ORACLES
from refinement.sandbox.outcome import heard
from refinement.sandbox.packing import Expected, decode, unpack

_SHORT = 400  # characters of an encoded value that an error may show


class Comparison:
    """The comparison of one program's outputs.

    ``job``: with ``expected``, ``oracle``, ``settings``, and ``calls`` where the
    oracle needs them; ``channel``: the program's, which is not trusted.
    """

    def __init__(self, job: dict[str, Any], channel: Channel) -> None:
        self._channel = channel
        self._expected = Expected(job["expected"])
        self._total = len(self._expected)
        self._passed = 0
        calls = unpack(job["calls"]) if "calls" in job else ()
        self._oracle = ORACLES[job["oracle"]](self._expected, job["settings"], calls)

    def _outcome(self, verdict: str, error: str | None = None) -> dict[str, Any]:
        return {"verdict": verdict, "passed": self._passed, "total": self._total, "error": error}

    def _ended_badly(self, told: dict[str, Any]) -> dict[str, Any]:
        told = heard(told, error=str, expired=(str, type(None)), limit=(int, float)) or {"error": "not an answer"}
        where = f"call {self._passed + 1}: "
        if told.get("expired"):
            limit = f"more than {told['limit']:g} s of CPU" if told["expired"] == "cpu" else "waits too long"
            return self._outcome("timeout", where + limit)
        error = told["error"][:MESSAGE_LIMIT]
        return self._outcome("memory" if error.startswith("MemoryError") else "error", error)

    def _is_right(self, message: Any) -> bool:
        """Whether the oracle accepts a value; one that it cannot compare is wrong."""
        found = decode(message)
        try:
            return self._oracle(self._passed, found)
        except Exception:
            return False

    def _shown(self, message: Any) -> list[str] | None:
        """A call's value and the expected one, as Python expressions; None where either is long."""
        if len(json.dumps(message)) > _SHORT or self._expected.digest(self._passed):
            return None
        return [repr(decode(message)), repr(self._expected[self._passed])]

    def _is_known(self, result: dict[str, Any]) -> bool:
        """Whether a large value is the expected one, by its digest; if not, the program is asked for the value."""
        wanted = self._expected.digest(self._passed)
        known = wanted != "" and result["digest"] == wanted
        self._channel.send({"more": not known})
        return known

    def _judge(self, result: Any) -> dict[str, Any] | None:
        """The outcome, where this result decides it; else None."""
        if isinstance(result, list):
            if not self._is_right(result[0]):
                outcome = self._outcome("failed", f"call {self._passed + 1}: another output")
                return {**outcome, "shown": self._shown(result[0])}
        elif "digest" not in result:
            return self._ended_badly(result)
        elif not self._is_known(result):
            return None
        self._passed += 1
        return self._outcome("passed") if self._passed == self._total else None

    def judge(self) -> dict[str, Any]:
        """Verdict, passed, total and error; the verdict is ``gone`` if the program ended before its calls did."""
        try:
            while True:
                for result in self._channel.receive()["results"]:
                    if (outcome := self._judge(result)) is not None:
                        return outcome
        except ChannelClosed:
            return self._outcome("gone")
        except (BadMessage, LookupError, TypeError) as error:
            return self._outcome("error", f"not an answer: {describe(error)}"[:MESSAGE_LIMIT])
        except MemoryError as error:
            return self._outcome("memory", describe(error))
