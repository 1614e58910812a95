"""Interactions as RecTools keeps them, and its features of items in long form.

Source: `rectools.columns.Columns` and `rectools.dataset.Dataset.construct` of RecTools
(github.com/MobileTeleSystems/RecTools): user_id, item_id, weight, datetime; and for features of
items id, feature, value.

An interaction says not what it was, so every one counts as a purchase; one of weight 0 or less is
left out. Brands come from the features called brand, category, title and price, with --products.
"""

from app.storage.warehouse.schemas.base import Columns, Schema, Source, said
from recsys.dataset.events import Col, ProductCol


def _events(source: Source) -> Columns:
    weight = source.number("weight")
    return {
        Col.CUSTOMER: said(source.text("user_id")),
        Col.TS: source.seconds("datetime"),
        Col.EVENT: f"CASE WHEN {weight} <= 0 THEN NULL ELSE 'purchase' END",
        Col.PRODUCT: said(source.text("item_id")),
    }


def _products(source: Source) -> Columns:
    def feature(name: str) -> str:
        said_of = f"CASE WHEN {source.text('feature')} = '{name}' THEN {source.text('value')} END"
        return f"MAX({said_of})"

    return {
        Col.PRODUCT: source.text("id"),
        ProductCol.TITLE: feature("title"),
        Col.BRAND: feature("brand"),
        Col.CATEGORY: feature("category"),
        Col.PRICE: source.dialect.number.format(x=feature("price")),
    }


RECTOOLS = Schema(
    name="rectools",
    needs=("user_id", "item_id", "weight", "datetime"),
    reads={"user_id": "", "item_id": "", "weight": "", "datetime": ""},
    user="user_id",
    events=_events,
    shelf=("id", "feature", "value"),
    products=_products,
    grouped=True,
)
