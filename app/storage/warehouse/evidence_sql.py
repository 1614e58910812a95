"""The query that sums up a log inside the warehouse: a row for each customer and brand comes back.

The query states in SQL what `recsys.dataset.aggregation.summarise` does to the events that `ingest`
has cleaned: duplicates count once, sums are whole numbers, prices are cents. Decayed weights are
rounded as there; an exact half, which only a whole number of half-lives gives, rounds down to even
in both. Days, products and categories come back counted, so two tables are never added up. A brand
is its name in small letters; events of categories with a sensitive word stay in the warehouse.
"""

from collections.abc import Collection, Mapping

from app.storage.event_store.duckdb_sql import sql_literal
from app.storage.warehouse.schemas.base import (
    ColumnSql,
    EventSchema,
    SourceTable,
    coalesce_sql,
    events_query,
    null_if_empty_sql,
)
from app.storage.warehouse.schemas.dialects import Dialect
from recsys.dataset.aggregation import (
    DAY,
    FIXED_POINT_ONE,
    FULL_PRICE_PERCENT,
    HALF_LIVES,
    RELEASE_WINDOW,
)
from recsys.dataset.brand_names import NO_BRAND
from recsys.dataset.events import EVENT_COLUMNS, KIND_NAMES, Col, EventKind, ProductCol
from recsys.dataset.evidence import DistinctKey, Feature

