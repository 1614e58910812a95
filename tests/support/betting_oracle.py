"""The betting wealths of the papers, prefix by prefix: the oracle of recsys.stats.betting."""

import numpy as np
from numpy.typing import ArrayLike

from recsys.stats import FRACTIONS, Floats, betting_estimate, unit_scores


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
    """Return the lower bound that the estimate gives."""
    low = betting_estimate(scores, alpha).low
    assert low is not None
    return low


def upper_bound(scores: ArrayLike, alpha: float) -> float:
    """Return the mirror image: U(x) = 1 - L(1 - x)."""
    return 1 - lower_bound(1 - unit_scores(scores), alpha)
