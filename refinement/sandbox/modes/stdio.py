"""Mode ``stdio``: a whole program that reads standard input; its standard output is compared outside the jail."""

import os
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from refinement.records.record_types import LIST, Field
from refinement.sandbox.channel import Channel, ChannelClosed
from refinement.sandbox.fields import CODE, OUTSIDE
from refinement.sandbox.in_jail import execute_script
from refinement.sandbox.outcome import End, Outcome, heard, lost

if TYPE_CHECKING:
    from refinement.sandbox.worker import Worker


def check(program: dict[str, Any]) -> None:
    """There must be cases, each a text to read and a text to write, and a known comparison."""
    if program.get("comparison", "lines") not in COMPARISONS:
        raise ValueError(f"unknown comparison {program['comparison']!r}; there are {', '.join(COMPARISONS)}")
    cases = program["cases"]
    if not isinstance(cases, list) or not cases:
        raise ValueError("no cases")
    for number, case in enumerate(cases, start=1):
        if not (isinstance(case, dict) and all(isinstance(case.get(name), str) for name in ("stdin", "stdout"))):
            raise ValueError(f"case {number} lacks the texts 'stdin' and 'stdout'")
        try:
            case["stdin"].encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"case {number}: its stdin is no text ({error.reason})") from None


def run_in_jail(job: dict[str, Any], channel: Channel) -> None:
    """Execute the program as a script, send its error, and exit with a status that says whether there was one."""
    error = execute_script(job["code"])
    channel.send({"error": error})
    os._exit(0 if error is None else 1)


def same_output(found: str, wanted: str) -> bool:
    """Whether two outputs are equal line by line, without blanks at the ends of lines and empty lines at the end."""

    def lines(text: str) -> list[str]:
        return [line.rstrip() for line in text.rstrip().splitlines()]

    return lines(found) == lines(wanted)


def same_decimals(found: str, wanted: str) -> bool:
    """Whether each two lines are equal without blanks around them, or else their numbers are, exactly.

    So does LiveCodeBench compare, in lcb_runner/evaluation/testing_util.py.
    """

    def lines(text: str) -> list[str]:
        return [line.strip() for line in text.strip().split("\n")]

    def same(one: str, other: str) -> bool:
        if one == other:
            return True
        try:
            return list(map(Decimal, one.split())) == list(map(Decimal, other.split()))
        except InvalidOperation:
            return False

    ours, theirs = lines(found), lines(wanted)
    return len(ours) == len(theirs) and all(map(same, ours, theirs))


COMPARISONS: dict[str, Callable[[str, str], bool]] = {"lines": same_output, "decimals": same_decimals}
ANSWER_FIELDS = (CODE,)
TEST_FIELDS = (
    Field("cases", "objects with stdin and the stdout that is wanted", (LIST,)),
    Field(
        "comparison",
        "of outputs, by lines (where absent), or by lines and else by their numbers",
        required=False,
        choices=tuple(COMPARISONS),
    ),
)
INTEGRITY = OUTSIDE
PROCESSES = False


def _execute_case(program: dict[str, Any], case: dict[str, str], worker: "Worker") -> tuple[End, str, str | None]:
    with worker.start(program, PROCESSES, stdin=case["stdin"].encode()) as child:
        try:
            child.channel.send({"mode": "stdio", "code": program["code"]})
            told = heard(child.channel.receive(), error=(str, type(None)))
        except ChannelClosed:
            told = None
        end = child.end(ask=False)
        return end, child.output(), told["error"] if told else None


def judge(program: dict[str, Any], worker: "Worker") -> Outcome:
    """Passed if every case is; a case that is not ends the execution."""
    total, seconds = len(program["cases"]), 0.0
    same = COMPARISONS[program.get("comparison", "lines")]
    for passed, case in enumerate(program["cases"]):
        end, output, error = _execute_case(program, case, worker)
        seconds += end.seconds
        if end.by != "itself" or end.overflowed or os.WIFSIGNALED(end.status):
            return lost(end, program, total, passed)._replace(seconds=seconds)
        if end.status != 0:
            verdict = "memory" if (error or "").startswith("MemoryError") else "error"
            told = error or f"exit status {os.waitstatus_to_exitcode(end.status)}"
            return Outcome(verdict, passed, total, told, seconds)
        if not same(output, case["stdout"]):
            return Outcome("failed", passed, total, f"case {passed + 1}: another output", seconds)
    return Outcome("passed", total, total, None, seconds)
