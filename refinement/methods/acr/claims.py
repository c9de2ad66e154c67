"""The paper's claims and our controls as effects: differences that should be above 0, with their intervals.

An effect is measured in each run by itself. Over several seeds its interval is
that of the mean over seeds; of one run it is a bootstrap over problems, which
does not contain the variation between training runs.
"""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import t as student_t

from refinement.benchmarks.metrics import bootstrap_interval
from refinement.records.randomness import hash_seed
from refinement.records.record_types import Record
from refinement.sandbox.record_types import NOT_RUN

HOLDS, FAILS, NOISE, UNMEASURED = "holds", "does not hold", "within noise", "not measured"
LEVEL = 0.95
SELF_BAND = "Self-generated answer, single turn"  # a column of figure 5's data

CONTROLS: Mapping[str, str] = {
    "control_longer": "Twice the epochs on D_0 do not explain the gain",
    "control_single": "The critique's turns help more than the same answers as single turns",
    "control_last_turn": "Loss on all turns is better than on the last alone",
    "control_ceiling": "All-correct answers, without refinement, are better than the method",
    "control_independent": "Where errors belong to no phrase, refinement gains less than where they do",
}


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


def gains(chain: Chain, final: int, seed: int) -> Iterator[Effect]:
    """What each iteration of the method brings, whether the first brings most, what comes after T."""
    passes = chain.passes
    for t in range(1, min(final, chain.last) + 1):
        name = f"{chain.title}: iteration {t} over {t - 1}"
        yield paired("gains_at_each_iteration", name, passes[t], passes[t - 1], seed)
    for t in range(2, min(final, chain.last) + 1):
        first = {name: passes[1][name] - passes[0][name] for name in passes[0]}
        later = {name: passes[t][name] - passes[t - 1][name] for name in passes[0]}
        yield paired("first_gain_is_largest", f"{chain.title}: gain 1 over gain {t}", first, later, seed)
    for t in range(final + 1, chain.last + 1):
        name = f"{chain.title}: iteration {final} over {t}"
        yield paired("declines_after_third", name, passes[final], passes[t], seed)


def _module_of(variant: Mapping[str, Any]) -> str | None:
    if variant["loss"] != "all" or "teacher" in variant or "training" in variant:
        return None
    changed = [key for key, own in (("on_self_win", "replace"), ("on_original_win", "critique")) if variant[key] != own]
    return changed[0] if len(changed) == 1 else None


def ablations(chains: Sequence[Chain], seed: int) -> Iterator[Effect]:
    """What each module brings, by its readings, and which brings more.

    ``chains``: the method's first, then its siblings', all on one benchmark.
    """
    method, *siblings = chains
    removed: dict[str, list[Chain]] = {"on_self_win": [], "on_original_win": []}
    for sibling in siblings:
        module, t = _module_of(sibling.variant), sibling.last
        if module and t:
            name = f"{method.title}: over '{sibling.variant['title']}' at {t}"
            yield paired("either_module_matters", name, method.passes[t], sibling.passes[t], seed)
            removed[module].append(sibling)
    for without_self, without_critique in zip(removed["on_self_win"], removed["on_original_win"], strict=False):
        t = min(without_self.last, without_critique.last)
        name = f"{method.title}: '{without_self.variant['title']}' over '{without_critique.variant['title']}'"
        yield paired("critiques_matter_more", name, without_self.passes[t], without_critique.passes[t], seed)


def controls(chains: Sequence[Chain], seed: int) -> Iterator[Effect]:
    """What the controls say; arguments as for :func:`ablations`."""
    method, *siblings = chains
    for sibling in siblings:
        variant, t = sibling.variant, sibling.last
        at = t or max(other.last for other in siblings)
        mine, theirs = method.passes.get(at, method.passes[method.last]), sibling.passes[t]
        name = f"{method.title}: at {at}"
        if "training" in variant:
            yield paired("control_longer", name, mine, theirs, seed)
        elif variant.get("teacher", {}).get("errors") == "none":
            yield paired("control_ceiling", name, theirs, mine, seed)
        elif variant.get("teacher", {}).get("errors") == "independent" and t:
            gained = {key: mine[key] - method.passes[0][key] for key in mine}
            here = {key: theirs[key] - sibling.passes[0][key] for key in theirs}
            yield paired("control_independent", name, gained, here, seed)
        elif variant["loss"] == "last" and t:
            yield paired("control_last_turn", name, mine, theirs, seed)
        elif variant["on_original_win"] == "single" and _module_of(variant) and t:
            yield paired("control_single", name, mine, theirs, seed)


def falling_shares(claim: str, shares: Sequence[float], records: Sequence[int]) -> Iterator[Effect]:
    """Whether shares (percent) fall from one iteration to the next; normal intervals of two proportions."""
    for t, (before, after) in enumerate(pairwise(shares), start=1):
        p, q = before / 100, after / 100
        width = 196 * math.sqrt(p * (1 - p) / records[t - 1] + q * (1 - q) / records[t])
        yield Effect(claim, f"D_{t} over D_{t + 1}", before - after, before - after - width, before - after + width)


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
