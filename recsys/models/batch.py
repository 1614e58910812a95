"""The best brands of many customers at once: what `FavouriteModel.rank` says of each, in batches.

Beyond her own brands, those nearest to them and those of EASE's head, a brand scores x.y +
popularity, at most |x| * |y| + popularity (Cauchy and Schwarz; Teflioudi, Gemulla and Mykytiuk
prune so in "LEMP", SIGMOD 2015, section 3). Where the largest such bound of the tail does not reach
a customer's n-th best brand so far, the tail is not looked at: lists are exact, and most cost the
head alone.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recsys.dataset.event_weights import AGES, Love, counts, left, loved
from recsys.dataset.evidence import Evidence
from recsys.models.base import best, edge
from recsys.models.baselines import OwnPurchasesThenViews
from recsys.models.hybrid import FavouriteModel
from recsys.models.user_batch import (
    Codes,
    Floats,
    Found,
    Listed,
    People,
    first,
    listed,
    nothing,
    places,
)

GROUP = 1_000  # customers scored at a time: their scores stay in the processor's cache
NOWHERE = np.float32(-np.inf)  # the score of a brand that may not be shown


class Lister(Protocol):
    """Whatever lists the best brands of many customers."""

    def lists(self, whose: NDArray[np.int64], evidence: Evidence, n: int) -> Listed:
        """Return the best n brands of each of these customers, fewer where the shop has fewer.

        `whose`, (N,), are their numbers, ascending; who has no evidence gets the popular brands.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class RivalBatch:
    """The baseline `own-purchases-then-views` for many customers."""

    rival: OwnPurchasesThenViews

    def lists(self, whose: NDArray[np.int64], evidence: Evidence, n: int) -> Listed:
        """Return each customer's best n: her own brands and the first of the popular ones."""
        prior, allowed = self.rival.basis.prior / 2, self.rival.basis.allowed(())
        own = self.rival.own(evidence)
        people = People.of(whose, evidence, own, own)
        top = best(prior, allowed, n)
        rows, codes = np.repeat(np.arange(people.number), len(top)), np.tile(top, people.number)
        width = len(prior)
        fresh = ~np.isin(rows * width + codes, people.row * width + people.brand)
        shown = allowed[people.brand]
        hers = people.brand[shown]
        found = first(
            [
                (people.row[shown], hers, (prior[hers] + own[shown])),
                (rows[fresh], codes[fresh], prior[codes[fresh]]),
            ],
            n,
        )
        return listed(evidence, people, found, prior)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """A model made ready to list many customers."""

    model: FavouriteModel
    barred: NDArray[np.bool_] = field(init=False)  # (B,) may not be shown
    popular: Floats = field(init=False)  # (B,) what popularity adds to a score
    head: Codes = field(init=False)  # (H,) brands that EASE knows, ascending
    tail: Codes = field(init=False)  # (T,) those of the others that may be shown
    longest: float = field(init=False)  # factors of the tail
    fame: float = field(init=False)  # the largest popularity of the tail

    def __post_init__(self) -> None:
        """Sort the brands once."""
        blend, factors = self.model.blend, self.model.factors.of_brands
        allowed = self.model.basis.allowed(())
        head = self.model.linear.head.astype(np.intp)
        outside = allowed.copy()
        outside[head] = False
        tail = np.flatnonzero(outside)
        popular = blend.weights.popularity * self.model.popular[AGES.index(blend.fashion)]
        lengths = np.linalg.norm(factors[tail], axis=1)
        for name, value in {
            "barred": ~allowed,
            "popular": popular.astype(np.float32),
            "head": head,
            "tail": tail,
            "longest": float(lengths.max(initial=0.0)),
            "fame": float(popular[tail].max(initial=0.0)),
        }.items():
            object.__setattr__(self, name, value)

    def lists(self, whose: NDArray[np.int64], evidence: Evidence, n: int) -> Listed:
        """Return the best n brands of each of these customers."""
        people, found = self._people(whose, evidence), [nothing()]
        for start, group in people.groups(GROUP):
            rows, codes, scores = self._found(group, n)
            found.append((rows + start, codes, scores))
        return listed(evidence, people, first(found, n), self.popular)

    def _people(self, whose: NDArray[np.int64], evidence: Evidence) -> People:
        blend, count = self.model.blend, counts(evidence)
        strength = loved(count, left(evidence, blend.drift), Love()) / self.model.unit
        own = loved(count, left(evidence, blend.half_life), blend.love) / self.model.unit
        return People.of(whose, evidence, strength, blend.weights.own * own)

    def _found(self, people: People, n: int) -> Found:
        share = np.float32(self.model.blend.weights.collaborative * self.model.blend.shares[0])
        held = (people.strength > 0) & (share > 0)  # nobody is folded in for nothing
        liked = people.matrix(held, people.brand, len(self.barred))
        persons = share * self.model.factors.people(liked)
        added = self._added(people)
        inside, place = self._places(added[1])
        beyond = _some(added, ~inside & ~self.barred[added[1]])
        found = [
            self._head(people, persons, _some(added, inside), place[inside], n),
            self._beyond(persons, beyond),
        ]
        so_far = first(found, n)
        short = self._short(people, persons, so_far, n)
        return first([so_far, self._tail(persons, beyond, short, n)], n) if len(short) else so_far

    def _added(self, people: People) -> Found:
        """What her own doing and the nearest brands add to single scores."""
        weight = np.float32(self.model.blend.weights.collaborative * self.model.blend.shares[2])
        if not weight:
            return people.row, people.brand, people.own
        liked = people.matrix(people.strength > 0, people.brand, len(self.barred))
        pairs = (people.own, (people.row, people.brand))
        own = csr_matrix(pairs, shape=liked.shape)
        both = (own + (weight * liked) @ self.model.alike.speaks).tocoo()
        return both.row.astype(np.intp), both.col.astype(np.intp), both.data.astype(np.float32)

    def _places(self, brand: Codes) -> tuple[NDArray[np.bool_], Codes]:
        """Which brands are in the head, and where."""
        if not len(self.head):
            return np.zeros(len(brand), np.bool_), brand
        place = np.minimum(np.searchsorted(self.head, brand), len(self.head) - 1)
        return self.head[place] == brand, place

    def _head(self, people: People, persons: Floats, added: Found, place: Codes, n: int) -> Found:
        """The best n of EASE's brands; what is added to a score stands at a place of the head."""
        blend, linear = self.model.blend, self.model.linear
        scores = persons @ self.model.factors.of_brands[self.head].T
        scores += self.popular[self.head]
        weight = np.float32(blend.weights.collaborative * blend.shares[1])
        if weight:
            inside, at = self._places(people.brand)
            liked = people.matrix(inside & (people.strength > 0), at, len(self.head))
            scores += (weight * liked) @ linear.speaks
        scores[added[0], place] += added[2]
        scores[:, self.barred[self.head]] = NOWHERE
        rows, columns = _best(scores, n)
        return rows, self.head[columns], scores[rows, columns]

    def _beyond(self, persons: Floats, added: Found) -> Found:
        """The brands of the tail to whose score something is added."""
        rows, codes, more = added
        alike = np.einsum("pf,pf->p", persons[rows], self.model.factors.of_brands[codes])
        return rows, codes, alike + self.popular[codes] + more

    def _short(self, people: People, persons: Floats, so_far: Found, n: int) -> Codes:
        """Customers whose n-th best so far a brand of the tail may reach."""
        if not len(self.tail):
            return np.empty(0, np.intp)
        rows, _, scores = so_far
        last, full = np.full(people.number, NOWHERE), places(rows) == n
        last[rows[full]] = scores[full]
        bound = np.linalg.norm(persons, axis=1) * self.longest + self.fame
        return np.flatnonzero(bound * (1 + _ROUNDING) + _ROUNDING >= last)

    def _tail(self, persons: Floats, beyond: Found, short: Codes, n: int) -> Found:
        """The best n of the tail for these customers, those beyond apart: they are found."""
        scores = persons[short] @ self.model.factors.of_brands[self.tail].T
        scores += self.popular[self.tail]
        row = np.full(len(persons), -1)
        row[short] = np.arange(len(short))
        asked = row[beyond[0]] >= 0
        at = np.searchsorted(self.tail, beyond[1][asked])
        scores[row[beyond[0][asked]], at] = NOWHERE
        rows, columns = _best(scores, n)
        return short[rows], self.tail[columns], scores[rows, columns]


def _some(found: Found, which: NDArray[np.bool_]) -> Found:
    rows, codes, scores = found
    return rows[which], codes[which], scores[which]


_ROUNDING = 1e-5  # of single floats: a bound is never too low
_LEAST = np.finfo(np.float32).min


def _best(scores: Floats, n: int) -> tuple[Codes, Codes]:
    """Rows and columns of each row's n best, and of some others."""
    rows, columns = np.nonzero(scores >= np.maximum(edge(scores, n), _LEAST))
    return rows, columns
