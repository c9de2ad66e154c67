"""One workflow at a time in a folder, and no stale lock of a dead one.

Snakemake's lock outlives a kill. Here the kernel keeps the truth: a running
workflow holds an flock, which ends with it. Whoever gets that flock may
remove Snakemake's stale lock. The steps of a run watch its process and end
with it (see die_with_workflow), so nothing of a dead run goes on writing.
"""

import fcntl
import os
import select
import sys
import threading
from pathlib import Path

RUN_VARIABLE = "REFINEMENT_RUN"


def name_run() -> str:
    """This process as the steps that it starts will know it: host and pid."""
    return f"{os.uname().nodename}:{os.getpid()}"


def _die_when_gone(pid: int) -> None:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        os._exit(1)
    select.select([handle], [], [])
    os._exit(1)


def die_with_workflow() -> None:
    """End this process as soon as the workflow that started it on this host is gone.

    A killed Snakemake leaves its shells behind; without this they would go on
    writing into the next run. Outside a workflow, or on another host, nothing happens.
    """
    host, _, pid = os.environ.get(RUN_VARIABLE, "").rpartition(":")
    if host == os.uname().nodename and hasattr(os, "pidfd_open"):
        threading.Thread(target=_die_when_gone, args=(int(pid),), daemon=True).start()


def _clear_stale_locks(folder: Path) -> None:
    stale = list((folder / "locks").glob("*.lock"))
    for path in stale:
        path.unlink()
    if stale:
        print("an earlier run was killed; its lock is removed and its unfinished jobs are done again", file=sys.stderr)


class Claim:
    """A process's claim to a folder, kept until it ends; what a killed run left locked there is cleared.

    Where another command is at work there, the claim is had as soon as that
    ends. If that is a run, Snakemake's own lock stops this one (but for
    --nolock); a short one (a report) is waited for.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._file = os.open(folder / "run.flock", os.O_RDWR | os.O_CREAT, 0o644)
        self._waiting: threading.Thread | None = None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._waiting = threading.Thread(target=fcntl.flock, args=(self._file, fcntl.LOCK_EX), daemon=True)
            self._waiting.start()
        else:
            _clear_stale_locks(folder)

    def held(self, patient: bool) -> bool:
        """Whether the folder is this process's alone; the ``patient`` wait until it is."""
        if self._waiting and self._waiting.is_alive() and patient:
            print("waits: another command is at work in this folder", file=sys.stderr)
            self._waiting.join()
        return not (self._waiting and self._waiting.is_alive())


def claim_run(folder: str | Path = ".snakemake") -> Claim | None:
    """Claim this folder for this process, when a Snakefile is read by a command that is no dry run.

    None in a job's own Snakemake, which claims nothing.
    """
    if RUN_VARIABLE in os.environ:
        return None
    os.environ[RUN_VARIABLE] = name_run()
    return Claim(Path(folder))
