"""Events summed up twice: by the query of a warehouse, and by ourselves from what was imported."""

from pathlib import Path
from typing import Any

import duckdb

from app.storage.event_store.store import EventStore
from app.storage.warehouse.evidence_columns import DISTINCT_COUNTS, SUM_COLUMNS
from app.storage.warehouse.evidence_sql import OWN_SCHEMA, evidence_query
from app.storage.warehouse.schemas.base import SourceTable
from app.storage.warehouse.schemas.dialects import DUCKDB
from app.workspace.policies import default_policy
from recsys.dataset.catalog import flag_sensitive
from recsys.dataset.event_aggregation import ItemFacts, aggregate_events
from tests.support.event_files import NOW

HIDDEN = default_policy().sensitive
DAY = 86_400

Pairs = dict[tuple[str, str], tuple[int, ...]]
"""(customer, brand in small letters) -> first, last, every sum, every count."""


def by_ourselves(store: EventStore) -> Pairs:
    """What `aggregate_events` makes of the events of a store."""
    catalogue = flag_sensitive(store.catalog, default_policy().is_sensitive)
    numbers, rows = store.events_between(0, store.customers)
    found = aggregate_events(rows, ItemFacts.from_catalog(catalogue), store.as_of, numbers)
    names = store.ids_between(0, store.customers).to_pylist()
    columns = [found.first, found.last, *(found.feature(c) for c in SUM_COLUMNS.values())]
    columns += [found.distinct(mark) for mark in DISTINCT_COUNTS.values()]
    return {
        (names[who], str(catalogue.brands[brand]).lower()): tuple(int(c[n]) for c in columns)
        for n, (who, brand) in enumerate(zip(found.customer, found.brand, strict=True))
    }


def in_file(file: Path) -> Pairs:
    """What a table of evidence says."""
    names = f"first_at, last_at, {', '.join(SUM_COLUMNS)}, {', '.join(DISTINCT_COUNTS)}"
    rows = duckdb.sql(f"SELECT customer_id, brand, {names} FROM '{file}'").fetchall()
    found = {(who, brand): tuple(map(int, said)) for who, brand, *said in rows}
    assert len(found) == len(rows)
    return found


def by_duckdb(out: Path, events: Path, products: Path | None = None) -> Path:
    """Write the table that the query makes of Parquet files in DuckDB."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")

        def columns(file: Path) -> list[str]:
            return [row[0] for row in con.execute(f"DESCRIBE FROM '{file}'").fetchall()]

        there = dict.fromkeys(columns(events), "")
        shelf = None if products is None else (f"'{products}'", columns(products))
        sql = evidence_query(OWN_SCHEMA, SourceTable(DUCKDB, there), f"'{events}'", HIDDEN, shelf)
        con.execute(f"COPY ({sql}) TO '{out}' (FORMAT parquet)")
    return out


def odd_log() -> list[dict[str, Any]]:
    """Everything that an import leaves out, mends or counts once, and weights that are a half."""

    def row(days: int, event: str | None, brand: str | None, **more: Any) -> dict[str, Any]:
        said = {"customer_id": "ann", "ts": NOW - days * DAY, "event": event, "brand": brand}
        return said | {"product_id": "p1", "category": "Toys", "price": 12.5} | more

    return [
        row(0, "purchase", "Lego", quantity=2.0, list_price=12.5),
        row(0, "purchase", "Lego", quantity=2.0, list_price=12.5),  # a double
        row(0, "purchase", " LEGO ", quantity=3.0),
        row(1, "Add to cart", "lego"),
        row(1, "purchase", "Lego", quantity=0.0),
        row(630, "purchase", "Lego", product_id="p2", price=0.125),  # half a weight after 30 days
        row(600, "view", "Lego", product_id="p2", price=None),
        row(45, "view", "Nike", category="Shoes", price=80.0, product_id="p3"),
        row(3, "purchase", "Nike", category="Shoes", price=60.0, list_price=80.0, product_id="p3"),
        row(3, "purchase", "Nike", category="Shoes", price=99.0, product_id="p4"),
        row(2, "refund", "Nike", category="Shoes", product_id="p3"),
        row(2, "follow", "Nike", category=None, product_id=None, price=None),
        row(5, "view", "Durex", category="Intimate care", product_id="p5"),
        row(5, "view", "n/a", product_id="p6"),
        row(5, "view", None, product_id="p7", price=3.0),
        row(5, "sneeze", "Lego"),
        row(5, "view", "Lego", price=-1.0),
        row(5, "view", "Lego", customer_id=None),
        row(5, "view", "Lego", ts=None),
        row(9, "wishlist", "Lego", customer_id="bob", product_id="p9", price=7.0),
    ]


PRODUCTS = [
    {"product_id": "p1", "brand": "Lego", "category": "Toys", "price": 9.0, "list_price": 20.0,
     "release_date": "2025-11-01"},
    {"product_id": "p2", "brand": "Lego", "category": "Toys", "price": 5.0, "list_price": None,
     "release_date": "2024-03-20"},
    {"product_id": "p8", "brand": "Nike", "category": "Shoes", "price": 400.0, "list_price": None,
     "release_date": None},
]  # fmt: skip
