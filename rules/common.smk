"""What the rules share: the config's entries by name, paths, digests, and the run's lock."""

import json
import os
import re
import shlex
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, workflow.basedir)
# Steps and environments that rules bring of their own see the library too.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(workflow.basedir), os.environ.get("PYTHONPATH"))))

from refinement.completion.backends import OPTIONS
from refinement.answers.readers import reader_module
from refinement.benchmarks.kinds import PREPARED, module_name
from refinement.running.cluster import RUN_NAME, end_earlier_runs, end_run, is_wanted, note_run
from refinement.experiment.configuration import check_config
from refinement.records.digest import code_digest
from refinement.running.gpus import offer_gpus
from refinement.records.randomness import hash_seed
from refinement.records.files import BadInput
from refinement.running.workflow_lock import RUN_VARIABLE, claim_run, name_run
from snakemake.persistence import PersistenceBase

LEDGER = ".snakemake"
STEPS = shlex.quote(f"{workflow.basedir}/scripts")


def begin_run():
    """Claim the folder."""
    os.environ.pop(RUN_NAME, None)
    return claim_run(LEDGER)


def begin_cluster_job():
    """In a job's own Snakemake: no claim, and its steps end with it, not with the Snakemake that sent it.

    Nor does it say that its outputs are complete: Snakemake 9.27 would, without a record of how they
    were made, and nobody would notice if the code changed before a killed run is started again.
    """
    if not is_wanted(LEDGER):
        sys.exit(f"error: the run {os.environ[RUN_NAME]} that sent this job is gone; nothing is done")
    os.environ[RUN_VARIABLE] = name_run()

    async def say_nothing(self, job):
        pass

    PersistenceBase.finished = say_nothing


def begin_cluster_run():
    """End what a killed run left on a cluster; leave a note of the name of this run's jobs, where they go to SLURM.

    Where they run here instead, they are dealt the GPUs that a profile names. Before the first job, but not for
    commands that only look.
    """
    name = getattr(workflow.scheduler._executor, "run_uuid", None)
    gpus = workflow.global_resources.get("gpu").value
    try:
        if CLAIM and CLAIM.held(patient=workflow.execution_settings.lock):
            end_earlier_runs(LEDGER)
        if name:
            note_run(LEDGER, name)
            # Jobs follow SLURM, not this process, even where a node is this machine.
            os.environ.pop(RUN_VARIABLE, None)
        elif gpus:
            offer_gpus(f"{LEDGER}/gpus", gpus)
    except (BadInput, KeyboardInterrupt) as error:
        sys.exit(f"error: {str(error) or 'interrupted'}")


def end_cluster_run():
    """End what an interrupt left in the queue, and the note; where that fails, the next run does it."""
    try:
        if RUN_NAME in os.environ:
            end_run(LEDGER, os.environ.pop(RUN_NAME), patience=60)
    except BadInput as error:
        print(f"warning: {error}", file=sys.stderr)


try:
    check_config(config)
except BadInput as error:
    sys.exit(f"error: {error}")

if workflow.remote_exec:
    begin_cluster_job()
CLAIM = begin_run() if workflow.is_main_process and not workflow.output_settings.dryrun else None

STUDENTS = {student["name"]: student for student in config["students"]}
VARIANTS = {variant["name"]: variant for variant in config["variants"]}
BASELINES = {baseline["name"]: baseline for baseline in config["baselines"]}
BENCHMARKS = {benchmark["name"]: benchmark for benchmark in config["benchmarks"]}
ROLES = config["roles"]
TABLES = {table: names for table, names in config["tables"].items() if names}
FIGURES = {figure: names for figure, names in config["figures"].items() if names}
LEAKAGE = config["leakage"]
DATASETS = {entry["name"]: entry for entry in LEAKAGE["datasets"]}
QUESTIONS = {entry["name"]: entry for entry in LEAKAGE["benchmarks"]}
# What a kind of benchmark takes from its entry.
KIND_SETTINGS = ("split", "ids", "from", "until", "language", "size", "limit", "unsolvable")
FINAL = config["final_iteration"]
# The run itself lies in results/{experiment}, its repeats by other seeds below it.
RUNS = {config["experiment"]: config["seed"]}
RUNS |= {f"{config['experiment']}/seed_{config['seed'] + n}": config["seed"] + n for n in range(1, config["seeds"])}
RESULTS = "results/{run}"
HOME = f"results/{config['experiment']}"
INSTRUCTIONS = f"{RESULTS}/instructions"
VARIANT = f"{RESULTS}/{{student}}/{{variant}}"
ITERATION = f"{VARIANT}/iter_{{iteration}}"
LOGS = f"{RESULTS}/logs"
TIMES = f"{RESULTS}/times"
ITERATION_LOGS = f"{LOGS}/{{student}}/{{variant}}/iter_{{iteration}}"
ITERATION_TIMES = f"{TIMES}/{{student}}/{{variant}}/iter_{{iteration}}"
READERS = {"judgements": "acr.judgement", "comparisons": "acr.comparison"}
N = config["scoring"]["samples"]
TEMPORARY = tempfile.gettempdir()


