"""Which brand on the shelf is as popular as a pick: the decoys and their pairs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from recsys.dataset.catalog import Catalogue
from recsys.errors import NotEnoughBrandsError
from recsys.models.base import Basis


class Step(StrEnum):
    """Where a scored decoy was found, seen from its pick."""

    CATEGORY = "category"
    TIER = "tier"
    ANYWHERE = "anywhere"


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """What dealing needs to know of the brands, as arrays by brand code, shape (B,)."""

    names: NDArray[np.object_]
    codes: Mapping[str, int]
    category: NDArray[np.int32]
    category_names: NDArray[np.object_]
    tier: NDArray[np.int64]  # price tier within the category, 0 to 3
    buyers: NDArray[np.int64]
    allowed: NDArray[np.bool_]  # not sensitive, and with something to sell
    fame: NDArray[np.float64] = field(init=False)  # logarithm of the buyers

    def __post_init__(self) -> None:
        object.__setattr__(self, "fame", np.log1p(self.buyers.astype(np.float64)))

    @classmethod
    def of(cls, catalogue: Catalogue, known: Basis) -> "Shelf":
        """Read the shelf off a catalogue and a model's knowledge of popularity."""
        return cls(
            names=catalogue.brands,
            codes=known.codes,
            category=catalogue.brand_category,
            category_names=catalogue.categories,
            tier=_tiers(catalogue.brand_price, catalogue.brand_category),
            buyers=known.buyers,
            allowed=~catalogue.brand_sensitive & (catalogue.brand_category >= 0),
        )

    def codes_of(self, names: Iterable[str]) -> NDArray[np.intp]:
        """The codes of those of these names that are on the shelf, in their order."""
        return np.array([self.codes[name] for name in names if name in self.codes], np.intp)


def _tiers(price: NDArray[np.int32], category: NDArray[np.int32]) -> NDArray[np.int64]:
    """Quarter of its category that a brand's median price falls in; unknown prices are lowest."""
    order = np.lexsort((price, category))
    starts = np.searchsorted(category[order], np.unique(category))
    sizes = np.diff(np.append(starts, len(order)))
    place = np.arange(len(order)) - np.repeat(starts, sizes)
    tiers = np.empty(len(order), np.int64)
    tiers[order] = place * 4 // np.repeat(np.maximum(sizes, 1), sizes)
    return tiers


def free_brands(shelf: Shelf, taken: NDArray[np.intp]) -> NDArray[np.intp]:
    """Codes of the allowed brands that are not taken."""
    free = shelf.allowed.copy()
    free[taken] = False
    return np.flatnonzero(free)


Pair = tuple[str, str, Step]
"""A pick, its decoy, and how far the decoy had to be sought."""


def paired(picks: Sequence[str], shelf: Shelf, free: NDArray[np.intp], wanted: int) -> list[Pair]:
    """Give `wanted` of the picks a decoy each, out of the `free` brand codes.

    Which picks get one is the assignment of least total distance in log popularity.
    """
    if len(free) < wanted:
        raise NotEnoughBrandsError(wanted, len(free), "decoys")
    if not wanted:
        return []
    shelved = _Free(free, shelf.category[free], shelf.tier[free], shelf.fame[free])
    near = [_nearest(shelf, shelf.codes[name], shelved, wanted) for name in picks]
    columns = np.unique(np.concatenate([codes for codes, _, _ in near]))
    cost = np.full((len(picks), len(columns) + len(picks) - wanted), _NEVER)
    cost[:, len(columns) :] = -_NEVER  # places for those that stay alone, all of them taken
    steps = np.zeros(cost.shape, np.int64)
    for row, (codes, gap, step) in enumerate(near):
        at = np.searchsorted(columns, codes)
        steps[row, at] = step
        cost[row, at] = gap + _FARTHER * (step - step[0])
    rows, chosen = linear_sum_assignment(cost)
    return [
        (picks[int(row)], str(shelf.names[columns[column]]), tuple(Step)[steps[row, column]])
        for row, column in zip(rows, chosen, strict=True)
        if column < len(columns)
    ]


_FARTHER = 1e3  # beyond any sum of differences of logarithms: only where nobody is left nearer by
_NEVER = 1e9

Near = tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.int64]]
"""Brand codes, their distances in log popularity, and their steps as places in Step."""


@dataclass(frozen=True, slots=True, eq=False)
class _Free:
    """What the shelf says of the free brands, (n,) each."""

    codes: NDArray[np.intp]
    category: NDArray[np.int32]
    tier: NDArray[np.int64]
    fame: NDArray[np.float64]


def _nearest(shelf: Shelf, pick: int, free: _Free, most: int) -> Near:
    """The free brands of its category, then of its tier, then others, the nearest first.

    As many as there are decoys to give: then every choice of picks can be served.
    """
    codes, gaps, sizes, left = [], [], [], most
    rings = _rings(shelf, pick, free)
    while left:
        at = np.flatnonzero(next(rings))
        gap = np.abs(free.fame[at] - shelf.fame[pick])
        order = np.argsort(gap, kind="stable")[:left]
        codes.append(free.codes[at[order]])
        gaps.append(gap[order])
        sizes.append(len(order))
        left -= len(order)
    return np.concatenate(codes), np.concatenate(gaps), np.repeat(np.arange(len(sizes)), sizes)


def _rings(shelf: Shelf, pick: int, free: _Free) -> Iterator[NDArray[np.bool_]]:
    """Which of the free brands each step reaches, one step after another."""
    in_category = free.category == shelf.category[pick]
    yield in_category
    in_tier = (free.tier == shelf.tier[pick]) & ~in_category
    yield in_tier
    yield ~(in_category | in_tier)
