"""Snakemake on the emulated cluster, as a user would start it, and what SLURM then tells."""

import re
import signal
import subprocess

from support import slurm
from support.workflow import environment

REDUCED, BRIEF = "tests/reduced.yaml", "tests/cluster/brief.yaml"
# This machine's size: the profile is for a cluster's. Two cores hold few Snakemakes at a time, and a job takes some
# seconds: what is not done at the first look is looked at 17 s later.
SIZE = ["--jobs", "4", "--slurm-init-seconds-before-status-checks", "7", "--latency-wait", "10"]
STARTED = []
GREEDY = """
import os
if not os.path.exists("failed_once"):
    open("failed_once", "w").close()
    raise MemoryError
"""


def change(folder, before, step="results/audit_tables"):
    """Put code before a step's own, by default the one that writes the table of the audit."""
    path = folder / f"scripts/{step}.py"
    text = path.read_text()
    place = re.search("^(import|from) ", text, re.M).start()
    path.write_text(text[:place] + before + text[place:])


def command(*targets, configs=(REDUCED,), size=SIZE):
    """What a user types, with this machine's size."""
    return ["snakemake", "--profile", "slurm", *size, *targets, "--configfile", *configs]


def environment_here():
    """The activated environment, with SLURM's commands."""
    return {**slurm.environment(), **environment(), "PATH": f"{slurm.ROOT}/bin:{environment()['PATH']}"}


def start(folder, *targets, **options):
    """Snakemake on the cluster, in the background."""
    with open(folder / "run.log", "ab") as log:
        run = subprocess.Popen(
            command(*targets, **options), cwd=folder, env=environment_here(), stdin=subprocess.DEVNULL, stdout=log,
            stderr=log, start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
    STARTED.append((folder, run))
    return run


def finish(folder, *targets, **options):
    """Snakemake on the cluster, to its end."""
    told = subprocess.run(
        command(*targets, **options), cwd=folder, env=environment_here(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    return told.returncode, told.stdout + told.stderr


def jobs(folder, states="all"):
    """Jobs of a folder by number, with their states."""
    lines = slurm.call("squeue", "--noheader", "--sort=i", f"--states={states}", "--format=%A %T %Z").splitlines()
    return {int(line.split()[0]): line.split()[1] for line in lines if line.split()[2] == str(folder)}


def detail(number, name):
    """One field of what SLURM knows about a job."""
    return re.search(rf"\b{name}=(\S+)", slurm.call("scontrol", "show", "job", str(number)))[1]
