"""Segment's track calls with the names of its e-commerce specification.

Source: "Spec: V2 Ecommerce Events" and "Spec: Track",
segment.com/docs/connections/spec/ecommerce/v2 and segment.com/docs/connections/spec/track.

Read are the raw calls, as Segment's storage destinations keep them: one JSON object a line, or a
table with `properties` as JSON. An order names its products in `properties.products`; a product
that was looked at stands in `properties` itself. Calls without `userId` are left out and counted.
"""

from app.importing.schemas.source import Columns, Nested, Schema, Source, first, kinds, said
from recsys.dataset.events import Col

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
