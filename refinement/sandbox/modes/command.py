"""Mode ``command``: a program of any language, compiled and executed by command lines (MultiPL-E)."""

import signal
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from refinement.records.record_types import LIST, NULL, OBJECT, Field
from refinement.sandbox.channel import Channel, ChannelClosed
from refinement.sandbox.fields import OUTSIDE
from refinement.sandbox.in_jail import MESSAGE_LIMIT, describe
from refinement.sandbox.outcome import Outcome, heard, lost

if TYPE_CHECKING:
    from refinement.sandbox.worker import Worker

ANSWER_FIELDS = (Field("files", "texts by file name", (OBJECT,)),)
TEST_FIELDS = (
    Field("language", "of its files"),
    Field("compile", "words of the command line that compiles, or null", (LIST, NULL), required=False),
    Field("run", "words of the command line that executes the program", (LIST,)),
)
INTEGRITY = OUTSIDE
PROCESSES = True


def _is_text(value: Any) -> bool:
    """Whether a value is a text that a file, or the name of one, can hold."""
    return isinstance(value, str) and not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value)


def _is_command(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def check_names(names: Iterable[str], what: str) -> None:
    """Raise ValueError where files of these names cannot all be made in a program's folder.

    ``what``: a word for such a file, in messages.
    """
    paths: set[PurePosixPath] = set()
    for name in names:
        path = PurePosixPath(name)
        if not path.parts or path.is_absolute() or ".." in path.parts or not _is_text(name):
            raise ValueError(f"the name of {what} {name!r} must be relative, without NUL and lone surrogates")
        if path in paths:
            raise ValueError(f"{what} {name!r} stands twice")
        paths.add(path)
    for path in paths:
        if not paths.isdisjoint(path.parents):
            raise ValueError(f"{what} {str(path)!r} lies below another one")


def check(program: dict[str, Any]) -> None:
    """File names must be relative, files texts, and command lines lists of words."""
    check_names(program["files"], "file")
    for name, text in program["files"].items():
        if not _is_text(text):
            raise ValueError(f"file {name!r} must be a text without NUL and lone surrogates")
    for field in ("compile", "run"):
        if program.get(field) is not None and not _is_command(program[field]):
            raise ValueError(f"'{field}' must be a list of words")


def _execute(command: list[str]) -> tuple[int, str]:
    """Exit status and last 2,000 bytes of standard error of a command."""
    with tempfile.TemporaryFile() as errors:  # a pipe would stay open as long as a process that it leaves behind
        status = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=errors, check=False).returncode
        errors.seek(max(0, errors.tell() - 2000))
        return status, errors.read().decode(errors="replace")


def run_in_jail(job: dict[str, Any], channel: Channel) -> None:
    """Write the files, compile them and execute the program, in another process, which cannot reach the channel."""
    try:
        for name, text in job["files"].items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(text, encoding="utf-8")
        for stage in ("compile", "run"):
            status, errors = _execute(job[stage]) if job[stage] else (0, "")
            if status != 0:
                channel.send({"stage": stage, "status": status, "errors": errors})
                return
        channel.send({"stage": "run", "status": 0, "errors": ""})
    except OSError as error:
        channel.send({"stage": "start", "status": 127, "errors": describe(error)})


def judge(program: dict[str, Any], worker: "Worker") -> Outcome:
    """Passed if the program compiles and ends with status 0."""
    with worker.start(program, PROCESSES, address_space=False) as child:
        try:
            job = {"files": program["files"], "compile": program.get("compile"), "run": program["run"]}
            child.channel.send({"mode": "command", **job})
            told = heard(child.channel.receive(), stage=str, status=int, errors=str)
        except ChannelClosed:
            told = None
        end = child.end(closed=told is None)
    if told is None or end.seconds > program["timeout"] or end.overflowed:
        return lost(end, program)
    status = told["status"]
    if status == 0:
        return Outcome("passed", 1, 1, None, end.seconds)
    last = (told["errors"].strip().splitlines() or [""])[-1]
    error = f"{told['stage']}: status {status}: {last}"[:MESSAGE_LIMIT]
    if status < 0 and (told["stage"], -status) != ("run", signal.SIGABRT):  # by SIGABRT, an assert of C fails
        return Outcome("killed", 0, 1, f"signal {-status}", end.seconds)
    return Outcome("failed" if told["stage"] == "run" else "error", 0, 1, error, end.seconds)
