"""Evidence: events aggregated per customer and brand, as sums and as sets of distinct keys.

Every number is a whole number (counts, cents, weights in fixed point). So the parts of a log add
up to the whole exactly, whatever the order, the chunks or the threads. Distinct counts (days,
items, categories) do not add up; they are kept as sets of keys, and set unions are exact too.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Feature(IntEnum):
    """Columns of `Evidence.sums`."""

    PURCHASES = 0
    VIEWS = 1
    WISHLISTS = 2
    FOLLOWS = 3
    CARTS = 4
    RETURNS = 5
    RELEASE_VIEWS = 6  # views within 30 days of the product's release
    SPEND = 7  # cents, only where the price is known
    FULL_PRICE = 8  # purchases at the list price
    PREMIUM = 9  # purchases of items with a list price above the median of their category
    BOUGHT_30 = 10  # purchases, decayed with a half-life in days, in fixed point
    BOUGHT_90 = 11
    BOUGHT_365 = 12
    LOOKED_30 = 13  # views, wishlists and carts, decayed in the same way
    LOOKED_90 = 14
    LOOKED_365 = 15


class DistinctKey(IntEnum):
    """Kinds of distinct values: a repeated value counts once."""

    PURCHASE_DAY = 0
    ITEM = 1  # items with an event of any kind but a return
    CATEGORY = 2  # categories of those items


DISTINCT_KEY_DTYPE = np.dtype(
    [("customer", "<i8"), ("brand", "<i4"), ("what", "u1"), ("value", "<u4")]
)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Aggregated events of n pairs of customer and brand, ordered by customer, then brand.

    The caller chooses the customer numbers; a single customer has number 0.
    """

    customer: NDArray[np.int64]  # (n,)
    brand: NDArray[np.int32]  # (n,) brand codes
    sums: NDArray[np.int64]  # (n, len(Feature))
    first: NDArray[np.uint32]  # (n,) seconds since 1970, the earliest event
    last: NDArray[np.uint32]  # (n,) seconds since 1970, the latest event
    distinct_keys: NDArray[np.void]  # (m,) DISTINCT_KEY_DTYPE, ascending

    def __len__(self) -> int:
        return len(self.brand)

    def __add__(self, other: "Evidence") -> "Evidence":
        """Return the evidence of both logs, as if they were aggregated together."""
        return merge_evidence([self, other])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Evidence):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in self.__slots__
        )

    def __hash__(self) -> int:
        return id(self)

    def feature(self, column: Feature) -> NDArray[np.int64]:
        """Return one column of sums, shape (n,)."""
        return self.sums[:, column]

    def distinct(self, key_kind: DistinctKey) -> NDArray[np.int64]:
        """Return the number of distinct values of `key_kind` of each pair, shape (n,)."""
        keys = self.distinct_keys[self.distinct_keys["what"] == key_kind]
        counts = np.zeros(len(self), dtype=np.int64)
        if len(keys):
            starts = run_starts(keys["customer"], keys["brand"])
            sizes = np.diff(np.append(starts, len(keys)))
            counts[self._rows_of(keys[starts])] = sizes
        return counts

    def for_customers(self, customers: NDArray[np.int64]) -> "Evidence":
        """Return the evidence of only these customers; `customers` is ascending."""
        pair_mask, key_mask = (
            np.isin(owners, customers) for owners in (self.customer, self.distinct_keys["customer"])
        )
        return Evidence(
            self.customer[pair_mask],
            self.brand[pair_mask],
            self.sums[pair_mask],
            self.first[pair_mask],
            self.last[pair_mask],
            self.distinct_keys[key_mask],
        )

    def _rows_of(self, distinct_keys: NDArray[np.void]) -> NDArray[np.intp]:
        pair_keys = _pair_keys(self.customer, self.brand)
        return np.searchsorted(
            pair_keys, _pair_keys(distinct_keys["customer"], distinct_keys["brand"])
        )


def _pair_keys(customer: NDArray[np.int64], brand: NDArray[np.int32]) -> NDArray[np.int64]:
    return (customer << 32) | brand.astype(np.int64)


def empty_evidence() -> Evidence:
    """Return evidence without any pair: the neutral element of `+`."""
    return Evidence(
        customer=np.empty(0, np.int64),
        brand=np.empty(0, np.int32),
        sums=np.empty((0, len(Feature)), np.int64),
        first=np.empty(0, np.uint32),
        last=np.empty(0, np.uint32),
        distinct_keys=np.empty(0, DISTINCT_KEY_DTYPE),
    )


def merge_evidence(parts: Sequence[Evidence]) -> Evidence:
    """Return all parts as if aggregated together. `parts` must not be empty."""
    return group_evidence(
        np.concatenate([part.customer for part in parts]),
        np.concatenate([part.brand for part in parts]),
        np.concatenate([part.sums for part in parts]),
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.last for part in parts]),
        np.concatenate([part.distinct_keys for part in parts]),
    )


def split_by_customer(evidence: Evidence, wanted: Container[int]) -> Iterator[tuple[int, Evidence]]:
    """Yield (customer, evidence of that customer as number 0) of those in `wanted`, in order."""
    starts = run_starts(evidence.customer)
    customers = evidence.customer[starts]
    ends = np.append(starts[1:], len(evidence))
    key_starts = np.searchsorted(evidence.distinct_keys["customer"], customers, "left")
    key_ends = np.searchsorted(evidence.distinct_keys["customer"], customers, "right")
    for row, customer in enumerate(customers.tolist()):
        if customer not in wanted:
            continue
        pairs, keys = (
            slice(starts[row], ends[row]),
            evidence.distinct_keys[key_starts[row] : key_ends[row]].copy(),
        )
        keys["customer"] = 0
        yield (
            customer,
            Evidence(
                customer=np.zeros(ends[row] - starts[row], np.int64),
                brand=evidence.brand[pairs],
                sums=evidence.sums[pairs],
                first=evidence.first[pairs],
                last=evidence.last[pairs],
                distinct_keys=keys,
            ),
        )


