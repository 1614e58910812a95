"""Estimates with their doubt, and scores that lie between 0 and 1."""

from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

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
