"""What an event is: the names of columns, the packed row, the catalogue, the brand normaliser."""

from dataclasses import dataclass
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
