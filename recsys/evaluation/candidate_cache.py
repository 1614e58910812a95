"""Shortlists of many customers, laid out so that one blend after another is tried on all at once.

Of each customer a shortlist of brands is ranked: what she knows, and the first of every part.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.event_weights import AGES, Love, counts, left, loved
from recsys.evaluation.metrics import AT, DISCOUNT, TASKS, Case, ideal
from recsys.models.hybrid import Blend, FavouriteModel

SHORTLIST = 20  # brands of each part that are new to her
LEADERS = 40  # of each kind of popularity, whether she knows them or not
MOST_KNOWN = 200  # brands she knows, the strongest
OTHERS = 3  # parts of what others do: ALS, EASE, the nearest brands
DRIFTS = (None, 90, 30)  # half-lives of AGES that these are asked with

Parts = NDArray[np.float32]
"""Shape (customers, shortlist): one part of the score."""


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """All that a score is made of, for the shortlists of n customers, L brands wide.

    Own evidence is kept for the m pairs of a customer and a brand that she knows.
    """

    counts: NDArray[np.float32]  # (m, len(KINDS))
    left: NDArray[np.float32]  # (len(AGES), m)
    at: tuple[NDArray[np.intp], NDArray[np.intp]]  # row and column of each pair, (m,) twice
    popular: NDArray[np.float32]  # (len(AGES), n, L)
    others: NDArray[np.float32]  # (len(DRIFTS), OTHERS, n, L)
    gain: Parts
    barred: dict[str, NDArray[np.bool_]]  # task -> (n, L), brands that it does not rank
    ideal: dict[str, NDArray[np.float64]]  # task -> (n,), 0 where she wanted nothing
    unit: float  # of own evidence
    known: dict[Any, NDArray[np.float64]] = field(default_factory=dict)  # NDCG@10 of new brands

    def scores(self, blend: Blend) -> Parts:
        """Of every brand of the shortlists."""
        weights, memory = blend.weights, self.left[AGES.index(blend.half_life)]
        shares = weights.collaborative * np.array(blend.shares, np.float32)
        total = np.tensordot(shares, self.others[DRIFTS.index(blend.drift)], 1)
        total += np.float32(weights.popularity) * self.popular[AGES.index(blend.fashion)]
        own = loved(self.counts, memory, blend.love) / self.unit
        total[self.at] += weights.own * own
        return np.asarray(total, np.float32)

    def found(self, blend: Blend) -> dict[str, NDArray[np.float64]]:
        """NDCG@10 of each task, shape (n,), so scaled that its mean is that over who was asked."""
        scores = self.scores(blend)
        weights = blend.weights  # own evidence is not of new brands
        says = (weights.collaborative, weights.popularity, blend.shares, blend.drift, blend.fashion)
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


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """What the board holds of one customer: k brands she knows, l brands of her shortlist."""

    counts: NDArray[np.float64]  # (k, len(KINDS))
    left: NDArray[np.float64]  # (len(AGES), k)
    places: NDArray[np.intp]  # (k,) in the shortlist
    parts: NDArray[np.float64]  # (len(AGES) + len(DRIFTS) * OTHERS + 1, l): popular, others, gain


def board_of(
    model: FavouriteModel, cases: Sequence[Case], tell: Callable[[float], None] | None = None
) -> Board:
    """Lay out the parts of the score for these customers."""
    columns, leaders = [], _first(np.ones(len(model.basis.brands), bool), model.popular, LEADERS)
    for done, case in enumerate(cases, start=1):
        columns.append(_column(model, case, leaders))
        if tell and (done % 50 == 0 or done == len(cases)):
            tell(0.5 * done / len(cases))
    ages, shape = len(AGES), (len(cases), max(column.parts.shape[1] for column in columns))
    parts = np.zeros((len(columns[0].parts), *shape), np.float32)
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
        others=parts[ages:-1].reshape(len(DRIFTS), OTHERS, *shape),
        gain=parts[-1],
        barred={"any": ~real, "new": ~real | known},
        ideal={task: np.array(values) for task, values in wanted.items()},
        unit=model.unit,
    )


def _column(model: FavouriteModel, case: Case, leaders: NDArray[np.intp]) -> Column:
    hers, count = case.before.brand, counts(case.before)
    memories = np.array([left(case.before, age) for age in AGES])
    strengths = [loved(count, memories[AGES.index(drift)], Love()) / model.unit for drift in DRIFTS]
    others = np.concatenate([model.affinities(hers, strength) for strength in strengths])
    allowed = model.basis.allowed(())
    strongest = np.argsort(-strengths[0], kind="stable")[:MOST_KNOWN]
    kept = np.sort(strongest[allowed[hers[strongest]]])
    allowed[hers] = False
    new = [leaders[allowed[leaders]], _first(allowed, others, SHORTLIST)]
    codes = np.unique(np.concatenate([hers[kept], *new])).astype(np.intp)
    gain = [case.gains.get(name, 0.0) for name in model.basis.brands[codes]]
    parts = np.concatenate([model.popular[:, codes], others[:, codes], [gain]])
    return Column(count[kept], memories[:, kept], np.searchsorted(codes, hers[kept]), parts)


def _first(unmet: NDArray[np.bool_], parts: NDArray[np.float64], n: int) -> NDArray[np.intp]:
    """Codes of the first n of each part among the brands new to her."""
    kept = min(n, int(unmet.sum()))
    barred = np.where(unmet, 0.0, np.inf)
    firsts = [np.argpartition(barred - part, max(kept - 1, 0))[:kept] for part in parts]
    return np.unique(np.concatenate(firsts))
