"""RecTools: tables of interactions, and item features in long format.

Source: `rectools.columns.Columns` and `rectools.dataset.Dataset.construct` of RecTools
(github.com/MobileTeleSystems/RecTools): user_id, item_id, weight, datetime; for item features id,
feature, value.

An interaction has no event kind, so each counts as a purchase. Interactions with weight 0 or less
are left out. Brand, category, title and price come from the features with these names, given with
--products.
"""

from app.storage.warehouse.schemas.base import (
    ColumnSql,
    EventSchema,
    SourceTable,
    null_if_empty_sql,
)
from recsys.dataset.events import Col, ProductCol


def _events(source: SourceTable) -> ColumnSql:
    weight = source.number("weight")
    return {
        Col.CUSTOMER: null_if_empty_sql(source.text("user_id")),
        Col.TS: source.seconds("datetime"),
        Col.EVENT: f"CASE WHEN {weight} <= 0 THEN NULL ELSE 'purchase' END",
        Col.PRODUCT: null_if_empty_sql(source.text("item_id")),
    }


def _products(source: SourceTable) -> ColumnSql:
    def feature(name: str) -> str:
        value_sql = f"CASE WHEN {source.text('feature')} = '{name}' THEN {source.text('value')} END"
        return f"MAX({value_sql})"

    return {
        Col.PRODUCT: source.text("id"),
        ProductCol.TITLE: feature("title"),
        Col.BRAND: feature("brand"),
        Col.CATEGORY: feature("category"),
        Col.PRICE: source.dialect.number.format(x=feature("price")),
    }


RECTOOLS = EventSchema(
    name="rectools",
    required_columns=("user_id", "item_id", "weight", "datetime"),
    column_formats={"user_id": "", "item_id": "", "weight": "", "datetime": ""},
    user_column="user_id",
    events=_events,
    product_columns=("id", "feature", "value"),
    products=_products,
    grouped=True,
)
