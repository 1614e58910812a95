"""How many colleagues a verdict will take: whole studies simulated, all criteria jointly."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from recsys.errors import BadInputError
from recsys.stats import FRACTIONS, Floats, unit_scores
from recsys.study.policy import Policy

ORDERS = 200
"""Studies that are drawn from the people who played."""
REPLAYED_PEOPLE = 400
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
    horizon = min(REPLAYED_PEOPLE, people) // policy.batch * policy.batch
    stopped, released = np.full(ORDERS, REPLAYED_PEOPLE + 1), np.zeros(ORDERS, np.bool_)
    for start in range(0, ORDERS if horizon else 0, _AT_ONCE):
        drawn = np.stack([rng.permutation(people)[:horizon] for _ in range(_AT_ONCE)])
        which = slice(start, start + _AT_ONCE)
        stopped[which], released[which] = _stops(scores[drawn], policy, alpha)
    return Power(
        people,
        horizon,
        tuple(_look(n, stopped, released) for n in LOOKS if n <= horizon),
        _people_until(stopped, 0.5),
        _people_until(stopped, 0.9),
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
    stopped = np.where(done, people[first], REPLAYED_PEOPLE + 1)
    return stopped, done & ~lost[rows, first]  # fail beats pass


def _look(n: int, stopped: NDArray[np.int64], released: NDArray[np.bool_]) -> Look:
    by = stopped <= n
    return Look(n, float((by & released).mean()), float((by & ~released).mean()))


def _people_until(stopped: NDArray[np.int64], share: float) -> int | None:
    at = int(np.quantile(stopped, share, method="higher"))
    return None if at > REPLAYED_PEOPLE else at


RUNS = 400
"""Studies a scenario."""
HORIZON = 1000
"""Colleagues after which a study is given up."""
CHUNK = 50
"""Colleagues that are simulated together: most studies decide early."""
GRID = 512


@dataclass(frozen=True, slots=True)
class Truth:
    """What is assumed of the colleagues; shares from 0 to 1."""

    hit_rate: float  # of picks
    rival: float  # of the brands that the rival, or the challenger, names and the model does not
    decoys: float  # of scored decoys
    icc: float = 0.1  # how alike one person's answers are
    drop_out: float = 0.05  # who does not finish; some of them count all the same
    super_like: float = 0.3  # of what is liked, whoever proposed it
    shared: tuple[float, ...] = (0.0, 0.0, 0.0, 0.1, 0.2, 0.3, 0.2, 0.1, 0.1)
    """The share of people whose two lists have 0, 1, 2, ... brands in common."""

    def __post_init__(self) -> None:
        names = ("hit_rate", "rival", "decoys", "icc", "drop_out", "super_like")
        for name in names:
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise BadInputError(f"{name} is {value}; give a share from 0 to 1.")
        if self.icc >= 1 or self.drop_out >= 1:
            raise BadInputError("icc and drop_out must stay below 1.")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What comes of a truth. People are decks dealt, those that are not finished included."""

    truth: Truth
    released: float  # share of studies, by the horizon
    held: float
    median: int | None  # people until half of the studies have decided; None beyond the horizon
    most: int | None  # until nine of ten have
    reason: str | None = None  # why no study can decide


INCOMPLETE = "fewer decks would be finished than the policy asks for"


def outlook(policy: Policy, truth: Truth, alpha: float, seed: int) -> Outlook:
    """Return when studies of this truth decide, looked at after every batch."""
    if 1 - truth.drop_out < policy.completion:
        return Outlook(truth, 0.0, 0.0, None, None, INCOMPLETE)
    rng = np.random.default_rng(seed)
    stopped, released = _played_out(policy, truth, alpha, rng)
    each = 1 / (1 - truth.drop_out * _lost(policy))
    return Outlook(
        truth,
        float(released.mean()),
        float((~released & (stopped <= HORIZON)).mean()),
        _people(stopped, 0.5, each),
        _people(stopped, 0.9, each),
    )


def _lost(policy: Policy) -> float:
    """Return the share of those who stop somewhere that have too few whole blocks to count."""
    return min(1.0, policy.whole_blocks * policy.deck.block / policy.deck.cards)


def _people(stopped: NDArray[np.int64], share: float, each: float) -> int | None:
    at = int(np.quantile(stopped, share, method="higher"))
    return None if at > HORIZON else int(np.ceil(at * each))


