"""Forecast of how many more people a decision will probably take."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.stats import FRACTIONS, Floats, ScoreCounts, log_mean_exp, log_steps, study_outcomes

HORIZON = 2000
"""Number of future people up to which the forecast looks."""
N_FUTURES = 200
"""Number of simulated futures."""
MIN_PEOPLE = 20
"""Number of people below which no forecast is made."""
FUTURES_PER_CHUNK = 10
"""Number of futures that are in memory together."""
NORMAL_FROM = 200
"""Number of people from which on the sums over future people are simulated as normal."""
N_NORMAL_FUTURES = 100
"""Number of simulated normal futures."""
GAMBLER_STRIDE = 8
"""Normal futures follow one of this many gamblers: neighbours have nearly the same wealth."""
N_COMPONENTS = 8
"""Principal components that normal futures keep: the others have almost no variance."""

BEYOND = "beyond the horizon"
TOO_SOON = "too early"
DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class Forecast:
    """Number of additional people until a decision, over the simulated futures."""

    low: int | None  # median
    high: int | None  # 80th percentile; None with a `low`: beyond the horizon
    reason: str | None = None  # why `low` is None

    @property
    def beyond(self) -> bool:
        """Whether most futures are undecided at the horizon."""
        return self.reason == BEYOND


def forecast_to_row(result: Forecast) -> dict[str, Any]:
    """Return a forecast as plain data for the report."""
    return {"low": result.low, "high": result.high, "reason": result.reason}


def forecast(
    scores: Floats, bars: Sequence[float], alpha: float, batch: int, seed: int
) -> Forecast:
    """Return how many more people it takes until all bars are passed or one is failed.

    scores: (n_criteria, n_people). Bayesian bootstrap (Rubin, Annals of Statistics 1981): each
    future weights the people so far by Dirichlet(1, ..., 1) and draws its new people from them.
    From NORMAL_FROM people on, weights and draws are normal, by the central limit theorem.
    """
    n_people = scores.shape[1]
    if n_people < MIN_PEOPLE:
        return Forecast(None, None, TOO_SOON)
    indexed = [np.unique(x, return_inverse=True) for x in scores]
    if _is_decided(indexed, bars, alpha):
        return Forecast(None, None, DECIDED)
    rng = np.random.default_rng(seed)
    if n_people >= NORMAL_FROM:
        checkpoints = _checkpoints(batch, parts=4)
        steps = _log_steps(indexed, bars, FRACTIONS[GAMBLER_STRIDE // 2 :: GAMBLER_STRIDE])
        return _forecast_range(
            _reaches_decision(_normal_futures(steps, checkpoints, rng), alpha, len(bars)),
            checkpoints,
        )
    checkpoints, steps = _checkpoints(batch, parts=10), _log_steps(indexed, bars, FRACTIONS)
    current = steps.sum(axis=0)
    decided = [
        _reaches_decision(
            _draw_counts(n_people, checkpoints, rng) @ steps + current, alpha, len(bars)
        )
        for _ in range(N_FUTURES // FUTURES_PER_CHUNK)
    ]
    return _forecast_range(np.concatenate(decided), checkpoints)


IndexedScores = tuple[Floats, NDArray[np.intp]]
"""The distinct scores in a criterion, and the index of each person's score there."""


def _is_decided(indexed: Sequence[IndexedScores], bars: Sequence[float], alpha: float) -> bool:
    """Return whether the scores so far already release or hold."""
    counts = [
        ScoreCounts(values, np.bincount(index)[None].astype(np.float64))
        for values, index in indexed
    ]
    lower = [each.log_wealth(bar)[0] for each, bar in zip(counts, bars, strict=True)]
    upper = [each.mirrored.log_wealth(1 - bar)[0] for each, bar in zip(counts, bars, strict=True)]
    released, held = study_outcomes(np.array(lower), np.array(upper), alpha)
    return bool(released | held)


def _normal_futures(
    steps: Floats, checkpoints: NDArray[np.int64], rng: np.random.Generator
) -> Floats:
    """Return the log wealth of normal futures at each checkpoint.

    steps: as from `_log_steps`. Returns (N_NORMAL_FUTURES, n_checkpoints, steps.shape[1]).
    """
    n_people, mean = len(steps), steps.mean(axis=0)
    values, axes = np.linalg.eigh(np.cov(steps.T, bias=True))
    components = axes[:, -N_COMPONENTS:] * np.sqrt(np.maximum(values[-N_COMPONENTS:], 0))
    sizes = np.diff(checkpoints, prepend=0)[:, None]
    belief = rng.standard_normal((N_NORMAL_FUTURES, 1, N_COMPONENTS)) * sizes / np.sqrt(n_people)
    luck = rng.standard_normal((N_NORMAL_FUTURES, len(checkpoints), N_COMPONENTS)) * np.sqrt(sizes)
    deviations: Floats = (belief + luck).cumsum(axis=1) @ components.T
    return np.asarray(deviations + (checkpoints[:, None] + n_people) * mean)


def _reaches_decision(logs: Floats, alpha: float, criteria: int) -> NDArray[np.bool_]:
    """Return whether each future has decided, (...). logs: (..., 2 * n_criteria * n_gamblers)."""
    wealth = log_mean_exp(logs.reshape(*logs.shape[:-1], 2, criteria, -1))
    released, held = study_outcomes(wealth[..., 0, :], wealth[..., 1, :], alpha)
    return released | held


def _log_steps(
    indexed: Sequence[IndexedScores], bars: Sequence[float], fractions: Floats
) -> Floats:
    """Return what each person adds to each log wealth, (n_people, 2 * n_criteria * n_fractions).

    The bets above the bars come first, then the bets below.
    """
    sides = [(values, bar, index) for (values, index), bar in zip(indexed, bars, strict=True)]
    sides += [(1 - values, 1 - bar, index) for values, bar, index in sides]
    steps = [log_steps(values, bar, fractions)[index] for values, bar, index in sides]
    return np.concatenate(steps, axis=1)


def _checkpoints(batch: int, parts: int) -> NDArray[np.int64]:
    """Return the numbers of future people at which futures are checked; the gaps grow."""
    checkpoints = [batch]
    while checkpoints[-1] < HORIZON:
        step = max(batch, checkpoints[-1] // (parts * batch) * batch)
        checkpoints.append(min(HORIZON, checkpoints[-1] + step))
    return np.array(checkpoints)


def _draw_counts(n_people: int, checkpoints: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Return cumulative draws of each person, (FUTURES_PER_CHUNK, n_checkpoints, n_people)."""
    weights = rng.dirichlet(np.ones(n_people), size=FUTURES_PER_CHUNK)
    sizes = np.diff(checkpoints, prepend=0)
    counts = rng.multinomial(sizes[None, :], weights[:, None, :])
    return counts.cumsum(axis=1).astype(np.float64)


def _forecast_range(decided: NDArray[np.bool_], checkpoints: NDArray[np.int64]) -> Forecast:
    n_more = np.where(decided.any(axis=1), checkpoints[decided.argmax(axis=1)], HORIZON + 1)
    low, high = (int(x) for x in np.quantile(n_more, [0.5, 0.8], method="higher"))
    if low > HORIZON:
        return Forecast(None, None, BEYOND)
    return Forecast(low, high if high <= HORIZON else None)
