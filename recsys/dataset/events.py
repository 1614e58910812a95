"""The event: its column names, its kinds, and the packed row that is stored."""

from collections.abc import Mapping
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Col:
    """Column names of the event table. Do not repeat these strings elsewhere."""

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
"""All columns, in the order of an event file."""


class ProductCol:
    """Column names that only the product table has; it shares the others with events."""

    TITLE = "title"
    RELEASED = "release_date"
    FEATURED = "featured"
    SENSITIVE = "sensitive"


class EventKind(IntEnum):
    """The kinds of event, with their stored codes."""

    VIEW = 0
    WISHLIST = 1
    FOLLOW = 2
    CART = 3
    PURCHASE = 4
    RETURN = 5


OUR_KINDS: Mapping[str, EventKind] = {
    "view": EventKind.VIEW,
    "wishlist": EventKind.WISHLIST,
    "follow": EventKind.FOLLOW,
    "cart": EventKind.CART,
    "purchase": EventKind.PURCHASE,
    "return": EventKind.RETURN,
}
"""The names of the kinds in Brandswipe's own event files, in the order of the stored codes."""

KIND_NAMES: Mapping[str, EventKind] = {
    **OUR_KINDS,
    "click": EventKind.VIEW,
    "page_view": EventKind.VIEW,
    "add_to_wishlist": EventKind.WISHLIST,
    "addtocart": EventKind.CART,
    "add_to_cart": EventKind.CART,
    "buy": EventKind.PURCHASE,
    "order": EventKind.PURCHASE,
    "transaction": EventKind.PURCHASE,
    "refund": EventKind.RETURN,
}
"""The names of the kinds in the files of shops, in lower case."""

NO_PRICE = -1  # stored in place of an unknown price in cents

EVENT_DTYPE = np.dtype(
    [
        ("item", "<u4"),  # item code in the Catalog
        ("ts", "<u4"),  # seconds since 1970, UTC
        ("price", "<i4"),  # cents paid per unit, or NO_PRICE
        ("list_price", "<i4"),  # cents before any discount, or NO_PRICE
        ("kind", "u1"),  # EventKind
        ("quantity", "u1"),  # units, 255 means 255 or more
    ]
)
"""One stored event: 18 bytes, so that 300 million are 5.4 GB."""

EventRows = NDArray[np.void]
"""Array of EVENT_DTYPE, shape (n,)."""
