"""Validates the rows of event files in SQL: one CASE gives each bad row its reason."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from app.storage.event_store.customer_ids import CustomerIds
from app.storage.event_store.duckdb_sql import sql_literal, sql_path_list
from app.storage.ingest.readers import FILE, RAW, ZONELESS, LoadedFiles
from app.storage.ingest.staging import LINE, file_suffix
from app.storage.warehouse.schemas.registry import schema_hint
from recsys.dataset.events import KIND_NAMES, NO_PRICE, OUR_KINDS, Col, EventKind, ProductCol
from recsys.errors import BadEventsError

DAY_SECONDS = 86_400
_MOST_CENTS = 2**31 - 1
_LAST_TIME = 2**32 - 1

KIND_SQL = f"replace(replace(lower({Col.EVENT}), ' ', '_'), '-', '_')"
"""SQL for an event's kind in our spelling; a regular expression takes several times as long."""

NOT_A_ROW = "the line is not a row of this file"

MISSING_COLUMN_NOTES = {
    Col.TS: "No times: recency, views of new releases and the split by time are off.",
    Col.EVENT: "No kinds of event: every row counts as a purchase.",
    Col.PRODUCT: "No products: breadth over products is off.",
    Col.CATEGORY: "No categories: decoys are matched on price and popularity alone.",
    Col.PRICE: "No prices: evidence of buying at full price is off.",
    Col.LIST_PRICE: "No list prices: a discount cannot be told from a low price.",
    Col.QUANTITY: "No quantities: every row counts as one unit.",
}


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """Row counts of an import, by validity, and the time range of the valid rows."""

    rows: int
    valid: int
    bad: dict[str, int]  # reason -> rows that are not valid
    zero_quantity: int  # carts, purchases and returns of 0 units; not valid
    zoneless: int  # rows with a time without time zone, read as UTC
    first: int  # earliest time of a valid row, seconds since 1970
    last: int  # latest


def require_columns(loaded: LoadedFiles, with_products: bool) -> None:
    """Raise BadEventsError unless there are a customer column and a source of brands."""
    if Col.CUSTOMER not in loaded.columns:
        raise BadEventsError(
            "This file has no column for the customer. Name it with --map THEIRS=customer_id."
            + schema_hint(loaded.source_columns)
        )
    if Col.BRAND in loaded.columns or (with_products and Col.PRODUCT in loaded.columns):
        return
    if Col.PRODUCT in loaded.columns:
        raise BadEventsError(
            "This file has products but no brands. Give a file of products with --products FILE, "
            "or name the column with --map THEIRS=brand."
        )
    raise BadEventsError("This file has no column for the brand. Name it with --map THEIRS=brand.")


def missing_column_notes(columns: Collection[str], products: Collection[str]) -> list[str]:
    """Return a sentence on the effect of each column that events and products both lack."""
    available = {*columns, *({Col.CATEGORY, Col.LIST_PRICE} & set(products))}
    notes = [
        sentence for column, sentence in MISSING_COLUMN_NOTES.items() if column not in available
    ]
    if ProductCol.RELEASED not in products:
        notes.append("No release dates: new-release evidence is off.")
    if ProductCol.TITLE not in products:
        notes.append("No titles: cards show no products.")
    return notes


def make_product_table(con: duckdb.DuckDBPyConnection) -> None:
    """Create the table `shelf`: the last row of each product; invalid prices become NULL."""
    prices = ", ".join(
        f"if({_invalid_price_sql(column)}, NULL, {column}) AS {column}"
        for column in (Col.PRICE, Col.LIST_PRICE)
    )
    released = f"if({ProductCol.RELEASED} BETWEEN 0 AND {_LAST_TIME}, {ProductCol.RELEASED}, 0)"
    con.execute(
        f"""CREATE TABLE shelf AS SELECT * EXCLUDE ({RAW}, {ZONELESS})
        REPLACE ({prices}, {released} AS {ProductCol.RELEASED})
        FROM products WHERE {Col.PRODUCT} IS NOT NULL
        QUALIFY row_number()
        OVER (PARTITION BY {Col.PRODUCT} ORDER BY {FILE} DESC, {LINE} DESC) = 1"""
    )


def validate_events(
    con: duckdb.DuckDBPyConnection, loaded: LoadedFiles, now: int, scratch: Path
) -> ValidationResult:
    """Create two views over the view `events` and count their rows.

    `judged` adds a reason to each bad row; `good` has only the valid events. `now` is in seconds
    since 1970.
    """
    con.execute(f"CREATE VIEW judged AS {_validation_sql(loaded, now)}")
    con.execute(f"CREATE VIEW good AS {_valid_rows_sql(con, loaded, scratch / 'good.parquet')}")
    rows = con.execute(
        f"""SELECT reason, idle, count(*), count(*) FILTER (WHERE {ZONELESS}),
        coalesce(min({Col.TS}), 0), coalesce(max({Col.TS}), 0)
        FROM judged GROUP BY ALL ORDER BY 1, 2"""
    ).fetchall()
    valid_rows = [row for row in rows if row[0] is None and not row[1]]
    return ValidationResult(
        rows=sum(row[2] for row in rows) + len(loaded.broken),
        valid=sum(row[2] for row in valid_rows),
        bad=_bad_counts(rows, len(loaded.broken)),
        zero_quantity=sum(row[2] for row in rows if row[0] is None and row[1]),
        zoneless=sum(row[3] for row in rows),
        first=min((row[4] for row in valid_rows), default=0),
        last=max((row[5] for row in valid_rows), default=0),
    )


