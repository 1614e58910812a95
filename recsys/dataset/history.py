"""Hypothetical histories: text is parsed into history items, and items become events.

    3 purchases of Lego at full price, 1 cheap Stabilo, follows Nike, 4 views of Sonos

Each part between commas has one brand, a count and an action. The default is one purchase at an
unknown price. English and Dutch words are understood.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from recsys.dataset.brand_names import brand_key
from recsys.dataset.catalog import Catalog
from recsys.dataset.event_aggregation import DAY
from recsys.dataset.events import EVENT_DTYPE, NO_PRICE, EventKind, EventRows
from recsys.errors import BadInputError, UnknownNameError

MAX_TIMES = 100
ITEM_SPACING = 10 * DAY
"""Seconds between two events of an item, so that each is on a day of its own (`purchase_days`)."""
DEFAULT_PRICE = 2_000  # cents, if the catalog has no price


class Price(StrEnum):
    """The price paid in a history item."""

    UNKNOWN = "unsaid"
    FULL = "full"
    CHEAP = "cheap"  # at half of the list price


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One kind of event with one brand, repeated `times` times."""

    brand: str
    kind: EventKind = EventKind.PURCHASE
    times: int = 1
    price: Price = Price.UNKNOWN
    new_release: bool = False  # with a product released one day before the event


_KIND_WORDS: Mapping[str, EventKind] = {
    word: kind
    for kind, words in {
        EventKind.PURCHASE: "purchase purchases bought buys aankoop aankopen gekocht kocht",
        EventKind.VIEW: "view views viewed looked looks bekeken bekeek",
        EventKind.WISHLIST: "wish wishes wished wishlist verlanglijst",
        EventKind.FOLLOW: "follow follows followed volgt gevolgd",
        EventKind.CART: "cart carts winkelwagen",
        EventKind.RETURN: "return returns returned retour teruggestuurd",
    }.items()
    for word in words.split()
}
_PRICE_WORDS: Mapping[str, Price] = {
    word: price
    for price, words in {
        Price.FULL: "full vol volle",
        Price.CHEAP: "cheap discount discounted sale reduced goedkoop goedkope korting",
    }.items()
    for word in words.split()
}
_RELEASE_WORDS = frozenset({"new", "release", "releases", "nieuw", "nieuwe"})
_FILLER_WORDS = frozenset(
    word
    for words in (
        "of at a an the on for in to from times time x price prices and with",
        "van voor op tegen met de het prijs keer maal en",
    )
    for word in words.split()
)
_COUNT_WORDS: Mapping[str, int] = {
    word: number
    for number, words in enumerate(
        ("one once een eenmaal", "two twice twee", "three drie", "four vier", "five vijf"), start=1
    )
    for word in words.split()
}
_SEPARATOR = re.compile(r"[,;\n]+")


def parse_history(text: str, brands: Collection[str]) -> list[HistoryItem]:
    """Return the items of a typed history.

    Raises BadInputError for an empty text, an unknown word or a count out of range, and
    UnknownNameError for a part that names none of `brands`.
    """
    brand_by_key = {brand_key(name): name for name in brands}
    items = [
        _parse_item(part.split(), brand_by_key) for part in _SEPARATOR.split(text) if part.strip()
    ]
    if not items:
        raise BadInputError("Type what the customer did, like `3 purchases of Lego at full price`.")
    return items


def _parse_item(words: Sequence[str], brand_by_key: Mapping[str, str]) -> HistoryItem:
    brand, other_words = _match_brand(words, brand_by_key)
    lower_words = [word.casefold().strip(".") for word in other_words]
    times = _parse_count(lower_words, brand)
    kinds = [_KIND_WORDS[word] for word in lower_words if word in _KIND_WORDS]
    prices = [_PRICE_WORDS[word] for word in lower_words if word in _PRICE_WORDS]
    new_release = any(word in _RELEASE_WORDS for word in lower_words)
    return HistoryItem(
        brand=brand,
        kind=kinds[0] if kinds else EventKind.VIEW if new_release else EventKind.PURCHASE,
        times=times,
        price=prices[0] if prices else Price.UNKNOWN,
        new_release=new_release,
    )


def _match_brand(words: Sequence[str], brand_by_key: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return the longest brand name among the words, and the other words."""
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length + 1):
            name = brand_by_key.get(brand_key(" ".join(words[start : start + length])))
            if name is not None:
                return name, [*words[:start], *words[start + length :]]
    unknown_words = [word for word in words if not _is_understood(word.casefold())]
    raise UnknownNameError("brand", " ".join(unknown_words or words), brand_by_key.values())


def _is_understood(word: str) -> bool:
    vocabularies = (_KIND_WORDS, _PRICE_WORDS, _RELEASE_WORDS, _COUNT_WORDS, _FILLER_WORDS)
    return word.isdecimal() or any(word in some for some in vocabularies)


def _parse_count(lower_words: Sequence[str], brand: str) -> int:
    unknown_words = [word for word in lower_words if not _is_understood(word)]
    if unknown_words:
        raise BadInputError(
            f"What {unknown_words[0]!r} says of {brand} is not understood. Write a number, then "
            "purchases, views, wishes, follows, carts or returns; at full price, or cheap; or "
            "new releases."
        )
    numbers = [int(word) if word.isdecimal() else _COUNT_WORDS.get(word) for word in lower_words]
    times = next((number for number in numbers if number is not None), 1)
    if not 1 <= times <= MAX_TIMES:
        raise BadInputError(f"{brand} is named {times} times; write from 1 to {MAX_TIMES}.")
    return times


def history_rows(history: Iterable[HistoryItem], catalog: Catalog, as_of: int) -> EventRows:
    """Return the events of the items, before `as_of` (seconds since 1970), oldest first.

    Raises BadInputError if the brand has no product that fits an item.
    """
    brand_codes = {str(name): code for code, name in enumerate(catalog.brands)}
    rows = [
        row for deed in history for row in _item_rows(deed, brand_codes[deed.brand], catalog, as_of)
    ]
    events = np.array(rows, EVENT_DTYPE)
    return events[np.argsort(events["ts"], kind="stable")]


def _item_rows(
    history_item: HistoryItem, code: int, catalog: Catalog, as_of: int
) -> list[tuple[int, int, int, int, int, int]]:
    items = np.flatnonzero(catalog.item_brand == code)
    if history_item.new_release:
        items = items[(catalog.item_released[items] > 0)]
        items = items[catalog.item_released[items] + DAY <= as_of]
    if not len(items):
        needed = "product whose release date is known" if history_item.new_release else "product"
        raise BadInputError(
            f"{history_item.brand} has no {needed}: leave it out, or say something else."
        )
    order = items[np.argsort(catalog.item_price[items], kind="stable")]
    item = int(order[0] if history_item.price is Price.CHEAP else order[len(order) // 2])
    list_price = int(catalog.item_price[item])
    list_price = list_price if list_price > 0 else DEFAULT_PRICE
    price_paid = {Price.FULL: list_price, Price.CHEAP: list_price // 2, Price.UNKNOWN: NO_PRICE}[
        history_item.price
    ]
    timestamps = [as_of - ITEM_SPACING * n for n in range(1, history_item.times + 1)]
    if history_item.new_release:
        timestamps = [int(catalog.item_released[item]) + DAY] * history_item.times
    return [(item, at, price_paid, list_price, int(history_item.kind), 1) for at in timestamps]
