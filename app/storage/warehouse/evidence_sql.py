"""The query that sums up a log inside the warehouse: a row for each customer and brand comes back.

The query states in SQL what `recsys.dataset.aggregation.summarise` does to the events that `ingest`
has cleaned: duplicates count once, sums are whole numbers, prices are cents. Decayed weights are
rounded as there; an exact half, which only a whole number of half-lives gives, rounds down to even
in both. Days, products and categories come back counted, so two tables are never added up. A brand
is its name in small letters; events of categories with a sensitive word stay in the warehouse.
"""

from collections.abc import Collection, Mapping

from app.storage.event_store.duckdb_sql import literal
from app.storage.warehouse.schemas.base import Columns, Schema, Source, first, query, said
from app.storage.warehouse.schemas.dialects import Dialect
from recsys.dataset.aggregation import DAY, FULL_PRICE_PERCENT, HALF_LIVES, ONE, RELEASE_WINDOW
from recsys.dataset.brand_names import NO_BRAND
from recsys.dataset.events import EVENT_COLUMNS, KIND_NAMES, Col, Kind, ProductCol
from recsys.dataset.evidence import Mark, Sum

AS_OF, FIRST, LAST = "as_of", "first_at", "last_at"
COUNTED: Mapping[str, Mark] = {
    "purchase_days": Mark.PURCHASE_DAY,
    "products": Mark.ITEM,
    "categories": Mark.CATEGORY,
}
SUMS: Mapping[str, Sum] = {  # in the order of Sum
    "purchases": Sum.PURCHASES,
    "views": Sum.VIEWS,
    "wishlists": Sum.WISHLISTS,
    "follows": Sum.FOLLOWS,
    "carts": Sum.CARTS,
    "returns": Sum.RETURNS,
    "release_views": Sum.RELEASE_VIEWS,
    "spend": Sum.SPEND,
    "full_price": Sum.FULL_PRICE,
    "dear": Sum.DEAR,
    "bought_30": Sum.BOUGHT_30,
    "bought_90": Sum.BOUGHT_90,
    "bought_365": Sum.BOUGHT_365,
    "looked_30": Sum.LOOKED_30,
    "looked_90": Sum.LOOKED_90,
    "looked_365": Sum.LOOKED_365,
}
COLUMNS = (Col.CUSTOMER, Col.BRAND, AS_OF, FIRST, LAST, *SUMS, *COUNTED)
"""All of them, in the order of the table."""

_MOST_CENTS, _LAST_TIME = 2**31 - 1, 2**32 - 1
SHELF = (Col.PRODUCT, Col.BRAND, Col.CATEGORY, Col.PRICE, Col.LIST_PRICE, ProductCol.RELEASED)


def _own(source: Source) -> Columns:
    plain = {name: said(source.text(name)) for name in EVENT_COLUMNS}
    numbers = {name: source.number(name) for name in (Col.PRICE, Col.LIST_PRICE, Col.QUANTITY)}
    kind = plain[Col.EVENT] if Col.EVENT in source.columns else "'purchase'"
    counted = f"CAST(FLOOR({source.number(Col.TS)}) AS BIGINT)"  # a text that is no whole number
    when = first(source.whole(Col.TS), source.seconds(Col.TS), counted)
    return {**plain, **numbers, Col.EVENT: kind, Col.TS: when}


OWN = Schema("brandswipe", (Col.CUSTOMER, Col.TS), dict.fromkeys(EVENT_COLUMNS, ""), "", _own)
"""Our own columns, as a schema beside the published ones."""


def aggregation(
    schema: Schema,
    source: Source,
    table: str,
    hidden: Collection[str] = (),
    products: tuple[str, Collection[str]] | None = None,
) -> str:
    """Return the query over `table`, with COLUMNS; it asks the engine for its clock alone.

    `hidden` are the words of sensitive categories; `products` a table of the shop's products and
    those of our columns that it has. Raises BadInputError as `query` does.
    """
    dialect = source.dialect
    there = schema.events(Source(dialect, source.columns)).keys()
    parts = {
        "told": query(schema, source, table),
        "kinds": f"SELECT t.*, {_kind()} AS kind FROM told AS t",
        "shelf": _shelf(dialect, products),
        "good": _good(dialect, there),
        "items": _items(dialect),
        "middle": _MIDDLE,
        "facts": _FACTS,
        "each_once": _EACH_ONCE,
        "aged": _aged(dialect, hidden),
    }
    steps = ",\n".join(f"{name} AS (\n{sql}\n)" for name, sql in parts.items())
    return f"WITH {steps}\n{_summed()}"


