"""On a SLURM cluster, end the jobs of a workflow that is gone before the next workflow starts its own.

When Snakemake is killed, its jobs go on, and it does not find them again: the
same command sends a second set of jobs, which write the same files. So a
workflow leaves a note with its name, which all its jobs have as their name. The
next workflow in the folder cancels the jobs of each name that it finds in a
note, and removes the note. A job that starts without its workflow's note ends
at once; that job was not in the queue yet when the others were cancelled. What
cancelled jobs had done is kept in journals and checkpoints.

Clusters to which jobs are sent by name (--clusters) are not covered.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from refinement.records.errors import BadInput

RUN_NAME = "REFINEMENT_CLUSTER_RUN"
NOTES = "slurm_runs"
PATIENCE = 300.0  # seconds for jobs to end, and for a controller that restarts to answer
_PAUSE = 1.0


def _answer(*command: str) -> list[str] | None:
    """Return the lines that a command of SLURM prints, or None if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else None


def cancel_jobs(name: str, patience: float = PATIENCE) -> list[str]:
    """End all jobs of a name, and return their numbers once they have ended. Raises BadInput if they do not end."""
    cancelled: list[str] = []
    deadline = time.monotonic() + patience
    while True:
        left = _answer("squeue", "--noheader", f"--name={name}", "--format=%A")
        if left == []:
            return cancelled
        if left:
            cancelled += [job for job in dict.fromkeys(left) if job not in cancelled]
            _answer("scancel", "--quiet", *left)
        if time.monotonic() > deadline or not shutil.which("squeue"):
            fault = f"jobs {', '.join(left)} of an earlier workflow do not end" if left else "SLURM does not answer"
            raise BadInput(
                f"squeue --name={name}: {fault}; start again when none is left (scancel --name={name}), "
                f"or remove .snakemake/{NOTES} if you are sure that none is"
            )
        time.sleep(_PAUSE)


def note_run(folder: str | Path, name: str) -> None:
    """Leave a note with the name of a workflow that begins; its jobs inherit the name."""
    notes = Path(folder, NOTES)
    notes.mkdir(exist_ok=True)
    notes.joinpath(name).touch()
    os.environ[RUN_NAME] = name


def end_run(folder: str | Path, name: str, patience: float = PATIENCE) -> list[str]:
    """Remove a workflow's note, end the jobs that are left, and return them. Raises BadInput if they do not end."""
    note = Path(folder, NOTES, name)
    # Without the note no further job starts. Under its new name it reminds the next workflow of jobs that did not end.
    ending = note.with_suffix(".ending")
    if note.exists():
        note.replace(ending)
    cancelled = cancel_jobs(name, patience)
    ending.unlink(missing_ok=True)
    return cancelled


def end_earlier_runs(folder: str | Path) -> None:
    """End the jobs of workflows that are gone. Only the workflow that has claimed the folder may. Raises BadInput."""
    for name in sorted({note.stem for note in Path(folder, NOTES).glob("*")}):
        cancelled = end_run(folder, name)
        if cancelled:
            print(
                f"an earlier workflow was killed; its jobs {', '.join(cancelled)} are cancelled and done again",
                file=sys.stderr,
            )


def is_wanted(folder: str | Path) -> bool:
    """Say whether the workflow that sent this job still goes on; true for a job that no cluster's workflow sent."""
    name = os.environ.get(RUN_NAME)
    return name is None or Path(folder, NOTES, name).exists()
