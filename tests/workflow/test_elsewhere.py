"""The workflow from other folders than its own; nothing is run (tests/workflow/test_reduced.py does)."""

import re
import shutil
import subprocess

import pytest

from support.workflow import ROOT, copy_workflow, elsewhere, environment, snakemake, snakemake_elsewhere


def jobs(run):
    """How many jobs a dry run counts."""
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    return int(re.search(r"^total +(\d+)$", run.stdout + run.stderr, re.MULTILINE).group(1))


def files(folder):
    """What lies in a folder, apart from Snakemake's own notes."""
    kept = (".snakemake", "__pycache__")
    return sorted(str(path) for path in folder.rglob("*") if not set(kept) & set(path.relative_to(folder).parts))


def test_from_a_third_folder_there_is_as_much_to_do_as_in_the_clone(tmp_path):
    clone, work, here = elsewhere(tmp_path)
    before = files(tmp_path)
    assert jobs(snakemake_elsewhere(clone, work, here, "-n")) == jobs(snakemake(clone, "-n")) > 100
    assert files(tmp_path) == before


def test_by_relative_paths_too(tmp_path):
    *_, here = elsewhere(tmp_path)
    told = [
        "--snakefile",
        "../a clone/Snakefile",
        "--directory",
        "../work",
        "--configfile",
        "../a clone/tests/reduced.yaml",
    ]
    run = subprocess.run(["snakemake", "-n", "--cores", "2", "results/reduced/tables/table2.md", *told], cwd=here,
                         env=environment(), capture_output=True, text=True, timeout=120)  # fmt: skip
    assert jobs(run) > 10


def test_results_may_lie_elsewhere_on_a_cluster_too(tmp_path):
    clone, work, _ = elsewhere(tmp_path)
    slurm = ("-n", "--profile", "slurm")
    assert jobs(snakemake(clone, *slurm, "--directory", str(work))) == jobs(snakemake(clone, *slurm)) > 100


def test_a_link_to_results_on_another_disk_is_nothing_to_commit(tmp_path):
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no git clone")
    clone, disk = tmp_path / "a clone", tmp_path / "disk"
    subprocess.run(["git", "clone", "--quiet", "--shared", ROOT, clone], check=True)
    disk.mkdir()
    (clone / "results").symlink_to(disk)
    run = snakemake(clone, "results/reduced/benchmarks/in_distribution.jsonl")
    assert run.returncode == 0 and (disk / "reduced/benchmarks/in_distribution.jsonl").is_file(), run.stderr[-2000:]
    status = subprocess.run(["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True)
    assert status.stdout == ""


def test_a_clone_may_have_a_blank_in_its_name(tmp_path):
    folder = tmp_path / "a clone"
    folder.mkdir()
    run = snakemake(copy_workflow(folder), "results/reduced/snippets/snippets.jsonl")
    assert run.returncode == 0, run.stderr[-2000:]
    assert (folder / "results/reduced/snippets/snippets.counts.json").is_file()