def _shelf(dialect: Dialect, products: tuple[str, Collection[str]] | None) -> str:
    table, columns = products or ("", ())
    source = Source(dialect, dict.fromkeys(columns, ""))
    price = first(*(_money(source.number(name)) for name in (Col.LIST_PRICE, Col.PRICE)))
    released = first(source.whole(ProductCol.RELEASED), source.seconds(ProductCol.RELEASED))
    whole = {
        "product": f"TRIM({source.text(Col.PRODUCT)})",
        "brand": f"MAX({_brand(source.text(Col.BRAND))})",
        "category": f"MAX({said(f'TRIM({source.text(Col.CATEGORY)})')})",
        "price": f"MAX({_cents(dialect, price)})",
        "released": f"MAX({released})",
    }
    picks = ", ".join(f"{sql} AS {name}" for name, sql in whole.items())
    rows = f"FROM {table} AS e" if table else "FROM (SELECT 1 AS nothing) AS e WHERE 1 = 0"
    return f"SELECT {picks} {rows} GROUP BY 1"


def _good(dialect: Dialect, there: Collection[str]) -> str:
    """The events that an import keeps; doubles are still among them."""

    def named(name: str) -> str:
        return f"t.{name}" if name in there else dialect.null

    def number(name: str) -> str:
        return named(name) if name in there else dialect.number.format(x=dialect.null)

    moved = f"COALESCE({number(Col.QUANTITY)}, 1)"
    units = f"LEAST(255, GREATEST(1, FLOOR({moved} + 0.5)))"
    now = dialect.seconds.format(x="CURRENT_TIMESTAMP")
    idle = f"{moved} = 0 AND t.kind IN ({Kind.CART:d}, {Kind.PURCHASE:d}, {Kind.RETURN:d})"
    prices = [number(name) for name in (Col.PRICE, Col.LIST_PRICE)]
    known = [number(name) for name in (Col.PRICE, Col.LIST_PRICE) if name in there]
    fine = "".join(f"\n  AND ({price} IS NULL OR {_is_money(price)})" for price in known)
    return f"""SELECT TRIM(t.{Col.CUSTOMER}) AS customer, t.{Col.TS} AS ts, t.kind AS kind,
  COALESCE(TRIM({named(Col.PRODUCT)}), '') AS product,
  COALESCE(s.brand, {_brand(named(Col.BRAND))}, '') AS brand,
  COALESCE(s.category, TRIM({named(Col.CATEGORY)}), '') AS category,
  {_cents(dialect, prices[0])} AS price, {_cents(dialect, prices[1])} AS list_price,
  CAST({units} AS BIGINT) AS quantity, s.price AS shelf_price, s.released AS released
FROM kinds AS t LEFT JOIN shelf AS s ON s.product = TRIM({named(Col.PRODUCT)})
WHERE TRIM(t.{Col.CUSTOMER}) <> '' AND t.kind IS NOT NULL
  AND t.{Col.TS} BETWEEN 0 AND {now} + {DAY}{fine}
  AND {moved} >= 0 AND NOT ({idle})"""


def _kind() -> str:
    whens = " ".join(f"WHEN '{name}' THEN {kind:d}" for name, kind in KIND_NAMES.items())
    return f"CASE REPLACE(REPLACE(LOWER(t.{Col.EVENT}), ' ', '_'), '-', '_') {whens} END"


def _brand(text: str) -> str:
    """A brand's name in small letters; NULL for nothing, '' where it says that there is none."""
    none = ", ".join(literal(word) for word in sorted(NO_BRAND - {""}))
    key = said(f"LOWER(TRIM({text}))")
    return f"CASE WHEN {key} IN ({none}) THEN '' ELSE {key} END"


def _is_money(price: str) -> str:
    return f"{price} >= 0 AND {price} * 100 <= {_MOST_CENTS}"


def _money(price: str) -> str:
    return f"CASE WHEN {_is_money(price)} THEN {price} END"


def _cents(dialect: Dialect, price: str) -> str:
    return f"CAST(FLOOR(CAST({price} AS {dialect.real}) * 100 + 0.5) AS BIGINT)"


def _items(dialect: Dialect) -> str:
    """A product of one brand in one category, its list price and the number it goes by."""
    mean = f"FLOOR(CAST(SUM(paid) + FLOOR(COUNT(paid) / 2) AS {dialect.real}) / COUNT(paid))"
    known = f"CASE WHEN MAX(released) BETWEEN 0 AND {_LAST_TIME} THEN MAX(released) ELSE 0 END"
    return f"""SELECT product, brand, category, CAST(COALESCE(MAX(shelf_price),
  CASE WHEN COUNT(paid) > 0 THEN {mean} END, -1) AS BIGINT) AS listed,
  COALESCE({known}, 0) AS released,
  ROW_NUMBER() OVER (ORDER BY product, brand, category) AS item
FROM (
  SELECT product, brand, category, COALESCE(list_price, price) AS paid, shelf_price, released
  FROM good
  UNION ALL
  SELECT product, COALESCE(brand, ''), COALESCE(category, ''), NULL, price, released FROM shelf
) AS named
GROUP BY product, brand, category"""


_MIDDLE = """SELECT category, AVG(listed) AS median
FROM (
  SELECT category, listed, ROW_NUMBER() OVER (PARTITION BY category ORDER BY listed) AS place,
    COUNT(*) OVER (PARTITION BY category) AS many
  FROM items WHERE listed > 0
) AS ordered
WHERE 2 * place BETWEEN many AND many + 2
GROUP BY category"""

