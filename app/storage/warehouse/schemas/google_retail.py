"""Google's Vertex AI Search for commerce (Retail API): user events and product catalog.

Source: the resources UserEvent, ProductDetail and Product of the Retail API, version 2,
cloud.google.com/retail/docs/reference/rest/v2/projects.locations.catalogs.userEvents and
cloud.google.com/retail/docs/reference/rest/v2/projects.locations.catalogs.branches.products.

Each element of `productDetails` becomes a row. A product with several `brands` becomes one row per
brand, so its purchase counts for each brand. `userInfo.userId` is the logged-in user; rows without
it are left out and counted (`--map visitorId=customer_id` treats visitors as customers).
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
from recsys.dataset.events import Col, ProductCol

_KINDS = {"detail-page-view": "view", "add-to-cart": "cart", "purchase-complete": "purchase"}


def _events(source: SourceTable) -> ColumnSql:
    detail = source.unroll(source.json("productDetails"))
    brand = source.unroll(detail.child("product", "brands"), keep_empty=True)
    category = detail.text("product", "categories", 0)
    return {
        Col.CUSTOMER: null_if_empty_sql(source.json("userInfo").text("userId")),
        Col.TS: source.seconds("eventTime"),
        Col.EVENT: event_kind_sql(source.text("eventType"), _KINDS),
        Col.PRODUCT: null_if_empty_sql(detail.text("product", "id")),
        Col.BRAND: null_if_empty_sql(brand.text()),
        Col.CATEGORY: null_if_empty_sql(category),
        Col.PRICE: detail.number("product", "priceInfo", "price"),
        Col.LIST_PRICE: detail.number("product", "priceInfo", "originalPrice"),
        Col.QUANTITY: detail.number("quantity"),
    }


def _products(source: SourceTable) -> ColumnSql:
    """Return SQL for catalog products; only the first brand and the first category are kept."""
    price = source.json("priceInfo")
    return {
        Col.PRODUCT: source.text("id"),
        ProductCol.TITLE: source.text("title"),
        Col.BRAND: null_if_empty_sql(source.json("brands").text(0)),
        Col.CATEGORY: null_if_empty_sql(source.json("categories").text(0)),
        Col.PRICE: price.number("price"),
        Col.LIST_PRICE: coalesce_sql(price.number("originalPrice"), price.number("price")),
        ProductCol.RELEASED: source.seconds("availableTime"),
    }


GOOGLE_RETAIL = EventSchema(
    name="google-retail",
    required_columns=("eventType", "eventTime", "productDetails"),
    column_formats={
        "eventType": "",
        "eventTime": "",
        "productDetails": NestedFormat.NATIVE,
        "userInfo": NestedFormat.NATIVE,
        "brands": NestedFormat.NATIVE,
        "categories": NestedFormat.NATIVE,
        "priceInfo": NestedFormat.NATIVE,
    },
    user_column="userInfo.userId",
    events=_events,
    product_columns=("id", "title", "categories"),
    products=_products,
)
