"""Snowplow: the table atomic.events, with action and products of its e-commerce tracking.

Source: docs.snowplow.io, "Ecommerce events", and the schemas
com.snowplowanalytics.snowplow.ecommerce/snowplow_ecommerce_action/jsonschema/1-0-2 and
.../product/jsonschema/1-0-0 of Iglu Central; column names are those of the warehouse loaders.

Each product attached to an action becomes a row. The time is `derived_tstamp`, which corrects the
browser's clock, or else `collector_tstamp`. Rows without `user_id` are left out and counted.
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

_ACTION = "unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1"
_PRODUCTS = "contexts_com_snowplowanalytics_snowplow_ecommerce_product_1"
_KINDS = {
    "product_view": "view",
    "add_to_cart": "cart",
    "transaction": "purchase",
    "refund": "return",
}


def _events(source: SourceTable) -> ColumnSql:
    product = source.unroll(source.json(_PRODUCTS))
    return {
        Col.CUSTOMER: null_if_empty_sql(source.text("user_id")),
        Col.TS: coalesce_sql(source.seconds("derived_tstamp"), source.seconds("collector_tstamp")),
        Col.EVENT: event_kind_sql(source.json(_ACTION).text("type"), _KINDS),
        Col.PRODUCT: null_if_empty_sql(product.text("id")),
        Col.BRAND: null_if_empty_sql(product.text("brand")),
        Col.CATEGORY: null_if_empty_sql(product.text("category")),
        Col.PRICE: product.number("price"),
        Col.LIST_PRICE: product.number("list_price"),
        Col.QUANTITY: product.number("quantity"),
    }


SNOWPLOW = EventSchema(
    name="snowplow",
    required_columns=("collector_tstamp", _ACTION, _PRODUCTS),
    column_formats={
        "user_id": "",
        "derived_tstamp": "",
        "collector_tstamp": "",
        _ACTION: NestedFormat.NATIVE,
        _PRODUCTS: NestedFormat.NATIVE,
    },
    user_column="user_id",
    events=_events,
)
