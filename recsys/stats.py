"""Intervals, sequential tests and sample sizes: each formula with its paper.

The evidence is a bet. Against the claim "the mean is m", 32 gamblers stake a fixed share c_j of
their money on every score; their mean wealth can reach 1/alpha with a chance of alpha at most if
the claim is true (Ville 1939), however often somebody looks and in whatever order people came.

Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", JRSS B 2024,
arXiv 2010.09686. A mixture over fixed shares is a discretised universal portfolio: Ryu and Bhatt,
arXiv 2207.12382.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import ceil, exp, floor, inf, log, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]

FRACTIONS: Floats = (np.arange(1, 33) - 0.5) / 32
"""What each gambler stakes: c_j = (j - 1/2) / 32."""
MIN_GROUP_SIZE = 10
"""People behind every number shown and behind what it leaves out, where no policy says it."""
ROUNDING = 1e-9
"""How far outside [0, 1] floating point may carry a score."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with its doubt; never a bare number."""

    value: float | None  # None is "unknown", and then `reason` says why
    low: float | None
    high: float | None
    n: int  # people behind it
    method: str
    reason: str | None = None

    @classmethod
    def unknown(cls, reason: str, n: int = 0) -> "Estimate":
        """Return what is not known, and why."""
        return cls(None, None, None, n, "none", reason)

    def published(self) -> "Estimate":
        """Return it in whole percents, the bounds rounded outward."""
        if self.value is None or self.low is None or self.high is None:
            return self
        low, high = floor(self.low * 100 + 1e-9) / 100, ceil(self.high * 100 - 1e-9) / 100
        return replace(self, value=round(self.value, 2), low=low, high=high)


