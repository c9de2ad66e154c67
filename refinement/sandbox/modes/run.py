"""Mode ``run``: whether the program is executable (RefineCoder, equation 4).

It is if it reaches its end, or leaves by SystemExit 0 or None. Only the
interpreter that executes the program knows that it did. So the claim carries a
secret of that execution, without which a program cannot forge it.
"""

import os
from typing import TYPE_CHECKING, Any

from refinement.records.record_types import Field
from refinement.sandbox.channel import Channel, ChannelClosed
from refinement.sandbox.fields import CODE, OUTSIDE
from refinement.sandbox.in_jail import execute_script
from refinement.sandbox.outcome import Outcome, heard, lost

if TYPE_CHECKING:
    from refinement.sandbox.worker import Worker

ANSWER_FIELDS = (CODE,)
TEST_FIELDS: tuple[Field, ...] = ()
INTEGRITY = OUTSIDE
PROCESSES = False


def check(program: dict[str, Any]) -> None:
    """Accept any program."""


def run_in_jail(job: dict[str, Any], channel: Channel) -> None:
    """Execute the program and send how it ended."""
    error = execute_script(job["code"])
    channel.send({"end": job["secret"], "error": error})


def judge(program: dict[str, Any], worker: "Worker") -> Outcome:
    """Passed if the program's interpreter claims, with the secret, that the program reached its end."""
    secret = os.urandom(16).hex()
    with worker.start(program, PROCESSES) as child:
        try:
            child.channel.send({"mode": "run", "code": program["code"], "secret": secret})
            told = heard(child.channel.receive(), end=str, error=(str, type(None)))
        except ChannelClosed:
            told = None
        end = child.end(closed=told is None)
    if told is None or told["end"] != secret or end.overflowed:
        return lost(end, program)
    error = told["error"]
    if error is None:
        return Outcome("passed", 1, 1, None, end.seconds)
    return Outcome("memory" if error.startswith("MemoryError") else "error", 0, 1, error, end.seconds)