def _valid_rows_sql(con: duckdb.DuckDBPyConnection, loaded: LoadedFiles, temp_path: Path) -> str:
    """Return SQL for the valid rows. They are read three times, so texts are parsed once."""
    if all(file_suffix(file) == ".parquet" for file in loaded.files):
        return _valid_events_sql()
    con.execute(f"COPY ({_valid_events_sql()}) TO {sql_literal(str(temp_path))} (FORMAT parquet)")
    return f"FROM read_parquet({sql_path_list([temp_path])})"


def drop_erased(
    con: duckdb.DuckDBPyConnection,
    validation: ValidationResult,
    customer_ids: CustomerIds,
    erased: Collection[str],
) -> tuple[ValidationResult, int]:
    """Remove customers with a tombstone from the views; return new counts and how many went."""
    if not erased:
        return validation, 0
    sql = f"SELECT DISTINCT {Col.CUSTOMER} FROM judged WHERE {Col.CUSTOMER} IS NOT NULL"
    all_ids = [str(row[0]) for row in con.execute(sql).fetchall()]
    erased_ids = [each for each in all_ids if customer_ids.tombstone(each) in erased]
    con.register("gone", pa.table({"customer_id": pa.array(erased_ids, pa.string())}))
    erased_sql = "SELECT customer_id FROM gone"
    keep_sql = f"{Col.CUSTOMER} NOT IN ({erased_sql})"
    con.execute(
        f"ALTER VIEW good RENAME TO everybody; ALTER VIEW judged RENAME TO judged_all; "
        f"CREATE VIEW judged AS FROM judged_all WHERE {Col.CUSTOMER} IS NULL OR {keep_sql}; "
        f"CREATE VIEW good AS FROM everybody WHERE customer NOT IN ({erased_sql})"
    )
    ((n_valid,),) = con.execute("SELECT count(*) FROM good").fetchall()
    return replace(validation, valid=n_valid), len(erased_ids)


def _bad_counts(rows: list[tuple[str | None, bool, int]], broken: int) -> dict[str, int]:
    counts = Counter({NOT_A_ROW: broken} if broken else {})
    for reason, _, number, *_ in rows:
        if reason is not None:
            counts[reason] += number
    return dict(counts.most_common())


_HAS_QUANTITY_SQL = f"coalesce({Col.QUANTITY} <> 0, true)"
_QUANTITY_KINDS_SQL = f"({EventKind.CART:d}, {EventKind.PURCHASE:d}, {EventKind.RETURN:d})"


def _validation_sql(loaded: LoadedFiles, now: int) -> str:
    return f"""SELECT *, CASE {" ".join(_rules_sql(loaded, now))} END AS reason,
        NOT {_HAS_QUANTITY_SQL} AND coalesce(kind IN {_QUANTITY_KINDS_SQL}, false) AS idle
        FROM (SELECT *, {_kind_sql(loaded)} AS kind FROM events)"""


def _rules_sql(loaded: LoadedFiles, now: int) -> list[str]:
    tests = [
        (f"{Col.CUSTOMER} IS NULL", "no customer"),
        ("kind IS NULL", f"unknown event; known are {', '.join(OUR_KINDS)}"),
    ]
    if Col.TS in loaded.columns:
        tests += [
            (
                f"{Col.TS} IS NULL OR {Col.TS} NOT BETWEEN 0 AND {_LAST_TIME}",
                "unreadable time; write 2026-11-23T14:05:00Z",
            ),
            (f"{Col.TS} > {now + DAY_SECONDS}", "time in the future"),
        ]
    tests += [(_invalid_price_sql(c), f"{c} is no price") for c in (Col.PRICE, Col.LIST_PRICE)]
    quantity = f"NOT isfinite({Col.QUANTITY}) OR {Col.QUANTITY} < 0"
    tests += [(quantity, "quantity is not a valid number of units")]
    return [f"WHEN {test} THEN {sql_literal(reason)}" for test, reason in tests]


def _invalid_price_sql(column: str) -> str:
    return f"NOT isfinite({column}) OR {column} < 0 OR {column} * 100 > {_MOST_CENTS}"


def _kind_sql(loaded: LoadedFiles) -> str:
    if Col.EVENT not in loaded.columns:
        return f"{EventKind.PURCHASE:d}"
    whens = " ".join(f"WHEN {sql_literal(name)} THEN {kind:d}" for name, kind in KIND_NAMES.items())
    return f"CASE {KIND_SQL} {whens} END"


def _valid_events_sql() -> str:
    """Return SQL for the valid events; `seq` is the position in the source files.

    Missing texts become '', so that joins match them. The filter repeats the condition of `idle`:
    DuckDB inlines a column that a filter names, so it would compute the kind of every row several
    times. As written, it computes the kind only for rows with quantity 0.
    """
    return f"""SELECT {Col.CUSTOMER} AS customer, coalesce({Col.TS}, 0) AS ts, kind,
        coalesce({Col.PRODUCT}, '') AS product, coalesce({Col.BRAND}, '') AS brand,
        coalesce({Col.CATEGORY}, '') AS category,
        {_cents_sql(Col.PRICE)} AS price, {_cents_sql(Col.LIST_PRICE)} AS list_price,
        CAST(least(255, greatest(1, round(coalesce({Col.QUANTITY}, 1)))) AS UTINYINT) AS quantity,
        ({FILE}::UBIGINT << 40) + {LINE}::UBIGINT AS seq
        FROM judged WHERE reason IS NULL
        AND ({_HAS_QUANTITY_SQL} OR kind NOT IN {_QUANTITY_KINDS_SQL})"""


def _cents_sql(column: str) -> str:
    return f"coalesce(CAST(round({column} * 100) AS INTEGER), {NO_PRICE})"
