"""Sequential tests by betting: log wealth, confidence bounds, and the decision of a study.

The evidence against the hypothesis "the mean is m" is the mean wealth of 32 gamblers. Gambler j
stakes the fixed share c_j of its wealth on every score. If the hypothesis is true, the mean wealth
ever reaches 1/alpha with probability at most alpha (Ville 1939). This holds however often somebody
looks, and in whatever order people come.

Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", JRSS B 2024,
arXiv 2010.09686. A mixture over fixed shares is a discretised universal portfolio: Ryu and Bhatt,
arXiv 2207.12382.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, inf, log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recsys.stats.estimates import Bools, Estimate, Floats, unit_scores

FRACTIONS: Floats = (np.arange(1, 33) - 0.5) / 32
"""(32,) share of its wealth that each gambler stakes: c_j = (j - 1/2) / 32."""


def log_mean_exp(logs: Floats, axis: int = -1) -> Floats:
    """Return log(mean(exp(logs))) over one axis, without overflow for large logs.

    Parameters
    ----------
    logs
        Natural logarithms, (..., n, ...).
    axis
        The axis of length n; the result does not have it.
    """
    top = logs.max(axis=axis, keepdims=True)
    mean = np.log(np.exp(logs - top).mean(axis=axis))
    return np.asarray(np.squeeze(top, axis=axis) + mean)


def log_steps(scores: Floats, bar: ArrayLike, fractions: Floats = FRACTIONS) -> Floats:
    """Return what one score adds to the log wealth of each gambler, in the bet above the bar.

    The step is log(1 - c_j + c_j x / m) for score x, bar m and fraction c_j.

    Parameters
    ----------
    scores
        Scores in [0, 1], (...).
    bar
        Bars in (0, 1), broadcast to `scores`.
    fractions
        Stakes c_j, (n_fractions,).

    Returns
    -------
    Floats
        Log steps, (..., n_fractions).
    """
    odds = scores / np.asarray(bar)
    steps: Floats = np.log1p(fractions * (odds[..., None] - 1))
    return steps


def criterion_outcomes(log_lower: Floats, log_upper: Floats, alpha: float) -> tuple[Bools, Bools]:
    """Return which criteria are passed and which are failed.

    A criterion passes at a wealth of 1/alpha in the bet above its bar. All criteria must pass, so
    each is tested at alpha (intersection-union). It fails at n_criteria/alpha in the bet below its
    bar. One failure is enough, so each is tested at alpha/n_criteria (Bonferroni).

    Parameters
    ----------
    log_lower, log_upper
        Log wealth of the bets above and below the bars, (..., n_criteria).
    alpha
        Error rate of the study.

    Returns
    -------
    tuple of Bools
        Passed and failed, (..., n_criteria) each.
    """
    n_criteria = np.shape(log_lower)[-1]
    return log_lower >= -log(alpha), log_upper >= log(n_criteria / alpha)


def study_outcomes(log_lower: Floats, log_upper: Floats, alpha: float) -> tuple[Bools, Bools]:
    """Return where a study releases and where it holds; fail beats pass.

    Parameters
    ----------
    log_lower, log_upper, alpha
        As in `criterion_outcomes`.

    Returns
    -------
    tuple of Bools
        Released and held, (...) each.
    """
    passed, failed = criterion_outcomes(log_lower, log_upper, alpha)
    held = failed.any(axis=-1)
    return np.asarray(passed.all(axis=-1) & ~held), np.asarray(held)


def _lower_bound(values: Floats, counts: NDArray[np.int64], alpha: float) -> float:
    """Return the lower bound of the mean of scores. values, counts: (V,) distinct scores.

    The log wealth is decreasing and convex in log m. So Newton's steps from below never pass the
    bound, and the first step from above lands below it.
    """
    people = int(counts.sum())
    mean = float(values @ counts) / people
    if not mean:  # all scores are 0, or so small that the mean underflows to 0
        return 0.0
    ratios, stakes = values / mean, FRACTIONS[:, None]
    spread = sqrt(float((ratios - 1) ** 2 @ counts) / people)
    # Newton's method on log(bound / mean); the remaining error is about the last step squared
    log_bound, step = -min(1.0, 3 * spread / sqrt(people)), inf
    while abs(step) >= 1e-8 and log_bound > _DEEPEST:
        winnings = stakes * ratios * exp(-log_bound)
        money = 1 - stakes + winnings
        logs: Floats = np.log(money) @ counts
        share = np.exp(logs - logs.max())
        slope = -float(share @ ((winnings / money) @ counts)) / float(share.sum())
        step = (float(log_mean_exp(logs)) + log(alpha)) / slope
        log_bound -= step
    return mean * exp(max(log_bound, _DEEPEST))


_DEEPEST = -600.0  # smallest log(bound / mean); a smaller bound is practically 0


def betting_estimate(scores: ArrayLike, alpha: float, criteria: int = 1) -> Estimate:
    """Return the mean with the bounds of the sequential test.

    Parameters
    ----------
    scores
        One score in [0, 1] per person, (n,).
    alpha
        Error rate of the lower bound.
    criteria
        Number of criteria; the upper bound has the error rate alpha / criteria.

    Returns
    -------
    Estimate
        Unknown without scores.

    Raises
    ------
    ValueError
        If a score lies outside [0, 1].
    """
    x = unit_scores(scores)
    if not x.size:
        return Estimate.unknown("nobody has played")
    values, counts = np.unique(x, return_counts=True)
    low = _lower_bound(values, counts, alpha)
    high = 1 - _lower_bound(1 - values, counts, alpha / criteria)
    return Estimate(float(x.mean()), low, high, x.size, "betting")


@cache
def smallest_panel(bar: float, alpha: float) -> int:
    """Return the smallest number of people that can pass a bar, reached if all scores are 1.

    Parameters
    ----------
    bar
        The bar, in (0, 1).
    alpha
        Error rate of the test.
    """
    n = 1
    while log_mean_exp(n * log_steps(np.ones(()), bar)) < -log(alpha):
        n += 1
    return n


@dataclass(frozen=True, slots=True, eq=False)
class ScoreCounts:
    """Counts of each distinct score among the first n people, for E values of n."""

    values: Floats  # (V,) distinct scores
    counts: Floats  # (E, V)

    @classmethod
    def from_scores(cls, scores: ArrayLike, ends: Sequence[int]) -> "ScoreCounts":
        """Count the scores of the first n people for each n in `ends`, which must be ascending."""
        values, index = np.unique(unit_scores(scores), return_inverse=True)
        part = np.searchsorted(np.asarray(ends), np.arange(len(index)), side="right")
        size = (len(ends) + 1, len(values))
        each = np.bincount(part * len(values) + index, minlength=size[0] * size[1])
        return cls(values, each.reshape(size)[:-1].cumsum(axis=0).astype(np.float64))

    @property
    def mirrored(self) -> "ScoreCounts":
        """The counts of 1 - score."""
        return ScoreCounts(1 - self.values, self.counts)

    def log_wealth(self, bar: float) -> Floats:
        """Return the log wealth of the bet that the mean lies above the bar, (E,)."""
        return log_mean_exp(self.counts @ log_steps(self.values, bar))

    def lower_percents(self, alpha: float) -> NDArray[np.int64]:
        """Return the lower bounds, rounded down to whole percents, (E,).

        A bound is at least p percent if and only if the wealth at p percent reaches 1/alpha. So a
        bar at a whole percent is passed on the page if and only if it is passed in the test.
        """
        bounds = np.zeros(len(self.counts), dtype=np.int64)
        pending = [(0, 100, np.arange(len(bounds)))]  # rows pass at low %, not at high %
        while pending:
            low, high, which = pending.pop()
            if high - low == 1:
                bounds[which] = low
                continue
            middle = (low + high) // 2
            wealth = ScoreCounts(self.values, self.counts[which]).log_wealth(middle / 100)
            passed = wealth >= -log(alpha)
            halves = ((middle, high, which[passed]), (low, middle, which[~passed]))
            pending += [half for half in halves if half[2].size]
        return bounds

    def upper_percents(self, alpha: float) -> NDArray[np.int64]:
        """Return the upper bounds, rounded up to whole percents, (E,)."""
        return 100 - self.mirrored.lower_percents(alpha)
