"""Programs -> executions: a pool of runner processes fed from one stream."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from refinecoder.records import BadInput, Record
from refinecoder.sandbox import runner

ISOLATION = "limits"
CHUNK = 4096
_NEEDED = {"run": ("timeout", "memory_mb"), "call": ("timeout", "memory_mb", "entry_point", "tests")}


class Runner:
    """One runner process. Used as a context manager; ended by closing its input.

    Strings hash alike in all of them, so a program that depends on the order
    of a set does the same in each.
    """

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-P", runner.__file__],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PYTHONHASHSEED": "0"}, text=True,
        )  # fmt: skip
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def execute(self, program: Record) -> Record:
        """What came of one program. Raises RuntimeError if the runner itself died."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(program) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the runner died with status {self._process.wait()} on program {program['id']}")
        return json.loads(line)


def check_program(program: Record) -> Record:
    """The program. Raises BadInput if its mode lacks a field."""
    missing = [name for name in _NEEDED[program["mode"]] if name not in program]
    if missing:
        raise BadInput(f"program {program['id']}: mode {program['mode']} needs '{missing[0]}'")
    return program


def _content(program: Record) -> str:
    return json.dumps({name: value for name, value in program.items() if name != "id"}, sort_keys=True)


def execute_all(programs: Iterable[Record], workers: int) -> Iterator[Record]:
    """Runs in the order of ``programs``; equal programs of a chunk are run once.

    Memory is bounded by the chunk, not by the stream.
    """
    if workers < 1:
        raise BadInput(f"--workers {workers}: at least one worker is needed")
    with ExitStack() as stack:
        idle: SimpleQueue[Runner] = SimpleQueue()
        for _ in range(workers):
            idle.put(stack.enter_context(Runner()))

        def execute(program: Record) -> Record:
            free = idle.get()
            try:
                return free.execute(program)
            finally:
                idle.put(free)

        threads = stack.enter_context(ThreadPoolExecutor(workers))
        stream = iter(programs)
        while chunk := list(map(check_program, islice(stream, CHUNK * workers))):
            distinct = {_content(program): program for program in chunk}
            outcomes = dict(zip(distinct, threads.map(execute, distinct.values()), strict=True))
            for program in chunk:
                outcome = outcomes[_content(program)]
                yield {"id": program["id"], **outcome, "isolation": ISOLATION, "mode": program["mode"]}
