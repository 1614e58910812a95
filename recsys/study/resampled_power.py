"""Power by resampling: how soon studies decide, from scores of past players in random orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.stats import Floats
from recsys.study.policy import Policy
from recsys.study.power import batch_log_wealth, stopping_decisions

N_ORDERS = 200
"""Number of random orders of the players; each is one study."""
REPLAYED_PEOPLE = 400
"""Number of people after which a study ends undecided."""
LOOK_SIZES = (20, 40, 60, 80, 100, 150, 200, 300, 400)
_ORDERS_PER_CHUNK = 20  # orders that are in memory together


@dataclass(frozen=True, slots=True)
class DecisionRate:
    """Shares of studies that have released and held by a number of people."""

    people: int
    released: float
    held: float


@dataclass(frozen=True, slots=True)
class PowerEstimate:
    """When studies with these players decide."""

    people: int  # players with a counted deck
    horizon: int  # number of people in each study
    looks: tuple[DecisionRate, ...]
    median: int | None  # people until half of the studies have decided; None beyond the horizon
    most: int | None  # people until nine of ten studies have decided


def decision_rate_to_row(rate: DecisionRate) -> dict[str, Any]:
    """Return a decision rate as plain data for the result of a job."""
    return {"people": rate.people, "released": rate.released, "held": rate.held}


def power_to_row(power: PowerEstimate) -> dict[str, Any]:
    """Return a power estimate as plain data for the result of a job."""
    return {
        "people": power.people,
        "horizon": power.horizon,
        "looks": [decision_rate_to_row(look) for look in power.looks],
        "median": power.median,
        "most": power.most,
    }


def resample_power(scores: Floats, policy: Policy, alpha: float, seed: int) -> PowerEstimate:
    """Estimate the power from the scores of past players, with a look after every batch.

    scores: (n_people, n_criteria). Each of the N_ORDERS studies is a random order of the people,
    without replacement.
    """
    rng, people = np.random.default_rng(seed), len(scores)
    horizon = min(REPLAYED_PEOPLE, people) // policy.batch * policy.batch
    stopped, released = np.full(N_ORDERS, REPLAYED_PEOPLE + 1), np.zeros(N_ORDERS, np.bool_)
    for start in range(0, N_ORDERS if horizon else 0, _ORDERS_PER_CHUNK):
        drawn = np.stack([rng.permutation(people)[:horizon] for _ in range(_ORDERS_PER_CHUNK)])
        chunk = slice(start, start + _ORDERS_PER_CHUNK)
        stopped[chunk], released[chunk] = _stopping_times(scores[drawn], policy, alpha)
    return PowerEstimate(
        people,
        horizon,
        tuple(_decision_rate(n, stopped, released) for n in LOOK_SIZES if n <= horizon),
        _people_until(stopped, 0.5),
        _people_until(stopped, 0.9),
    )


def _stopping_times(
    drawn: Floats, policy: Policy, alpha: float
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return when studies stop and if they release. drawn: (n_studies, n_people, n_criteria)."""
    bars: Sequence[float] = [criterion.bar for criterion in policy.criteria]
    logs = batch_log_wealth(drawn, bars, policy.batch).cumsum(axis=1)
    people = policy.batch * np.arange(1, logs.shape[1] + 1)
    released_at, held_at = stopping_decisions(logs, alpha, people >= policy.least_players)
    decided, first_look = (
        (released_at | held_at).any(axis=1),
        (released_at | held_at).argmax(axis=1),
    )
    rows = np.arange(len(drawn))
    stopped = np.where(decided, people[first_look], REPLAYED_PEOPLE + 1)
    return stopped, decided & released_at[rows, first_look]


def _decision_rate(n: int, stopped: NDArray[np.int64], released: NDArray[np.bool_]) -> DecisionRate:
    is_stopped = stopped <= n
    return DecisionRate(
        n, float((is_stopped & released).mean()), float((is_stopped & ~released).mean())
    )


def _people_until(stopped: NDArray[np.int64], share: float) -> int | None:
    people = int(np.quantile(stopped, share, method="higher"))
    return None if people > REPLAYED_PEOPLE else people
