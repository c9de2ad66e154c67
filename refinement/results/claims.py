"""Claims as effects: differences that should be above 0, with their intervals, and the verdict on a claim.

An effect is measured in each run by itself. Over several seeds its interval is
that of the mean over seeds; of one run it is a bootstrap over problems, which
does not contain the variation between training runs.
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
    """A difference in percentage points that the claim says is above 0.

    ``low``, ``high``: its 95% interval.
    """

    claim: str
    of: str
    value: float
    low: float
    high: float


class Chain(NamedTuple):
    """The outcomes of one variant of a student on one benchmark.

    ``passes``: by iteration, a share of samples that pass for each problem, by
    its id; ``title``: the benchmark's.
    """

    variant: Mapping[str, Any]
    title: str
    passes: dict[int, dict[str, float]]

    @property
    def last(self) -> int:
        """Its last iteration."""
        return max(self.passes)


def read_passes(outcomes: Sequence[Record]) -> dict[int, dict[str, float]]:
    """Share of samples that pass, by iteration and problem; of no problem that was not run."""
    found: dict[int, dict[str, list[int]]] = {outcome["iteration"]: {} for outcome in outcomes}
    for outcome in (outcome for outcome in outcomes if outcome["verdict"] != NOT_RUN):
        found.setdefault(outcome["iteration"], {}).setdefault(outcome["id"], []).append(outcome["passed"])
    return {t: {name: statistics.fmean(passed) for name, passed in by.items()} for t, by in found.items()}


def on_common_problems(chains: Sequence[Chain]) -> list[Chain]:
    """The chains over the problems that were run in all of them, at all iterations; none where there are none."""
    all_passes = [passes for chain in chains for passes in chain.passes.values()]
    common = set.intersection(*map(set, all_passes)) if all_passes else set()
    if not common:
        return []
    return [
        chain._replace(
            passes={t: {name: share for name, share in by.items() if name in common} for t, by in chain.passes.items()}
        )
        for chain in chains
    ]


def paired(claim: str, of: str, better: Mapping[str, float], worse: Mapping[str, float], seed: int) -> Effect:
    """``better`` minus ``worse`` over the same problems, with a paired bootstrap."""
    values = [100 * (better[name] - worse[name]) for name in better]
    return Effect(claim, of, statistics.fmean(values), *bootstrap_interval(values, hash_seed(seed, "effect")))


def over_seeds(effects: Sequence[Effect]) -> Effect:
    """One effect measured in several runs: its mean, with Student's interval of the mean over seeds."""
    if len(effects) == 1:
        return effects[0]
    values = np.array([effect.value for effect in effects])
    half = student_t.ppf((1 + LEVEL) / 2, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))
    mean = float(values.mean())
    return Effect(effects[0].claim, effects[0].of, mean, mean - float(half), mean + float(half))


def decide(effects: Sequence[Effect]) -> str:
    """The verdict on a claim: it holds if every effect is above noise, and fails if one is below it."""
    if not effects:
        return UNMEASURED
    if any(effect.high < 0 for effect in effects):
        return FAILS
    return HOLDS if all(effect.low > 0 for effect in effects) else NOISE
