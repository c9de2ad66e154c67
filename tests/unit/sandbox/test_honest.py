"""Honest programs are never failed; benchmarks' own solutions where their data are."""

import pytest

from refinement.sandbox import jail
from refinement.sandbox.pool import execute_all, probe
from support import honest


def failures(lines, tier="auto", workers=2):
    """What was not passed, by name."""
    return {run["id"]: run for run in execute_all(lines, workers, tier) if run["verdict"] != "passed"}


@pytest.mark.parametrize("tier", jail.TIERS)
def test_honest_programs_pass_in_every_tier(tier):
    if fault := probe(tier):
        pytest.skip(f"{tier}: {fault}")
    assert failures(honest.own(), tier) == {}


@pytest.mark.parametrize(
    ("benchmark", "size", "step"), [(honest.humaneval, 164, 4), (honest.mbpp, 974, 16), (honest.bigcodebench, 293, 10)]
)
def test_canonical_solutions_pass(benchmark, size, step):
    lines = benchmark()
    assert len(lines) == size
    assert failures(lines[::step]) == {}
