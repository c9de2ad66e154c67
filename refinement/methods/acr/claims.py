"""Measure the claims of RefineCoder, and our controls, as effects in one run."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from refinement.results.claims import Chain, Effect, paired_effect

SELF_BAND = "Self-generated answer, single turn"  # the name of a band of figure 5, and of the column with its shares


def gains(chain: Chain, final: int, seed: int) -> Iterator[Effect]:
    """Measure the gain of each iteration, the lead of the first gain over later gains, and the decline after T.

    ``final``: T, the last iteration of the method's tables.
    """
    passes = chain.passes
    for t in range(1, min(final, chain.last) + 1):
        name = f"{chain.title}: iteration {t} over {t - 1}"
        yield paired_effect("gains_at_each_iteration", name, passes[t], passes[t - 1], seed)
    for t in range(2, min(final, chain.last) + 1):
        first = {name: passes[1][name] - passes[0][name] for name in passes[0]}
        later = {name: passes[t][name] - passes[t - 1][name] for name in passes[0]}
        yield paired_effect("first_gain_is_largest", f"{chain.title}: gain 1 over gain {t}", first, later, seed)
    for t in range(final + 1, chain.last + 1):
        name = f"{chain.title}: iteration {final} over {t}"
        yield paired_effect("declines_after_third", name, passes[final], passes[t], seed)


def _removed_module(variant: Mapping[str, Any]) -> str | None:
    """The refining module that a variant removes; None unless the variant changes exactly one and nothing else."""
    if variant["loss"] != "all" or "teacher" in variant or "training" in variant:
        return None
    modules = {"on_self_win": "replace", "on_original_win": "critique"}
    changed = [key for key, value in modules.items() if variant[key] != value]
    return changed[0] if len(changed) == 1 else None


def ablations(chains: Sequence[Chain], seed: int) -> Iterator[Effect]:
    """Measure what the score loses without each refining module, and which of the two removals costs more.

    ``chains``: the chains of all variants on one benchmark, the method's own first. A module can have
    several variants that remove it, since the paper does not define the removal.
    """
    method, *others = chains
    removed: dict[str, list[Chain]] = {"on_self_win": [], "on_original_win": []}
    for other in others:
        module, t = _removed_module(other.variant), other.last
        if module and t:
            name = f"{method.title}: over '{other.variant['title']}' at {t}"
            yield paired_effect("either_module_matters", name, method.passes[t], other.passes[t], seed)
            removed[module].append(other)
    for without_self, without_critique in zip(removed["on_self_win"], removed["on_original_win"], strict=False):
        t = min(without_self.last, without_critique.last)
        name = f"{method.title}: '{without_self.variant['title']}' over '{without_critique.variant['title']}'"
        yield paired_effect("critiques_matter_more", name, without_self.passes[t], without_critique.passes[t], seed)


def controls(chains: Sequence[Chain], seed: int) -> Iterator[Effect]:
    """Measure the method against each control; takes the same arguments as :func:`ablations`.

    A control without iterations is compared with the method at the last iteration that any other variant has.
    """
    method, *others = chains
    for other in others:
        variant, t = other.variant, other.last
        at = t or max(chain.last for chain in others)
        method_passes, control_passes = method.passes.get(at, method.passes[method.last]), other.passes[t]
        name = f"{method.title}: at {at}"
        if "training" in variant:
            yield paired_effect("control_longer", name, method_passes, control_passes, seed)
        elif variant.get("teacher", {}).get("errors") == "none":
            yield paired_effect("control_ceiling", name, control_passes, method_passes, seed)
        elif variant.get("teacher", {}).get("errors") == "independent" and t:
            method_gain = {key: method_passes[key] - method.passes[0][key] for key in method_passes}
            control_gain = {key: control_passes[key] - other.passes[0][key] for key in control_passes}
            yield paired_effect("control_independent", name, method_gain, control_gain, seed)
        elif variant["loss"] == "last" and t:
            yield paired_effect("control_last_turn", name, method_passes, control_passes, seed)
        elif variant["on_original_win"] == "single" and _removed_module(variant) and t:
            yield paired_effect("control_single", name, method_passes, control_passes, seed)


def falling_shares(claim: str, shares: Sequence[float], records: Sequence[int]) -> Iterator[Effect]:
    """Measure how much the shares fall from each iteration to the next.

    ``shares``: percent, for D_1, D_2, ...; ``records``: the number of records of each of these data sets. The 95%
    interval is the normal approximation for the difference of two proportions.
    """
    for t, (before, after) in enumerate(pairwise(shares), start=1):
        p, q = before / 100, after / 100
        width = 196 * math.sqrt(p * (1 - p) / records[t - 1] + q * (1 - q) / records[t])
        yield Effect(claim, f"D_{t} over D_{t + 1}", before - after, before - after - width, before - after + width)
