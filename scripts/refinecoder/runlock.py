"""One workflow at a time in a folder, and no stale lock of a dead one.

Snakemake's lock outlives a kill. Here the kernel keeps the truth: a running
workflow holds an flock, which ends with it. Whoever gets that flock may
remove Snakemake's stale lock. The steps of a run watch its process and end
with it (see steps.die_with_workflow), so nothing of a dead run goes on writing.
"""

import fcntl
import os
import sys
import threading
from pathlib import Path

from refinecoder.steps import RUN_VARIABLE, name_run

_held: list[int] = []


def _clear_stale_locks(folder: Path) -> None:
    stale = list((folder / "locks").glob("*.lock"))
    for path in stale:
        path.unlink()
    if stale:
        print("an earlier run was killed; its lock is removed and its unfinished jobs are done again", file=sys.stderr)


def claim_run(folder: str | Path = ".snakemake") -> bool:
    """Claim this folder for this process and clear what a killed run left locked.

    Returns False where another command is at work here. If that is a run,
    Snakemake's own lock stops this one; if it is a short one (a report), this
    one gets the claim as soon as it ends. Called when a Snakefile is read by a
    command that is no dry run; a job's own Snakemake claims nothing.
    """
    if RUN_VARIABLE in os.environ:
        return False
    os.environ[RUN_VARIABLE] = name_run()
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    descriptor = os.open(folder / "run.flock", os.O_RDWR | os.O_CREAT, 0o644)
    _held.append(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        threading.Thread(target=fcntl.flock, args=(descriptor, fcntl.LOCK_EX), daemon=True).start()
        return False
    _clear_stale_locks(folder)
    return True
