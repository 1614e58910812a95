"""Match decoys to picks.

A pick is a brand from the model's list. A decoy is a free brand of about the same popularity: an
allowed brand that is not already taken. It is paired with a pick for comparison.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from recsys.dataset.catalog import Catalog
from recsys.errors import NotEnoughBrandsError
from recsys.models.base import BrandIndex


class MatchLevel(StrEnum):
    """Where the decoy of a pick was found."""

    CATEGORY = "category"  # in the category of the pick
    TIER = "tier"  # in another category, in the same price tier
    ANYWHERE = "anywhere"


@dataclass(frozen=True, slots=True, eq=False)
class BrandPool:
    """Facts about all brands for dealing a deck, as arrays by brand code, (B,)."""

    names: NDArray[np.object_]
    codes: Mapping[str, int]
    category: NDArray[np.int32]
    category_names: NDArray[np.object_]
    tier: NDArray[np.int64]  # price tier within the category, 0 to 3
    buyers: NDArray[np.int64]  # customers with a purchase
    allowed: NDArray[np.bool_]  # not sensitive, and with items to sell
    log_popularity: NDArray[np.float64] = field(init=False)  # log(1 + buyers)

    def __post_init__(self) -> None:
        object.__setattr__(self, "log_popularity", np.log1p(self.buyers.astype(np.float64)))

    @classmethod
    def from_catalog(cls, catalog: Catalog, brand_index: BrandIndex) -> "BrandPool":
        """Build the pool from a catalog and the popularity in a model's brand index."""
        return cls(
            names=catalog.brands,
            codes=brand_index.codes,
            category=catalog.brand_category,
            category_names=catalog.categories,
            tier=_tiers(catalog.brand_price, catalog.brand_category),
            buyers=brand_index.buyers,
            allowed=~catalog.brand_sensitive & (catalog.brand_category >= 0),
        )

    def codes_of(self, names: Iterable[str]) -> NDArray[np.intp]:
        """Return the codes of the names that are in the pool, in the order of `names`."""
        return np.array([self.codes[name] for name in names if name in self.codes], np.intp)


def _tiers(price: NDArray[np.int32], category: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the quartile of a brand's median price in its category, (B,); unknown is lowest."""
    order = np.lexsort((price, category))
    starts = np.searchsorted(category[order], np.unique(category))
    sizes = np.diff(np.append(starts, len(order)))
    place = np.arange(len(order)) - np.repeat(starts, sizes)
    tiers = np.empty(len(order), np.int64)
    tiers[order] = place * 4 // np.repeat(np.maximum(sizes, 1), sizes)
    return tiers


def free_brands(pool: BrandPool, taken: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the codes of the allowed brands that are not in `taken`."""
    free = pool.allowed.copy()
    free[taken] = False
    return np.flatnonzero(free)


DecoyPair = tuple[str, str, MatchLevel]
"""A pick, its decoy, and the level at which the decoy was found."""


def match_decoys(
    picks: Sequence[str], pool: BrandPool, free_codes: NDArray[np.intp], n_decoys: int
) -> list[DecoyPair]:
    """Pair `n_decoys` of the picks with one decoy each, from the brands in `free_codes`.

    The pairs are the assignment with the smallest total distance in log popularity. A nearer match
    level comes before a smaller distance. Raises NotEnoughBrandsError if too few brands are free.
    """
    if len(free_codes) < n_decoys:
        raise NotEnoughBrandsError(n_decoys, len(free_codes), "decoys")
    if not n_decoys:
        return []
    free_brands_of_pool = _FreeBrands(
        free_codes,
        pool.category[free_codes],
        pool.tier[free_codes],
        pool.log_popularity[free_codes],
    )
    nearest = [
        _nearest_free(pool, pool.codes[name], free_brands_of_pool, n_decoys) for name in picks
    ]
    columns = np.unique(np.concatenate([codes for codes, _, _ in nearest]))
    cost = np.full((len(picks), len(columns) + len(picks) - n_decoys), _FORBIDDEN)
    # dummy columns: a pick assigned to one gets no decoy; the low cost makes all of them used
    cost[:, len(columns) :] = -_FORBIDDEN
    levels = np.zeros(cost.shape, np.int64)
    for row, (codes, gap, level) in enumerate(nearest):
        positions = np.searchsorted(columns, codes)
        levels[row, positions] = level
        cost[row, positions] = gap + _LEVEL_PENALTY * (level - level[0])
    rows, matched = linear_sum_assignment(cost)
    return [
        (picks[int(row)], str(pool.names[columns[column]]), tuple(MatchLevel)[levels[row, column]])
        for row, column in zip(rows, matched, strict=True)
        if column < len(columns)
    ]


_LEVEL_PENALTY = 1e3  # above any sum of log distances: farther levels only if nearer ones run out
_FORBIDDEN = 1e9

NearestBrands = tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.int64]]
"""(k,) each: brand codes, distances in log popularity, match levels as index in MatchLevel."""


@dataclass(frozen=True, slots=True, eq=False)
class _FreeBrands:
    """Facts about the n free brands, (n,) each."""

    codes: NDArray[np.intp]
    category: NDArray[np.int32]
    tier: NDArray[np.int64]
    log_popularity: NDArray[np.float64]


def _nearest_free(pool: BrandPool, pick: int, free: _FreeBrands, n_decoys: int) -> NearestBrands:
    """Return `n_decoys` free brands for a pick: by match level, then nearest popularity first.

    With this many candidates per pick, every choice of picks can be assigned.
    """
    codes, gaps, sizes, remaining = [], [], [], n_decoys
    masks = _level_masks(pool, pick, free)
    while remaining:
        positions = np.flatnonzero(next(masks))
        gap = np.abs(free.log_popularity[positions] - pool.log_popularity[pick])
        order = np.argsort(gap, kind="stable")[:remaining]
        codes.append(free.codes[positions[order]])
        gaps.append(gap[order])
        sizes.append(len(order))
        remaining -= len(order)
    return np.concatenate(codes), np.concatenate(gaps), np.repeat(np.arange(len(sizes)), sizes)


def _level_masks(pool: BrandPool, pick: int, free: _FreeBrands) -> Iterator[NDArray[np.bool_]]:
    """Yield the mask of the free brands at each match level, nearest level first."""
    in_category = free.category == pool.category[pick]
    yield in_category
    in_tier = (free.tier == pool.tier[pick]) & ~in_category
    yield in_tier
    yield ~(in_category | in_tier)
