"""Google Analytics 4, as its BigQuery Export keeps it: tables events_YYYYMMDD.

Source: "[GA4] BigQuery Export schema", support.google.com/analytics/answer/7029846, and the event
reference developers.google.com/analytics/devguides/collection/ga4/reference/events.

An event of the shop carries its products in `items`, each of which becomes a row. `event_timestamp`
counts microseconds in UTC. `user_id` is set where somebody was logged in; `user_pseudo_id` names a
browser, not a customer, so rows without a `user_id` are left out and counted
(`--map user_pseudo_id=customer_id` takes browsers for customers). The category is the second level
where there is one. The export has no price before a discount.
"""

from app.storage.warehouse.schemas.base import Columns, Nested, Schema, Source, first, kinds, said
from recsys.dataset.events import Col

_KINDS = {
    "view_item": "view",
    "add_to_wishlist": "wishlist",
    "add_to_cart": "cart",
    "purchase": "purchase",
    "refund": "return",
}
_UNSET = "(not set)"


def _events(source: Source) -> Columns:
    item = source.each(source.json("items"))
    return {
        Col.CUSTOMER: said(source.text("user_id"), _UNSET),
        Col.TS: source.micros("event_timestamp"),
        Col.EVENT: kinds(source.text("event_name"), _KINDS),
        Col.PRODUCT: said(item.text("item_id"), _UNSET),
        Col.BRAND: said(item.text("item_brand"), _UNSET),
        Col.CATEGORY: first(
            said(item.text("item_category2"), _UNSET), said(item.text("item_category"), _UNSET)
        ),
        Col.PRICE: item.number("price"),
        Col.QUANTITY: item.number("quantity"),
    }


GA4 = Schema(
    name="ga4",
    needs=("event_name", "event_timestamp", "items"),
    reads={"user_id": "", "event_timestamp": "", "event_name": "", "items": Nested.NATIVE},
    user="user_id",
    events=_events,
)
