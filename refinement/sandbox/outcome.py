"""How a program ended, as its jail saw it, and what that means for the verdict."""

import os
from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """What came of a program; see DESIGN's execution line."""

    verdict: str
    passed: int
    total: int
    error: str | None
    seconds: float
    starved: bool = False


class End(NamedTuple):
    """The end of a program's first process.

    ``by``: itself, cpu, wall or asked (by whom it was ended); ``status``: as
    of os.waitpid; ``seconds``: CPU; ``overflowed``: wrote more than it may.
    """

    by: str
    status: int
    seconds: float
    overflowed: bool

    @property
    def timed_out(self) -> bool:
        """Whether a limit on time ended it."""
        return self.by in ("cpu", "wall")

    def overflow(self, verdict: str) -> str:
        """``output`` where the program wrote too much, else the verdict."""
        return "output" if self.overflowed else verdict


def heard(message: Any, **types: type | tuple[type, ...]) -> dict[str, Any] | None:
    """A message from a program's process if it holds these fields, of exactly these types; else None."""
    if not isinstance(message, dict):
        return None
    for name, kinds in types.items():
        allowed = kinds if isinstance(kinds, tuple) else (kinds,)
        if name not in message or type(message[name]) not in allowed:
            return None
    return message


def lost(end: End, program: dict[str, Any], total: int = 1, passed: int = 0) -> Outcome:
    """The outcome of a program that was not heard to the end."""
    limit = program["timeout"]
    if end.timed_out or end.seconds > limit:
        kind = "of CPU" if end.by != "wall" else "by the clock"
        error = f"more than {limit:g} s {kind}"
        return Outcome("timeout", passed, total, error, end.seconds, starved=end.timed_out)
    if end.overflowed:
        return Outcome("output", passed, total, "wrote more than it may", end.seconds)
    if end.by == "itself" and os.WIFSIGNALED(end.status):
        return Outcome("killed", passed, total, f"signal {os.WTERMSIG(end.status)}", end.seconds)
    return Outcome("error", passed, total, "left without reaching its end", end.seconds)
