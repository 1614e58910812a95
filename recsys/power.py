"""When the gate would decide, if people like these played: many orders of the same scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.plan import batched, decides
from recsys.policy import Policy
from recsys.stats import Floats

ORDERS = 200
"""Studies that are drawn from the people who played."""
HORIZON = 400
"""People after which a study is given up."""
LOOKS = (20, 40, 60, 80, 100, 150, 200, 300, 400)
_AT_ONCE = 20  # orders in memory together


@dataclass(frozen=True, slots=True)
class Look:
    """What share of studies has decided by so many people."""

    people: int
    released: float
    held: float


@dataclass(frozen=True, slots=True)
class Power:
    """When studies of these people decide."""

    people: int  # who played and count
    horizon: int  # people in each study
    looks: tuple[Look, ...]
    median: int | None  # people until half of the studies have decided; None beyond the horizon
    most: int | None  # until nine of ten have


def look_to_row(look: Look) -> dict[str, Any]:
    """Return a look as the result of a job says it."""
    return {"people": look.people, "released": look.released, "held": look.held}


def power_to_row(power: Power) -> dict[str, Any]:
    """Return what was drawn as the result of a job says it."""
    return {
        "people": power.people,
        "horizon": power.horizon,
        "looks": [look_to_row(look) for look in power.looks],
        "median": power.median,
        "most": power.most,
    }


def power(scores: Floats, policy: Policy, alpha: float, seed: int) -> Power:
    """Draw ORDERS studies from people's scores, shape (people, criteria), and look at each batch.

    Each study is a random order of the people, none of them twice.
    """
    rng, people = np.random.default_rng(seed), len(scores)
    horizon = min(HORIZON, people) // policy.batch * policy.batch
    stopped, released = np.full(ORDERS, HORIZON + 1), np.zeros(ORDERS, np.bool_)
    for start in range(0, ORDERS if horizon else 0, _AT_ONCE):
        drawn = np.stack([rng.permutation(people)[:horizon] for _ in range(_AT_ONCE)])
        which = slice(start, start + _AT_ONCE)
        stopped[which], released[which] = _stops(scores[drawn], policy, alpha)
    return Power(
        people,
        horizon,
        tuple(_look(n, stopped, released) for n in LOOKS if n <= horizon),
        _people(stopped, 0.5),
        _people(stopped, 0.9),
    )


def _stops(
    drawn: Floats, policy: Policy, alpha: float
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return when each study, shape (studies, people, criteria), stops and whether it releases."""
    bars: Sequence[float] = [criterion.bar for criterion in policy.criteria]
    logs = batched(drawn, bars, policy.batch).cumsum(axis=1)
    people = policy.batch * np.arange(1, logs.shape[1] + 1)
    won, lost = decides(logs, alpha, people >= policy.least_players)
    done, first = (won | lost).any(axis=1), (won | lost).argmax(axis=1)
    rows = np.arange(len(drawn))
    stopped = np.where(done, people[first], HORIZON + 1)
    return stopped, done & ~lost[rows, first]  # fail beats pass


def _look(n: int, stopped: NDArray[np.int64], released: NDArray[np.bool_]) -> Look:
    by = stopped <= n
    return Look(n, float((by & released).mean()), float((by & ~released).mean()))


def _people(stopped: NDArray[np.int64], share: float) -> int | None:
    at = int(np.quantile(stopped, share, method="higher"))
    return None if at > HORIZON else at
