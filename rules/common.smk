"""What all rules share: the experiment, where its files lie, and what its jobs ask a cluster for."""

import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(workflow.basedir))

from refinement.experiment import answering, benchmarks, resources, training
from refinement.experiment.commands import as_json, existing_path, option
from refinement.experiment.configuration import check_config, complete_config
from refinement.experiment.experiment import MEASURED, Experiment
from refinement.experiment.paths import BASELINES, BENCHMARK, ITERATION, LOGS, RUN, STUDENT, TIMES, VARIANT
from refinement.experiment.paths import logs_of, times_of
from refinement.records.digest import code_digest
from refinement.records.errors import BadInput
from refinement.running.command_line import show_library

PROJECT = Path(workflow.basedir)
show_library(PROJECT)
ENVIRONMENT = f"{PROJECT}/envs/default.yaml"

try:
    completed = complete_config(config, PROJECT)
    config.clear()
    config.update(completed)
    check_config(config, PROJECT)
except BadInput as error:
    sys.exit(f"error: {error}")

EXPERIMENT = Experiment(config, PROJECT)


def any_of(names):
    """Pattern that matches exactly these names; nothing where there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


def seed_of(wildcards):
    """The seed of a run."""
    return EXPERIMENT.seed(wildcards.run)


def gpu_model():
    """The model of GPU that the profile names, if it does."""
    named = (workflow.resource_settings.default_resources or {}).get("gpu_model")
    return str(named.raw).strip("'\"") if named else ""


def asks_for(kind, answering=None):
    """Resources of the rules of a kind of work; ``answering``: who answers, where a rule's jobs differ in that."""
    return resources.resources(EXPERIMENT, kind, gpu_model(), answering)


def shards_of(kind):
    """Numbers of the shards of a kind of work."""
    return resources.shards(EXPERIMENT, kind)


def answers_of(role, reader):
    """Parameter: what decides the answers of a role that ``reader`` reads; Snakemake compares it."""
    return lambda wildcards: answering.deciding_arguments(EXPERIMENT, role, reader, wildcards.run)


def sending_of(role):
    """Parameter: how a role's requests are sent; Snakemake compares no parameter that is made from outputs."""
    return lambda wildcards, output: answering.sending_arguments(EXPERIMENT, role, wildcards.run, output)


def sampling_of(role):
    """A role's sampling settings, as JSON."""
    return answering.sampling(EXPERIMENT, role)