_FACTS = """SELECT i.*, CASE WHEN i.listed > m.median THEN 1 ELSE 0 END AS dear
FROM items AS i LEFT JOIN middle AS m ON m.category = i.category"""

_EACH_ONCE = f"""SELECT DISTINCT customer, ts, kind, product, brand, category, price, list_price,
  quantity, (SELECT MAX(ts) FROM good) AS {AS_OF}
FROM good WHERE brand <> ''"""


def _aged(dialect: Dialect, hidden: Collection[str]) -> str:
    """Every event once, with what stands of its product and how much of it has not faded."""
    days = f"FLOOR(CAST(g.{AS_OF} - g.ts AS {dialect.real}) / {DAY})"
    half = f"CAST(0.5 AS {dialect.real})"
    left = ",\n".join(
        f"  CAST(CEIL({ONE} * POWER({half}, {days} / {life}) - 0.5) AS BIGINT) AS left_{life}"
        for life in HALF_LIVES
    )
    shown = " AND ".join(
        f"LOWER(g.category) NOT LIKE {literal(f'%{word.lower()}%')}" for word in hidden
    )
    day = f"CAST(FLOOR(CAST(g.ts AS {dialect.real}) / {DAY}) AS BIGINT)"
    return f"""SELECT g.*, f.item, f.dear, f.released, {day} AS on_day,
  COALESCE(g.list_price, f.listed) AS listed,
{left}
FROM each_once AS g
JOIN facts AS f ON f.product = g.product AND f.brand = g.brand AND f.category = g.category
WHERE {shown or "1 = 1"}"""


def _summed() -> str:
    sums = [f"{_sum(column)} AS {name}" for name, column in SUMS.items()]
    counts = [f"COUNT(DISTINCT {_counted(mark)}) AS {name}" for name, mark in COUNTED.items()]
    ends = [f"MAX({AS_OF}) AS {AS_OF}", f"MIN(ts) AS {FIRST}", f"MAX(ts) AS {LAST}"]
    picks = ",\n".join(f"  {part}" for part in (*ends, *sums, *counts))
    return (
        f"SELECT customer AS {Col.CUSTOMER}, brand,\n{picks}\nFROM aged\nGROUP BY customer, brand"
    )


def _sum(column: Sum) -> str:
    return f"CAST(SUM(CASE WHEN {_WHEN[column]} END) AS BIGINT)"


_BOUGHT = f"kind = {Kind.PURCHASE:d}"
_LOOKED = f"kind IN ({Kind.VIEW:d}, {Kind.WISHLIST:d}, {Kind.CART:d})"
_FRESH = f"released > 0 AND ts - released BETWEEN 0 AND {RELEASE_WINDOW}"
_AT_LIST = f"listed > 0 AND price * 100 >= listed * {FULL_PRICE_PERCENT}"
_COUNT = "THEN 1 ELSE 0"
_WHEN: Mapping[Sum, str] = {
    Sum.PURCHASES: f"{_BOUGHT} {_COUNT}",
    Sum.VIEWS: f"kind = {Kind.VIEW:d} {_COUNT}",
    Sum.WISHLISTS: f"kind = {Kind.WISHLIST:d} {_COUNT}",
    Sum.FOLLOWS: f"kind = {Kind.FOLLOW:d} {_COUNT}",
    Sum.CARTS: f"kind = {Kind.CART:d} {_COUNT}",
    Sum.RETURNS: f"kind = {Kind.RETURN:d} {_COUNT}",
    Sum.RELEASE_VIEWS: f"kind = {Kind.VIEW:d} AND {_FRESH} {_COUNT}",
    Sum.SPEND: f"{_BOUGHT} AND price IS NOT NULL THEN price * quantity ELSE 0",
    Sum.FULL_PRICE: f"{_BOUGHT} AND price IS NOT NULL AND {_AT_LIST} {_COUNT}",
    Sum.DEAR: f"{_BOUGHT} AND dear = 1 {_COUNT}",
    Sum.BOUGHT_30: f"{_BOUGHT} THEN left_30 ELSE 0",
    Sum.BOUGHT_90: f"{_BOUGHT} THEN left_90 ELSE 0",
    Sum.BOUGHT_365: f"{_BOUGHT} THEN left_365 ELSE 0",
    Sum.LOOKED_30: f"{_LOOKED} THEN left_30 ELSE 0",
    Sum.LOOKED_90: f"{_LOOKED} THEN left_90 ELSE 0",
    Sum.LOOKED_365: f"{_LOOKED} THEN left_365 ELSE 0",
}


def _counted(mark: Mark) -> str:
    value = {Mark.PURCHASE_DAY: "on_day", Mark.ITEM: "item", Mark.CATEGORY: "category"}[mark]
    when = _BOUGHT if mark is Mark.PURCHASE_DAY else f"kind <> {Kind.RETURN:d}"
    return f"CASE WHEN {when} THEN {value} END"
