"""A history that nobody lived: typed by a person, or made up to try a model.

    3 purchases of Lego at full price, 1 cheap Stabilo, follows Nike, 4 views of Sonos

Each part between commas is one brand, how often, and what was done; left out, it is one purchase at
a price that is not known. English and Dutch words are understood.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from recsys.dataset.aggregation import DAY
from recsys.dataset.brand_names import brand_key
from recsys.dataset.catalog import Catalogue
from recsys.dataset.events import NO_PRICE, ROW, Kind, Rows
from recsys.errors import BadInputError, UnknownNameError

MOST_TIMES = 100
APART = 10 * DAY
"""Seconds between two of the same deeds: coming back counts."""
PLAIN_PRICE = 2_000  # cents, where the catalogue has no price


class Price(StrEnum):
    """What was paid."""

    UNSAID = "unsaid"
    FULL = "full"
    CHEAP = "cheap"  # at half of the list price


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did with one brand, so many times."""

    brand: str
    kind: Kind = Kind.PURCHASE
    times: int = 1
    price: Price = Price.UNSAID
    fresh: bool = False  # with a product that had just come out


_KINDS: Mapping[str, Kind] = {
    word: kind
    for kind, words in {
        Kind.PURCHASE: "purchase purchases bought buys aankoop aankopen gekocht kocht",
        Kind.VIEW: "view views viewed looked looks bekeken bekeek",
        Kind.WISHLIST: "wish wishes wished wishlist verlanglijst",
        Kind.FOLLOW: "follow follows followed volgt gevolgd",
        Kind.CART: "cart carts winkelwagen",
        Kind.RETURN: "return returns returned retour teruggestuurd",
    }.items()
    for word in words.split()
}
_PRICES: Mapping[str, Price] = {
    word: price
    for price, words in {
        Price.FULL: "full vol volle",
        Price.CHEAP: "cheap discount discounted sale reduced goedkoop goedkope korting",
    }.items()
    for word in words.split()
}
_FRESH = frozenset({"new", "release", "releases", "nieuw", "nieuwe"})
_FILLERS = frozenset(
    word
    for words in (
        "of at a an the on for in to from times time x price prices and with",
        "van voor op tegen met de het prijs keer maal en",
    )
    for word in words.split()
)
_COUNTS: Mapping[str, int] = {
    word: number
    for number, words in enumerate(
        ("one once een eenmaal", "two twice twee", "three drie", "four vier", "five vijf"), start=1
    )
    for word in words.split()
}
_PARTS = re.compile(r"[,;\n]+")


def deeds_of(text: str, brands: Collection[str]) -> list[Deed]:
    """Return what a typed history says.

    Raises BadInputError for words that mean nothing here and UnknownNameError for a brand that is
    none of `brands`.
    """
    named = {brand_key(name): name for name in brands}
    found = [_deed(part.split(), named) for part in _PARTS.split(text) if part.strip()]
    if not found:
        raise BadInputError("Type what she did, like `3 purchases of Lego at full price`.")
    return found


def _deed(words: Sequence[str], named: Mapping[str, str]) -> Deed:
    brand, rest = _brand(words, named)
    said = [word.casefold().strip(".") for word in rest]
    times = _times(said, brand)
    kinds = [_KINDS[word] for word in said if word in _KINDS]
    prices = [_PRICES[word] for word in said if word in _PRICES]
    fresh = any(word in _FRESH for word in said)
    return Deed(
        brand=brand,
        kind=kinds[0] if kinds else Kind.VIEW if fresh else Kind.PURCHASE,
        times=times,
        price=prices[0] if prices else Price.UNSAID,
        fresh=fresh,
    )


def _brand(words: Sequence[str], named: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return the longest name among the words, and the words round it."""
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length + 1):
            name = named.get(brand_key(" ".join(words[start : start + length])))
            if name is not None:
                return name, [*words[:start], *words[start + length :]]
    strange = [word for word in words if not _means_something(word.casefold())]
    raise UnknownNameError("brand", " ".join(strange or words), named.values())


def _means_something(word: str) -> bool:
    known = (_KINDS, _PRICES, _FRESH, _COUNTS, _FILLERS)
    return word.isdecimal() or any(word in some for some in known)


def _times(said: Sequence[str], brand: str) -> int:
    strange = [word for word in said if not _means_something(word)]
    if strange:
        raise BadInputError(
            f"What {strange[0]!r} says of {brand} is not understood. Write a number, then "
            "purchases, views, wishes, follows, carts or returns; at full price, or cheap; or "
            "new releases."
        )
    numbers = [int(word) if word.isdecimal() else _COUNTS.get(word) for word in said]
    times = next((number for number in numbers if number is not None), 1)
    if not 1 <= times <= MOST_TIMES:
        raise BadInputError(f"{brand} is named {times} times; write from 1 to {MOST_TIMES}.")
    return times


def rows_of(deeds: Iterable[Deed], catalogue: Catalogue, as_of: int) -> Rows:
    """Return the events that deeds stand for, before `as_of` (seconds since 1970), oldest first.

    Raises BadInputError where a deed asks for a product that its brand does not have.
    """
    codes = {str(name): code for code, name in enumerate(catalogue.brands)}
    found = [row for deed in deeds for row in _rows(deed, codes[deed.brand], catalogue, as_of)]
    events = np.array(found, ROW)
    return events[np.argsort(events["ts"], kind="stable")]


def _rows(
    deed: Deed, code: int, catalogue: Catalogue, as_of: int
) -> list[tuple[int, int, int, int, int, int]]:
    items = np.flatnonzero(catalogue.item_brand == code)
    if deed.fresh:
        items = items[(catalogue.item_released[items] > 0)]
        items = items[catalogue.item_released[items] + DAY <= as_of]
    if not len(items):
        what = "product whose release date is known" if deed.fresh else "product"
        raise BadInputError(f"{deed.brand} has no {what}: leave it out, or say something else.")
    order = items[np.argsort(catalogue.item_price[items], kind="stable")]
    item = int(order[0] if deed.price is Price.CHEAP else order[len(order) // 2])
    listed = int(catalogue.item_price[item])
    listed = listed if listed > 0 else PLAIN_PRICE
    paid = {Price.FULL: listed, Price.CHEAP: listed // 2, Price.UNSAID: NO_PRICE}[deed.price]
    times = [as_of - APART * n for n in range(1, deed.times + 1)]
    if deed.fresh:
        times = [int(catalogue.item_released[item]) + DAY] * deed.times
    return [(item, at, paid, listed, int(deed.kind), 1) for at in times]
