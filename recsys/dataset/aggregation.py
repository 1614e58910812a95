"""events -> evidence per customer and brand; evidence adds up."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.catalog import Catalogue
from recsys.dataset.events import NO_PRICE, Kind, Rows
from recsys.dataset.evidence import Evidence, Mark, Sum, no_evidence, order_of, starts_of, united

DAY = 86_400
HALF_LIVES = (30, 90, 365)  # days; fixed, so that no candidate model rereads the log
ONE = 1 << 20  # the weight of an event of this very day, in fixed point
RELEASE_WINDOW = 30 * DAY
FULL_PRICE_PERCENT = 98  # of the list price; shops round their discounts


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
    for group in np.split(order, starts_of(catalogue.item_category[order])[1:]):
        if len(group):
            median = np.median(catalogue.item_price[group])
            dear[group] = catalogue.item_price[group] > median
    return dear


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
    brand = facts.brand[rows["item"]]
    kept = np.flatnonzero((brand >= 0) & (rows["ts"] <= as_of))
    if not len(kept):
        return no_evidence()
    order = kept[order_of(whose[kept], brand[kept])]
    rows, whose, brand = rows.take(order), whose.take(order), brand.take(order)
    starts = starts_of(whose, brand)
    sums = np.empty((len(starts), len(Sum)), np.int64)
    for column, adds in _measures(rows, facts, as_of):
        sums[:, column] = np.add.reduceat(adds, starts, dtype=np.int64)
    return Evidence(
        customer=whose[starts],
        brand=brand[starts],
        sums=sums,
        first=np.minimum.reduceat(rows["ts"], starts),
        last=np.maximum.reduceat(rows["ts"], starts),
        marks=_marks(rows, whose, brand, facts),
    )


def _measures(
    rows: Rows, facts: ItemFacts, as_of: int
) -> Iterator[tuple[Sum, NDArray[np.bool_ | np.int64]]]:
    """What each event adds to each sum, shape (n,), column by column."""
    kind, item = rows["kind"].copy(), rows["item"].copy()  # side by side they are read faster
    bought, viewed = kind == Kind.PURCHASE, kind == Kind.VIEW
    looked = viewed | (kind == Kind.WISHLIST) | (kind == Kind.CART)
    for column, of_kind in _COUNTED:
        yield column, kind == of_kind
    yield Sum.RELEASE_VIEWS, viewed & _fresh(rows, facts)
    price = rows["price"].astype(np.int64)
    paid = bought & (price != NO_PRICE)
    yield Sum.SPEND, np.where(paid, price * np.maximum(rows["quantity"], 1), 0)
    yield Sum.FULL_PRICE, paid & at_full_price(rows, facts)
    yield Sum.DEAR, bought & facts.dear[item]
    age = (np.int64(as_of) - rows["ts"].astype(np.int64)) // DAY
    days = np.arange(int(age.max(initial=0)) + 1)
    for step, half_life in enumerate(HALF_LIVES):
        weight = np.rint(ONE * 0.5 ** (days / half_life)).astype(np.int64)[age]
        yield Sum(Sum.BOUGHT_30 + step), weight * bought
        yield Sum(Sum.LOOKED_30 + step), weight * looked


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


def at_full_price(rows: Rows, facts: ItemFacts) -> NDArray[np.bool_]:
    """Which rows, shape (n,), name the list price; none where either price is unknown."""
    listed = np.where(
        rows["list_price"] == NO_PRICE, facts.list_price[rows["item"]], rows["list_price"]
    ).astype(np.int64)
    at_list = rows["price"].astype(np.int64) * 100 >= listed * FULL_PRICE_PERCENT
    return np.asarray((listed > 0) & at_list, np.bool_)


def _marks(
    rows: Rows, whose: NDArray[np.int64], brand: NDArray[np.int32], facts: ItemFacts
) -> NDArray[np.void]:
    bought = np.flatnonzero(rows["kind"] == Kind.PURCHASE)
    touched = np.flatnonzero(rows["kind"] <= Kind.PURCHASE)
    item = rows["item"][touched]
    parts = {
        Mark.PURCHASE_DAY: (bought, rows["ts"][bought] // DAY),
        Mark.ITEM: (touched, item),
        Mark.CATEGORY: (touched, facts.category[item]),
    }
    event = np.concatenate([events for events, _ in parts.values()])
    kinds = np.repeat(list(parts), [len(events) for events, _ in parts.values()])
    value = np.concatenate([value.astype(np.int64) for _, value in parts.values()])
    return united(whose[event], brand[event], kinds, value)