AS_OF, FIRST, LAST = "as_of", "first_at", "last_at"
DISTINCT_COUNTS: Mapping[str, DistinctKey] = {
    "purchase_days": DistinctKey.PURCHASE_DAY,
    "products": DistinctKey.ITEM,
    "categories": DistinctKey.CATEGORY,
}
SUM_COLUMNS: Mapping[str, Feature] = {  # in the order of Sum
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
"""All of them, in the order of the table."""

_MOST_CENTS, _LAST_TIME = 2**31 - 1, 2**32 - 1
SHELF_COLUMNS = (
    Col.PRODUCT,
    Col.BRAND,
    Col.CATEGORY,
    Col.PRICE,
    Col.LIST_PRICE,
    ProductCol.RELEASED,
)


def _own_columns(source: SourceTable) -> ColumnSql:
    texts = {name: null_if_empty_sql(source.text(name)) for name in EVENT_COLUMNS}
    numbers = {name: source.number(name) for name in (Col.PRICE, Col.LIST_PRICE, Col.QUANTITY)}
    kind = texts[Col.EVENT] if Col.EVENT in source.columns else "'purchase'"
    floored = f"CAST(FLOOR({source.number(Col.TS)}) AS BIGINT)"  # a text that is no whole number
    seconds = coalesce_sql(source.integer(Col.TS), source.seconds(Col.TS), floored)
    return {**texts, **numbers, Col.EVENT: kind, Col.TS: seconds}


OWN_SCHEMA = EventSchema(
    "brandswipe", (Col.CUSTOMER, Col.TS), dict.fromkeys(EVENT_COLUMNS, ""), "", _own_columns
)
"""Our own columns, as a schema beside the published ones."""


def evidence_query(
    schema: EventSchema,
    source: SourceTable,
    table: str,
    sensitive_words: Collection[str] = (),
    products: tuple[str, Collection[str]] | None = None,
) -> str:
    """Return the query over `table`, with COLUMNS; it asks the engine for its clock alone.

    `sensitive_words` are the words of sensitive categories; `products` a table of the shop's
    products and those of our columns that it has. Raises BadInputError as `events_query` does.
    """
    dialect = source.dialect
    available = schema.events(SourceTable(dialect, source.columns)).keys()
    subqueries = {
        "told": events_query(schema, source, table),
        "kinds": f"SELECT t.*, {_kind_sql()} AS kind FROM told AS t",
        "shelf": _shelf_sql(dialect, products),
        "good": _good_sql(dialect, available),
        "items": _items_sql(dialect),
        "middle": _MEDIANS_SQL,
        "facts": _FACTS_SQL,
        "each_once": _DISTINCT_SQL,
        "aged": _decayed_sql(dialect, sensitive_words),
    }
    steps = ",\n".join(f"{name} AS (\n{sql}\n)" for name, sql in subqueries.items())
    return f"WITH {steps}\n{_sums_sql()}"


def _shelf_sql(dialect: Dialect, products: tuple[str, Collection[str]] | None) -> str:
    table, columns = products or ("", ())
    source = SourceTable(dialect, dict.fromkeys(columns, ""))
    price = coalesce_sql(
        *(_price_or_null_sql(source.number(name)) for name in (Col.LIST_PRICE, Col.PRICE))
    )
    released = coalesce_sql(
        source.integer(ProductCol.RELEASED), source.seconds(ProductCol.RELEASED)
    )
    selected = {
        "product": f"TRIM({source.text(Col.PRODUCT)})",
        "brand": f"MAX({_brand_sql(source.text(Col.BRAND))})",
        "category": f"MAX({null_if_empty_sql(f'TRIM({source.text(Col.CATEGORY)})')})",
        "price": f"MAX({_cents_sql(dialect, price)})",
        "released": f"MAX({released})",
    }
    picks = ", ".join(f"{sql} AS {name}" for name, sql in selected.items())
    rows = f"FROM {table} AS e" if table else "FROM (SELECT 1 AS nothing) AS e WHERE 1 = 0"
    return f"SELECT {picks} {rows} GROUP BY 1"


def _good_sql(dialect: Dialect, available: Collection[str]) -> str:
    """The events that an import keeps; doubles are still among them."""

    def named(name: str) -> str:
        return f"t.{name}" if name in available else dialect.null_text

    def number(name: str) -> str:
        return named(name) if name in available else dialect.number.format(x=dialect.null_text)

    quantity = f"COALESCE({number(Col.QUANTITY)}, 1)"
    units = f"LEAST(255, GREATEST(1, FLOOR({quantity} + 0.5)))"
    now = dialect.seconds.format(x="CURRENT_TIMESTAMP")
    idle = (
        f"{quantity} = 0 AND t.kind IN ({EventKind.CART:d}, {EventKind.PURCHASE:d}, "
        f"{EventKind.RETURN:d})"
    )
    prices = [number(name) for name in (Col.PRICE, Col.LIST_PRICE)]
    known_prices = [number(name) for name in (Col.PRICE, Col.LIST_PRICE) if name in available]
    price_checks = "".join(
        f"\n  AND ({price} IS NULL OR {_valid_price_sql(price)})" for price in known_prices
    )
    return f"""SELECT TRIM(t.{Col.CUSTOMER}) AS customer, t.{Col.TS} AS ts, t.kind AS kind,
  COALESCE(TRIM({named(Col.PRODUCT)}), '') AS product,
  COALESCE(s.brand, {_brand_sql(named(Col.BRAND))}, '') AS brand,
  COALESCE(s.category, TRIM({named(Col.CATEGORY)}), '') AS category,
  {_cents_sql(dialect, prices[0])} AS price, {_cents_sql(dialect, prices[1])} AS list_price,
  CAST({units} AS BIGINT) AS quantity, s.price AS shelf_price, s.released AS released
FROM kinds AS t LEFT JOIN shelf AS s ON s.product = TRIM({named(Col.PRODUCT)})
WHERE TRIM(t.{Col.CUSTOMER}) <> '' AND t.kind IS NOT NULL
  AND t.{Col.TS} BETWEEN 0 AND {now} + {DAY}{price_checks}
  AND {quantity} >= 0 AND NOT ({idle})"""


def _kind_sql() -> str:
    whens = " ".join(f"WHEN '{name}' THEN {kind:d}" for name, kind in KIND_NAMES.items())
    return f"CASE REPLACE(REPLACE(LOWER(t.{Col.EVENT}), ' ', '_'), '-', '_') {whens} END"


def _brand_sql(text: str) -> str:
    """A brand's name in small letters; NULL for nothing, '' where it says that there is none."""
    no_brand = ", ".join(sql_literal(word) for word in sorted(NO_BRAND - {""}))
    key = null_if_empty_sql(f"LOWER(TRIM({text}))")
    return f"CASE WHEN {key} IN ({no_brand}) THEN '' ELSE {key} END"


def _valid_price_sql(price: str) -> str:
    return f"{price} >= 0 AND {price} * 100 <= {_MOST_CENTS}"


def _price_or_null_sql(price: str) -> str:
    return f"CASE WHEN {_valid_price_sql(price)} THEN {price} END"


def _cents_sql(dialect: Dialect, price: str) -> str:
    return f"CAST(FLOOR(CAST({price} AS {dialect.double}) * 100 + 0.5) AS BIGINT)"


def _items_sql(dialect: Dialect) -> str:
    """A product of one brand in one category, its list price and the number it goes by."""
    mean = f"FLOOR(CAST(SUM(paid) + FLOOR(COUNT(paid) / 2) AS {dialect.double}) / COUNT(paid))"
    released = f"CASE WHEN MAX(released) BETWEEN 0 AND {_LAST_TIME} THEN MAX(released) ELSE 0 END"
    return f"""SELECT product, brand, category, CAST(COALESCE(MAX(shelf_price),
  CASE WHEN COUNT(paid) > 0 THEN {mean} END, -1) AS BIGINT) AS listed,
  COALESCE({released}, 0) AS released,
  ROW_NUMBER() OVER (ORDER BY product, brand, category) AS item
FROM (
  SELECT product, brand, category, COALESCE(list_price, price) AS paid, shelf_price, released
  FROM good
  UNION ALL
  SELECT product, COALESCE(brand, ''), COALESCE(category, ''), NULL, price, released FROM shelf
) AS named
GROUP BY product, brand, category"""


_MEDIANS_SQL = """SELECT category, AVG(listed) AS median
FROM (
  SELECT category, listed, ROW_NUMBER() OVER (PARTITION BY category ORDER BY listed) AS place,
    COUNT(*) OVER (PARTITION BY category) AS many
  FROM items WHERE listed > 0
) AS ordered
WHERE 2 * place BETWEEN many AND many + 2
GROUP BY category"""

_FACTS_SQL = """SELECT i.*, CASE WHEN i.listed > m.median THEN 1 ELSE 0 END AS dear
FROM items AS i LEFT JOIN middle AS m ON m.category = i.category"""

_DISTINCT_SQL = f"""SELECT DISTINCT customer, ts, kind, product, brand, category, price, list_price,
  quantity, (SELECT MAX(ts) FROM good) AS {AS_OF}
FROM good WHERE brand <> ''"""


def _decayed_sql(dialect: Dialect, sensitive_words: Collection[str]) -> str:
    """Every event once, with what stands of its product and how much of it has not faded."""
    days = f"FLOOR(CAST(g.{AS_OF} - g.ts AS {dialect.double}) / {DAY})"
    half = f"CAST(0.5 AS {dialect.double})"
    weights_sql = ",\n".join(
        f"  CAST(CEIL({FIXED_POINT_ONE} * POWER({half}, {days} / {life}) - 0.5) AS BIGINT) AS "
        f"left_{life}"
        for life in HALF_LIVES
    )
    category_filter = " AND ".join(
        f"LOWER(g.category) NOT LIKE {sql_literal(f'%{word.lower()}%')}" for word in sensitive_words
    )
    day = f"CAST(FLOOR(CAST(g.ts AS {dialect.double}) / {DAY}) AS BIGINT)"
    return f"""SELECT g.*, f.item, f.dear, f.released, {day} AS on_day,
  COALESCE(g.list_price, f.listed) AS listed,
{weights_sql}
FROM each_once AS g
JOIN facts AS f ON f.product = g.product AND f.brand = g.brand AND f.category = g.category
WHERE {category_filter or "1 = 1"}"""


def _sums_sql() -> str:
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
