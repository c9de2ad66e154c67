"""Equations 2 to 8, recomputed in another way."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinement.methods.acr.scoring import choose_best, decide_winner, normalize, weigh

scores = st.one_of(st.none(), st.integers(0, 100).map(lambda n: n / 10))


def test_equation_2_is_a_weighted_sum():
    assert weigh({"a": 10, "b": 5}, {"a": 0.4, "b": 0.6}) == pytest.approx(7.0)
    assert weigh(None, {"a": 1}) is None


@given(st.lists(scores, min_size=1, max_size=8))
def test_equation_3_against_exact_arithmetic(sums):
    known = [Fraction(s).limit_denominator(10) for s in sums if s is not None]
    for value, point in zip(sums, normalize(sums), strict=True):
        if value is None:
            assert point is None
        elif min(known) == max(known):
            assert point == 1
        else:
            exact = (Fraction(value).limit_denominator(10) - min(known)) / (max(known) - min(known))
            assert point == pytest.approx(float(exact))


@given(st.lists(st.tuples(scores, st.integers(0, 1)), min_size=1, max_size=8), st.integers(0, 1))
def test_equation_5_by_brute_force(samples, executed_original):
    points, executed = [point for point, _ in samples], [executed_original, *[run for _, run in samples]]
    best = choose_best(points, executed)
    candidates = [number for number, point in enumerate(points, start=1) if point is not None]
    if not candidates:
        assert best is None
        return
    top = max(points[number - 1] + executed[number] for number in candidates)
    tied = [number for number in candidates if points[number - 1] + executed[number] == top]
    ran = [number for number in tied if executed[number]]
    assert best == (ran or tied)[0]


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 1), st.integers(0, 1))
def test_equations_7_and_8(own, original, exec_self, exec_original):
    score = decide_winner((own, original), exec_self, exec_original)
    assert score.score_self == own + exec_self and score.score_original == original + exec_original
    gap = score.score_self - score.score_original
    assert score.winner == ("tie" if gap == 0 else "self" if gap > 0 else "original")


def test_without_a_comparison_nobody_wins():
    assert decide_winner(None, 1, 0) == (None, None, "unjudged")


def test_one_sample_alone_scores_one():
    assert normalize([3.2]) == [1.0]
    assert choose_best([1.0], [0, 0]) == 1
