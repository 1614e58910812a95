"""The columns of an evidence table, and the SQL that aggregates each of them in a warehouse."""

from collections.abc import Mapping

from recsys.dataset.event_aggregation import FULL_PRICE_PERCENT, RELEASE_WINDOW
from recsys.dataset.events import Col, EventKind
from recsys.dataset.evidence import DistinctKey, Feature

AS_OF, FIRST, LAST = "as_of", "first_at", "last_at"
DISTINCT_COUNTS: Mapping[str, DistinctKey] = {
    "purchase_days": DistinctKey.PURCHASE_DAY,
    "products": DistinctKey.ITEM,
    "categories": DistinctKey.CATEGORY,
}
SUM_COLUMNS: Mapping[str, Feature] = {  # in the order of Feature
    "purchases": Feature.PURCHASES,
    "views": Feature.VIEWS,
    "wishlists": Feature.WISHLISTS,
    "follows": Feature.FOLLOWS,
    "carts": Feature.CARTS,
    "returns": Feature.RETURNS,
    "release_views": Feature.RELEASE_VIEWS,
    "spend": Feature.SPEND,
    "full_price": Feature.FULL_PRICE,
    "dear": Feature.PREMIUM,
    "bought_30": Feature.BOUGHT_30,
    "bought_90": Feature.BOUGHT_90,
    "bought_365": Feature.BOUGHT_365,
    "looked_30": Feature.LOOKED_30,
    "looked_90": Feature.LOOKED_90,
    "looked_365": Feature.LOOKED_365,
}
EVIDENCE_COLUMNS = (Col.CUSTOMER, Col.BRAND, AS_OF, FIRST, LAST, *SUM_COLUMNS, *DISTINCT_COUNTS)
"""All columns of an evidence table, in order."""


def sums_sql() -> str:
    """Return SQL that aggregates `aged` to one row of EVIDENCE_COLUMNS per customer and brand."""
    sums = [f"{_sum_sql(column)} AS {name}" for name, column in SUM_COLUMNS.items()]
    counts = [
        f"COUNT(DISTINCT {_distinct_value_sql(mark)}) AS {name}"
        for name, mark in DISTINCT_COUNTS.items()
    ]
    ends = [f"MAX({AS_OF}) AS {AS_OF}", f"MIN(ts) AS {FIRST}", f"MAX(ts) AS {LAST}"]
    picks = ",\n".join(f"  {part}" for part in (*ends, *sums, *counts))
    return (
        f"SELECT customer AS {Col.CUSTOMER}, brand,\n{picks}\nFROM aged\nGROUP BY customer, brand"
    )


def _sum_sql(feature: Feature) -> str:
    return f"CAST(SUM(CASE WHEN {_SUM_CONDITIONS[feature]} END) AS BIGINT)"


_IS_PURCHASE_SQL = f"kind = {EventKind.PURCHASE:d}"
_IS_LOOK_SQL = f"kind IN ({EventKind.VIEW:d}, {EventKind.WISHLIST:d}, {EventKind.CART:d})"
_IS_NEW_RELEASE_SQL = f"released > 0 AND ts - released BETWEEN 0 AND {RELEASE_WINDOW}"
_IS_FULL_PRICE_SQL = f"listed > 0 AND price * 100 >= listed * {FULL_PRICE_PERCENT}"
_COUNT_ONE_SQL = "THEN 1 ELSE 0"
_SUM_CONDITIONS: Mapping[Feature, str] = {
    Feature.PURCHASES: f"{_IS_PURCHASE_SQL} {_COUNT_ONE_SQL}",
    Feature.VIEWS: f"kind = {EventKind.VIEW:d} {_COUNT_ONE_SQL}",
    Feature.WISHLISTS: f"kind = {EventKind.WISHLIST:d} {_COUNT_ONE_SQL}",
    Feature.FOLLOWS: f"kind = {EventKind.FOLLOW:d} {_COUNT_ONE_SQL}",
    Feature.CARTS: f"kind = {EventKind.CART:d} {_COUNT_ONE_SQL}",
    Feature.RETURNS: f"kind = {EventKind.RETURN:d} {_COUNT_ONE_SQL}",
    Feature.RELEASE_VIEWS: f"kind = {EventKind.VIEW:d} AND {_IS_NEW_RELEASE_SQL} {_COUNT_ONE_SQL}",
    Feature.SPEND: f"{_IS_PURCHASE_SQL} AND price IS NOT NULL THEN price * quantity ELSE 0",
    Feature.FULL_PRICE: (
        f"{_IS_PURCHASE_SQL} AND price IS NOT NULL AND {_IS_FULL_PRICE_SQL} {_COUNT_ONE_SQL}"
    ),
    Feature.PREMIUM: f"{_IS_PURCHASE_SQL} AND dear = 1 {_COUNT_ONE_SQL}",
    Feature.BOUGHT_30: f"{_IS_PURCHASE_SQL} THEN left_30 ELSE 0",
    Feature.BOUGHT_90: f"{_IS_PURCHASE_SQL} THEN left_90 ELSE 0",
    Feature.BOUGHT_365: f"{_IS_PURCHASE_SQL} THEN left_365 ELSE 0",
    Feature.LOOKED_30: f"{_IS_LOOK_SQL} THEN left_30 ELSE 0",
    Feature.LOOKED_90: f"{_IS_LOOK_SQL} THEN left_90 ELSE 0",
    Feature.LOOKED_365: f"{_IS_LOOK_SQL} THEN left_365 ELSE 0",
}


def _distinct_value_sql(distinct_key: DistinctKey) -> str:
    value = {
        DistinctKey.PURCHASE_DAY: "on_day",
        DistinctKey.ITEM: "item",
        DistinctKey.CATEGORY: "category",
    }[distinct_key]
    condition = (
        _IS_PURCHASE_SQL
        if distinct_key is DistinctKey.PURCHASE_DAY
        else f"kind <> {EventKind.RETURN:d}"
    )
    return f"CASE WHEN {condition} THEN {value} END"
