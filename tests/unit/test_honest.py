"""Honest programs are never failed; benchmarks' own solutions where their data are."""

import subprocess
import sys

import pytest

import honest
from refinecoder.sandbox import jail
from refinecoder.sandbox.pool import execute_all, probe


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


@pytest.mark.faults
@pytest.mark.parametrize("loaded", [False, True])
@pytest.mark.parametrize("benchmark", [honest.humaneval, honest.mbpp, honest.bigcodebench])
def test_all_canonical_solutions_pass_five_times(benchmark, loaded):
    lines = benchmark()
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 if loaded else 0)]
    try:
        for _ in range(5):
            assert failures(lines) == {}
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()
