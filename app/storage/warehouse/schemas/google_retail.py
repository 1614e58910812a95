"""Google's Vertex AI Search for commerce (Retail API): user events and its catalogue.

Source: the resources UserEvent, ProductDetail and Product of the Retail API, version 2,
cloud.google.com/retail/docs/reference/rest/v2/projects.locations.catalogs.userEvents and
cloud.google.com/retail/docs/reference/rest/v2/projects.locations.catalogs.branches.products.

Each of `productDetails` becomes a row, and one of several `brands` a row each: whoever buys a
product of two brands bought from both. `userInfo.userId` is who was logged in; rows without it are
left out and counted (`--map visitorId=customer_id` takes visitors for customers).
"""

from app.storage.warehouse.schemas.base import Columns, Nested, Schema, Source, first, kinds, said
from recsys.dataset.events import Col, ProductCol

_KINDS = {"detail-page-view": "view", "add-to-cart": "cart", "purchase-complete": "purchase"}


def _events(source: Source) -> Columns:
    detail = source.each(source.json("productDetails"))
    brand = source.each(detail.part("product", "brands"), or_none=True)
    category = detail.text("product", "categories", 0)
    return {
        Col.CUSTOMER: said(source.json("userInfo").text("userId")),
        Col.TS: source.seconds("eventTime"),
        Col.EVENT: kinds(source.text("eventType"), _KINDS),
        Col.PRODUCT: said(detail.text("product", "id")),
        Col.BRAND: said(brand.text()),
        Col.CATEGORY: said(category),
        Col.PRICE: detail.number("product", "priceInfo", "price"),
        Col.LIST_PRICE: detail.number("product", "priceInfo", "originalPrice"),
        Col.QUANTITY: detail.number("quantity"),
    }


def _products(source: Source) -> Columns:
    """The catalogue names the first of several brands and categories."""
    price = source.json("priceInfo")
    return {
        Col.PRODUCT: source.text("id"),
        ProductCol.TITLE: source.text("title"),
        Col.BRAND: said(source.json("brands").text(0)),
        Col.CATEGORY: said(source.json("categories").text(0)),
        Col.PRICE: price.number("price"),
        Col.LIST_PRICE: first(price.number("originalPrice"), price.number("price")),
        ProductCol.RELEASED: source.seconds("availableTime"),
    }


GOOGLE_RETAIL = Schema(
    name="google-retail",
    needs=("eventType", "eventTime", "productDetails"),
    reads={
        "eventType": "",
        "eventTime": "",
        "productDetails": Nested.NATIVE,
        "userInfo": Nested.NATIVE,
        "brands": Nested.NATIVE,
        "categories": Nested.NATIVE,
        "priceInfo": Nested.NATIVE,
    },
    user="userInfo.userId",
    events=_events,
    shelf=("id", "title", "categories"),
    products=_products,
)
