"""pass@k equals its definition; the bootstrap interval has its nominal coverage."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinement.benchmarks.metrics import bootstrap_interval, pass_at_k


@given(st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_is_the_share_of_draws_with_a_correct_answer(case):
    n, right, k = case
    draws = list(combinations([True] * right + [False] * (n - right), k))
    assert pass_at_k(n, right, k) == pytest.approx(sum(map(any, draws)) / len(draws))


@pytest.mark.parametrize(("n", "right", "k"), [(1, 2, 1), (3, 1, 4), (3, -1, 1), (3, 1, 0)])
def test_pass_at_k_is_undefined_elsewhere(n, right, k):
    with pytest.raises(ValueError, match="is undefined for"):
        pass_at_k(n, right, k)


def test_the_interval_repeats_and_covers_as_often_as_it_says():
    generator = np.random.default_rng(0)
    covered = 0
    for trial in range(200):
        values = (generator.random(100) < 0.7).astype(float)
        low, high = bootstrap_interval(values, seed=trial, rounds=400)
        assert (low, high) == bootstrap_interval(values, seed=trial, rounds=400)
        covered += low <= 0.7 <= high
    assert 0.88 < covered / 200 < 0.99
