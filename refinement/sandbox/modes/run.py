"""Mode ``run``: is the program executable (RefineCoder, equation 4)?

It is if it reaches its end, or leaves by SystemExit 0 or None. That end is
known only to the interpreter that the program runs in, so the claim carries a
secret of that run: whoever only guesses at the protocol cannot make it.
"""

import os
from typing import TYPE_CHECKING, Any

from refinement.sandbox.channel import Channel, ChannelClosed
from refinement.sandbox.in_jail import run_script
from refinement.sandbox.outcome import Outcome, heard, lost

if TYPE_CHECKING:
    from refinement.sandbox.worker import Worker

FIELDS: tuple[str, ...] = ()
PROCESSES = False


def check(program: dict[str, Any]) -> None:
    """Any program will do."""


def inside(job: dict[str, Any], channel: Channel) -> None:
    """Run the program and say how it ended."""
    error = run_script(job["code"])
    channel.send({"end": job["secret"], "error": error})


def judge(program: dict[str, Any], worker: "Worker") -> Outcome:
    """Passed if the program claimed its end."""
    secret = os.urandom(16).hex()
    with worker.start(program, PROCESSES) as execution:
        try:
            execution.channel.send({"mode": "run", "code": program["code"], "secret": secret})
            told = heard(execution.channel.receive(), end=str, error=(str, type(None)))
        except ChannelClosed:
            told = None
        end = execution.end(closed=told is None)
    if told is None or told["end"] != secret or end.overflowed:
        return lost(end, program)
    error = told["error"]
    if error is None:
        return Outcome("passed", 1, 1, None, end.seconds)
    return Outcome("memory" if error.startswith("MemoryError") else "error", 0, 1, error, end.seconds)
