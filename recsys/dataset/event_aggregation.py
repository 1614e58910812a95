"""Aggregate events into evidence per customer and brand."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.catalog import Catalog
from recsys.dataset.events import NO_PRICE, EventKind, EventRows
from recsys.dataset.evidence import (
    DistinctKey,
    Evidence,
    Feature,
    empty_evidence,
    pair_order,
    run_starts,
    unique_keys,
)

DAY = 86_400
HALF_LIVES = (30, 90, 365)  # days; fixed, so that no candidate model has to read the log again
FIXED_POINT_ONE = 1 << 20  # fixed-point 1.0: the weight of an event less than a day old
RELEASE_WINDOW = 30 * DAY
FULL_PRICE_PERCENT = 98  # minimum percent of the list price; shops round their discounts


@dataclass(frozen=True, slots=True, eq=False)
class ItemFacts:
    """Facts about the items of events, as arrays indexed by item code, shape (I,)."""

    brand: NDArray[np.int32]  # -1: no brand or sensitive; the event adds no evidence
    category: NDArray[np.int32]
    list_price: NDArray[np.int32]
    released: NDArray[np.uint32]
    premium: NDArray[np.bool_]  # list price above the median of its category

    @classmethod
    def from_catalog(cls, catalog: Catalog) -> "ItemFacts":
        """Read the facts from a catalog. One instance serves every customer."""
        brand = catalog.item_brand.astype(np.int32, copy=True)
        has_brand = brand >= 0
        is_hidden = np.zeros(len(brand), dtype=bool)
        is_hidden[has_brand] = catalog.brand_sensitive[brand[has_brand]]
        brand[is_hidden | catalog.item_sensitive] = -1
        return cls(
            brand=brand,
            category=catalog.item_category,
            list_price=catalog.item_price,
            released=catalog.item_released,
            premium=_premium_items(catalog),
        )


def _premium_items(catalog: Catalog) -> NDArray[np.bool_]:
    premium = np.zeros(len(catalog.item_price), dtype=bool)
    priced = np.flatnonzero(catalog.item_price > 0)
    order = priced[np.lexsort((catalog.item_price[priced], catalog.item_category[priced]))]
    for group in np.split(order, run_starts(catalog.item_category[order])[1:]):
        if len(group):
            median = np.median(catalog.item_price[group])
            premium[group] = catalog.item_price[group] > median
    return premium


def aggregate_events(
    rows: EventRows,
    facts: ItemFacts,
    as_of: int,
    customers: NDArray[np.int64] | None = None,
) -> Evidence:
    """Aggregate events per customer and brand.

    Parameters
    ----------
    rows : EventRows, shape (n,)
        Events in any order. Events of a sensitive brand or item, or of no brand, are skipped.
    facts : ItemFacts
        Facts of the catalog that the item codes in `rows` belong to.
    as_of : int
        Reference time of decayed sums, seconds since 1970. Later events are skipped.
    customers : array of int64, shape (n,), optional
        Number of each event's customer. Without it, all events belong to customer 0.

    Returns
    -------
    Evidence
        One row per pair of customer and brand that has events.
    """
    customer = np.zeros(len(rows), np.int64) if customers is None else customers
    brand = facts.brand[rows["item"]]
    kept_rows = np.flatnonzero((brand >= 0) & (rows["ts"] <= as_of))
    if not len(kept_rows):
        return empty_evidence()
    order = kept_rows[pair_order(customer[kept_rows], brand[kept_rows])]
    rows, customer, brand = rows.take(order), customer.take(order), brand.take(order)
    starts = run_starts(customer, brand)
    sums = np.empty((len(starts), len(Feature)), np.int64)
    for column, adds in _feature_values(rows, facts, as_of):
        sums[:, column] = np.add.reduceat(adds, starts, dtype=np.int64)
    return Evidence(
        customer=customer[starts],
        brand=brand[starts],
        sums=sums,
        first=np.minimum.reduceat(rows["ts"], starts),
        last=np.maximum.reduceat(rows["ts"], starts),
        distinct_keys=_distinct_keys(rows, customer, brand, facts),
    )


def _feature_values(
    rows: EventRows, facts: ItemFacts, as_of: int
) -> Iterator[tuple[Feature, NDArray[np.bool_ | np.int64]]]:
    """Yield each feature with the values that the events add to it, (n,)."""
    kind, item = rows["kind"].copy(), rows["item"].copy()  # contiguous copies are read faster
    is_purchase, is_view = kind == EventKind.PURCHASE, kind == EventKind.VIEW
    is_interest = is_view | (kind == EventKind.WISHLIST) | (kind == EventKind.CART)
    for column, of_kind in _COUNTED_KINDS:
        yield column, kind == of_kind
    yield Feature.RELEASE_VIEWS, is_view & _is_new_release(rows, facts)
    price = rows["price"].astype(np.int64)
    paid = is_purchase & (price != NO_PRICE)
    yield Feature.SPEND, np.where(paid, price * np.maximum(rows["quantity"], 1), 0)
    yield Feature.FULL_PRICE, paid & at_full_price(rows, facts)
    yield Feature.PREMIUM, is_purchase & facts.premium[item]
    age = (np.int64(as_of) - rows["ts"].astype(np.int64)) // DAY
    days = np.arange(int(age.max(initial=0)) + 1)
    for step, half_life in enumerate(HALF_LIVES):
        weight = np.rint(FIXED_POINT_ONE * 0.5 ** (days / half_life)).astype(np.int64)[age]
        yield Feature(Feature.BOUGHT_30 + step), weight * is_purchase
        yield Feature(Feature.LOOKED_30 + step), weight * is_interest


_COUNTED_KINDS = (
    (Feature.PURCHASES, EventKind.PURCHASE),
    (Feature.VIEWS, EventKind.VIEW),
    (Feature.WISHLISTS, EventKind.WISHLIST),
    (Feature.FOLLOWS, EventKind.FOLLOW),
    (Feature.CARTS, EventKind.CART),
    (Feature.RETURNS, EventKind.RETURN),
)


def _is_new_release(rows: EventRows, facts: ItemFacts) -> NDArray[np.bool_]:
    released = facts.released[rows["item"]].astype(np.int64)
    age = rows["ts"].astype(np.int64) - released
    return np.asarray((released > 0) & (age >= 0) & (age <= RELEASE_WINDOW), np.bool_)


def at_full_price(rows: EventRows, facts: ItemFacts) -> NDArray[np.bool_]:
    """Return which rows were at full price, (n,) bool; false if a price is unknown."""
    list_price = np.where(
        rows["list_price"] == NO_PRICE, facts.list_price[rows["item"]], rows["list_price"]
    ).astype(np.int64)
    at_list = rows["price"].astype(np.int64) * 100 >= list_price * FULL_PRICE_PERCENT
    return np.asarray((list_price > 0) & at_list, np.bool_)


def _distinct_keys(
    rows: EventRows, customer: NDArray[np.int64], brand: NDArray[np.int32], facts: ItemFacts
) -> NDArray[np.void]:
    purchase_rows = np.flatnonzero(rows["kind"] == EventKind.PURCHASE)
    touched_rows = np.flatnonzero(rows["kind"] <= EventKind.PURCHASE)
    item = rows["item"][touched_rows]
    parts = {
        DistinctKey.PURCHASE_DAY: (purchase_rows, rows["ts"][purchase_rows] // DAY),
        DistinctKey.ITEM: (touched_rows, item),
        DistinctKey.CATEGORY: (touched_rows, facts.category[item]),
    }
    event = np.concatenate([events for events, _ in parts.values()])
    kinds = np.repeat(list(parts), [len(events) for events, _ in parts.values()])
    value = np.concatenate([value.astype(np.int64) for _, value in parts.values()])
    return unique_keys(customer[event], brand[event], kinds, value)
