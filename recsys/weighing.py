"""Choosing how the parts of the score are weighed, on the end of a log that the model did not see.

The search begins at the defaults and goes twice through the choices, one after another (the two
weights together). What is looked for is the sum of the NDCG@10 of both tasks; what cannot be told
from the best keeps things as they are, so that a small log keeps the defaults. Of each customer a
shortlist of brands is ranked: what she knows, and the first of every part. Nothing of an
evaluation's own slice is read.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.love import AGES, KINDS, Love, counts, left, loved
from recsys.model import Blend, FavouriteModel, Weights
from recsys.relevance import AT, DISCOUNT, TASKS, Case, ideal

LEAST_CASES = 100  # fewer customers say too little
SHORTLIST = 20  # brands of each part that are new to her
MOST_KNOWN = 200  # brands she knows, the strongest
COLLABORATIVE = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0)
POPULARITY = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
EASE = (0.0, 0.5, 1.0)
TIMES = (0.0, 1 / 3, 3.0)  # what one kind of event says of love, against what it said
ROUNDS = 2

Parts = NDArray[np.float32]
"""Shape (customers, shortlist): one part of the score."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What was chosen, on how many customers, and how it did there."""

    blend: Blend
    customers: int
    any: float | None = None  # NDCG@10 there, None where nothing was chosen
    new: float | None = None
    reason: str = ""  # why nothing was chosen


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """All that a score is made of, for the shortlists of n customers, L brands wide.

    Own evidence is kept for the m pairs of a customer and a brand that she knows.
    """

    counts: NDArray[np.float32]  # (m, len(KINDS))
    left: NDArray[np.float32]  # (len(AGES), m)
    at: tuple[NDArray[np.intp], NDArray[np.intp]]  # row and column of each pair, (m,) twice
    popular: NDArray[np.float32]  # (len(AGES), n, L)
    als: Parts
    ease: Parts
    gain: Parts
    barred: dict[str, NDArray[np.bool_]]  # task -> (n, L), brands that it does not rank
    ideal: dict[str, NDArray[np.float64]]  # task -> (n,), 0 where she wanted nothing
    unit: float  # of own evidence
    known: dict[Any, NDArray[np.float64]] = field(default_factory=dict)  # NDCG@10 of new brands

    def scores(self, blend: Blend) -> Parts:
        """Of every brand of the shortlists."""
        weights, memory = blend.weights, self.left[AGES.index(blend.half_life)]
        both = (1 - blend.ease) * self.als + blend.ease * self.ease
        popular = self.popular[AGES.index(blend.fashion)]
        total = weights.collaborative * both + weights.popularity * popular
        own = loved(self.counts, memory, blend.love) / self.unit
        total[self.at] += weights.own * own
        return np.asarray(total, np.float32)

    def found(self, blend: Blend) -> dict[str, NDArray[np.float64]]:
        """NDCG@10 of each task, shape (n,), so scaled that its mean is that over who was asked."""
        scores = self.scores(blend)
        says = (blend.weights, blend.ease, blend.fashion)  # own evidence is not of new brands
        if says not in self.known:
            self.known[says] = self._ndcg(scores, "new")
        return {"any": self._ndcg(scores, "any"), "new": self.known[says]}

    def worth(self, blend: Blend) -> NDArray[np.float64]:
        """One number a customer, shape (n,), whose mean is the sum of both tasks' NDCG@10."""
        return np.asarray(sum(self.found(blend).values()), np.float64)

    def _ndcg(self, scores: Parts, task: str) -> NDArray[np.float64]:
        ranked, best = np.where(self.barred[task], -np.inf, scores), self.ideal[task]
        order = _top(ranked)
        gain = np.take_along_axis(np.where(self.barred[task], 0.0, self.gain), order, 1)
        asked = best > 0
        gained = np.where(asked, gain @ DISCOUNT[: order.shape[1]] / np.where(asked, best, 1.0), 0)
        return np.asarray(gained * (len(gained) / max(1, int(asked.sum()))), np.float64)


def _top(scores: NDArray[np.floating]) -> NDArray[np.intp]:
    """Columns of the first ten of each row, best first."""
    kept = min(AT, scores.shape[1])
    some = np.argpartition(scores, -kept, axis=1)[:, -kept:]
    order = np.argsort(-np.take_along_axis(scores, some, 1), axis=1, kind="stable")
    return np.take_along_axis(some, order, 1)


def weigh(
    model: FavouriteModel, cases: Sequence[Case], tell: Callable[[float], None] | None = None
) -> Weighed:
    """Choose the blend that finds most in these cases; the model's own where they are too few.

    The model must not have seen what the cases ask for. `tell` is told the share that is done.
    """
    if len(cases) < LEAST_CASES:
        return Weighed(
            model.blend,
            len(cases),
            reason=f"Only {len(cases)} customers came back at the end of the log; "
            f"weights are chosen from {LEAST_CASES} on.",
        )
    board = board_of(model, cases, tell)
    blend, worth = model.blend, board.worth(model.blend)
    steps = ROUNDS * _STEPS
    for done, step in enumerate(steps, start=1):
        blend, worth = _better(board, blend, worth, step(blend))
        if tell:
            tell(0.5 + 0.5 * done / len(steps))
    found = {task: float(each.mean()) for task, each in board.found(blend).items()}
    return Weighed(blend, len(cases), found["any"], found["new"])


