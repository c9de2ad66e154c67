"""kill -9 at random moments; the same command finishes with the bytes of an undisturbed run."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support.workflow import command, compared, copy_workflow, environment, snakemake

pytestmark = pytest.mark.faults
TRIALS = int(os.environ.get("KILLS", "10"))
LONGEST = 600


def start(folder):
    """Snakemake in a session of its own, so that all of it can be killed at once."""
    with open(folder / "killed.log", "ab") as log:
        return subprocess.Popen(
            command(), cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )  # fmt: skip


def steps_of(folder):
    """Processes whose working folder is ``folder``, by pid."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.readlink(entry / "cwd") == str(folder):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def kill(run, everything):
    """End Snakemake, and with ``everything`` all that it started, without warning."""
    if everything:
        os.killpg(run.pid, signal.SIGKILL)
    else:
        run.kill()
    run.wait()


@pytest.fixture(scope="module")
def seconds(reduced, tmp_path_factory):
    """How long an undisturbed run takes on this machine."""
    folder = copy_workflow(tmp_path_factory.mktemp("timed"))
    began = time.monotonic()
    assert snakemake(folder).returncode == 0
    assert compared(folder) == compared(reduced)
    return time.monotonic() - began


@pytest.mark.parametrize("trial", range(TRIALS))
def test_a_killed_run_is_finished_by_the_same_command(reduced, seconds, tmp_path, trial):
    folder, generator = copy_workflow(tmp_path.resolve()), random.Random()
    moments = [generator.uniform(1, seconds) for _ in range(1 + trial % 2)]
    for moment in moments:
        run = start(folder)
        time.sleep(moment)
        kill(run, everything=trial % 3 != 0)
    again = snakemake(folder)
    told = f"killed after {moments} s; {again.stdout[-1500:]} {again.stderr[-1500:]}"
    assert again.returncode == 0, told
    one, other = compared(reduced), compared(folder)
    assert one.keys() == other.keys(), told
    assert [name for name in one if one[name] != other[name]] == [], told


def test_the_steps_of_a_killed_run_end_with_it(tmp_path):
    folder = copy_workflow(tmp_path.resolve())
    run = start(folder)
    deadline = time.monotonic() + LONGEST
    while not (folder / "results/reduced/tiny/corpus.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(4)
    assert len(steps_of(folder)) > 1
    kill(run, everything=False)
    deadline = time.monotonic() + 10
    while steps_of(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert steps_of(folder) == []


def test_a_second_run_beside_a_living_one_is_refused(tmp_path):
    folder = copy_workflow(tmp_path.resolve())
    run = start(folder)
    try:
        deadline = time.monotonic() + LONGEST
        while not any((folder / ".snakemake").glob("locks/*.lock")) and time.monotonic() < deadline:
            time.sleep(0.2)
        second = snakemake(folder)
        assert second.returncode != 0 and "lock" in (second.stdout + second.stderr).lower()
        assert run.poll() is None
    finally:
        kill(run, everything=True)
