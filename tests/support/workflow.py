"""Copies of the workflow to run, and what a run is compared by."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "config.yaml", "config", "envs", "profiles", "prompts", "reference", "refinement", "report", "rules", "scripts",
         "slurm")  # fmt: skip
REDUCED = "tests/reduced.yaml"


def copy_workflow(folder: Path) -> Path:
    """A clone's worth of the workflow in a folder of its own."""
    for name in PARTS:
        source = ROOT / name
        if source.is_symlink():
            (folder / name).symlink_to(source.readlink())
        elif source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    (folder / "tests").mkdir()
    shutil.copy(ROOT / REDUCED, folder / REDUCED)
    return folder


def environment():
    """The environment of a user who activated the virtual one."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("REFINEMENT_", "SNAKEMAKE_"))
    }
    path = f"{Path(sys.executable).parent}:{inherited['PATH']}"
    return {**inherited, "PATH": path, "OMP_NUM_THREADS": "1"}


def command(*arguments, cores=2, reduced=True):
    """Snakemake's command line: targets first, since --configfile takes all that follows."""
    configfile = ["--configfile", REDUCED] if reduced else []
    return ["snakemake", "--cores", str(cores), *arguments, *configfile]


def snakemake_elsewhere(clone: Path, work: Path, here: Path, *arguments, cores=2, prefix=()):
    """Run a clone's Snakemake to its end from a third folder, its results in another."""
    told = [
        "--cores",
        str(cores),
        "--snakefile",
        clone / "Snakefile",
        "--directory",
        work,
        "--configfile",
        clone / REDUCED,
    ]
    return subprocess.run(
        [*prefix, "snakemake", *arguments, *map(str, told)],
        cwd=here, env=environment(), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=900,
    )  # fmt: skip


def elsewhere(folder: Path) -> tuple[Path, Path, Path]:
    """A clone whose name has a blank, a working folder whose results lie on another disk, and a third folder."""
    clone, work, here, disk = (folder / name for name in ("a clone", "work", "here", "disk"))
    for path in (clone, work, here, disk):
        path.mkdir()
    (work / "results").symlink_to(disk)
    return copy_workflow(clone), work, here


def snakemake(folder: Path, *arguments, prefix=(), **options):
    """Run Snakemake to its end in a folder."""
    return subprocess.run(
        [*prefix, *command(*arguments, **options)],
        cwd=folder, env=environment(), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=900,
    )  # fmt: skip


def compared(folder: Path) -> dict[str, bytes]:
    """What must be the same to the byte: data sets, rankings, outcomes, tables, figures and weights."""
    names = ("d0.jsonl", "dataset.jsonl", "samples.jsonl", "executions.jsonl", "judgements.jsonl", "comparisons.jsonl",
             "ranking.jsonl", "critiques.jsonl", "outcomes.jsonl", "model.safetensors", "tokenizer.json")  # fmt: skip
    results = folder / "results" / "reduced"
    paths = [path for name in names for path in results.rglob(name)]
    paths += [
        path for kind in ("tables", "figures") for path in (results / kind).iterdir() if "manifest" not in path.name
    ]
    return {str(path.relative_to(results)): path.read_bytes() for path in sorted(paths)}
