"""The claims of RefineCoder and our controls, as effects of one run."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from refinement.results.claims import Chain, Effect, paired

SELF_BAND = "Self-generated answer, single turn"  # a column of figure 5's data


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
