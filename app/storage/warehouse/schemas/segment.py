"""Segment: track calls with the event names of its e-commerce specification.

Source: "Spec: V2 Ecommerce Events" and "Spec: Track",
segment.com/docs/connections/spec/ecommerce/v2 and segment.com/docs/connections/spec/track.

SEGMENT reads raw calls as in Segment's storage destinations: one JSON object per line, or a table
with `properties` as JSON. SEGMENT_TABLES reads tables with one column per property. An order has
its products in `properties.products`, a product view in `properties` itself. Calls without
`userId` are left out and counted.
"""

from app.storage.warehouse.schemas.base import (
    ColumnSql,
    EventSchema,
    NestedFormat,
    SourceTable,
    coalesce_sql,
    event_kind_sql,
    null_if_empty_sql,
)
from recsys.dataset.events import Col

_TABLE_KINDS = {
    "product_viewed": "view",
    "product_added_to_wishlist": "wishlist",
    "product_added": "cart",
    "order_completed": "purchase",
    "order_refunded": "return",
}


def _table_events(source: SourceTable) -> ColumnSql:
    item = source.unroll(source.json("products"), keep_empty=True)
    product, brand = (
        coalesce_sql(null_if_empty_sql(item.text(name)), null_if_empty_sql(source.text(name)))
        for name in ("product_id", "brand")
    )
    kind = event_kind_sql(source.text("event"), _TABLE_KINDS)
    return {
        Col.CUSTOMER: null_if_empty_sql(source.text("user_id")),
        Col.TS: source.seconds("timestamp"),
        Col.EVENT: f"CASE WHEN {coalesce_sql(product, brand)} IS NOT NULL THEN {kind} END",
        Col.PRODUCT: product,
        Col.BRAND: brand,
        Col.CATEGORY: coalesce_sql(
            null_if_empty_sql(item.text("category")), null_if_empty_sql(source.text("category"))
        ),
        Col.PRICE: coalesce_sql(item.number("price"), source.number("price")),
        Col.QUANTITY: coalesce_sql(item.number("quantity"), source.number("quantity")),
    }


SEGMENT_TABLES = EventSchema(
    name="segment-tables",
    required_columns=("event", "event_text", "timestamp", "received_at"),
    column_formats={
        "user_id": "",
        "timestamp": "",
        "event": "",
        "product_id": "",
        "brand": "",
        "category": "",
        "price": "",
        "quantity": "",
        "products": NestedFormat.JSON,
    },
    user_column="user_id",
    events=_table_events,
)


_KINDS = {
    "Product Viewed": "view",
    "Product Added to Wishlist": "wishlist",
    "Product Added": "cart",
    "Order Completed": "purchase",
    "Order Refunded": "return",
}


def _events(source: SourceTable) -> ColumnSql:
    properties = source.json("properties")
    item = source.unroll(properties.child("products"), keep_empty=True)

    def text(name: str) -> str:
        return coalesce_sql(
            null_if_empty_sql(item.text(name)), null_if_empty_sql(properties.text(name))
        )

    def number(name: str) -> str:
        return coalesce_sql(item.number(name), properties.number(name))

    return {
        Col.CUSTOMER: null_if_empty_sql(source.text("userId")),
        Col.TS: source.seconds("timestamp"),
        Col.EVENT: event_kind_sql(source.text("event"), _KINDS),
        Col.PRODUCT: text("product_id"),
        Col.BRAND: text("brand"),
        Col.CATEGORY: text("category"),
        Col.PRICE: number("price"),
        Col.QUANTITY: number("quantity"),
    }


SEGMENT = EventSchema(
    name="segment",
    required_columns=("event", "timestamp", "properties"),
    column_formats={"userId": "", "timestamp": "", "event": "", "properties": NestedFormat.JSON},
    user_column="userId",
    events=_events,
)