def _played_out(
    policy: Policy, truth: Truth, alpha: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return after how many counted people each study decides, and whether it releases."""
    bars = [criterion.bar for criterion in policy.criteria]
    wealth = np.zeros((RUNS, 2, len(bars), len(FRACTIONS)))
    stopped = np.full(RUNS, HORIZON + 1)
    released, open_ = np.zeros(RUNS, dtype=np.bool_), np.arange(RUNS)
    chunk = max(1, CHUNK // policy.batch) * policy.batch
    for start in range(0, HORIZON, chunk):
        scores = _scores(policy, truth, (len(open_), chunk), rng)
        logs = wealth[open_, None] + batched(scores, bars, policy.batch).cumsum(axis=1)
        people = start + policy.batch * np.arange(1, logs.shape[1] + 1)
        won, lost = decides(logs, alpha, people >= policy.least_players)
        first = (won | lost).argmax(axis=1)
        done = (won | lost).any(axis=1)
        stopped[open_[done]] = people[first[done]]
        released[open_[done]] = ~lost[done, first[done]]  # fail beats pass
        wealth[open_] = logs[:, -1]
        open_ = open_[~done]
        if not len(open_):
            break
    return stopped, released


def batched(scores: Floats, bars: Sequence[float], batch: int) -> Floats:
    """Return what each batch adds to each gambler's log, (studies, batches, 2, criteria, 32)."""
    bar = np.asarray(bars)
    odds = np.stack([scores / bar, (1 - scores) / (1 - bar)], axis=2)
    steps = np.log1p(FRACTIONS * (odds[..., None] - 1))
    studies, people = scores.shape[:2]
    added: Floats = steps.reshape(studies, people // batch, batch, *steps.shape[2:]).sum(axis=2)
    return added


def decides(
    logs: Floats, alpha: float, enough: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which looks release and which hold, shape (studies, batches)."""
    top = logs.max(axis=-1)
    wealth = top + np.log(np.exp(logs - top[..., None]).mean(axis=-1))
    released = (wealth[:, :, 0] >= -log(alpha)).all(axis=-1)
    held = (wealth[:, :, 1] >= log(wealth.shape[-1] / alpha)).any(axis=-1)
    return released & enough, held & enough


def _scores(
    policy: Policy, truth: Truth, size: tuple[int, int], rng: np.random.Generator
) -> Floats:
    """Return the scores of people who finish, shape (studies, people, criteria of the policy)."""
    deck, mood = policy.deck, rng.random(size)
    weights = np.array(truth.shared[: deck.picks + 1])
    shared = rng.choice(len(weights), size=size, p=weights / weights.sum())
    picks = _liked(truth.hit_rate, truth.icc, mood, deck.picks, rng)
    theirs = deck.picks if policy.is_duel else deck.baseline
    unique = _liked(truth.rival, truth.icc, mood, theirs, rng)
    far = _liked(truth.decoys, truth.icc, mood, deck.scored, rng)
    found = {
        "hit_rate": picks.mean(axis=-1),
        "discrimination": _auc(picks[..., : deck.scored], far, truth.super_like, rng),
        "lift": _lift(picks, unique, shared),
        "challenger": _duel(picks, unique, shared),
    }
    return unit_scores(np.stack([found[c.name] for c in policy.criteria], axis=-1))


def _liked(
    chance: float, icc: float, mood: Floats, cards: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return which cards are liked: a person's chance is beta with this mean and correlation.

    One mood moves all her chances: who says yes easily does so to everything.
    """
    own = mood[..., None] * 0 + chance
    if icc > 0 and 0 < chance < 1:
        grid = (np.arange(GRID) + 0.5) / GRID
        spread = (1 - icc) / icc
        own = np.interp(mood, grid, betaincinv(chance * spread, (1 - chance) * spread, grid))
        own = own[..., None]
    return np.asarray(rng.random((*mood.shape, cards)) < own)


def _auc(
    picks: NDArray[np.bool_], far: NDArray[np.bool_], loved: float, rng: np.random.Generator
) -> Floats:
    """Return the graded AUC; exactly .5 where the policy has no scored decoys."""
    if not far.shape[-1]:
        return np.full(far.shape[:-1], 0.5)
    ours, theirs = (x * (1 + (rng.random(x.shape) < loved)) for x in (picks, far))
    ahead = np.sign(ours[..., :, None] - theirs[..., None, :])
    return np.asarray((1 + ahead.mean(axis=(-2, -1))) / 2)


def _first(cards: NDArray[np.bool_], most: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which cards are of one list alone: the first so many, as the last ones are shared."""
    return np.asarray(np.arange(cards.shape[-1]) < most[..., None])


def _lift(picks: NDArray[np.bool_], unique: NDArray[np.bool_], shared: NDArray[np.int64]) -> Floats:
    """Return (1 + own - theirs) / 2; exactly .5 where the lists are the same."""
    alone = picks.shape[-1] - shared
    own, dealt = _first(picks, alone), _first(unique, alone)
    ours, theirs = own.sum(axis=-1), dealt.sum(axis=-1)
    none = (ours == 0) | (theirs == 0)
    ahead = (picks & own).sum(axis=-1) / np.maximum(ours, 1)
    ahead = ahead - (unique & dealt).sum(axis=-1) / np.maximum(theirs, 1)
    return np.where(none, 0.5, (1 + ahead) / 2)


def _duel(picks: NDArray[np.bool_], unique: NDArray[np.bool_], shared: NDArray[np.int64]) -> Floats:
    """Return (1 + theirs - ours) / 2 of two whole lists; what both name cancels out."""
    alone = picks.shape[-1] - shared
    ours, theirs = ((liked & _first(liked, alone)).sum(axis=-1) for liked in (picks, unique))
    return np.asarray((1 + (theirs - ours) / picks.shape[-1]) / 2)
