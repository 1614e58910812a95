"""Sequential tests by betting: wealth, confidence bounds, and when a study is decided.

The evidence is a bet. Against the claim "the mean is m", 32 gamblers stake a fixed share c_j of
their money on every score; their mean wealth can reach 1/alpha with a chance of alpha at most if
the claim is true (Ville 1939), however often somebody looks and in whatever order people came.

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

from recsys.stats.estimates import Estimate, Floats, unit_scores

Bools = NDArray[np.bool_]

FRACTIONS: Floats = (np.arange(1, 33) - 0.5) / 32
"""What each gambler stakes: c_j = (j - 1/2) / 32."""


def log_mean_exp(logs: Floats, axis: int = -1) -> Floats:
    """Return the log of the mean of exp(logs) over one axis, safe for large logs."""
    top = logs.max(axis=axis, keepdims=True)
    mean = np.log(np.exp(logs - top).mean(axis=axis))
    return np.asarray(np.squeeze(top, axis=axis) + mean)


def log_steps(scores: Floats, bar: ArrayLike, fractions: Floats = FRACTIONS) -> Floats:
    """Return what one score adds to the log of each gambler's wealth, in the bet above the bar.

    log(1 - c_j + c_j x / m) for score x, bar m and fraction c_j. scores: (...), bar: broadcast to
    it. Returns (..., n_fractions).
    """
    odds = scores / np.asarray(bar)
    steps: Floats = np.log1p(fractions * (odds[..., None] - 1))
    return steps


def criterion_outcomes(log_lower: Floats, log_upper: Floats, alpha: float) -> tuple[Bools, Bools]:
    """Return which criteria are passed and which are failed.

    Passed at a wealth of 1/alpha in the bet above the bar: all criteria must pass, so each is
    tested at alpha (intersection-union). Failed at n_criteria/alpha in the bet below it: one is
    enough, so each pays for all (Bonferroni). log_lower, log_upper: (..., n_criteria).
    """
    n_criteria = np.shape(log_lower)[-1]
    return log_lower >= -log(alpha), log_upper >= log(n_criteria / alpha)


def study_outcomes(log_lower: Floats, log_upper: Floats, alpha: float) -> tuple[Bools, Bools]:
    """Return where a study releases and where it holds; fail beats pass.

    log_lower, log_upper: (..., n_criteria), the logs of the wealths. Returns two arrays (...).
    """
    passed, failed = criterion_outcomes(log_lower, log_upper, alpha)
    held = failed.any(axis=-1)
    return np.asarray(passed.all(axis=-1) & ~held), np.asarray(held)


def _lower_bound(values: Floats, counts: NDArray[np.int64], alpha: float) -> float:
    """Return the lower bound of scores that came so often each.

    The log wealth falls and is convex in log m, so from below Newton's steps never pass the bound,
    and from above the first lands below it.
    """
    people = int(counts.sum())
    mean = float(values @ counts) / people
    if not mean:  # of scores that are 0, or too small for their mean to be a number above it
        return 0.0
    ratios, stakes = values / mean, FRACTIONS[:, None]
    spread = sqrt(float((ratios - 1) ** 2 @ counts) / people)
    # Newton's method on log(bound / mean); the error that remains is the last step squared
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


_DEEPEST = -600.0  # below that, a bound is as good as 0


def betting_estimate(scores: ArrayLike, alpha: float, criteria: int = 1) -> Estimate:
    """Return the mean with the bounds that decide: lower at alpha, upper at alpha / criteria."""
    x = unit_scores(scores)
    if not x.size:
        return Estimate.unknown("nobody has played")
    values, counts = np.unique(x, return_counts=True)
    low = _lower_bound(values, counts, alpha)
    high = 1 - _lower_bound(1 - values, counts, alpha / criteria)
    return Estimate(float(x.mean()), low, high, x.size, "betting")


@cache
def smallest_panel(bar: float, alpha: float) -> int:
    """Return how many people with perfect scores pass the bar: fewer can never do it."""
    n = 1
    while log_mean_exp(n * log_steps(np.ones(()), bar)) < -log(alpha):
        n += 1
    return n


@dataclass(frozen=True, slots=True, eq=False)
class ScoreCounts:
    """How often each score came among the first people, for several numbers of people."""

    values: Floats  # different scores, shape (V,)
    counts: Floats  # shape (ends, V)

    @classmethod
    def from_scores(cls, scores: ArrayLike, ends: Sequence[int]) -> "ScoreCounts":
        """Count the first `ends` scores each; the ends ascend."""
        values, index = np.unique(unit_scores(scores), return_inverse=True)
        part = np.searchsorted(np.asarray(ends), np.arange(len(index)), side="right")
        size = (len(ends) + 1, len(values))
        each = np.bincount(part * len(values) + index, minlength=size[0] * size[1])
        return cls(values, each.reshape(size)[:-1].cumsum(axis=0).astype(np.float64))

    @property
    def mirrored(self) -> "ScoreCounts":
        """Return the same for 1 - score."""
        return ScoreCounts(1 - self.values, self.counts)

    def log_wealth(self, bar: float) -> Floats:
        """Return the log wealth of the bet that the mean lies above the bar, shape (ends,)."""
        return log_mean_exp(self.counts @ log_steps(self.values, bar))

    def lower_percents(self, alpha: float) -> NDArray[np.int64]:
        """Return the lower bounds, each cut down to a whole percent, shape (ends,).

        The bound stands at a percent or above it exactly when the wealth there reaches 1/alpha, so
        a bar at a whole percent is passed on the page if and only if it is passed in the test.
        """
        bounds = np.zeros(len(self.counts), dtype=np.int64)
        pending = [(0, 100, np.arange(len(bounds)))]  # each passes at the first, not at the second
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
        """Return the upper bounds, each lifted to a whole percent, shape (ends,)."""
        return 100 - self.mirrored.lower_percents(alpha)
