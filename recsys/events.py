"""What an event is: the names of columns, the packed row, the catalogue, the brand normaliser."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Col:
    """Columns of the event table. Spell them nowhere else."""

    CUSTOMER = "customer_id"
    TS = "ts"
    EVENT = "event"
    PRODUCT = "product_id"
    BRAND = "brand"
    CATEGORY = "category"
    PRICE = "price"
    LIST_PRICE = "list_price"
    QUANTITY = "quantity"


EVENT_COLUMNS = (
    Col.CUSTOMER,
    Col.TS,
    Col.EVENT,
    Col.PRODUCT,
    Col.BRAND,
    Col.CATEGORY,
    Col.PRICE,
    Col.LIST_PRICE,
    Col.QUANTITY,
)
"""All of them, in the order of an event file."""


class ProductCol:
    """Columns of the product table beyond those it shares with events."""

    TITLE = "title"
    RELEASED = "release_date"
    FEATURED = "featured"
    SENSITIVE = "sensitive"


class Kind(IntEnum):
    """The kinds of event, as stored."""

    VIEW = 0
    WISHLIST = 1
    FOLLOW = 2
    CART = 3
    PURCHASE = 4
    RETURN = 5


OUR_KINDS: Mapping[str, Kind] = {
    "view": Kind.VIEW,
    "wishlist": Kind.WISHLIST,
    "follow": Kind.FOLLOW,
    "cart": Kind.CART,
    "purchase": Kind.PURCHASE,
    "return": Kind.RETURN,
}
"""How event files of ours spell the kinds, in the order of what is stored."""

KIND_NAMES: Mapping[str, Kind] = {
    **OUR_KINDS,
    "click": Kind.VIEW,
    "page_view": Kind.VIEW,
    "add_to_wishlist": Kind.WISHLIST,
    "addtocart": Kind.CART,
    "add_to_cart": Kind.CART,
    "buy": Kind.PURCHASE,
    "order": Kind.PURCHASE,
    "transaction": Kind.PURCHASE,
    "refund": Kind.RETURN,
}
"""How shops spell the kinds, in small letters."""

NO_PRICE = -1  # cents; "unknown" where a price is stored

ROW = np.dtype(
    [
        ("item", "<u4"),  # code of the item in the Catalogue
        ("ts", "<u4"),  # seconds since 1970, UTC
        ("price", "<i4"),  # cents paid a unit, or NO_PRICE
        ("list_price", "<i4"),  # cents before any discount, or NO_PRICE
        ("kind", "u1"),  # Kind
        ("quantity", "u1"),  # units, 255 means 255 or more
    ]
)
"""One stored event: 18 bytes, so that 300 million are 5.4 GB."""

Rows = NDArray[np.void]
"""Array of ROW, shape (n,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """What the shop sells, as arrays by code. Codes only ever grow while `lineage` is the same.

    B brands, C categories, I items (an item is a product of one brand in one category).
    """

    lineage: str  # names the store since it was last started anew
    brands: NDArray[np.object_]  # (B,) display names
    categories: NDArray[np.object_]  # (C,)
    brand_category: NDArray[np.int32]  # (B,) the category most of its items are in
    brand_price: NDArray[np.int32]  # (B,) median list price of its items in cents, or NO_PRICE
    brand_sensitive: NDArray[np.bool_]  # (B,) one sensitive item is enough
    item_product: NDArray[np.object_]  # (I,) product ids of the shop, "" where the log had none
    item_title: NDArray[np.object_]  # (I,) "" where unknown
    item_brand: NDArray[np.int32]  # (I,) brand code, -1 for no brand
    item_category: NDArray[np.int32]  # (I,) category code
    item_price: NDArray[np.int32]  # (I,) list price in cents, or NO_PRICE
    item_released: NDArray[np.uint32]  # (I,) seconds since 1970, 0 where unknown
    item_featured: NDArray[np.bool_]  # (I,)
    item_sensitive: NDArray[np.bool_]  # (I,)


def brand_codes(catalogue: Catalogue) -> dict[str, int]:
    """Return the code of every brand by its display name."""
    return {str(name): code for code, name in enumerate(catalogue.brands)}


def main_categories(
    item_brand: NDArray[np.int32], item_category: NDArray[np.int32], brands: int
) -> NDArray[np.int32]:
    """Return for each brand the category most of its items are in, the first of equals, else -1."""
    main = np.full(brands, -1, dtype=np.int32)
    branded = item_brand >= 0
    pairs = np.stack([item_brand[branded], item_category[branded]], axis=1)
    found, times = np.unique(pairs, axis=0, return_counts=True)
    rising = np.lexsort((-found[:, 1], times))
    main[found[rising, 0]] = found[rising, 1]  # the last written stays
    return main


def brand_prices(
    item_brand: NDArray[np.int32], item_price: NDArray[np.int32], brands: int
) -> NDArray[np.int32]:
    """Return each brand's median item price in cents (the lower of two middles), or NO_PRICE."""
    priced = (item_brand >= 0) & (item_price != NO_PRICE)
    brand, price = item_brand[priced], item_price[priced]
    order = np.lexsort((price, brand))
    codes, first, times = np.unique(brand[order], return_index=True, return_counts=True)
    medians = np.full(brands, NO_PRICE, dtype=np.int32)
    medians[codes] = price[order][first + (times - 1) // 2]
    return medians


NAME_LENGTH = 120
"""Characters of a brand name that are kept; two names alike so far are one brand."""

NO_BRAND = frozenset(
    {
        "",
        "n/a",
        "na",
        "n.a.",
        "n.v.t.",
        "nvt",
        "none",
        "null",
        "nan",
        "no brand",
        "no-brand",
        "nobrand",
        "unbranded",
        "generic",
        "unknown",
        "merkloos",
        "geen merk",
        "geen",
        "onbekend",
    }
)
"""What shops write, as `brand_key`, where an article has no brand."""

_MARKS = frozenset("®™©℠℗")
_JOINERS = frozenset("\u200c\u200d")  # emoji and several scripts are spelt with them
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # control, direction marks, lone surrogates


def hide(catalogue: Catalogue, sensitive: Callable[[str], bool]) -> Catalogue:
    """Return the catalogue with all that is of a sensitive category flagged as sensitive."""
    by_name = [sensitive(str(name)) for name in catalogue.categories]
    hidden = np.append(np.array(by_name, dtype=bool), False)  # -1: no category
    items = catalogue.item_sensitive | hidden[catalogue.item_category]
    brands = catalogue.brand_sensitive | hidden[catalogue.brand_category]
    return replace(catalogue, item_sensitive=items, brand_sensitive=brands)


def brand_key(name: str) -> str:
    """Return what makes two spellings one brand: no marks, spaces collapsed, any case."""
    return _visible(unicodedata.normalize("NFKC", _visible(name).casefold()))


def normalise_brand(name: str, aliases: Mapping[str, str] | None = None) -> str | None:
    """Return the brand as it is shown, or None for no brand.

    Marks (® ™ ©), control and direction characters go, spaces collapse, Unicode becomes NFKC, and
    what is longer than NAME_LENGTH is cut. `aliases` maps a `brand_key` to the name to use for it.
    """
    shown = tidy(name)
    if aliases:
        shown = tidy(aliases.get(brand_key(shown), shown))
    return None if _says_nothing(brand_key(shown)) else shown


def tidy(name: str) -> str:
    """Return a text fit to be shown: visible characters in NFKC, at most NAME_LENGTH of them."""
    return _visible(_visible(name)[:NAME_LENGTH])


def _visible(text: str) -> str:
    """Return `text` in NFKC, of characters one can see, with single spaces."""
    kept = "".join(_seen(char) for char in text)
    composed = unicodedata.normalize("NFKC", kept)
    tidy = " ".join("".join(_seen(char) for char in composed).split())
    return tidy if tidy == text else _visible(tidy)


def _seen(char: str) -> str:
    if char.isspace():
        return " "
    if char in _MARKS:
        return ""
    return char if char in _JOINERS or unicodedata.category(char) not in _UNSEEN else ""


def _says_nothing(key: str) -> bool:
    return key in NO_BRAND or not key.strip("-_.,?/\\* \u200c\u200d")
