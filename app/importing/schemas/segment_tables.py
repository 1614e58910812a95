"""Segment's tables of a warehouse: one an event, its properties as columns.

Source: "Warehouse Schemas", segment.com/docs/connections/storage/warehouses/schema, for the columns
of every table; "Spec: V2 Ecommerce Events", segment.com/docs/connections/spec/ecommerce/v2, for
what the events are called and hold.

An order's `products` are JSON in a text. The table `tracks` has a row for every event and none of
its properties: such rows say nothing of a product. Rows without `user_id` are left out and counted.
"""

from app.importing.schemas.source import Columns, Nested, Schema, Source, first, kinds, said
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
