"""Lists of many customers as arrays: who they are, the first of what was found, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recsys.dataset.evidence import Evidence, Sum, starts_of
from recsys.models.base import Reason

Codes = NDArray[np.intp]
Floats = NDArray[np.float32]
Found = tuple[Codes, Codes, NDArray[np.floating]]
"""Places of customers, brand codes and scores, (m,) each."""

_PLACE = {reason: place for place, reason in enumerate(Reason)}


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """N customers and their P pairs with a brand, ordered by customer, then brand."""

    number: int
    row: Codes  # (P,) place of each pair's customer
    brand: Codes  # (P,)
    strength: Floats  # (P,) what others' lists are made of
    own: Floats  # (P,) what her own doing adds to the score

    @classmethod
    def of(
        cls,
        whose: NDArray[np.int64],
        evidence: Evidence,
        strength: NDArray[np.floating],
        own: NDArray[np.floating],
    ) -> Self:
        """Lay out the evidence of the customers of these numbers, ascending, with or without."""
        row = np.searchsorted(whose, evidence.customer)
        brand = evidence.brand.astype(np.intp)
        return cls(len(whose), row, brand, strength.astype(np.float32), own.astype(np.float32))

    def groups(self, size: int) -> Iterator[tuple[int, "People"]]:
        """Yield (place of the first, `size` customers) until all are there."""
        for first in range(0, self.number, size):
            kept = slice(*np.searchsorted(self.row, [first, first + size]))
            yield (
                first,
                People(
                    min(size, self.number - first),
                    self.row[kept] - first,
                    self.brand[kept],
                    self.strength[kept],
                    self.own[kept],
                ),
            )

    def matrix(self, held: NDArray[np.bool_], column: Codes, columns: int) -> csr_matrix:
        """Customers x columns of the strength of the pairs that are held."""
        starts = np.searchsorted(self.row[held], np.arange(self.number + 1))
        parts = (self.strength[held], column[held].astype(np.int32), starts.astype(np.int32))
        return csr_matrix(parts, shape=(self.number, columns))


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """Lists of many customers: m places, by customer, the favourite first."""

    row: Codes  # (m,) place of the customer among those asked
    brand: Codes  # (m,) brand codes
    rank: Codes  # (m,) from 1
    score: NDArray[np.floating]  # (m,)
    reason: NDArray[np.int8]  # (m,) places in tuple(Reason)


def nothing() -> Found:
    """Nothing found of anybody."""
    return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.float32)


def first(found: Sequence[Found], n: int) -> Found:
    """The n best of each customer, best first, ties by code."""
    rows, codes, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((codes, -scores, rows))
    order = order[places(rows[order]) <= n]
    return rows[order], codes[order], scores[order]


def places(rows: NDArray[np.integer]) -> Codes:
    """Place from 1 of each within its run of equal rows."""
    starts = starts_of(rows)
    sizes = np.diff(np.append(starts, len(rows)))
    return np.asarray(np.arange(len(rows)) - np.repeat(starts, sizes) + 1, np.intp)


def listed(
    evidence: Evidence, people: People, found: Found, popular: NDArray[np.floating]
) -> Listed:
    """Add the reasons to what was found; `popular`, (B,), is what popularity adds to a score."""
    row, brand, score = found
    width = len(popular)
    keys = people.row * width + people.brand
    wanted = row * width + brand
    at = np.searchsorted(keys, wanted)
    hers = np.append(keys, -1)[at] == wanted
    rest = score - popular[brand]
    rest[hers] -= people.own[at[hers]]
    alike = rest > np.maximum(popular[brand], 0)
    reason = np.where(alike, _PLACE[Reason.ALIKE], _PLACE[Reason.POPULAR]).astype(np.int8)
    reason[hers] = _own(evidence.sums[at[hers]], reason[hers])
    return Listed(row, brand, places(row), score, reason)


def _own(sums: NDArray[np.int64], otherwise: NDArray[np.int8]) -> NDArray[np.int8]:
    """The strongest thing that she did, in the order of `ranking.kind_of`."""
    bought = sums[:, Sum.PURCHASES]
    did = (
        (sums[:, Sum.FOLLOWS] > 0, Reason.FOLLOWED),
        ((bought > 0) & (sums[:, Sum.FULL_PRICE] >= bought), Reason.FULL_PRICE),
        (bought > 0, Reason.BOUGHT),
        (sums[:, Sum.RELEASE_VIEWS] > 0, Reason.NEW),
        (sums[:, Sum.VIEWS] > 0, Reason.VIEWED),
    )
    kinds = [np.int8(_PLACE[reason]) for _, reason in did]
    return np.select([happened for happened, _ in did], kinds, otherwise)
