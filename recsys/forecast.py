"""How many more people a verdict would probably take."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from recsys.stats import FRACTIONS, Floats

HORIZON = 2000
"""People ahead that the forecast looks."""
RUNS = 200
"""Futures that are drawn."""
TOO_EARLY = 20
"""People below which no forecast is made."""
PART = 10
"""Futures that are held in memory together."""

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


def forecast(
    scores: Floats, bars: Sequence[float], alpha: float, batch: int, seed: int
) -> Forecast:
    """Return how many more people it takes until every bar is passed, or one is failed.

    `scores` has shape (criteria, people). Bayesian bootstrap (Rubin, Annals of Statistics 1981):
    each future weighs the people so far by Dirichlet(1, ..., 1) and draws its players from them.
    """
    people = scores.shape[1]
    if people < TOO_EARLY:
        return Forecast(None, None, TOO_SOON)
    steps, marks = _log_steps(scores, bars), _marks(batch)
    now = steps.sum(axis=0)
    if _decided(now, alpha, len(bars)):
        return Forecast(None, None, DECIDED)
    rng = np.random.default_rng(seed)
    decided = [
        _decided(_drawn(people, marks, rng) @ steps + now, alpha, len(bars))
        for _ in range(RUNS // PART)
    ]
    return _spread(np.concatenate(decided), marks)


def _decided(logs: Floats, alpha: float, criteria: int) -> NDArray[np.bool_]:
    """Return which of the rows of logs, shape (..., 2 x criteria x 32), release or hold."""
    gamblers = logs.reshape(*logs.shape[:-1], 2, criteria, len(FRACTIONS))
    top = gamblers.max(axis=-1)
    wealth = top + np.log(np.exp(gamblers - top[..., None]).mean(axis=-1))
    released = (wealth[..., 0, :] >= -log(alpha)).all(axis=-1)
    held = (wealth[..., 1, :] >= log(criteria / alpha)).any(axis=-1)
    return np.asarray(released | held)


def _log_steps(scores: Floats, bars: Sequence[float]) -> Floats:
    """Return shape (people, 2 x criteria x 32): what each person adds to each gambler's log."""
    bar = np.asarray(bars)[:, None]
    odds = np.stack([scores / bar, (1 - scores) / (1 - bar)]).transpose(2, 0, 1)
    steps: Floats = np.log1p(FRACTIONS * (odds[..., None] - 1)).reshape(scores.shape[1], -1)
    return steps


def _marks(batch: int) -> NDArray[np.int64]:
    """Return the numbers of people ahead at which a future is looked at, ever farther apart."""
    marks = [batch]
    while marks[-1] < HORIZON:
        step = max(batch, marks[-1] // (10 * batch) * batch)
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
