"""How an experiment measures leakage: files and options for data sets, and for critiques and responses by iteration."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from refinement.experiment.benchmarks import problems
from refinement.experiment.commands import as_list
from refinement.experiment.experiment import Entry, Experiment
from refinement.experiment.paths import RUN

GATE_NUMBERS = ("k", "nearest", "threshold", "stretch")


def datasets(experiment: Experiment) -> dict[str, Entry]:
    """The data sets of the leakage table, by name."""
    return {entry["name"]: entry for entry in experiment.config["leakage"]["datasets"]}


def questions(experiment: Experiment) -> dict[str, Entry]:
    """The benchmarks whose questions training data must not hold, by name."""
    return {entry["name"]: entry for entry in experiment.config["leakage"]["benchmarks"]}


def solved(experiment: Experiment) -> list[str]:
    """The names of the benchmarks with canonical solutions, against which responses are measured."""
    return [name for name, entry in questions(experiment).items() if "solution" in entry]


def turn_measures(experiment: Experiment) -> list[str]:
    """The texts that are measured by iteration: critiques and, if any benchmark has canonical solutions, responses."""
    return ["critiques", "responses"] if solved(experiment) else ["critiques"]


def _places(experiment: Experiment, run: str, name: str) -> list[str]:
    """The places of a benchmark's questions: the sources that the config names, or this run's problems."""
    return as_list(questions(experiment)[name].get("source") or problems(experiment, run, name))


def question_files(experiment: Experiment, run: str) -> list[str]:
    """The local files with the questions of all benchmarks, as inputs of a rule."""
    named = questions(experiment)
    places = [(name, place) for name in named for place in _places(experiment, run, name)]
    return [place for name, place in places if "source" not in named[name] or Path(place).exists()]


def question_arguments(experiment: Experiment, run: str, part: str, names: Iterable[str] | None = None) -> list[str]:
    """The command-line options of measure_leakage for benchmarks.

    ``part``: "field" for their questions, "solution" for their canonical solutions; ``names``: some benchmarks instead
    of all.
    """
    named = questions(experiment)
    chosen = list(named if names is None else names)
    entries = [named[name] for name in chosen]
    mentions = [entry.get("mention", "") for entry in entries]
    places = [(name, place) for name in chosen for place in _places(experiment, run, name)]
    return [
        *("--benchmark", *(f"{name}={place}" for name, place in places)),
        *("--benchmark-field", *(named[name][part] for name, _ in places)),
        *("--benchmark-records", *(entry.get("records", "all") for entry in entries)),
        *(("--benchmark-mention", *mentions) if any(mentions) else ()),
    ]


def dataset_place(experiment: Experiment, run: str, name: str) -> str:
    """The file or the source of a data set of the leakage table."""
    entry, folder = datasets(experiment)[name], RUN.format(run=run)
    own = {"d0": f"{folder}/d0.jsonl", "leaky": f"{folder}/leakage/{name}.jsonl"}
    return entry.get("source") or own[entry["kind"]]


def dataset_files(experiment: Experiment, run: str) -> list[str]:
    """The local files of the data sets, as inputs of a rule."""
    entries = datasets(experiment)
    places = {name: dataset_place(experiment, run, name) for name in entries}
    return [place for name, place in places.items() if "source" not in entries[name] or Path(place).exists()]


def dataset_arguments(experiment: Experiment, run: str) -> list[str]:
    """The command-line options of measure_leakage for the data sets."""
    entries = datasets(experiment)
    fields = [entry.get("field", "instruction") for entry in entries.values()]
    places = [f"{name}={dataset_place(experiment, run, name)}" for name in entries]
    return ["--train", *places, "--train-field", *fields]


def datasets_by_iteration(experiment: Experiment, run: str, student: str) -> list[str]:
    """The files of the method's D_0 to D_T."""
    later = experiment.files_by_iteration(student, experiment.main_variant, "dataset.jsonl", run)
    return [f"{RUN.format(run=run)}/d0.jsonl", *later[1 : experiment.final + 1]]


def iteration_arguments(paths: Iterable[str]) -> list[str]:
    """The command-line options of measure_leakage for the data sets of all iterations."""
    places = [f"iter_{number}={path}" for number, path in enumerate(paths)]
    return ["--train", *places, "--train-field", "messages"]


def numbers(experiment: Experiment, *names: str) -> list[str]:
    """The command-line options of measure_leakage for settings of the config's ``leakage``."""
    return [f"--{name}={experiment.config['leakage'][name]}" for name in names]


def entries(experiment: Experiment) -> dict[str, Any]:
    """The config's entries of the data sets and benchmarks in the leakage table and figure."""
    return {key: experiment.config["leakage"][key] for key in ("datasets", "benchmarks")}


def turn_entries(experiment: Experiment) -> dict[str, Any]:
    """The measure and the title of the student for each file of measured turns, and the benchmarks' entries."""
    files = [
        {"measure": measure, "student": student["title"]}
        for student in experiment.students.values()
        for measure in turn_measures(experiment)
    ]
    return {"files": files, "benchmarks": experiment.config["leakage"]["benchmarks"]}
