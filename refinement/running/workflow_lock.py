"""Only one workflow at a time works in a folder, and a killed one leaves no lock behind.

Snakemake's own lock stays where Snakemake is killed. So a workflow holds an
flock as well, which the kernel releases as soon as the process ends. Whoever
gets the flock may remove Snakemake's lock. The steps of a workflow watch its
process and end with it (die_with_workflow), so that nothing of a killed
workflow goes on writing.
"""

import fcntl
import os
import select
import sys
import threading
from pathlib import Path

RUN_VARIABLE = "REFINEMENT_RUN"


def name_run() -> str:
    """Return the name by which steps know the workflow that starts them: this process's host and number."""
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

    A killed Snakemake leaves its steps behind, which would go on writing beside
    those of the next workflow. Nothing happens outside a workflow, or on a host
    other than the workflow's.
    """
    host, _, pid = os.environ.get(RUN_VARIABLE, "").rpartition(":")
    if host == os.uname().nodename and hasattr(os, "pidfd_open"):
        threading.Thread(target=_die_when_gone, args=(int(pid),), daemon=True).start()


def _clear_stale_locks(folder: Path) -> None:
    stale = list((folder / "locks").glob("*.lock"))
    for path in stale:
        path.unlink()
    if stale:
        print(
            "an earlier workflow was killed; its lock is removed, and its unfinished jobs are done again",
            file=sys.stderr,
        )


class Claim:
    """A process's claim to a folder, which ends with the process; it removes the lock that a killed workflow left.

    While another command works in the folder, the claim waits for that to end.
    If that command is a workflow, Snakemake's own lock stops this process,
    unless it was started with --nolock; short commands, such as a report, hold
    no such lock and are waited for.
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
        """Say whether the folder belongs to this process alone; if ``patient``, wait until it does."""
        if self._waiting and self._waiting.is_alive() and patient:
            print("waits: another command is at work in this folder", file=sys.stderr)
            self._waiting.join()
        return not (self._waiting and self._waiting.is_alive())


def claim_run(folder: str | Path = ".snakemake") -> Claim | None:
    """Claim a folder for the workflow of this process; called where a Snakefile is read for more than a dry run.

    Returns None in the Snakemake of a single job, which belongs to a workflow that has the claim.
    """
    if RUN_VARIABLE in os.environ:
        return None
    os.environ[RUN_VARIABLE] = name_run()
    return Claim(Path(folder))
