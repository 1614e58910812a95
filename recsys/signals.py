"""events -> evidence per customer and brand; evidence adds up.

Every number is a whole number (counts, cents, weights in fixed point), so that two halves of a
log add up to the whole exactly, whatever the order, the chunks or the threads. What cannot be
summed (distinct days, distinct items) is kept as a set of marks, and sets unite exactly too.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from recsys.events import NO_PRICE, Catalogue, Kind, Rows

DAY = 86_400
HALF_LIVES = (30, 90, 365)  # days; fixed, so that no candidate model rereads the log
ONE = 1 << 20  # the weight of an event of this very day, in fixed point
RELEASE_WINDOW = 30 * DAY
FULL_PRICE_PERCENT = 98  # of the list price; shops round their discounts


class Sum(IntEnum):
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
    DEAR = 9  # purchases although half of the category costs less
    BOUGHT_30 = 10  # purchases, decayed by half-life, in fixed point
    BOUGHT_90 = 11
    BOUGHT_365 = 12
    LOOKED_30 = 13  # views, wishlists and carts, decayed
    LOOKED_90 = 14
    LOOKED_365 = 15


class Mark(IntEnum):
    """What is counted once however often it happens."""

    PURCHASE_DAY = 0
    ITEM = 1  # items bought, looked at or wished for
    CATEGORY = 2  # categories of those items


MARK = np.dtype([("customer", "<i8"), ("brand", "<i4"), ("what", "u1"), ("value", "<u4")])


@dataclass(frozen=True, slots=True, eq=False)
class ItemFacts:
    """What an event's item says, as arrays by item code, shape (I,)."""

    brand: NDArray[np.int32]  # -1: no brand, or a sensitive one: no evidence either way
    category: NDArray[np.int32]
    list_price: NDArray[np.int32]
    released: NDArray[np.uint32]
    dear: NDArray[np.bool_]  # half of its category costs less

    @classmethod
    def of(cls, catalogue: Catalogue) -> "ItemFacts":
        """Read the facts off a catalogue once; they serve every customer."""
        brand = catalogue.item_brand.astype(np.int32, copy=True)
        has_brand = brand >= 0
        hidden = np.zeros(len(brand), dtype=bool)
        hidden[has_brand] = catalogue.brand_sensitive[brand[has_brand]]
        brand[hidden | catalogue.item_sensitive] = -1
        return cls(
            brand=brand,
            category=catalogue.item_category,
            list_price=catalogue.item_price,
            released=catalogue.item_released,
            dear=_dear(catalogue),
        )


