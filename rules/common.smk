"""What all rules share: the experiment, the paths of its files, and the resources of its jobs."""

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
    """A pattern that matches exactly these names; without names, it matches nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


def seed_of(wildcards):
    """The seed of a run."""
    return EXPERIMENT.seed(wildcards.run)


def gpu_model():
    """The GPU model of the profile, or an empty text if the profile names none."""
    named = (workflow.resource_settings.default_resources or {}).get("gpu_model")
    return str(named.raw).strip("'\"") if named else ""


def asks_for(kind, answering=None):
    """The resources of the rules for a kind of work.

    ``answering``: an input function that returns the config entry by which a job's model answers, for a rule whose jobs
    use different entries.
    """
    return resources.resources(EXPERIMENT, kind, gpu_model(), answering)


def shards_of(kind):
    """The numbers of the shards of a kind of work."""
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
