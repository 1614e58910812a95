"""Segment's track calls with the names of its e-commerce specification.

Source: "Spec: V2 Ecommerce Events" and "Spec: Track",
segment.com/docs/connections/spec/ecommerce/v2 and segment.com/docs/connections/spec/track.

Read are the raw calls, as Segment's storage destinations keep them: one JSON object a line, or a
table with `properties` as JSON. An order names its products in `properties.products`; a product
that was looked at stands in `properties` itself. Calls without `userId` are left out and counted.
"""

from app.storage.warehouse.schemas.base import Columns, Nested, Schema, Source, first, kinds, said
from recsys.dataset.events import Col

_TABLE_KINDS = {
    "product_viewed": "view",
    "product_added_to_wishlist": "wishlist",
    "product_added": "cart",
    "order_completed": "purchase",
    "order_refunded": "return",
}


def _table_events(source: Source) -> Columns:
    one = source.each(source.json("products"), or_none=True)
    product, brand = (
        first(said(one.text(name)), said(source.text(name))) for name in ("product_id", "brand")
    )
    kind = kinds(source.text("event"), _TABLE_KINDS)
    return {
        Col.CUSTOMER: said(source.text("user_id")),
        Col.TS: source.seconds("timestamp"),
        Col.EVENT: f"CASE WHEN {first(product, brand)} IS NOT NULL THEN {kind} END",
        Col.PRODUCT: product,
        Col.BRAND: brand,
        Col.CATEGORY: first(said(one.text("category")), said(source.text("category"))),
        Col.PRICE: first(one.number("price"), source.number("price")),
        Col.QUANTITY: first(one.number("quantity"), source.number("quantity")),
    }


SEGMENT_TABLES = Schema(
    name="segment-tables",
    needs=("event", "event_text", "timestamp", "received_at"),
    reads={
        "user_id": "",
        "timestamp": "",
        "event": "",
        "product_id": "",
        "brand": "",
        "category": "",
        "price": "",
        "quantity": "",
        "products": Nested.JSON,
    },
    user="user_id",
    events=_table_events,
)


_KINDS = {
    "Product Viewed": "view",
    "Product Added to Wishlist": "wishlist",
    "Product Added": "cart",
    "Order Completed": "purchase",
    "Order Refunded": "return",
}


def _events(source: Source) -> Columns:
    whole = source.json("properties")
    one = source.each(whole.part("products"), or_none=True)

    def text(name: str) -> str:
        return first(said(one.text(name)), said(whole.text(name)))

    def number(name: str) -> str:
        return first(one.number(name), whole.number(name))

    return {
        Col.CUSTOMER: said(source.text("userId")),
        Col.TS: source.seconds("timestamp"),
        Col.EVENT: kinds(source.text("event"), _KINDS),
        Col.PRODUCT: text("product_id"),
        Col.BRAND: text("brand"),
        Col.CATEGORY: text("category"),
        Col.PRICE: number("price"),
        Col.QUANTITY: number("quantity"),
    }


SEGMENT = Schema(
    name="segment",
    needs=("event", "timestamp", "properties"),
    reads={"userId": "", "timestamp": "", "event": "", "properties": Nested.JSON},
    user="userId",
    events=_events,
)
