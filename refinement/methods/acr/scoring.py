"""The composite scoring system: equations 2 to 8 of RefineCoder, section 3.2."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

Score = float | None


class PairScore(NamedTuple):
    """Equation 7 for both sides and equation 8's winner.

    ``winner``: "self", "original", "tie", or "unjudged" where a score is missing.
    """

    score_self: Score
    score_original: Score
    winner: str


def weigh(scores: Mapping[str, float] | None, weights: Mapping[str, float]) -> Score:
    """Equation 2: s = sum_j alpha_j s_j; None without a judgement."""
    if scores is None:
        return None
    return sum(weight * scores[criterion] for criterion, weight in weights.items())


def normalize(sums: Sequence[Score]) -> list[Score]:
    """Equation 3: (s - s_min) / (s_max - s_min) over an instruction's samples.

    Where all are equal the equation divides by zero; each is then 1. Samples
    without a judgement stay None and move neither bound.
    """
    known = [value for value in sums if value is not None]
    if not known:
        return list(sums)
    low, high = min(known), max(known)
    if high == low:
        return [None if value is None else 1.0 for value in sums]
    return [None if value is None else (value - low) / (high - low) for value in sums]


def choose_best(score_point: Sequence[Score], score_exec: Sequence[int]) -> int | None:
    """Equation 5: the sample (counted from 1) with the highest sum, or None.

    ``score_point``: samples 1..n; ``score_exec``: answers 0..n. Ties go to the
    executed one, then to the lowest index. A sample without a judgement
    cannot win.
    """
    judged = [
        (point + score_exec[sample], score_exec[sample], -sample)
        for sample, point in enumerate(score_point, start=1)
        if point is not None
    ]
    return -max(judged)[2] if judged else None


def choose_worst(score_point: Sequence[Score], score_exec: Sequence[int]) -> int | None:
    """The mirror of :func:`choose_best`: the lowest sum, ties to the one that fails to run, then to the last.

    Arguments as there; Table 4's "worst".
    """
    judged = [
        (point + score_exec[sample], score_exec[sample], -sample)
        for sample, point in enumerate(score_point, start=1)
        if point is not None
    ]
    return -min(judged)[2] if judged else None


def decide(pair: tuple[float, float] | None, exec_self: int, exec_original: int) -> PairScore:
    """Equations 7 and 8. ``pair``: ratings of self and original, or None."""
    if pair is None:
        return PairScore(None, None, "unjudged")
    score_self, score_original = pair[0] + exec_self, pair[1] + exec_original
    if score_self == score_original:
        return PairScore(score_self, score_original, "tie")
    return PairScore(score_self, score_original, "self" if score_self > score_original else "original")
