"""The composite scoring system (RefineCoder, section 3.2, equations 2 to 8)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

Score = float | None


class PairScore(NamedTuple):
    """The scores of both answers (equation 7) and the winner (equation 8).

    ``winner``: "self", "original", "tie", or "unjudged" if the scores are missing.
    """

    score_self: Score
    score_original: Score
    winner: str


def weigh(scores: Mapping[str, float] | None, weights: Mapping[str, float]) -> Score:
    """Equation 2: the weighted sum s = sum_j alpha_j s_j; None without a judgement."""
    if scores is None:
        return None
    return sum(weight * scores[criterion] for criterion, weight in weights.items())


def normalize(sums: Sequence[Score]) -> list[Score]:
    """Equation 3: (s - s_min) / (s_max - s_min) over the samples of one instruction.

    If all sums are equal, the equation divides by zero; each result is 1 then. A sample without a judgement stays
    None and does not count for the minimum and the maximum.
    """
    known = [value for value in sums if value is not None]
    if not known:
        return list(sums)
    low, high = min(known), max(known)
    if high == low:
        return [None if value is None else 1.0 for value in sums]
    return [None if value is None else (value - low) / (high - low) for value in sums]


def choose_best(score_point: Sequence[Score], score_exec: Sequence[int]) -> int | None:
    """Equation 5: the number (from 1) of the sample with the highest sum of both scores; None if none was judged.

    ``score_point``: of samples 1..n; ``score_exec``: of answers 0..n, where 0 is the current answer. A tie goes to
    the executable sample, then to the lowest number. A sample without a judgement cannot win.
    """
    judged = [
        (point + score_exec[sample], score_exec[sample], -sample)
        for sample, point in enumerate(score_point, start=1)
        if point is not None
    ]
    return -max(judged)[2] if judged else None


def choose_worst(score_point: Sequence[Score], score_exec: Sequence[int]) -> int | None:
    """The number of the sample with the lowest sum: "worst" in Table 4. Takes the arguments of :func:`choose_best`.

    A tie goes to the sample that is not executable, then to the highest number.
    """
    judged = [
        (point + score_exec[sample], score_exec[sample], -sample)
        for sample, point in enumerate(score_point, start=1)
        if point is not None
    ]
    return -min(judged)[2] if judged else None


def decide_winner(pair: tuple[float, float] | None, exec_self: int, exec_original: int) -> PairScore:
    """Equations 7 and 8. ``pair``: the ratings of the self-generated and the original answer, or None."""
    if pair is None:
        return PairScore(None, None, "unjudged")
    score_self, score_original = pair[0] + exec_self, pair[1] + exec_original
    if score_self == score_original:
        return PairScore(score_self, score_original, "tie")
    return PairScore(score_self, score_original, "self" if score_self > score_original else "original")
