"""Measures of shares and ranks: clustered proportions, AUC, standardized differences."""

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from recsys.stats.estimates import Floats


@dataclass(frozen=True, slots=True)
class ClusteredProportion:
    """A proportion over cards that are clustered by person."""

    value: float
    error: float  # cluster-robust standard error
    icc: float  # intra-class correlation: similarity of the answers of one person
    design_effect: float  # 1 + (mean cluster size - 1) icc: factor by which the variance grows
    people: int

    def interval(self, alpha: float) -> tuple[float, float]:
        """Return the two-sided interval of Student's t with people - 1 degrees of freedom."""
        margin = float(stdtrit(self.people - 1, 1 - alpha / 2)) * self.error
        return max(0.0, self.value - margin), min(1.0, self.value + margin)


def clustered_proportion(hits: ArrayLike, cards: ArrayLike) -> ClusteredProportion | None:
    """Return sum(hits) / sum(cards) with its cluster-robust standard error.

    Taylor linearization of the ratio estimator: Cochran, Sampling Techniques, 1977, ch. 6. ICC by
    analysis of variance: Donner, International Statistical Review 1986. Design effect: Kish 1965,
    with the mean cluster size of the ANOVA.

    Parameters
    ----------
    hits, cards
        Number of liked cards and of all cards of each person, (n,) each.

    Returns
    -------
    ClusteredProportion or None
        None if fewer than two people have a card.
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
    """Return the ANOVA intra-class correlation of binary answers; 0 when nothing varies."""
    n_people, total = len(n), float(n.sum())
    between = float((n * (k / n - share) ** 2).sum()) / (n_people - 1)
    within = float((k * (1 - k / n)).sum()) / max(total - n_people, 1.0)
    total_variance = between + (size - 1) * within
    return (between - within) / total_variance if total_variance else 0.0


def safe_divide(numerator: Floats, denominator: Floats) -> Floats:
    """Return numerator / denominator, NaN where the denominator is not above 0.

    Parameters
    ----------
    numerator, denominator
        Arrays of the same shape.
    """
    shares: Floats = np.divide(
        numerator,
        denominator,
        out=np.full(np.shape(denominator), np.nan),
        where=np.asarray(denominator) > 0,
    )
    return shares


def graded_auc(picks: Floats, decoys: Floats) -> Floats:
    """Return the probability that a pick has a higher grade than a decoy; a tie counts half.

    Mann and Whitney 1947; Hanley and McNeil, Radiology 1982.

    Parameters
    ----------
    picks, decoys
        Number or total weight of the cards with each grade, lowest grade first, (n_grades, ...).

    Returns
    -------
    Floats
        AUC, (...): exactly .5 without a decoy, NaN without a pick.
    """
    beaten = np.cumsum(decoys, axis=0) - decoys / 2
    n_decoys = decoys.sum(axis=0)
    points = np.where(n_decoys > 0, beaten, 0.5)
    return safe_divide(
        (picks * points).sum(axis=0), picks.sum(axis=0) * np.where(n_decoys > 0, n_decoys, 1)
    )


def standardized_difference(first: ArrayLike, second: ArrayLike) -> float | None:
    """Return (mean first - mean second) / sqrt((var first + var second) / 2).

    Austin, Statistics in Medicine 2009.

    Parameters
    ----------
    first, second
        Values of two groups, (n,) and (m,).

    Returns
    -------
    float or None
        None if a group has fewer than two values.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if min(a.size, b.size) < 2:
        return None
    gap = float(a.mean() - b.mean())
    return standardized_gap(gap, sqrt((float(a.var(ddof=1)) + float(b.var(ddof=1))) / 2))


def standardized_gap(gap: float, spread: float) -> float:
    """Return gap / spread.

    Parameters
    ----------
    gap
        Difference of two means.
    spread
        Pooled standard deviation. Without spread, a gap gives plus or minus infinity, no gap 0.
    """
    if spread < ROUNDED_SPREAD:
        return 0.0 if abs(gap) < ROUNDED_SPREAD else float(np.copysign(inf, gap))
    return gap / spread


ROUNDED_SPREAD = 1e-6
"""A smaller gap or spread is a floating-point rounding error and counts as 0."""