def lift_default_job_limit():
    """Take away Snakemake's default limit of 100 jobs a second, which no run here comes near.

    Snakemake 9.27 keeps it by looking at all ready jobs again every second,
    once more for each job that ever ended: after 300 jobs that took half a
    core. A limit that a user sets stays.
    """
    limiter = getattr(workflow.scheduler, "job_rate_limiter", None)
    if limiter and (limiter.max_jobs, limiter.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


def any_of(names):
    """Pattern that matches exactly these names; none of them where there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


def as_list(value):
    """A setting that is one text or a list of them, as a list."""
    return [value] if isinstance(value, str) else value


def as_json(value):
    """A setting as one shell-safe argument (used with :q)."""
    return json.dumps(value, sort_keys=True)


def shards_of(kind):
    """Numbers of the shards of a kind of work."""
    return range(1, config["shards"][kind] + 1)


def gpus_of(kind, entry=None):
    """GPUs of a job: those of its server, and none where no model runs in it.

    ``entry``: who answers, where that is not the role's own.
    """
    entry = entry or ROLES.get("student" if kind == "benchmark" else kind)
    if entry and entry["backend"] == "server":
        return entry["options"].get("gpus", 0)
    idle = entry and entry["backend"] != "transformers"
    return 0 if idle else config["resources"][kind]["gpu"]


def gpu_model():
    """The model of GPU that the profile names, if it does."""
    named = (workflow.resource_settings.default_resources or {}).get("gpu_model")
    return str(named.raw).strip("'\"") if named else ""


def asks_for(kind, answering=None):
    """Resources of the rules of a kind of work; another attempt asks for more.

    ``answering``: input function that tells who answers, where not all jobs of a rule ask the role's own.
    """
    asked, largest, gpus = config["resources"][kind], config["resources"]["largest"], gpus_of(kind)
    resources = {
        "gpu": gpus,
        "nodes": asked["nodes"],
        "cpus_per_task": asked["cpus"],
        "mem_mb": lambda wildcards, attempt: min(asked["mem_mb"] * attempt, largest["mem_mb"]),
        "runtime": lambda wildcards, attempt: min(asked["runtime"] * attempt, largest["runtime"]),
        # Snakemake's own defaults for these look at the size of every input, for each job: a fifth of a dry run.
        "tmpdir": TEMPORARY,
        "disk_mb": 1000,
    }
    if asked["nodes"] > 1:
        # One task a node, which starts that node's processes; srun, within the rule, starts the tasks.
        resources |= {"tasks": asked["nodes"], "tasks_per_gpu": 0, "mpi": "srun"}
        resources["slurm_extra"] = "--ntasks-per-node=1"
        if gpus:
            # By their sum alone SLURM may give one node 7 and the other 1.
            each = [gpu_model(), str(gpus // asked["nodes"])]
            resources["slurm_extra"] += f" --gpus-per-node={':'.join(filter(None, each))}"
    if answering:
        resources["gpu"] = lambda wildcards: gpus_of(kind, answering(wildcards))
        return {**resources, "gpu_model": lambda wildcards: gpu_model() if gpus_of(kind, answering(wildcards)) else ""}
    # A profile's gpu_model would get a GPU for a job that asks for none.
    return resources if gpus else {**resources, "gpu_model": ""}


def backend_code(role, expect, entry=None):
    """Digest of the step that answers requests, of the role's backend and of the reader of its answers.

    ``entry``: who answers, where that is not the role's own.
    """
    entry = entry or ROLES[role]
    backend = entry["backend"]
    names = ["engines/complete_requests", f"refinement.completion.backends.{backend}", reader_module(expect)]
    if backend == "scripted":
        names.append(f"refinement.miniature.lists.{entry.get('model', role)}")
    return code_digest(*names)


def seed_of(wildcards):
    """The seed of a run."""
    return RUNS[wildcards.run]


def home_of(wildcards):
    """The folder of a run."""
    return RESULTS.format(run=wildcards.run)


def replayed_responses(run, output):
    """The responses of an earlier run's same stage, whatever its shards."""
    earlier = Path(run, Path(output).relative_to(HOME))
    stage = earlier.name.rsplit(".", 2)[0]
    return sorted(map(str, earlier.parent.glob(f"{stage}.*.jsonl"))) or [str(earlier)]


def backend_arguments(role, expect, wildcards, output, changes=None, entry=None):
    """Command-line options of complete_requests for a role, with ``changes`` to its options.

    ``entry``: who answers, where that is not the role's own.
    """
    entry = entry or ROLES[role]
    own = OPTIONS[entry["backend"]]
    options = {name: value for name, value in {**entry["options"], **(changes or {})}.items() if name in own}
    if entry["backend"] == "scripted":
        options["seed"] = hash_seed(seed_of(wildcards), "scripted")
    if entry["backend"] == "replay":
        options = {"responses": [file for path in output for file in replayed_responses(options["run"], path)]}
    named = {
        "--backend": entry["backend"],
        "--model": entry.get("model"),
        "--options": as_json(options),
        "--system": entry.get("system"),
        "--expect": expect,
        "--attempts": entry["attempts"],
        "--retry-temperature": entry["retry_temperature"],
        "--max-failed-share": entry["max_failed_share"],
    }
    return [str(part) for name, value in named.items() if value is not None for part in (name, value)]


def backend_of(role, expect):
    """Parameter: command-line options of complete_requests for a role whose answers ``expect`` reads."""
    return lambda wildcards, output: backend_arguments(role, expect, wildcards, output)


def sampling_of(role):
    """A role's sampling settings as JSON."""
    return as_json(ROLES[role]["sampling"])
