"""The reduced miniature, run once a session."""

import os

import pytest

from support.workflow import copy_workflow, snakemake

# No test needs the hub, and where there is no network each look for it takes a minute of tries.
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def reduced(tmp_path_factory):
    """A folder in which the reduced miniature was run, undisturbed, from nothing."""
    folder = copy_workflow(tmp_path_factory.mktemp("reduced"))
    run = snakemake(folder)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return folder
