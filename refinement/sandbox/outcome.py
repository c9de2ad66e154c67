"""How a program's process ended, and the verdict that follows from it."""

import os
from typing import Any, NamedTuple

FILE_BYTES = 16 << 20  # of one file of a program, and of its standard output


class Outcome(NamedTuple):
    """What came of a program: the first fields of an execution's record.

    ``starved``: a limit on time ended it, so that a slow machine may be to blame.
    """

    verdict: str
    passed: int
    total: int
    error: str | None
    seconds: float
    starved: bool = False


class End(NamedTuple):
    """The end of a program's first process.

    ``by``: who ended it: itself, a limit on cpu or wall time, or the harness
    (asked); ``status``: that of os.waitpid; ``seconds``: of CPU;
    ``overflowed``: whether it wrote FILE_BYTES or more to standard output.
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
        """The verdict, or ``output`` where the program wrote too much."""
        return "output" if self.overflowed else verdict


def heard(message: Any, **types: type | tuple[type, ...]) -> dict[str, Any] | None:
    """A message of a program's process, which is not trusted, if it has fields of exactly these types; else None."""
    if not isinstance(message, dict):
        return None
    for name, kinds in types.items():
        allowed = kinds if isinstance(kinds, tuple) else (kinds,)
        if name not in message or type(message[name]) not in allowed:
            return None
    return message


def lost(end: End, program: dict[str, Any], total: int = 1, passed: int = 0) -> Outcome:
    """The outcome of a program that ended before it told its own, by how its process ended."""
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