def _dear(catalogue: Catalogue) -> NDArray[np.bool_]:
    dear = np.zeros(len(catalogue.item_price), dtype=bool)
    priced = np.flatnonzero(catalogue.item_price > 0)
    order = priced[np.lexsort((catalogue.item_price[priced], catalogue.item_category[priced]))]
    for group in np.split(order, _starts(catalogue.item_category[order])[1:]):
        if len(group):
            median = np.median(catalogue.item_price[group])
            dear[group] = catalogue.item_price[group] > median
    return dear


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What customers did with brands: n pairs, ordered by customer, then brand.

    `customer` is whatever number the caller gave the customer (0 for a single person).
    """

    customer: NDArray[np.int64]  # (n,)
    brand: NDArray[np.int32]  # (n,) brand codes
    sums: NDArray[np.int64]  # (n, len(Sum))
    first: NDArray[np.uint32]  # (n,) seconds since 1970, the earliest event
    last: NDArray[np.uint32]  # (n,) the latest
    marks: NDArray[np.void]  # (m,) MARK, distinct and ordered

    def __len__(self) -> int:
        return len(self.brand)

    def __add__(self, other: "Evidence") -> "Evidence":
        """Both together, as if summarised at once."""
        return _grouped(
            np.concatenate([self.customer, other.customer]),
            np.concatenate([self.brand, other.brand]),
            np.concatenate([self.sums, other.sums]),
            np.concatenate([self.first, other.first]),
            np.concatenate([self.last, other.last]),
            np.concatenate([self.marks, other.marks]),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Evidence):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in self.__slots__
        )

    def __hash__(self) -> int:
        return id(self)

    def of(self, column: Sum) -> NDArray[np.int64]:
        """One column of sums, shape (n,)."""
        return self.sums[:, column]

    def distinct(self, what: Mark) -> NDArray[np.int64]:
        """How many different values of a mark each pair has, shape (n,)."""
        marks = self.marks[self.marks["what"] == what]
        counts = np.zeros(len(self), dtype=np.int64)
        if len(marks):
            starts = _starts(marks["customer"], marks["brand"])
            sizes = np.diff(np.append(starts, len(marks)))
            counts[self._rows_of(marks[starts])] = sizes
        return counts

    def _rows_of(self, marks: NDArray[np.void]) -> NDArray[np.intp]:
        keys = _keys(self.customer, self.brand)
        return np.searchsorted(keys, _keys(marks["customer"], marks["brand"]))


def _keys(customer: NDArray[np.int64], brand: NDArray[np.int32]) -> NDArray[np.int64]:
    return (customer << 32) | brand.astype(np.int64)


def no_evidence() -> Evidence:
    """Evidence of somebody who did nothing: the neutral element of `+`."""
    return Evidence(
        customer=np.empty(0, np.int64),
        brand=np.empty(0, np.int32),
        sums=np.empty((0, len(Sum)), np.int64),
        first=np.empty(0, np.uint32),
        last=np.empty(0, np.uint32),
        marks=np.empty(0, MARK),
    )


def named(brands: NDArray[np.int32]) -> Evidence:
    """Evidence of somebody who only said that she loves these brands (codes, shape (k,)).

    A stated love counts as one follow: there is no purchase to speak for it.
    """
    codes = np.unique(brands).astype(np.int32)
    sums = np.zeros((len(codes), len(Sum)), np.int64)
    sums[:, Sum.FOLLOWS] = 1
    nothing = np.zeros(len(codes), np.uint32)
    return Evidence(
        np.zeros(len(codes), np.int64), codes, sums, nothing, nothing, np.empty(0, MARK)
    )


def summarise(
    rows: Rows,
    facts: ItemFacts,
    as_of: int,
    customers: NDArray[np.int64] | None = None,
) -> Evidence:
    """Sum up events, shape (n,), per customer and brand.

    `as_of` (seconds since 1970) is the day that decayed sums look back from; later events are
    left out. `customers`, shape (n,), numbers the customer of each event; without it all events
    are one person's, number 0. Events of sensitive brands, or of none, leave no trace.
    """
    whose = np.zeros(len(rows), np.int64) if customers is None else customers
    kept = (facts.brand[rows["item"]] >= 0) & (rows["ts"] <= as_of)
    if not kept.any():
        return no_evidence()
    rows, whose = rows[kept], whose[kept]
    brand = facts.brand[rows["item"]]
    marks = _marks(rows, whose, brand, facts)
    return _grouped(whose, brand, _measures(rows, facts, as_of), rows["ts"], rows["ts"], marks)


def _measures(rows: Rows, facts: ItemFacts, as_of: int) -> NDArray[np.int64]:
    """What each event adds to each sum, shape (n, len(Sum))."""
    item, kind = rows["item"], rows["kind"]
    bought = kind == Kind.PURCHASE
    looked = (kind == Kind.VIEW) | (kind == Kind.WISHLIST) | (kind == Kind.CART)
    sums = np.zeros((len(rows), len(Sum)), np.int64)
    for column, of_kind in _COUNTED:
        sums[:, column] = kind == of_kind
    sums[:, Sum.RELEASE_VIEWS] = (kind == Kind.VIEW) & _fresh(rows, facts)
    price = rows["price"].astype(np.int64)
    paid = bought & (price != NO_PRICE)
    sums[paid, Sum.SPEND] = (price * np.maximum(rows["quantity"], 1))[paid]
    sums[:, Sum.FULL_PRICE] = paid & _at_full_price(rows, facts)
    sums[:, Sum.DEAR] = bought & facts.dear[item]
    age = (np.int64(as_of) - rows["ts"].astype(np.int64)) // DAY
    for step, half_life in enumerate(HALF_LIVES):
        weight = np.rint(ONE * 0.5 ** (age / half_life)).astype(np.int64)
        sums[:, Sum.BOUGHT_30 + step] = np.where(bought, weight, 0)
        sums[:, Sum.LOOKED_30 + step] = np.where(looked, weight, 0)
    return sums


_COUNTED = (
    (Sum.PURCHASES, Kind.PURCHASE),
    (Sum.VIEWS, Kind.VIEW),
    (Sum.WISHLISTS, Kind.WISHLIST),
    (Sum.FOLLOWS, Kind.FOLLOW),
    (Sum.CARTS, Kind.CART),
    (Sum.RETURNS, Kind.RETURN),
)


def _fresh(rows: Rows, facts: ItemFacts) -> NDArray[np.bool_]:
    released = facts.released[rows["item"]].astype(np.int64)
    since = rows["ts"].astype(np.int64) - released
    return np.asarray((released > 0) & (since >= 0) & (since <= RELEASE_WINDOW), np.bool_)


def _at_full_price(rows: Rows, facts: ItemFacts) -> NDArray[np.bool_]:
    listed = np.where(
        rows["list_price"] == NO_PRICE, facts.list_price[rows["item"]], rows["list_price"]
    ).astype(np.int64)
    at_list = rows["price"].astype(np.int64) * 100 >= listed * FULL_PRICE_PERCENT
    return np.asarray((listed > 0) & at_list, np.bool_)


def _marks(
    rows: Rows, whose: NDArray[np.int64], brand: NDArray[np.int32], facts: ItemFacts
) -> NDArray[np.void]:
    bought = rows["kind"] == Kind.PURCHASE
    touched = bought | (rows["kind"] <= Kind.CART)
    parts = (
        (Mark.PURCHASE_DAY, bought, rows["ts"] // DAY),
        (Mark.ITEM, touched, rows["item"]),
        (Mark.CATEGORY, touched, facts.category[rows["item"]]),
    )
    marks = np.empty(int(sum(chosen.sum() for _, chosen, _ in parts)), MARK)
    at = 0
    for what, chosen, value in parts:
        end = at + int(chosen.sum())
        marks["customer"][at:end] = whose[chosen]
        marks["brand"][at:end] = brand[chosen]
        marks["what"][at:end] = what
        marks["value"][at:end] = value[chosen]
        at = end
    return marks


def _grouped(
    customer: NDArray[np.int64],
    brand: NDArray[np.int32],
    sums: NDArray[np.int64],
    first: NDArray[np.uint32],
    last: NDArray[np.uint32],
    marks: NDArray[np.void],
) -> Evidence:
    order = np.lexsort((brand, customer))
    customer, brand = customer[order], brand[order]
    starts = _starts(customer, brand)
    if not len(starts):
        return no_evidence()
    return Evidence(
        customer=customer[starts],
        brand=brand[starts],
        sums=np.add.reduceat(sums[order], starts, axis=0),
        first=np.minimum.reduceat(first[order], starts),
        last=np.maximum.reduceat(last[order], starts),
        marks=_distinct(marks),
    )


def _distinct(marks: NDArray[np.void]) -> NDArray[np.void]:
    columns = (marks["value"], marks["what"], marks["brand"], marks["customer"])
    ordered = marks[np.lexsort(columns)]
    return ordered[
        _starts(ordered["customer"], ordered["brand"], ordered["what"], ordered["value"])
    ]


def _starts(*columns: NDArray[np.generic]) -> NDArray[np.intp]:
    """Where a new run of equal values starts in ordered columns."""
    if not len(columns[0]):
        return np.empty(0, np.intp)
    changed = np.zeros(len(columns[0]), dtype=bool)
    changed[0] = True
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changed)
