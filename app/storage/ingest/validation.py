"""Which rows of an event file are events, and why the others are not: one CASE in SQL."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from app.storage.event_store.customer_ids import Customers
from app.storage.event_store.duckdb_sql import literal, paths
from app.storage.ingest.readers import FILE, RAW, ZONELESS, Loaded
from app.storage.ingest.staging import LINE, suffix
from app.storage.warehouse.schemas.registry import hint
from recsys.dataset.events import KIND_NAMES, NO_PRICE, OUR_KINDS, Col, Kind, ProductCol
from recsys.errors import BadEventsError

DAY = 86_400
_MOST_CENTS = 2**31 - 1
_LAST_TIME = 2**32 - 1

KIND_SQL = f"replace(replace(lower({Col.EVENT}), ' ', '_'), '-', '_')"
"""An event's kind as we spell kinds; with a regular expression it takes several times as long."""

NOT_A_ROW = "the line is not a row of this file"

COSTS = {
    Col.TS: "No times: recency, views of new releases and the split by time are off.",
    Col.EVENT: "No kinds of event: every row counts as a purchase.",
    Col.PRODUCT: "No products: breadth over products is off.",
    Col.CATEGORY: "No categories: decoys are matched on price and popularity alone.",
    Col.PRICE: "No prices: evidence of buying at full price is off.",
    Col.LIST_PRICE: "No list prices: a discount cannot be told from a low price.",
    Col.QUANTITY: "No quantities: every row counts as one unit.",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """How many rows there are, and what became of them."""

    rows: int
    good: int
    bad: dict[str, int]  # reason -> rows
    idle: int  # rows in which nothing moved
    zoneless: int
    first: int  # earliest time of a good row, seconds since 1970
    last: int


def require(loaded: Loaded, with_products: bool) -> None:
    """Raise BadEventsError unless there is a customer and a way to her brands."""
    if Col.CUSTOMER not in loaded.columns:
        raise BadEventsError(
            "This file has no column for the customer. Name it with --map THEIRS=customer_id."
            + hint(loaded.theirs)
        )
    if Col.BRAND in loaded.columns or (with_products and Col.PRODUCT in loaded.columns):
        return
    if Col.PRODUCT in loaded.columns:
        raise BadEventsError(
            "This file has products but no brands. Give a file of products with --products FILE, "
            "or name the column with --map THEIRS=brand."
        )
    raise BadEventsError("This file has no column for the brand. Name it with --map THEIRS=brand.")


def costs(columns: Collection[str], products: Collection[str]) -> list[str]:
    """Return what each column costs that the events lack and the products cannot give."""
    there = {*columns, *({Col.CATEGORY, Col.LIST_PRICE} & set(products))}
    notes = [sentence for column, sentence in COSTS.items() if column not in there]
    if ProductCol.RELEASED not in products:
        notes.append("No release dates: new-release evidence is off.")
    if ProductCol.TITLE not in products:
        notes.append("No titles: cards show no products.")
    return notes


def shelve(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table `shelf`: the last row of each product, prices that are none forgotten."""
    prices = ", ".join(
        f"if({_not_money(column)}, NULL, {column}) AS {column}"
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


def judge(con: duckdb.DuckDBPyConnection, loaded: Loaded, now: int, scratch: Path) -> Judged:
    """Make the views `judged` (a reason a row) and `good` (events alone) of the view `events`."""
    con.execute(f"CREATE VIEW judged AS {_judged(loaded, now)}")
    con.execute(f"CREATE VIEW good AS {_kept(con, loaded, scratch / 'good.parquet')}")
    rows = con.execute(
        f"""SELECT reason, idle, count(*), count(*) FILTER (WHERE {ZONELESS}),
        coalesce(min({Col.TS}), 0), coalesce(max({Col.TS}), 0)
        FROM judged GROUP BY ALL ORDER BY 1, 2"""
    ).fetchall()
    fine = [row for row in rows if row[0] is None and not row[1]]
    return Judged(
        rows=sum(row[2] for row in rows) + len(loaded.broken),
        good=sum(row[2] for row in fine),
        bad=_bad(rows, len(loaded.broken)),
        idle=sum(row[2] for row in rows if row[0] is None and row[1]),
        zoneless=sum(row[3] for row in rows),
        first=min((row[4] for row in fine), default=0),
        last=max((row[5] for row in fine), default=0),
    )


def _kept(con: duckdb.DuckDBPyConnection, loaded: Loaded, aside: Path) -> str:
    """Return SQL for the good rows; texts are parsed once, for the rows are read three times."""
    if all(suffix(file) == ".parquet" for file in loaded.files):
        return _good()
    con.execute(f"COPY ({_good()}) TO {literal(str(aside))} (FORMAT parquet)")
    return f"FROM read_parquet({paths([aside])})"


def leave_out(
    con: duckdb.DuckDBPyConnection, judged: Judged, who: Customers, erased: Collection[str]
) -> tuple[Judged, int]:
    """Take whoever has a tombstone out of the views; return what is left, and how many went."""
    if not erased:
        return judged, 0
    sql = f"SELECT DISTINCT {Col.CUSTOMER} FROM judged WHERE {Col.CUSTOMER} IS NOT NULL"
    everybody = [str(row[0]) for row in con.execute(sql).fetchall()]
    gone = [each for each in everybody if who.tombstone(each) in erased]
    con.register("gone", pa.table({"customer_id": pa.array(gone, pa.string())}))
    names = "SELECT customer_id FROM gone"
    staying = f"{Col.CUSTOMER} NOT IN ({names})"
    con.execute(
        f"ALTER VIEW good RENAME TO everybody; ALTER VIEW judged RENAME TO judged_all; "
        f"CREATE VIEW judged AS FROM judged_all WHERE {Col.CUSTOMER} IS NULL OR {staying}; "
        f"CREATE VIEW good AS FROM everybody WHERE customer NOT IN ({names})"
    )
    ((good,),) = con.execute("SELECT count(*) FROM good").fetchall()
    return replace(judged, good=good), len(gone)


def _bad(rows: list[tuple[str | None, bool, int]], broken: int) -> dict[str, int]:
    counts = Counter({NOT_A_ROW: broken} if broken else {})
    for reason, _, number, *_ in rows:
        if reason is not None:
            counts[reason] += number
    return dict(counts.most_common())


_MOVED = f"coalesce({Col.QUANTITY} <> 0, true)"
_MOVING = f"({Kind.CART:d}, {Kind.PURCHASE:d}, {Kind.RETURN:d})"


def _judged(loaded: Loaded, now: int) -> str:
    return f"""SELECT *, CASE {" ".join(_whens(loaded, now))} END AS reason,
        NOT {_MOVED} AND coalesce(kind IN {_MOVING}, false) AS idle
        FROM (SELECT *, {_kind(loaded)} AS kind FROM events)"""


def _whens(loaded: Loaded, now: int) -> list[str]:
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
            (f"{Col.TS} > {now + DAY}", "time in the future"),
        ]
    tests += [(_not_money(c), f"{c} is no price") for c in (Col.PRICE, Col.LIST_PRICE)]
    quantity = f"NOT isfinite({Col.QUANTITY}) OR {Col.QUANTITY} < 0"
    tests += [(quantity, "quantity is no number of units")]
    return [f"WHEN {test} THEN {literal(reason)}" for test, reason in tests]


def _not_money(column: str) -> str:
    return f"NOT isfinite({column}) OR {column} < 0 OR {column} * 100 > {_MOST_CENTS}"


def _kind(loaded: Loaded) -> str:
    if Col.EVENT not in loaded.columns:
        return f"{Kind.PURCHASE:d}"
    whens = " ".join(f"WHEN {literal(name)} THEN {kind:d}" for name, kind in KIND_NAMES.items())
    return f"CASE {KIND_SQL} {whens} END"


def _good() -> str:
    """Texts are '' for nothing, so that they join; `seq` is the place in the source.

    What is not idle is said anew: DuckDB puts what a filter names in its place, and so would find
    out the kind of every row several times, where it is asked of those without a quantity alone.
    """
    return f"""SELECT {Col.CUSTOMER} AS customer, coalesce({Col.TS}, 0) AS ts, kind,
        coalesce({Col.PRODUCT}, '') AS product, coalesce({Col.BRAND}, '') AS brand,
        coalesce({Col.CATEGORY}, '') AS category,
        {_cents(Col.PRICE)} AS price, {_cents(Col.LIST_PRICE)} AS list_price,
        CAST(least(255, greatest(1, round(coalesce({Col.QUANTITY}, 1)))) AS UTINYINT) AS quantity,
        ({FILE}::UBIGINT << 40) + {LINE}::UBIGINT AS seq
        FROM judged WHERE reason IS NULL AND ({_MOVED} OR kind NOT IN {_MOVING})"""


def _cents(column: str) -> str:
    return f"coalesce(CAST(round({column} * 100) AS INTEGER), {NO_PRICE})"
