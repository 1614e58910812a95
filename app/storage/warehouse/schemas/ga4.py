"""Google Analytics 4: the tables events_YYYYMMDD of its BigQuery Export.

Source: "[GA4] BigQuery Export schema", support.google.com/analytics/answer/7029846, and the event
reference developers.google.com/analytics/devguides/collection/ga4/reference/events.

Each product in an event's `items` becomes a row. `event_timestamp` is in microseconds since 1970,
UTC. `user_id` is set for logged-in users; `user_pseudo_id` identifies a browser, not a customer. So
rows without a `user_id` are left out and counted (`--map user_pseudo_id=customer_id` treats
browsers as customers). The category is the second level if there is one. The export has no price
before discounts.
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

_KINDS = {
    "view_item": "view",
    "add_to_wishlist": "wishlist",
    "add_to_cart": "cart",
    "purchase": "purchase",
    "refund": "return",
}
_UNSET = "(not set)"


def _events(source: SourceTable) -> ColumnSql:
    item = source.unroll(source.json("items"))
    return {
        Col.CUSTOMER: null_if_empty_sql(source.text("user_id"), _UNSET),
        Col.TS: source.seconds_from_micros("event_timestamp"),
        Col.EVENT: event_kind_sql(source.text("event_name"), _KINDS),
        Col.PRODUCT: null_if_empty_sql(item.text("item_id"), _UNSET),
        Col.BRAND: null_if_empty_sql(item.text("item_brand"), _UNSET),
        Col.CATEGORY: coalesce_sql(
            null_if_empty_sql(item.text("item_category2"), _UNSET),
            null_if_empty_sql(item.text("item_category"), _UNSET),
        ),
        Col.PRICE: item.number("price"),
        Col.QUANTITY: item.number("quantity"),
    }


GA4 = EventSchema(
    name="ga4",
    required_columns=("event_name", "event_timestamp", "items"),
    column_formats={
        "user_id": "",
        "event_timestamp": "",
        "event_name": "",
        "items": NestedFormat.NATIVE,
    },
    user_column="user_id",
    events=_events,
)