def estimate_to_row(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate as files, rows and answers say it."""
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "n": estimate.n,
        "method": estimate.method,
        "reason": estimate.reason,
    }


def clip_rounding(values: ArrayLike) -> Floats:
    """Return values with those that rounding carried outside [0, 1] moved to its edge."""
    x = np.asarray(values, dtype=np.float64)
    edge = np.clip(x, 0, 1)
    return np.where(np.abs(x - edge) <= ROUNDING, edge, x)


def unit_scores(scores: ArrayLike) -> Floats:
    """Return scores clipped to [0, 1]; raise ValueError where more than rounding lies outside."""
    x = clip_rounding(scores)
    if not np.all((x >= 0) & (x <= 1)):  # also catches NaN
        raise ValueError("Every score must lie between 0 and 1.")
    return x


def _log_mean_exp(logs: Floats) -> Floats:
    """Return the log of the mean over the first axis, safe for large logs."""
    top = logs.max(axis=0)
    mean: Floats = top + np.log(np.exp(logs - top).mean(axis=0))
    return mean


def log_wealth_lower(scores: ArrayLike, bar: float) -> Floats:
    """Return the running log wealth of the bet that the mean lies above the bar.

    `scores` has shape (..., n), each in [0, 1]; so has the result, whose last axis runs over
    prefixes. W_lower(m) = mean_j prod_i (1 - c_j + c_j x_i / m), for a bar strictly within (0, 1).
    """
    x = unit_scores(scores)
    if not 0 < bar < 1:
        raise ValueError(f"A bar must lie strictly between 0 and 1, not at {bar}.")
    shares = FRACTIONS.reshape(-1, *(1,) * x.ndim)
    return _log_mean_exp(np.cumsum(np.log1p(shares * (x / bar - 1)), axis=-1))


def log_wealth_upper(scores: ArrayLike, bar: float) -> Floats:
    """Return the running log wealth of the bet that the mean lies below the bar."""
    return log_wealth_lower(1 - unit_scores(scores), 1 - bar)


def log_wealth(scores: ArrayLike, bar: float) -> float:
    """Return the final log wealth of the lower bet; 0 when nobody has played."""
    run = log_wealth_lower(scores, bar)
    return float(run[-1]) if run.size else 0.0


def lower_bound(scores: ArrayLike, alpha: float) -> float:
    """Return sup{m : W_lower(m) >= 1/alpha}: the mean lies above it in 1 - alpha of studies."""
    return _lower_bound(*np.unique(unit_scores(scores), return_counts=True), alpha)


def upper_bound(scores: ArrayLike, alpha: float) -> float:
    """Return the mirror image: U(x) = 1 - L(1 - x)."""
    return 1 - lower_bound(1 - unit_scores(scores), alpha)


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
        step = (float(_log_mean_exp(logs)) + log(alpha)) / slope
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
    while log_wealth(np.ones(n), bar) < -log(alpha):
        n += 1
    return n


@dataclass(frozen=True, slots=True)
class ClusteredProportion:
    """A share over cards that come in clusters, one cluster a person."""

    value: float
    error: float  # cluster-robust standard error
    icc: float  # how alike the answers of one person are
    design_effect: float  # 1 + (size - 1) icc: by how much it widens the variance
    people: int

    def interval(self, alpha: float) -> tuple[float, float]:
        """Return the two-sided interval by Student's t with people - 1 degrees of freedom."""
        margin = float(stdtrit(self.people - 1, 1 - alpha / 2)) * self.error
        return max(0.0, self.value - margin), min(1.0, self.value + margin)


def clustered_proportion(hits: ArrayLike, cards: ArrayLike) -> ClusteredProportion | None:
    """Return sum(hits) / sum(cards) with its clustered error; None under two people with a card.

    Taylor linearisation of the ratio estimator: Cochran, Sampling Techniques, 1977, ch. 6. ICC by
    analysis of variance: Donner, International Statistical Review 1986. Design effect: Kish 1965,
    with the ANOVA's mean size of a cluster.
    """
    k, n = np.asarray(hits, dtype=np.float64), np.asarray(cards, dtype=np.float64)
    k, n = k[n > 0], n[n > 0]
    people, total = len(n), float(n.sum())
    if people < 2:
        return None
    share = float(k.sum()) / total
    error = sqrt(people / (people - 1) * float(((k - share * n) ** 2).sum())) / total
    size = (total - float((n**2).sum()) / total) / (people - 1)
    icc = _icc(k, n, share, size)
    return ClusteredProportion(share, error, icc, 1 + (size - 1) * icc, people)


def _icc(k: Floats, n: Floats, share: float, size: float) -> float:
    """Return the ANOVA intra-class correlation of binary cards; 0 when nothing varies."""
    n_people, total = len(n), float(n.sum())
    between = float((n * (k / n - share) ** 2).sum()) / (n_people - 1)
    within = float((k * (1 - k / n)).sum()) / max(total - n_people, 1.0)
    total_variance = between + (size - 1) * within
    return (between - within) / total_variance if total_variance else 0.0


def graded_auc(picks: Sequence[int], decoys: Sequence[int]) -> float:
    """Return the chance that a pick is graded above a decoy, a tie counting half.

    Mann and Whitney 1947; Hanley and McNeil, Radiology 1982. Nothing to compare: exactly .5.
    """
    if not picks or not decoys:
        return 0.5
    points = sum((p > d) + (p == d) / 2 for p in picks for d in decoys)
    return points / (len(picks) * len(decoys))


def standardized_difference(first: ArrayLike, second: ArrayLike) -> float | None:
    """Return (mean left - mean right) / sqrt((var left + var right) / 2); None under two of each.

    Austin, Statistics in Medicine 2009. Means that differ without any spread are infinitely apart.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if min(a.size, b.size) < 2:
        return None
    gap = float(a.mean() - b.mean())
    spread = sqrt((float(a.var(ddof=1)) + float(b.var(ddof=1))) / 2)
    if spread < 1e-9:  # rounding, where nothing varies
        return 0.0 if abs(gap) < 1e-9 else inf
    return gap / spread


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
        steps: Floats = np.log1p(FRACTIONS[:, None] * (self.values / bar - 1))
        return _log_mean_exp(steps @ self.counts.T)

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
