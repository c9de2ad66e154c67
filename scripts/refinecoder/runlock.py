"""One workflow at a time in a folder, and no stale lock of a dead one.

Snakemake's lock outlives a kill. Here the kernel keeps the truth: a running
workflow holds an flock, which ends with it. Whoever gets that flock may
remove Snakemake's stale lock. The steps of a run watch its process and end
with it (see steps.die_with_workflow), so nothing of a dead run goes on writing.
"""

import fcntl
import os
import sys
from pathlib import Path

from refinecoder.steps import RUN_VARIABLE

_held: list[int] = []


def claim_run(folder: str | Path = ".snakemake") -> bool:
    """Claim this folder for this process and clear what a killed run left locked.

    Returns False where another run is alive; Snakemake then says so itself.
    Called when a Snakefile is read; a job's own Snakemake claims nothing.
    """
    if RUN_VARIABLE in os.environ:
        return False
    os.environ[RUN_VARIABLE] = str(os.getpid())
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    descriptor = os.open(folder / "run.flock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    _held.append(descriptor)
    stale = list((folder / "locks").glob("*.lock")) if (folder / "locks").is_dir() else []
    for path in stale:
        path.unlink()
    if stale:
        print("an earlier run was killed; its lock is removed and its unfinished jobs are done again", file=sys.stderr)
    return True
