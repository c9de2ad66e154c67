"""A run's jobs on a SLURM cluster: none of a run that is gone may write beside the next one's.

Snakemake's jobs outlive it when it is killed, and it does not find them again:
the same command sends a second set, which writes the same files. So a run
leaves a note of its name, the name of all its jobs. A run that starts where a
note is left takes it away and cancels the jobs of that name; a job that starts
without its run's note ends at once, which covers one that was still on its way
to the queue. What cancelled jobs had done lies in journals and checkpoints.

Not covered: clusters that jobs are sent to by name (--clusters).
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
    """Lines that a command of SLURM prints; None where it fails."""
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.split("\n")[:-1] if told.returncode == 0 else None


def cancel_jobs(name: str, patience: float = PATIENCE) -> list[str]:
    """End all jobs of a name, and return their numbers once they have ended. Raises BadInput if they do not."""
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
            which = f"jobs {', '.join(left)} of an earlier run do not end" if left else "SLURM does not answer"
            raise BadInput(
                f"squeue --name={name}: {which}; start again when none is left (scancel --name={name}), "
                f"or remove .snakemake/{NOTES} if you know that"
            )
        time.sleep(_PAUSE)


def note_run(folder: str | Path, name: str) -> None:
    """Leave a note of a run that begins; its jobs inherit the name."""
    notes = Path(folder, NOTES)
    notes.mkdir(exist_ok=True)
    notes.joinpath(name).touch()
    os.environ[RUN_NAME] = name


def end_run(folder: str | Path, name: str, patience: float = PATIENCE) -> list[str]:
    """Take a run's note away and end what is left of it; returns the jobs that were left. Raises BadInput."""
    note = Path(folder, NOTES, name)
    # From here on its jobs do not start; the note is gone for good once those that did have ended.
    ending = note.with_suffix(".ending")
    if note.exists():
        note.replace(ending)
    cancelled = cancel_jobs(name, patience)
    ending.unlink(missing_ok=True)
    return cancelled


def end_earlier_runs(folder: str | Path) -> None:
    """End what is left of runs that are gone. For the one run that holds the folder's claim. Raises BadInput."""
    for name in sorted({note.stem for note in Path(folder, NOTES).glob("*")}):
        cancelled = end_run(folder, name)
        if cancelled:
            print(
                f"an earlier run was killed; its jobs {', '.join(cancelled)} are cancelled and done again",
                file=sys.stderr,
            )


def is_wanted(folder: str | Path) -> bool:
    """Whether the run that sent this job still goes on; so for what no run of a cluster sent."""
    name = os.environ.get(RUN_NAME)
    return name is None or Path(folder, NOTES, name).exists()
