"""How an experiment trains its students: base models, settings, and the command line that starts the processes."""

from collections.abc import Mapping
from typing import Any

from refinement.experiment.commands import as_json, existing_path, option
from refinement.experiment.experiment import Experiment
from refinement.experiment.paths import STUDENT

_OF_THE_JOB = ("nodes", "devices", "threads")  # how many processes train; any number trains the same model
_CHECKPOINTS = ("checkpoint_steps", "checkpoint_minutes")  # how much a killed training loses; the model is the same


def _merged(experiment: Experiment, *overrides: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(experiment.config["training"])
    for override in overrides:
        found.update(override)
    return found


def checkpoints(experiment: Experiment, *overrides: Mapping[str, Any]) -> str:
    """When a training writes checkpoints, as JSON: settings that change no weight, so that no rule compares them."""
    found = _merged(experiment, *overrides)
    return as_json({name: found[name] for name in _CHECKPOINTS})


def settings(experiment: Experiment, run: str, *overrides: Mapping[str, Any], stage: tuple[str, ...]) -> str:
    """The common training settings with those of a student and a variant, and a seed for the ``stage``, as JSON."""
    found = _merged(experiment, *overrides)
    decide = {name: value for name, value in found.items() if name not in (*_OF_THE_JOB, *_CHECKPOINTS)}
    return as_json({**decide, "seed": experiment.seed(run, "training", *stage) % 2**31})


def own_settings(experiment: Experiment, student: str, variant: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The training settings that a student changes, and those that a variant changes."""
    return experiment.students[student]["training"], experiment.variants[variant].get("training", {})


def deepspeed(experiment: Experiment, *overrides: Mapping[str, Any]) -> list[str]:
    """The file of DeepSpeed's settings, as the input of a rule; empty if the training does not use DeepSpeed."""
    found = None
    for entry in (experiment.config["training"], *overrides):
        found = entry.get("deepspeed", found)
    return [found] if found else []


def start_command(experiment: Experiment, step: str, *overrides: Mapping[str, Any]) -> str:
    """The command line that starts a training step: one process, several processes, or several nodes with srun.

    ``step``: ``area/verb_noun``, in the folder that the environment variable $STEPS names. DeepSpeed needs the
    environment that torchrun sets up, even for one process.
    """
    nodes, devices = experiment.config["training"]["nodes"], experiment.config["training"]["devices"]
    if nodes * devices == 1 and not deepspeed(experiment, *overrides):
        return f'python "$STEPS/{step}.py"'
    launch = f'python "$STEPS/engines/launch_processes.py" --nodes {nodes} --devices {devices}'
    node = f'{launch} -- "$STEPS/{step}.py"'
    return node if nodes == 1 else f"srun --nodes={nodes} --ntasks={nodes} --ntasks-per-node=1 {node}"


def start_model(experiment: Experiment, run: str, student: str) -> str:
    """A student's base model: a folder, or the name of a model on the hub."""
    return experiment.students[student].get("model", f"{STUDENT.format(run=run, student=student)}/base")


def start_files(experiment: Experiment, run: str, student: str) -> list[str]:
    """The folder of a student's base model, as the input of a rule; empty if the model is on the hub."""
    start = start_model(experiment, run, student)
    return existing_path(start) if "model" in experiment.students[student] else [start]


def chat_template(experiment: Experiment, student: str) -> list[str]:
    """The chat template that replaces that of a student's base model from the hub; empty if none does."""
    entry = experiment.students[student]
    return [entry["chat_template"]] if "model" in entry and "chat_template" in entry else []


def token_arguments(experiment: Experiment, student: str) -> list[str]:
    """Command-line options for what the tokenizer of a base from the hub needs changed."""
    entry = experiment.students[student]
    names = [name for name in ("eos_token", "pad_token") if name in entry]
    return option("chat-template", chat_template(experiment, student)) + [
        f"--{name.replace('_', '-')}={entry[name]}" for name in names
    ]


def logs(experiment: Experiment, run: str = "{run}") -> list[str]:
    """The training logs of all models of the method, student by student."""
    main = experiment.main_variant
    return [
        path
        for student in experiment.students
        for path in experiment.files_by_iteration(student, main, "model.log.json", run)
    ]


def log_entries(experiment: Experiment) -> list[dict[str, Any]]:
    """The title of the student and the iteration of each log of :func:`logs`."""
    return [
        {"student": student["title"], "iteration": iteration}
        for student in experiment.students.values()
        for iteration in experiment.iterations(experiment.main_variant)
    ]
