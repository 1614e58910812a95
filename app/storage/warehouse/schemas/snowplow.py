"""Snowplow's atomic.events with the action and the products of its e-commerce tracking.

Source: docs.snowplow.io, "Ecommerce events", and the schemas
com.snowplowanalytics.snowplow.ecommerce/snowplow_ecommerce_action/jsonschema/1-0-2 and
.../product/jsonschema/1-0-0 of Iglu Central; names of columns as the warehouse loaders make them.

Each product beside the action becomes a row. The time is `derived_tstamp`, which corrects the
browser's clock, else `collector_tstamp`. Rows without `user_id` are left out and counted.
"""

from app.storage.warehouse.schemas.base import Columns, Nested, Schema, Source, first, kinds, said
from recsys.dataset.events import Col

_ACTION = "unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1"
_PRODUCTS = "contexts_com_snowplowanalytics_snowplow_ecommerce_product_1"
_KINDS = {
    "product_view": "view",
    "add_to_cart": "cart",
    "transaction": "purchase",
    "refund": "return",
}


def _events(source: Source) -> Columns:
    product = source.each(source.json(_PRODUCTS))
    return {
        Col.CUSTOMER: said(source.text("user_id")),
        Col.TS: first(source.seconds("derived_tstamp"), source.seconds("collector_tstamp")),
        Col.EVENT: kinds(source.json(_ACTION).text("type"), _KINDS),
        Col.PRODUCT: said(product.text("id")),
        Col.BRAND: said(product.text("brand")),
        Col.CATEGORY: said(product.text("category")),
        Col.PRICE: product.number("price"),
        Col.LIST_PRICE: product.number("list_price"),
        Col.QUANTITY: product.number("quantity"),
    }


SNOWPLOW = Schema(
    name="snowplow",
    needs=("collector_tstamp", _ACTION, _PRODUCTS),
    reads={
        "user_id": "",
        "derived_tstamp": "",
        "collector_tstamp": "",
        _ACTION: Nested.NATIVE,
        _PRODUCTS: Nested.NATIVE,
    },
    user="user_id",
    events=_events,
)
