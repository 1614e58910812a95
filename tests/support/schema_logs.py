"""Small logs of each published schema, made by hand, and what the store must hold of them.

Every log says the same of ann, as far as its schema can: she looked at a Lego castle, put it into
her cart and bought two.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from recsys.dataset.events import NO_PRICE, EventKind

NOW = 1_763_900_000  # seconds since 1970
LOOKED, PUT, BOUGHT = NOW - 300, NOW - 200, NOW - 100
WHEN = {LOOKED: "2025-11-23T12:08:20", PUT: "2025-11-23T12:10:00", BOUGHT: "2025-11-23T12:11:40"}
ACTION = "unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1"
PRODUCTS = "contexts_com_snowplowanalytics_snowplow_ecommerce_product_1"

Log = Sequence[Mapping[str, Any]]


def ga4() -> Log:
    def row(name: str, at: int, user: str | None, *items: Any) -> dict[str, Any]:
        return {
            "event_date": "20251123",
            "event_timestamp": at * 1_000_000 + 654_321,
            "event_name": name,
            "user_id": user,
            "user_pseudo_id": "1.2",
            "items": list(items),
        }

    castle = {"item_id": "p1", "item_name": "Castle", "item_brand": "Lego", "price": 12.5}
    castle |= {"item_category": "Toys", "item_category2": "Bricks", "quantity": 1}
    bare = castle | {"item_id": "p2", "item_brand": "(not set)", "item_category2": ""}
    return [
        row("session_start", LOOKED, "ann"),
        row("view_item", LOOKED, "ann", castle),
        row("view_item", LOOKED, None, castle, bare),
        row("add_to_cart", PUT, "ann", castle),
        row("purchase", BOUGHT, "ann", castle | {"quantity": 2}, bare),
        row("scroll", BOUGHT, "ann", castle),
    ]


def google_retail() -> Log:
    def row(name: str, at: int, brands: Sequence[str], quantity: int | None = None) -> Any:
        product = {"id": "p1", "brands": list(brands), "categories": ["Bricks", "Toys > Bricks"]}
        product["priceInfo"] = {"price": 12.5, "originalPrice": 15.0}  # type: ignore[assignment]
        return {
            "eventType": name,
            "visitorId": "v1",
            "eventTime": WHEN[at] + ".5Z",
            "userInfo": {"userId": "ann"},
            "productDetails": [{"product": product, "quantity": quantity}],
        }

    return [
        {"eventType": "home-page-view", "visitorId": "v1", "eventTime": WHEN[LOOKED] + "Z"},
        row("detail-page-view", LOOKED, ["Lego"]),
        {**row("detail-page-view", LOOKED, ["Lego"]), "userInfo": None},
        row("add-to-cart", PUT, ["Lego"], 1),
        row("purchase-complete", BOUGHT, ["Lego", "Disney"], 2),
    ]


def segment() -> Log:
    castle = {"product_id": "p1", "brand": "Lego", "category": "Bricks", "price": 12.5}

    def call(name: str, at: int, properties: Any, user: str | None = "ann") -> dict[str, Any]:
        return {
            "type": "track",
            "event": name,
            "userId": user,
            "anonymousId": "a1",
            "timestamp": WHEN[at] + ".000Z",
            "properties": properties,
        }

    return [
        call("Products Searched", LOOKED, {"query": "castle"}),
        call("Product Viewed", LOOKED, castle),
        call("Product Viewed", LOOKED, castle, user=None),
        call("Product Added", PUT, castle | {"quantity": 1}),
        call("Order Completed", BOUGHT, {"order_id": "o", "products": [castle | {"quantity": 2}]}),
    ]


def segment_tables() -> Log:
    """Three of the tables at once: each has the columns of its own event."""
    castle = {"product_id": "p1", "brand": "Lego", "category": "Bricks", "price": 12.5}

    def row(name: str, at: int, user: str | None = "ann", **columns: Any) -> dict[str, Any]:
        called = {"event": name, "event_text": name.replace("_", " ").title(), "user_id": user}
        return {
            "id": f"{name}-{at}",
            "received_at": WHEN[at],
            "timestamp": WHEN[at],
            **called,
            **columns,
        }

    order = json.dumps([castle | {"quantity": 2}])
    return [
        row("order_completed", BOUGHT),  # of the table tracks
        row("product_viewed", LOOKED, **castle),
        row("product_viewed", LOOKED, user=None, **castle),
        row("product_added", PUT, **castle, quantity=1),
        row("order_completed", BOUGHT, order_id="o", products=order),
    ]


def snowplow() -> Log:
    castle = {"id": "p1", "brand": "Lego", "category": "Bricks", "price": 12.5, "list_price": 15.0}

    def row(kind: str, at: int, user: str | None = "ann", quantity: int = 1) -> dict[str, Any]:
        return {
            "collector_tstamp": WHEN[NOW - 100],
            "derived_tstamp": WHEN[at],
            "user_id": user,
            ACTION: {"type": kind},
            PRODUCTS: [castle | {"quantity": quantity}],
        }

    return [
        row("list_view", LOOKED),
        row("product_view", LOOKED),
        row("product_view", LOOKED, user=None),
        row("add_to_cart", PUT),
        row("transaction", BOUGHT, quantity=2),
    ]


def rectools() -> Log:
    return [
        {"user_id": "ann", "item_id": "p1", "weight": 1.0, "datetime": WHEN[BOUGHT]},
        {"user_id": "ann", "item_id": "p1", "weight": 0.0, "datetime": WHEN[LOOKED]},
        {"user_id": "bob", "item_id": "p2", "weight": 3.0, "datetime": WHEN[PUT]},
    ]


def rectools_products() -> Log:
    said = {"title": "Castle", "brand": "Lego", "category": "Bricks", "price": 15}
    return [{"id": "p1", "feature": name, "value": value} for name, value in said.items()]


def movielens() -> Log:
    return [
        {"userId": 7, "movieId": 1, "rating": 4.5, "timestamp": BOUGHT},
        {"userId": 7, "movieId": 2, "rating": 2.0, "timestamp": LOOKED},
    ]


def movielens_products() -> Log:
    return [
        {"movieId": 1, "title": "Toy Story (1995)", "genres": "Animation|Comedy"},
        {"movieId": 2, "title": "Nameless (2001)", "genres": "(no genres listed)"},
    ]


LOGS = {
    "ga4": ga4,
    "google-retail": google_retail,
    "segment": segment,
    "segment-tables": segment_tables,
    "snowplow": snowplow,
}
"""The logs that name kinds, brands and prices."""

HERS = [
    (LOOKED, EventKind.VIEW, "p1", "Lego", "Bricks", 1250, 1),
    (PUT, EventKind.CART, "p1", "Lego", "Bricks", 1250, 1),
    (BOUGHT, EventKind.PURCHASE, "p1", "Lego", "Bricks", 1250, 2),
]
MORE = {
    "ga4": [(BOUGHT, EventKind.PURCHASE, "p2", None, "Toys", 1250, 1)],
    "google-retail": [(BOUGHT, EventKind.PURCHASE, "p1", "Disney", "Bricks", 1250, 2)],
    "segment": [],
    "segment-tables": [],
    "snowplow": [],
}
LIST_PRICE = {
    "ga4": NO_PRICE,
    "google-retail": 1500,
    "segment": NO_PRICE,
    "segment-tables": NO_PRICE,
    "snowplow": 1500,
}
