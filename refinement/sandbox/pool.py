"""Executes a stream of programs by workers side by side."""

import shutil
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from refinement.records.errors import BadInput
from refinement.records.record_types import Record
from refinement.sandbox import jail
from refinement.sandbox.modes import MODES
from refinement.sandbox.modes.command import check_names
from refinement.sandbox.outcome import Outcome
from refinement.sandbox.worker import ServerDied, Worker

AHEAD = 64  # programs a worker that are read ahead of the slowest one
_LIMITS = ("timeout", "memory_mb")
_LONGEST, _MOST_MB = 1_000_000, 1 << 30  # seconds and MiB that a line may ask for
_PROBE = {"id": "probe", "timeout": 10.0, "memory_mb": 512}
_PROBES = (
    {**_PROBE, "mode": "run", "code": "import os\nassert os.listdir() == []\nopen('probe', 'w').close()"},
    {**_PROBE, "mode": "call", "code": "def f(x): return [x]", "entry_point": "f", "tests": "assert f(1) == [1]"},
)


def check_program(program: Record) -> Record:
    """The program itself. Raises BadInput, with its id and the fault, for a line that cannot be judged."""
    where = f"program {program['id']}: "
    if program.get("mode") not in MODES:
        raise BadInput(f"{where}mode {program.get('mode')!r}; one of {', '.join(MODES)} is needed")
    mode = MODES[program["mode"]]
    needed = [field.name for field in (*mode.ANSWER_FIELDS, *mode.TEST_FIELDS) if field.required]
    for name in (*_LIMITS, *needed):
        if name not in program:
            raise BadInput(f"{where}mode {program['mode']} needs '{name}'")
    if not (0 < program["timeout"] <= _LONGEST and 0 < program["memory_mb"] <= _MOST_MB):  # nan is neither
        raise BadInput(f"{where}timeout must be above 0 and at most {_LONGEST}, memory_mb at most {_MOST_MB}")
    if program.get("repeats", 1) < 1:
        raise BadInput(f"{where}repeats must be above 0")
    for name, path in program.get("inputs", {}).items():
        if not Path(path).is_file():
            raise BadInput(f"{where}input {name!r} must be a file here, and there is no {path}")
    try:
        check_names(program.get("inputs", {}), "input")
        mode.check(program)
    except ValueError as error:
        raise BadInput(f"{where}{error}; that is the benchmark's fault, not the program's: mend its line") from None
    return program


def _try_out(worker: Worker) -> str | None:
    """Why a worker's tier does not work on this machine, found by executing programs in it; None if it does."""
    if worker.tier == jail.BUBBLEWRAP and shutil.which("bwrap") is None:
        return "bwrap is not installed"
    try:
        for program in _PROBES:
            outcome = MODES[str(program["mode"])].judge(program, worker)
            if outcome.verdict != "passed":
                return f"{outcome.verdict}: {outcome.error}"
    except (ServerDied, OSError) as error:
        return str(error)
    return None


def probe(tier: str) -> str | None:
    """Why a tier does not work on this machine; None if it does."""
    with Worker(tier) as worker:
        return _try_out(worker)


def first_worker(wanted: str) -> Worker:
    """A worker of the tier ``wanted``, or for "auto" of the strongest that works and keeps programs in namespaces.

    Raises BadInput where there is none, with the fault of each tier that was tried.
    """
    faults: dict[str, str] = {}
    for tier in jail.STRONG if wanted == "auto" else (wanted,):
        worker = Worker(tier)
        fault = _try_out(worker)
        if fault is None:
            return worker
        worker.close()
        faults[tier] = fault
    tried = "; ".join(f"{tier}: {fault}" for tier, fault in faults.items())
    raise BadInput(
        f"isolation {wanted}: not to be had here ({tried}). Install bubblewrap or allow user namespaces; or, if the "
        "programs are not hostile, set execution.isolation to landlock or limits (see docs/sandbox.md)"
    )


class _Gate:
    """Lets programs be executed side by side, or one of them alone."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._running = 0
        self._alone = 0

    @contextmanager
    def beside(self) -> Iterator[None]:
        with self._change:
            self._change.wait_for(lambda: not self._alone)
            self._running += 1
        try:
            yield
        finally:
            with self._change:
                self._running -= 1
                self._change.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._change:
            self._change.wait_for(lambda: not self._alone)
            self._alone += 1
            self._change.wait_for(lambda: not self._running)
        try:
            yield
        finally:
            with self._change:
                self._alone -= 1
                self._change.notify_all()


class _Pool:
    def __init__(self, workers: int, isolation: str, stack: ExitStack) -> None:
        first = stack.enter_context(first_worker(isolation))
        self._tier, self._several, self._gate = first.tier, workers > 1, _Gate()
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        self._idle.put(first)
        for _ in range(workers - 1):
            self._idle.put(stack.enter_context(Worker(first.tier)))
        self._threads = stack.enter_context(ThreadPoolExecutor(workers))

    def submit(self, program: Record) -> "Future[Record]":
        return self._threads.submit(self._execute, program)

    def _once(self, program: Record, worker: Worker) -> Outcome:
        judge = MODES[program["mode"]].judge
        try:
            with self._gate.beside():
                outcome = judge(program, worker)
            if not (outcome.starved and self._several):  # if so, the programs beside it may have taken its time
                return outcome
        except ServerDied:
            worker.restart()
        try:
            with self._gate.alone():
                return judge(program, worker)
        except ServerDied as error:
            worker.restart()
            if fault := _try_out(worker):
                raise RuntimeError(f"program {program['id']}: the sandbox itself failed ({error}; {fault})") from error
            return Outcome("killed", 0, 1, "ended the process that executed it", 0.0)

    def _execute(self, program: Record) -> Record:
        worker = self._idle.get()
        try:
            outcomes = []
            for _ in range(program.get("repeats", 1)):
                outcomes.append(self._once(program, worker))
                if outcomes[-1].verdict != "passed":
                    break
        finally:
            self._idle.put(worker)
        last = outcomes[-1]
        seconds: Any = [outcome.seconds for outcome in outcomes] if "repeats" in program else last.seconds
        error = last.error
        if error is not None:  # it may hold lone surrogates, which no file can
            error = error.encode("utf-8", "backslashreplace").decode()
        return {
            "id": program["id"], "verdict": last.verdict, "passed": last.passed, "total": last.total, "error": error,
            "seconds": seconds, "isolation": self._tier, "integrity": MODES[program["mode"]].INTEGRITY,
            "mode": program["mode"],
        }  # fmt: skip


def execute_all(programs: Iterable[Record], workers: int, isolation: str = "auto") -> Iterator[Record]:
    """An execution of each program, in their order; the memory used does not grow with their number.

    ``isolation``: a tier of jail.TIERS, or auto. Raises BadInput for less than
    one worker, a tier that does not work and a line that cannot be judged.
    """
    if workers < 1:
        raise BadInput(f"--workers {workers}: at least one worker is needed")
    with ExitStack() as stack:
        pool = _Pool(workers, isolation, stack)
        running: deque[Future[Record]] = deque()
        for program in programs:
            running.append(pool.submit(check_program(program)))
            if len(running) >= AHEAD * workers:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
