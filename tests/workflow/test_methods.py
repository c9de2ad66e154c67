"""A method is plugged in by new files alone; its keys are its own."""

import hashlib
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from support.workflow import ROOT, copy_workflow, snakemake

TOY = ROOT / "tests" / "support" / "toy"
CONFIG = "config/toy/miniature.yaml"


def digests(folder):
    """A digest of each of the workflow's own files in a folder."""
    kept = ("results", ".snakemake", "__pycache__")
    files = [path for path in folder.rglob("*") if path.is_file() and not set(kept) & set(path.parts)]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone with the toy method in it: files that it did not have before."""
    folder = copy_workflow(tmp_path_factory.mktemp("toy"))
    added = [path.relative_to(TOY) for path in TOY.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert not [name for name in added if (folder / name).exists()]
    shutil.copytree(TOY, folder, dirs_exist_ok=True)
    return folder


def test_a_toy_method_is_new_files_alone_and_its_table_is_a_target(clone):
    before = digests(clone)
    run = snakemake(clone, "toy_table", "--configfile", CONFIG, reduced=False)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    frame = pd.read_csv(clone / "results/toy/tables/toy_table.csv")
    assert list(frame["square"]) == [0, 1, 4, 9, 16]
    assert (clone / "results/toy/tables/toy_table.md").read_text().startswith("# Squares (toy)")
    assert digests(clone) == before
    run = snakemake(clone, "--configfile", CONFIG, reduced=False)
    assert run.returncode == 0, run.stderr[-2000:]
    frame = pd.read_csv(clone / "results/toy/seed_1/tables/toy_table.csv")
    assert list(frame["square"]) == [1, 4, 9, 16, 25], "a second run, by another seed"


def test_its_step_runs_again_when_a_setting_of_its_own_changes(clone):
    snakemake(clone, "toy_table", "--configfile", CONFIG, reduced=False)
    run = snakemake(clone, "toy_table", "--configfile", CONFIG, "--config", "numbers=3", reduced=False)
    assert run.returncode == 0, run.stderr[-2000:]
    assert len(pd.read_csv(clone / "results/toy/tables/toy_table.csv")) == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--configfile", CONFIG, "--config", "scoring={samples: 3}"), "config: unknown key 'scoring'; known here: "),
        (("--config", "numbers=3"), "config: unknown key 'numbers'; "),
        (("--config", "method=toys"), "method: 'toys' is not available; choose one of acr, toy"),
    ],
)
def test_a_key_of_another_method_is_an_unknown_key(clone, arguments, says):
    run = snakemake(clone, "-n", *arguments, reduced=False)
    (line,) = [line for line in run.stderr.splitlines() if "error" in line.lower()]
    assert run.returncode != 0 and line.startswith(f"error: {says}")


def test_common_code_names_no_method():
    places = [*Path("rules").rglob("*.smk"), *Path("refinement").rglob("*.py"), *Path("refinement").rglob("*.yaml")]
    places.append(Path("Snakefile"))
    own = [path for path in places if "acr" in path.parts]
    assert len(own) > 15
    for path in set(places) - set(own):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            assert not re.search(r"(?<![a-z])acr(?![a-z])", line.lower()), f"{path}:{number}: {line}"
