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
MOST = 200
"""People whom futures are drawn from; of more, a random part says as much."""

BEYOND = "beyond the horizon"
TOO_SOON = "too early"


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
    rng = np.random.default_rng(seed)
    steps, marks = _log_steps(scores, bars), _marks(batch)
    drawn_from = rng.permutation(people)[:MOST]
    drawn = _drawn(len(drawn_from), marks, rng)  # (runs, marks, people)
    gained = drawn @ steps[drawn_from] + steps.sum(axis=0)  # (runs, marks, 2 x criteria x 32)
    logs = gained.reshape(*gained.shape[:2], 2, len(bars), len(FRACTIONS))
    top = logs.max(axis=-1)
    wealth = top + np.log(np.exp(logs - top[..., None]).mean(axis=-1))
    released = (wealth[:, :, 0] >= -log(alpha)).all(axis=-1)
    held = (wealth[:, :, 1] >= log(len(bars) / alpha)).any(axis=-1)
    return _spread(released | held, marks)


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
    """Return shape (runs, marks, people): how often each person was drawn by each mark."""
    weights = rng.dirichlet(np.ones(people), size=RUNS)
    sizes = np.diff(marks, prepend=0)
    drawn = rng.multinomial(sizes[None, :], weights[:, None, :])
    return drawn.cumsum(axis=1).astype(np.float64)


def _spread(decided: NDArray[np.bool_], marks: NDArray[np.int64]) -> Forecast:
    ahead = np.where(decided.any(axis=1), marks[decided.argmax(axis=1)], HORIZON + 1)
    low, high = (int(x) for x in np.quantile(ahead, [0.5, 0.8], method="higher"))
    if low > HORIZON:
        return Forecast(None, None, BEYOND)
    return Forecast(low, high if high <= HORIZON else None)
