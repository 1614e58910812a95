"""The confidence sequence of one criterion: mean, bounds and log wealth after each batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from recsys.stats import Floats, ScoreCounts


@dataclass(frozen=True, slots=True)
class ConfidenceSequencePoint:
    """One criterion after one batch. Bounds: shares from 0 to 1, rounded outward to 2 decimals."""

    n: int  # counted people
    mean: float
    low: float
    high: float
    log_lower: float  # ln wealth of the bet that the mean is above the bar; this bet gives `low`
    log_upper: float  # ln wealth of the bet that the mean is below the bar; this bet gives `high`

    def to_dict(self) -> dict[str, float]:
        """Return the publishable form: shares and decimal logs of wealth, to two decimals."""
        wealths = {"log10_lower": self.log_lower, "log10_upper": self.log_upper}
        shares = {"mean": self.mean, "low": self.low, "high": self.high}
        rounded = {name: round(share, 2) for name, share in shares.items()}
        return {"n": self.n, **rounded, **{k: round(w / log(10), 2) for k, w in wealths.items()}}


def confidence_sequence(
    scores: Floats, bar: float, sizes: Sequence[int], alpha: float, criteria: int
) -> Iterator[ConfidenceSequencePoint]:
    """Yield the point after each number of people in `sizes`, which must be ascending.

    scores: (n_people,) in the order of closing. `criteria` is the number of criteria of the study.
    """
    if not sizes:
        return
    score_counts = ScoreCounts.from_scores(scores, sizes)
    columns = (
        np.cumsum(scores)[np.array(sizes) - 1] / sizes,
        score_counts.lower_percents(alpha) / 100,
        score_counts.upper_percents(alpha / criteria) / 100,
        score_counts.log_wealth(bar),
        score_counts.mirrored.log_wealth(1 - bar),
    )
    for n, *values in zip(sizes, *(column.tolist() for column in columns), strict=True):
        yield ConfidenceSequencePoint(n, *values)
