"""How many more people a verdict would probably take."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.stats import FRACTIONS, Counted, Floats

HORIZON = 2000
"""People ahead that the forecast looks."""
RUNS = 200
"""Futures that are drawn."""
TOO_EARLY = 20
"""People below which no forecast is made."""
PART = 10
"""Futures that are held in memory together."""
MANY = 200
"""People from which on what the next ones add is as good as normal."""
NORMAL_RUNS = 100
"""Normal futures that are drawn."""
THIN = 8
"""Of so many gamblers one is followed into a normal future; they are alike."""
RANK = 8
"""Directions in which people differ that a normal future keeps: the others hold no variance."""

BEYOND = "beyond the horizon"
TOO_SOON = "too early"
DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class Forecast:
    """About how many more people: from the median future to that of four in five."""

    low: int | None
    high: int | None  # None beside a low: beyond the horizon in more than one future of five
    reason: str | None = None  # why there is no low

    @property
    def beyond(self) -> bool:
        """Return whether most futures are undecided at the horizon."""
        return self.reason == BEYOND


def forecast_to_row(found: Forecast) -> dict[str, Any]:
    """Return a forecast as the report says it."""
    return {"low": found.low, "high": found.high, "reason": found.reason}


def forecast(
    scores: Floats, bars: Sequence[float], alpha: float, batch: int, seed: int
) -> Forecast:
    """Return how many more people it takes until every bar is passed, or one is failed.

    `scores` has shape (criteria, people). Bayesian bootstrap (Rubin, Annals of Statistics 1981):
    each future weighs the people so far by Dirichlet(1, ..., 1) and draws its players from them.
    With many people weights and draws are normal, by the central limit theorem.
    """
    people = scores.shape[1]
    if people < TOO_EARLY:
        return Forecast(None, None, TOO_SOON)
    known = [np.unique(x, return_inverse=True) for x in scores]
    if _is_decided(known, bars, alpha):
        return Forecast(None, None, DECIDED)
    rng = np.random.default_rng(seed)
    if people >= MANY:
        marks = _marks(batch, parts=4)
        steps = _log_steps(known, bars, FRACTIONS[THIN // 2 :: THIN])
        return _spread(_decided(_normal(steps, marks, rng), alpha, len(bars)), marks)
    marks, steps = _marks(batch, parts=10), _log_steps(known, bars, FRACTIONS)
    now = steps.sum(axis=0)
    decided = [
        _decided(_drawn(people, marks, rng) @ steps + now, alpha, len(bars))
        for _ in range(RUNS // PART)
    ]
    return _spread(np.concatenate(decided), marks)


Known = tuple[Floats, NDArray[np.intp]]
"""The different scores in a criterion, and which of them each person has."""


def _is_decided(known: Sequence[Known], bars: Sequence[float], alpha: float) -> bool:
    """Return whether the scores so far release or hold."""
    counted = [
        (Counted(values, np.bincount(index)[None].astype(np.float64)), bar)
        for (values, index), bar in zip(known, bars, strict=True)
    ]
    released = all(c.log_wealth(bar)[0] >= -log(alpha) for c, bar in counted)
    to_hold = log(len(bars) / alpha)
    return released or any(c.mirrored.log_wealth(1 - bar)[0] >= to_hold for c, bar in counted)


def _normal(steps: Floats, marks: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Return the logs of futures by each mark.

    Of shape (NORMAL_RUNS, marks, 2 x criteria x gamblers).
    """
    people, mean = len(steps), steps.mean(axis=0)
    values, axes = np.linalg.eigh(np.cov(steps.T, bias=True))
    spread = axes[:, -RANK:] * np.sqrt(np.maximum(values[-RANK:], 0))
    sizes = np.diff(marks, prepend=0)[:, None]
    belief = rng.standard_normal((NORMAL_RUNS, 1, RANK)) * sizes / np.sqrt(people)
    luck = rng.standard_normal((NORMAL_RUNS, len(marks), RANK)) * np.sqrt(sizes)
    walked: Floats = (belief + luck).cumsum(axis=1) @ spread.T
    return np.asarray(walked + (marks[:, None] + people) * mean)


def _decided(logs: Floats, alpha: float, criteria: int) -> NDArray[np.bool_]:
    """Return which of the rows of logs, shape (..., 2 x criteria x gamblers), release or hold."""
    gamblers = logs.reshape(*logs.shape[:-1], 2, criteria, -1)
    top = gamblers.max(axis=-1)
    wealth = top + np.log(np.exp(gamblers - top[..., None]).mean(axis=-1))
    released = (wealth[..., 0, :] >= -log(alpha)).all(axis=-1)
    held = (wealth[..., 1, :] >= log(criteria / alpha)).any(axis=-1)
    return np.asarray(released | held)


def _log_steps(known: Sequence[Known], bars: Sequence[float], stakes: Floats) -> Floats:
    """Return shape (people, 2 x criteria x stakes): what each person adds to each gambler's log."""
    sides = [(values / bar, index) for (values, index), bar in zip(known, bars, strict=True)]
    sides += [((1 - v) / (1 - bar), i) for (v, i), bar in zip(known, bars, strict=True)]
    steps = [np.log1p((odds - 1)[:, None] * stakes)[index] for odds, index in sides]
    return np.concatenate(steps, axis=1)


def _marks(batch: int, parts: int) -> NDArray[np.int64]:
    """Return the numbers of people ahead at which a future is looked at, ever farther apart."""
    marks = [batch]
    while marks[-1] < HORIZON:
        step = max(batch, marks[-1] // (parts * batch) * batch)
        marks.append(min(HORIZON, marks[-1] + step))
    return np.array(marks)


def _drawn(people: int, marks: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Return shape (PART, marks, people): how often each person was drawn by each mark."""
    weights = rng.dirichlet(np.ones(people), size=PART)
    sizes = np.diff(marks, prepend=0)
    drawn = rng.multinomial(sizes[None, :], weights[:, None, :])
    return drawn.cumsum(axis=1).astype(np.float64)


def _spread(decided: NDArray[np.bool_], marks: NDArray[np.int64]) -> Forecast:
    ahead = np.where(decided.any(axis=1), marks[decided.argmax(axis=1)], HORIZON + 1)
    low, high = (int(x) for x in np.quantile(ahead, [0.5, 0.8], method="higher"))
    if low > HORIZON:
        return Forecast(None, None, BEYOND)
    return Forecast(low, high if high <= HORIZON else None)
