"""The jobs of a workflow that is gone are ended before the next one begins; scripts stand in for squeue and scancel."""

import os

import pytest

from refinement.records.errors import BadInput
from refinement.running.cluster import RUN_NAME, end_earlier_runs, end_run, is_wanted, note_run
from refinement.running.workflow_lock import Claim

SQUEUE = """#!/bin/sh
test -e broken && exit 1
cat queue 2> /dev/null; true
"""
SCANCEL = """#!/bin/sh
echo "$@" >> cancelled
test -e hangs || rm -f queue
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with SLURM's two commands first on the PATH."""
    for name, text in (("squeue", SQUEUE), ("scancel", SCANCEL)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv(RUN_NAME, "")
    monkeypatch.delenv(RUN_NAME)
    monkeypatch.setattr("refinement.running.cluster._PAUSE", 0.01)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_noted_run_s_jobs_are_wanted_until_it_ends(folder):
    assert is_wanted(folder)  # sent by no run of a cluster
    note_run(folder, "run_1")
    assert is_wanted(folder)
    assert end_run(folder, "run_1") == [] and not is_wanted(folder)
    assert not (folder / "cancelled").exists()


def test_jobs_of_every_earlier_run_are_cancelled_once(folder, capsys):
    note_run(folder, "run_1")
    (folder / "queue").write_text("7\n8\n")
    end_earlier_runs(folder)
    assert (folder / "cancelled").read_text() == "--quiet 7 8\n"
    assert capsys.readouterr().err == "an earlier workflow was killed; its jobs 7, 8 are cancelled and done again\n"
    end_earlier_runs(folder)
    assert capsys.readouterr().err == "" and list((folder / "slurm_runs").iterdir()) == []


@pytest.mark.parametrize(
    ("trouble", "says"), [("hangs", "jobs 7 of an earlier workflow do not end"), ("broken", "SLURM does not answer")]
)
def test_jobs_that_do_not_end_stop_the_run_and_are_tried_again(folder, trouble, says):
    note_run(folder, "run_1")
    (folder / "queue").write_text("7\n")
    (folder / trouble).touch()
    with pytest.raises(BadInput, match=says):
        end_run(folder, "run_1", patience=0.1)
    assert not is_wanted(folder)
    (folder / trouble).unlink()
    end_earlier_runs(folder)
    assert list((folder / "slurm_runs").iterdir()) == []


def test_a_folder_is_one_command_s_until_it_ends(tmp_path):
    """And a stale lock of Snakemake's is removed by the one that has it, alone."""
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks/0.input.lock").touch()
    first = Claim(tmp_path)
    assert first.held(patient=True) and not list((tmp_path / "locks").iterdir())
    (tmp_path / "locks/0.input.lock").touch()
    second = Claim(tmp_path)
    assert not second.held(patient=False) and list((tmp_path / "locks").iterdir())
    os.close(first._file)
    assert second.held(patient=True)
