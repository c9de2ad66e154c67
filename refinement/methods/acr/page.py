"""What the result page says about the settings of an ACR experiment."""

from collections.abc import Mapping, Sequence
from typing import Any

from refinement.experiment.experiment import Experiment
from refinement.results.text import as_text


def facts(experiment: Experiment) -> list[tuple[str, str]]:
    """The main sizes of the experiment, as pairs of a term and its value."""
    config = experiment.config
    return [
        ("Size of D_0", f"{config['instructions']['d0_size']} instructions"),
        ("Samples n", f"{config['scoring']['samples']} answers of the student to each instruction and iteration"),
        ("Iterations T", str(experiment.final)),
    ]


def _steps(benchmark: Mapping[str, Any]) -> str:
    """The numbers of steps of a composed benchmark's tasks, with their weights; empty for any other benchmark."""
    return as_text([f"{steps} ({weight})" for steps, weight in benchmark.get("depths", {}).items()])


def described(experiment: Experiment) -> dict[str, Sequence[Sequence[Any]]]:
    """Tables of roles, students, variants and benchmarks, by heading; the first row of each holds the column names."""
    roles = [
        (role, experiment.roles[role]["backend"], experiment.roles[role].get("model", "each student below"))
        for role in ("teacher", "judge", "critic", "student")
    ]
    students = [
        (entry["title"], entry.get("model", "pre-trained in this run"), as_text(entry["training"]))
        for entry in experiment.students.values()
    ] + [(entry["title"], entry["model"], "none: a baseline") for entry in experiment.baselines.values()]
    variants = [
        (entry["title"], entry["iterations"], entry["on_self_win"], entry["on_original_win"], entry["loss"],
         "; ".join(f"{name}: {as_text(entry[name])}" for name in ("training", "teacher") if name in entry))
        for entry in experiment.variants.values()
    ]  # fmt: skip
    benchmarks = [
        (entry["title"], entry.get("size", f"all of {as_text(entry.get('path') or entry.get('source'))}"),
         _steps(entry), entry["decoding"]["samples"], entry["decoding"]["temperature"])
        for entry in experiment.benchmarks.values()
    ]  # fmt: skip
    heads = ("Variant", "Iterations", "Where its own answer wins", "Where the original wins", "Loss on turns", "Other")
    return {
        "Roles": [("Role", "Backend", "Model"), *roles],
        "Students": [("Student", "Base", "Training"), *students],
        "Variants": [heads, *variants],
        "Benchmarks": [("Benchmark", "Tasks", "Steps (weight)", "Answers a task", "Temperature"), *benchmarks],
    }
