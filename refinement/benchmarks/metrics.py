"""pass@k and its confidence interval."""

import math
from collections.abc import Sequence

import numpy as np


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """Unbiased estimate of pass@k for one problem (Chen et al. 2021, equation 1).

    ``samples``: number of samples.
    ``correct``: number of samples that pass.

    Raises ValueError if k exceeds the number of samples.
    """
    if not 0 <= correct <= samples or not 1 <= k <= samples:
        raise ValueError(f"pass@{k} is undefined for {correct} correct of {samples} samples")
    if samples - correct < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / i for i in range(samples - correct + 1, samples + 1))


def bootstrap_interval(
    values: Sequence[float], seed: int, level: float = 0.95, rounds: int = 2000
) -> tuple[float, float]:
    """Percentile bootstrap confidence interval of the mean.

    ``values``: one number per problem.
    ``seed``: seed of the resampling.
    ``level``: confidence level.
    ``rounds``: number of bootstrap resamples.
    """
    generator = np.random.default_rng(seed)
    data = np.asarray(values, dtype=float)
    means = data[generator.integers(0, len(data), size=(rounds, len(data)))].mean(axis=1)
    tail = (1 - level) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)