def evidence_of_named_brands(brands: Sequence[int]) -> Evidence:
    """Return evidence of a user who only named favourite brands (codes).

    A named brand counts as one follow, because there is no purchase.
    """
    codes = np.unique(np.asarray(brands, np.int32))
    sums = np.zeros((len(codes), len(Feature)), np.int64)
    sums[:, Feature.FOLLOWS] = 1
    zeros = np.zeros(len(codes), np.uint32)
    return Evidence(
        np.zeros(len(codes), np.int64), codes, sums, zeros, zeros, np.empty(0, DISTINCT_KEY_DTYPE)
    )


def evidence_from_counts(
    customer: NDArray[np.int64],
    brand: NDArray[np.int32],
    sums: NDArray[np.int64],
    first: NDArray[np.uint32],
    last: NDArray[np.uint32],
    distinct: Mapping[DistinctKey, NDArray[np.int64]],
) -> Evidence:
    """Return evidence from n aggregated rows that give distinct values only as counts, (n,).

    Made-up values 0, 1, ... stand for them, so that `Evidence.distinct` returns the counts. Rows of
    the same pair are summed. Their distinct count is the largest row's, because counts cannot be
    united as sets can.
    """
    pairs = [np.repeat(np.arange(len(brand)), many) for many in distinct.values()]
    values = [_ranges(many) for many in distinct.values()]
    kinds = np.repeat(list(distinct), [len(value) for value in values])
    pair = np.concatenate(pairs)
    distinct_keys = _as_distinct_keys(customer[pair], brand[pair], kinds, np.concatenate(values))
    return group_evidence(customer, brand, sums, first, last, distinct_keys)


def _ranges(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the ranges 0 to size - 1 of all sizes, concatenated."""
    return np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def group_evidence(
    customer: NDArray[np.int64],
    brand: NDArray[np.int32],
    sums: NDArray[np.int64],
    first: NDArray[np.uint32],
    last: NDArray[np.uint32],
    distinct_keys: NDArray[np.void],
) -> Evidence:
    """Return evidence from rows, (n,) each. Pairs and keys may repeat and be in any order."""
    order = pair_order(customer, brand)
    customer, brand = customer[order], brand[order]
    starts = run_starts(customer, brand)
    if not len(starts):
        return empty_evidence()
    return Evidence(
        customer=customer[starts],
        brand=brand[starts],
        sums=np.add.reduceat(sums[order], starts, axis=0),
        first=np.minimum.reduceat(first[order], starts),
        last=np.maximum.reduceat(last[order], starts),
        distinct_keys=unique_keys(*(distinct_keys[name] for name in _KEY_COLUMNS)),
    )


def pair_order(customer: NDArray[np.int64], brand: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return the indices that sort the pairs by customer, then brand, (n,).

    NumPy's stable sort is the fastest here: for 16-bit integers and for data in sorted runs.
    """
    one_customer = len(brand) > 0 and customer.min() == customer.max() and brand.max() < 1 << 16
    keys = brand.astype(np.uint16) if one_customer else _pair_keys(customer, brand)
    return np.argsort(keys, kind="stable")


_KEY_COLUMNS = ("customer", "brand", "what", "value")


def unique_keys(
    customer: NDArray[np.int64],
    brand: NDArray[np.int32],
    key_kind: NDArray[np.integer],
    value: NDArray[np.integer],
) -> NDArray[np.void]:
    """Return the keys sorted, without duplicates; packed into 63 bits if they fit, for speed."""
    columns: tuple[NDArray[np.integer], ...] = (customer, brand, key_kind, value)
    bits = [int(column.max(initial=0)).bit_length() for column in columns]
    if sum(bits) > 63 or customer.min(initial=0) < 0:
        order = np.lexsort(columns[::-1])
        ordered = [column[order] for column in columns]
        row_starts = run_starts(*ordered)
        return _as_distinct_keys(*(column[row_starts] for column in ordered))
    packed = np.zeros(len(customer), np.int64)
    for column, width in zip(columns, bits, strict=True):
        packed <<= width
        packed |= column
    packed.sort(kind="stable")  # the stable sort is fast because the data has sorted runs
    packed = packed[run_starts(packed)]
    shifts = np.cumsum([0, *bits[:0:-1]])[::-1]
    return _as_distinct_keys(
        *((packed >> low) & ((1 << wide) - 1) for low, wide in zip(shifts, bits, strict=True))
    )


def _as_distinct_keys(*columns: NDArray[np.integer]) -> NDArray[np.void]:
    distinct_keys = np.empty(len(columns[0]), DISTINCT_KEY_DTYPE)
    for name, column in zip(_KEY_COLUMNS, columns, strict=True):
        distinct_keys[name] = column
    return distinct_keys


def run_starts(*columns: NDArray[np.generic]) -> NDArray[np.intp]:
    """Return the indices where a new run of equal values starts in ordered columns."""
    if not len(columns[0]):
        return np.empty(0, np.intp)
    changed = np.zeros(len(columns[0]), dtype=bool)
    changed[0] = True
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changed)
