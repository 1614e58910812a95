"""How soon studies of the people who played decide: their scores in many random orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.stats import Floats
from recsys.study.policy import Policy
from recsys.study.power import batch_log_wealth, stopping_decisions

N_ORDERS = 200
"""Studies that are drawn from the people who played."""
REPLAYED_PEOPLE = 400
"""People after which a study is given up."""
LOOK_SIZES = (20, 40, 60, 80, 100, 150, 200, 300, 400)
_ORDERS_PER_CHUNK = 20  # orders in memory together


@dataclass(frozen=True, slots=True)
class DecisionRate:
    """What share of studies has decided by so many people."""

    people: int
    released: float
    held: float


@dataclass(frozen=True, slots=True)
class PowerEstimate:
    """When studies of these people decide."""

    people: int  # who played and count
    horizon: int  # people in each study
    looks: tuple[DecisionRate, ...]
    median: int | None  # people until half of the studies have decided; None beyond the horizon
    most: int | None  # until nine of ten have


def decision_rate_to_row(rate: DecisionRate) -> dict[str, Any]:
    """Return a look as the result of a job says it."""
    return {"people": rate.people, "released": rate.released, "held": rate.held}


def power_to_row(power: PowerEstimate) -> dict[str, Any]:
    """Return what was drawn as the result of a job says it."""
    return {
        "people": power.people,
        "horizon": power.horizon,
        "looks": [decision_rate_to_row(look) for look in power.looks],
        "median": power.median,
        "most": power.most,
    }


def resample_power(scores: Floats, policy: Policy, alpha: float, seed: int) -> PowerEstimate:
    """Draw ORDERS studies from people's scores, shape (people, criteria), and look at each batch.

    Each study is a random order of the people, none of them twice.
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
    """Return when each study, shape (studies, people, criteria), stops and whether it releases."""
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
