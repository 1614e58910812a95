"""Thousands of simulated studies at once: scores of assumed employees, and the gate's arithmetic.

Hit rates are drawn from a beta distribution whose spread gives the intra-class correlation (ICC),
ten picks each. No Python loop runs over players.
"""

from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from tests.support.betting_oracle import log_wealth_lower, log_wealth_upper

Floats = NDArray[np.float64]
PICKS, BATCH = 10, 5
BAR, ALPHA, CRITERIA = 0.75, 0.05, 3
PART = 200  # studies in memory together


def hit_rates(
    truth: float, icc: float, seed: int, people: int = 200, studies: int = 2000
) -> Floats:
    """Return scores of shape (studies, people) whose mean is the truth."""
    rng = np.random.default_rng(seed)
    size = (studies, people)
    if icc == 0:
        return rng.binomial(PICKS, truth, size) / PICKS
    spread = (1 - icc) / icc
    chances = rng.beta(truth * spread, (1 - truth) * spread, size)
    return rng.binomial(PICKS, chances) / PICKS


def contaminated(truth: float, seed: int, people: int = 200, studies: int = 2000) -> Floats:
    """Return scores with a mean of the truth: 10% like all, 6% nothing, 5% flip a coin."""
    rng = np.random.default_rng(seed)
    clean = (truth - 0.10 - 0.05 * 0.5) / 0.79
    scores = hit_rates(clean, 0.1, seed, people, studies)
    kind = rng.random(scores.shape)
    coins = rng.binomial(PICKS, 0.5, scores.shape) / PICKS
    return np.where(
        kind < 0.10, 1.0, np.where(kind < 0.16, 0.0, np.where(kind < 0.21, coins, scores))
    )


def panels(people: int = 200, studies: int = 2000, seed: int = 1) -> dict[str, Floats]:
    """Return panels that stand exactly at the bar."""
    size = (people, studies)
    return {
        "alike": hit_rates(BAR, 0.0, seed, *size),
        "ICC .1": hit_rates(BAR, 0.1, seed + 1, *size),
        "ICC .3": hit_rates(BAR, 0.3, seed + 2, *size),
        "contaminated": contaminated(BAR, seed + 3, *size),
    }


def ever(
    scores: Floats, threshold: float, *, bar: float = BAR, upper: bool = False, step: int = 1
) -> float:
    """Return the share of studies whose wealth ever reaches a threshold, looked at every step."""
    wealth = log_wealth_upper if upper else log_wealth_lower
    parts = np.array_split(scores, max(1, len(scores) // PART))
    reached = [(wealth(part, bar)[:, step - 1 :: step] >= log(threshold)) for part in parts]
    return float(np.concatenate([looks.any(axis=1) for looks in reached]).mean())


def with_error(rate: float, studies: int = 2000) -> float:
    """Return the rate plus two Monte Carlo errors."""
    return rate + 2 * sqrt(rate * (1 - rate) / studies)
