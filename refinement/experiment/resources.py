"""What the jobs of each kind of work ask a cluster for; nothing of it changes a result."""

import tempfile
from collections.abc import Callable
from typing import Any

from refinement.experiment.experiment import Entry, Experiment

_FOLDER = tempfile.gettempdir()


def shards(experiment: Experiment, kind: str) -> range:
    """Numbers of the shards of a kind of work."""
    return range(1, experiment.config["shards"][kind] + 1)


def gpus(experiment: Experiment, kind: str, answering: Entry | None = None) -> int:
    """GPUs of a job: those of the server that it starts, and none where no model runs in it.

    ``answering``: who answers, where that is not the role of that kind of work.
    """
    entry = answering or experiment.roles.get("student" if kind == "benchmark" else kind)
    if entry and entry["backend"] == "server":
        return entry["options"].get("gpus", 0)
    idle = entry and entry["backend"] != "transformers"
    return 0 if idle else experiment.config["resources"][kind]["gpu"]


def resources(
    experiment: Experiment, kind: str, gpu_model: str, answering: Callable[[Any], Entry] | None = None
) -> dict[str, Any]:
    """Resources of the rules of a kind of work; a further attempt asks for more memory and time.

    ``gpu_model``: the profile's, empty where it names none; ``answering``: input
    function that tells who answers, where the jobs of a rule differ in that.
    """
    asked, largest = experiment.config["resources"][kind], experiment.config["resources"]["largest"]
    count = gpus(experiment, kind)
    found = {
        "gpu": count,
        "nodes": asked["nodes"],
        "cpus_per_task": asked["cpus"],
        "mem_mb": lambda wildcards, attempt: min(asked["mem_mb"] * attempt, largest["mem_mb"]),
        "runtime": lambda wildcards, attempt: min(asked["runtime"] * attempt, largest["runtime"]),
        # Snakemake's own defaults for these look at the size of every input, for each job: a fifth of a dry run.
        "tmpdir": _FOLDER,
        "disk_mb": 1000,
    }
    if asked["nodes"] > 1:
        # One task a node, which starts that node's processes; srun, within the rule, starts the tasks.
        found |= {"tasks": asked["nodes"], "tasks_per_gpu": 0, "mpi": "srun"}
        found["slurm_extra"] = "--ntasks-per-node=1"
        if count:
            # By their sum alone SLURM may give one node 7 and the other 1.
            each = [gpu_model, str(count // asked["nodes"])]
            found["slurm_extra"] += f" --gpus-per-node={':'.join(filter(None, each))}"
    if answering:
        found["gpu"] = lambda wildcards: gpus(experiment, kind, answering(wildcards))
        model = lambda wildcards: gpu_model if gpus(experiment, kind, answering(wildcards)) else ""  # noqa: E731
        return {**found, "gpu_model": model}
    # A profile's gpu_model would get a GPU for a job that asks for none.
    return found if count else {**found, "gpu_model": ""}
