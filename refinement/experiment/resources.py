"""The resources that each kind of job requests from a cluster; they do not change any result."""

import tempfile
from collections.abc import Callable
from typing import Any

from refinement.experiment.experiment import Entry, Experiment

_FOLDER = tempfile.gettempdir()


def shards(experiment: Experiment, kind: str) -> range:
    """The numbers of the shards of a kind of work."""
    return range(1, experiment.config["shards"][kind] + 1)


def gpus(experiment: Experiment, kind: str, answering: Entry | None = None) -> int:
    """The number of GPUs of a job: those of the server that it starts, or 0 if no model runs in the job.

    ``answering``: a config entry to use instead of that of the role for this kind of work.
    """
    entry = answering or experiment.roles.get("student" if kind == "benchmark" else kind)
    if entry and entry["backend"] == "server":
        return entry["options"].get("gpus", 0)
    idle = entry and entry["backend"] != "transformers"
    return 0 if idle else experiment.config["resources"][kind]["gpu"]


def resources(
    experiment: Experiment, kind: str, gpu_model: str, answering: Callable[[Any], Entry] | None = None
) -> dict[str, Any]:
    """The resources of the rules for a kind of work; each further attempt requests more memory and time.

    ``gpu_model``: the GPU model of the profile, or an empty text; ``answering``: an input function that returns the
    config entry by which a job's model answers, for a rule whose jobs use different entries.
    """
    asked, largest = experiment.config["resources"][kind], experiment.config["resources"]["largest"]
    count = gpus(experiment, kind)
    found = {
        "gpu": count,
        "nodes": asked["nodes"],
        "cpus_per_task": asked["cpus"],
        "mem_mb": lambda wildcards, attempt: min(asked["mem_mb"] * attempt, largest["mem_mb"]),
        "runtime": lambda wildcards, attempt: min(asked["runtime"] * attempt, largest["runtime"]),
        # Snakemake's defaults for these two read the size of every input of every job: a fifth of a dry run's time.
        "tmpdir": _FOLDER,
        "disk_mb": 1000,
    }
    if asked["nodes"] > 1:
        # One task for each node; srun, in the rule's command, starts the tasks, and each starts its node's processes.
        found |= {"tasks": asked["nodes"], "tasks_per_gpu": 0, "mpi": "srun"}
        found["slurm_extra"] = "--ntasks-per-node=1"
        if count:
            # With only the sum of GPUs, SLURM may give 7 to one node and 1 to the other.
            each = [gpu_model, str(count // asked["nodes"])]
            found["slurm_extra"] += f" --gpus-per-node={':'.join(filter(None, each))}"
    if answering:
        found["gpu"] = lambda wildcards: gpus(experiment, kind, answering(wildcards))
        model = lambda wildcards: gpu_model if gpus(experiment, kind, answering(wildcards)) else ""  # noqa: E731
        return {**found, "gpu_model": model}
    # A GPU model from the profile would make SLURM give a GPU to a job that requests none.
    return found if count else {**found, "gpu_model": ""}
