"""Claims as effects: differences that should be above 0, with intervals, and the verdict on each claim.

An effect is measured in each run separately. With several seeds, its interval is the interval of the mean over
seeds. With one seed, it is a bootstrap over problems, which does not contain the variation between training runs.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import t as student_t

from refinement.benchmarks.metrics import bootstrap_interval
from refinement.records.randomness import hash_seed
from refinement.records.record_types import Record
from refinement.sandbox.record_types import NOT_RUN

HOLDS, FAILS, NOISE, UNMEASURED = "holds", "does not hold", "within noise", "not measured"
LEVEL = 0.95


class Effect(NamedTuple):
    """A difference in percentage points that should be above 0 if the claim holds.

    ``of``: what is compared; ``low``, ``high``: the bounds of the 95% interval.
    """

    claim: str
    of: str
    value: float
    low: float
    high: float


class Chain(NamedTuple):
    """The outcomes of one variant of a student on one benchmark, over the variant's iterations.

    ``variant``: the variant's config entry; ``title``: the benchmark's; ``passes``: the share of samples that pass
    (a fraction), by iteration and by problem id.
    """

    variant: Mapping[str, Any]
    title: str
    passes: dict[int, dict[str, float]]

    @property
    def last(self) -> int:
        """The last measured iteration."""
        return max(self.passes)


def read_passes(outcomes: Sequence[Record]) -> dict[int, dict[str, float]]:
    """The share of samples that pass (a fraction), by iteration and problem; skips problems that were not executed."""
    found: dict[int, dict[str, list[int]]] = {outcome["iteration"]: {} for outcome in outcomes}
    for outcome in outcomes:
        if outcome["verdict"] != NOT_RUN:
            found[outcome["iteration"]].setdefault(outcome["id"], []).append(outcome["passed"])
    return {t: {name: statistics.fmean(passed) for name, passed in problems.items()} for t, problems in found.items()}


def on_common_problems(chains: Sequence[Chain]) -> list[Chain]:
    """The chains, restricted to the problems that were executed in every chain at every iteration.

    Empty if there is no such problem.
    """
    all_passes = [passes for chain in chains for passes in chain.passes.values()]
    common = set.intersection(*map(set, all_passes)) if all_passes else set()
    if not common:
        return []
    return [
        chain._replace(
            passes={
                t: {name: share for name, share in problems.items() if name in common}
                for t, problems in chain.passes.items()
            }
        )
        for chain in chains
    ]


def paired_effect(claim: str, of: str, better: Mapping[str, float], worse: Mapping[str, float], seed: int) -> Effect:
    """The effect ``better`` minus ``worse`` over the same problems, with the interval of a paired bootstrap.

    ``better``, ``worse``: fractions by problem id.
    """
    values = [100 * (better[name] - worse[name]) for name in better]
    return Effect(claim, of, statistics.fmean(values), *bootstrap_interval(values, hash_seed(seed, "effect")))


def combine_seeds(effects: Sequence[Effect]) -> Effect:
    """Combine one effect from several runs: the mean over seeds, with the interval of Student's t distribution."""
    if len(effects) == 1:
        return effects[0]
    values = np.array([effect.value for effect in effects])
    half = student_t.ppf((1 + LEVEL) / 2, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))
    mean = float(values.mean())
    return Effect(effects[0].claim, effects[0].of, mean, mean - float(half), mean + float(half))


def decide_verdict(effects: Sequence[Effect]) -> str:
    """The verdict on a claim: it holds if the intervals of all effects are above 0, and fails if any is below 0."""
    if not effects:
        return UNMEASURED
    if any(effect.high < 0 for effect in effects):
        return FAILS
    return HOLDS if all(effect.low > 0 for effect in effects) else NOISE
