"""SQL that aggregates an event log inside the warehouse: one result row per customer and brand.

The query does what `data ingest` and then `aggregate_events` do: duplicates count once, sums are
whole numbers, prices are cents. Decayed weights are rounded in the same way; an exact half, which
only a whole number of half-lives gives, rounds down to even in both. Days, products and categories
come back as counts, so two evidence tables must not be added up. A brand is identified by its name
in lower case. Events of categories with a sensitive word stay in the warehouse.
"""

from collections.abc import Collection

from app.storage.event_store.duckdb_sql import sql_literal
from app.storage.warehouse.evidence_columns import AS_OF, sums_sql
from app.storage.warehouse.schemas.base import (
    ColumnSql,
    EventSchema,
    SourceTable,
    coalesce_sql,
    events_query,
    null_if_empty_sql,
)
from app.storage.warehouse.schemas.dialects import Dialect
from recsys.dataset.brand_names import NO_BRAND
from recsys.dataset.event_aggregation import (
    DAY,
    FIXED_POINT_ONE,
    HALF_LIVES,
)
from recsys.dataset.events import EVENT_COLUMNS, KIND_NAMES, Col, EventKind, ProductCol

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
    floored = f"CAST(FLOOR({source.number(Col.TS)}) AS BIGINT)"  # for seconds with decimals
    seconds = coalesce_sql(source.integer(Col.TS), source.seconds(Col.TS), floored)
    return {**texts, **numbers, Col.EVENT: kind, Col.TS: seconds}


OWN_SCHEMA = EventSchema(
    "brandswipe", (Col.CUSTOMER, Col.TS), dict.fromkeys(EVENT_COLUMNS, ""), "", _own_columns
)
"""Brandswipe's own columns as a schema, like the published ones."""


def evidence_query(
    schema: EventSchema,
    source: SourceTable,
    table: str,
    sensitive_words: Collection[str] = (),
    products: tuple[str, Collection[str]] | None = None,
) -> str:
    """Return the query over `table` that gives EVIDENCE_COLUMNS.

    `sensitive_words` mark sensitive categories. `products` is (table of the shop's products, those
    of our columns it has). Besides the tables the query reads only the engine's clock. Raises
    BadInputError as `events_query` does.
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
    return f"WITH {steps}\n{sums_sql()}"


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
    """Return SQL for the events that an import keeps, before duplicates are removed."""

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
    """Return SQL for a lower-case brand name: NULL if missing, '' for a word in NO_BRAND."""
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
    """Return SQL for items: product, brand, category, list price in cents, release, number."""
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
    """Return SQL for distinct events with product facts and a decayed weight per half-life."""
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