def _better(
    board: Board, blend: Blend, worth: NDArray[np.float64], others: Sequence[Blend]
) -> tuple[Blend, NDArray[np.float64]]:
    """The blend itself where it is level with the best, else the least popular that is.

    Level is what falls short by less than its own standard error over customers (the rule of one
    standard error in Breiman, Friedman, Olshen and Stone, "Classification and Regression Trees",
    1984). What everybody gets needs no model, so popularity has to show that it is worth its place.
    """
    tried = [(blend, worth), *((other, board.worth(other)) for other in others)]
    best = max((each for _, each in tried), key=lambda each: float(each.mean()))
    level = [pair for pair in tried if _is_level(best - pair[1])]
    if level[0][0] is blend:
        return level[0]
    return min(level, key=lambda pair: (_leaning(pair[0].weights), -float(pair[1].mean())))


def _leaning(weights: Weights) -> float:
    """Share of popularity in what orders brands that are new to her."""
    return weights.popularity / (weights.popularity + weights.collaborative)


def _is_level(short: NDArray[np.float64]) -> bool:
    return bool(short.mean() <= short.std() / np.sqrt(len(short)))


def _weights(blend: Blend) -> list[Blend]:
    pairs = product(COLLABORATIVE, POPULARITY)
    return [replace(blend, weights=Weights(1.0, c, p)) for c, p in pairs]


def _mixes(blend: Blend) -> list[Blend]:
    return [replace(blend, ease=share) for share in EASE]


def _memories(blend: Blend) -> list[Blend]:
    return [replace(blend, half_life=age) for age in AGES]


def _fashions(blend: Blend) -> list[Blend]:
    return [replace(blend, fashion=age) for age in AGES]


def _loves(kind: str) -> Any:
    def step(blend: Blend) -> list[Blend]:
        now = getattr(blend.love, kind)
        return [replace(blend, love=replace(blend.love, **{kind: now * by})) for by in TIMES]

    return step


_STEPS = [_weights, _mixes, _memories, _fashions, *(_loves(kind) for kind in KINDS)]


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """What the board holds of one customer: k brands she knows, l brands of her shortlist."""

    counts: NDArray[np.float64]  # (k, len(KINDS))
    left: NDArray[np.float64]  # (len(AGES), k)
    places: NDArray[np.intp]  # (k,) in the shortlist
    parts: NDArray[np.float64]  # (len(AGES) + 3, l): popular, ALS, EASE, gain


def board_of(
    model: FavouriteModel, cases: Sequence[Case], tell: Callable[[float], None] | None = None
) -> Board:
    """Lay out the parts of the score for these customers."""
    columns = []
    for done, case in enumerate(cases, start=1):
        columns.append(_column(model, case))
        if tell and (done % 50 == 0 or done == len(cases)):
            tell(0.5 * done / len(cases))
    ages, shape = len(AGES), (len(cases), max(column.parts.shape[1] for column in columns))
    parts = np.zeros((ages + 3, *shape), np.float32)
    real = np.zeros(shape, bool)
    for row, column in enumerate(columns):
        parts[:, row, : column.parts.shape[1]] = column.parts
        real[row, : column.parts.shape[1]] = True
    rows = np.repeat(np.arange(len(columns)), [len(column.places) for column in columns])
    at = rows, np.concatenate([column.places for column in columns])
    known = np.zeros(shape, bool)
    known[at] = True
    wanted = {task: [ideal(np.array([*c.wanted(task).values()])) for c in cases] for task in TASKS}
    return Board(
        counts=np.concatenate([column.counts for column in columns]).astype(np.float32),
        left=np.concatenate([column.left for column in columns], axis=1).astype(np.float32),
        at=at,
        popular=parts[:ages],
        als=parts[ages],
        ease=parts[ages + 1],
        gain=parts[ages + 2],
        barred={"any": ~real, "new": ~real | known},
        ideal={task: np.array(values) for task, values in wanted.items()},
        unit=model.unit,
    )


def _column(model: FavouriteModel, case: Case) -> Column:
    hers, count = case.before.brand, counts(case.before)
    memories = np.array([left(case.before, age) for age in AGES])
    strength = loved(count, memories[0], Love()) / model.unit
    als, ease = model.affinities(hers, strength)
    allowed = model.basis.allowed(())
    strongest = np.argsort(-strength, kind="stable")[:MOST_KNOWN]
    kept = np.sort(strongest[allowed[hers[strongest]]])
    allowed[hers] = False
    codes = np.unique(
        np.concatenate([hers[kept], *_first(allowed, [als, ease, *model.popular])])
    ).astype(np.intp)
    gain, wanted = np.zeros(len(allowed)), case.wanted("any")
    gain[[model.basis.codes[name] for name in wanted]] = list(wanted.values())
    parts = np.stack([row[codes] for row in (*model.popular, als, ease, gain)])
    return Column(count[kept], memories[:, kept], np.searchsorted(codes, hers[kept]), parts)


def _first(
    unmet: NDArray[np.bool_], parts: Sequence[NDArray[np.float64]]
) -> Iterator[NDArray[np.intp]]:
    """Codes of the first of each part among the brands new to her."""
    codes = np.flatnonzero(unmet)
    for part in parts:
        kept = min(SHORTLIST, len(codes))
        yield codes[np.argpartition(-part[codes], kept - 1)[:kept]] if kept else codes
