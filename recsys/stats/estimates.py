"""Estimates with their uncertainty, and checks that scores lie between 0 and 1."""

from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ROUNDING = 1e-9
"""Largest distance outside [0, 1] that counts as a floating-point rounding error."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate with its interval, or the reason why it is unknown; never a bare number."""

    value: float | None  # None: unknown, see `reason`
    low: float | None
    high: float | None
    n: int  # number of people
    method: str
    reason: str | None = None

    @classmethod
    def unknown(cls, reason: str, n: int = 0) -> "Estimate":
        """Return an unknown estimate with its reason."""
        return cls(None, None, None, n, "none", reason)

    def published(self) -> "Estimate":
        """Return a copy rounded to two decimals (whole percents); bounds are rounded outward."""
        if self.value is None or self.low is None or self.high is None:
            return self
        low, high = floor(self.low * 100 + 1e-9) / 100, ceil(self.high * 100 - 1e-9) / 100
        return replace(self, value=round(self.value, 2), low=low, high=high)


def estimate_to_row(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate as plain data."""
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "n": estimate.n,
        "method": estimate.method,
        "reason": estimate.reason,
    }


def clip_rounding(values: ArrayLike) -> Floats:
    """Return `values`; those outside [0, 1] by at most ROUNDING are set to 0 or 1."""
    x = np.asarray(values, dtype=np.float64)
    edge = np.clip(x, 0, 1)
    return np.where(np.abs(x - edge) <= ROUNDING, edge, x)


def unit_scores(scores: ArrayLike) -> Floats:
    """Return scores clipped to [0, 1]; raise ValueError for NaN or more than ROUNDING outside."""
    x = clip_rounding(scores)
    if not np.all((x >= 0) & (x <= 1)):  # NaN fails this too
        raise ValueError("Every score must lie between 0 and 1.")
    return x
