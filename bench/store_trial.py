"""Which store answers for one customer? Three are built from the same events and asked alike.

Run: python bench/store_trial.py [EVENTS]. Writes bench/results/store_trial.json. Times are warm:
the page cache holds what was just written.
"""

import json
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from app.storage.event_store.segment import customer_key
from recsys.dataset.events import EVENT_DTYPE, EventRows

EVENTS_A_CUSTOMER = 50
ASKED = 1_000
FILES = 64  # ranges of customers in the Parquet store
FIELDS = EVENT_DTYPE.names or ()

Ask = Callable[[int], int]  # customer -> number of events read


def world(events: int, seed: int) -> tuple[np.ndarray[Any, Any], EventRows]:
    """Return the customer of each event, ascending, and the events."""
    rng = np.random.default_rng(seed)
    customers = np.sort(rng.integers(0, events // EVENTS_A_CUSTOMER, events))
    rows = np.zeros(events, EVENT_DTYPE)
    rows["item"] = np.minimum(rng.pareto(0.8, events) * 50, 99_999)
    rows["ts"] = 1_700_000_000 + rng.integers(0, 30_000_000, events)
    rows["price"] = rows["item"] % 10_000 + 100
    rows["list_price"] = rows["price"] + 50
    rows["kind"] = rng.integers(0, 6, events)
    rows["quantity"] = 1
    return customers, rows


def sqlite_table(folder: Path, customers: np.ndarray[Any, Any], rows: EventRows) -> Ask:
    """An ordered table: WITHOUT ROWID, its key is customer, time and place."""
    con = sqlite3.connect(folder / "events.sqlite")
    con.execute("PRAGMA journal_mode=OFF")
    con.execute(
        "CREATE TABLE events (customer INT, ts INT, n INT, item INT, price INT, list_price INT,"
        " kind INT, quantity INT, PRIMARY KEY (customer, ts, n)) WITHOUT ROWID"
    )
    order = np.lexsort((rows["ts"], customers))
    for start in range(0, len(rows), 500_000):
        part = order[start : start + 500_000]
        columns = [customers[part], rows["ts"][part], np.arange(start, start + len(part))]
        columns += [rows[part][name] for name in FIELDS if name != "ts"]
        con.executemany(
            "INSERT INTO events VALUES (?,?,?,?,?,?,?,?)",
            zip(*(column.tolist() for column in columns), strict=True),
        )
    con.commit()
    sql = "SELECT item, ts, price, list_price, kind, quantity FROM events WHERE customer = ?"
    return lambda customer: len(np.array(con.execute(sql, (customer,)).fetchall(), EVENT_DTYPE))


def packed_bytes(folder: Path, customers: np.ndarray[Any, Any], rows: EventRows) -> Ask:
    """Rows of 18 bytes by key of the customer, beside an index that is searched in place."""
    ids = np.unique(customers)
    keys = np.array([customer_key(str(c)) for c in ids.tolist()], dtype=np.uint64)
    mine = keys[np.searchsorted(ids, customers)]
    order = np.lexsort((rows["ts"], mine))
    rows[order].tofile(folder / "events.bin")
    ordered, counts = np.unique(mine, return_counts=True)
    np.save(folder / "keys.npy", ordered)
    np.save(folder / "starts.npy", np.concatenate([[0], np.cumsum(counts)]).astype(np.uint64))
    index = np.load(folder / "keys.npy", mmap_mode="r")
    starts = np.load(folder / "starts.npy", mmap_mode="r")
    stored = np.memmap(folder / "events.bin", EVENT_DTYPE, mode="r")

    def ask(customer: int) -> int:
        at = int(np.searchsorted(index, np.uint64(customer_key(str(customer)))))
        return len(np.array(stored[int(starts[at]) : int(starts[at + 1])]))

    return ask


def range_files(folder: Path, customers: np.ndarray[Any, Any], rows: EventRows) -> Ask:
    """Parquet files, one a range of customers; DuckDB reads the one that can hold her."""
    order = np.lexsort((rows["ts"], customers))
    width = int(customers.max()) // FILES + 1
    for n in range(FILES):
        part = order[customers[order] // width == n]
        columns = {"customer": customers[part], **{name: rows[part][name] for name in FIELDS}}
        pq.write_table(
            pa.table(columns), folder / f"{n}.parquet", compression="zstd", row_group_size=20_000
        )
    con = duckdb.connect()
    con.execute("SET threads=1")

    def ask(customer: int) -> int:
        file = str(folder / f"{customer // width}.parquet")
        found = con.execute(
            "SELECT item, ts, price, list_price, kind, quantity FROM read_parquet(?) "
            "WHERE customer = ?",
            [file, customer],
        ).fetchnumpy()
        return len(found["item"])

    return ask


def trials(events: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Build and ask each store."""
    customers, rows = world(events, seed)
    asked = np.random.default_rng(seed + 1).choice(np.unique(customers), ASKED, replace=False)
    stores = {
        "ordered SQLite table": sqlite_table,
        "packed bytes with an index": packed_bytes,
        "DuckDB over range Parquet files": range_files,
    }
    for name, build in stores.items():
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            ask = build(Path(folder), customers, rows)
            built = time.perf_counter() - started
            size = sum(file.stat().st_size for file in Path(folder).iterdir())
            yield {
                "store": name,
                "build_s": round(built, 1),
                "bytes_an_event": round(size / events, 1),
                **timed(ask, asked.tolist()),
            }


def timed(ask: Ask, asked: list[int]) -> dict[str, float]:
    """Return how long one customer takes, in milliseconds, and what was read in all."""
    times, read = [], 0
    for customer in asked:
        started = time.perf_counter()
        read += ask(customer)
        times.append((time.perf_counter() - started) * 1_000)
    p50, p99 = np.percentile(times, [50, 99])
    return {"read_p50_ms": round(p50, 4), "read_p99_ms": round(p99, 4), "events_read": read}


def main() -> None:
    """Run the trial and record it."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    record = {
        "date": date.today().isoformat(),
        "cpus": os.cpu_count(),
        "events": events,
        "customers_asked": ASKED,
        "versions": {
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            **{name: version(name) for name in ("numpy", "duckdb", "pyarrow")},
        },
        "trials": list(trials(events)),
    }
    file = Path(__file__).parent / "results" / "store_trial.json"
    with closing(file.open("w", encoding="utf-8")) as out:
        json.dump(record, out, indent=1)
        out.write("\n")
    sys.stdout.write(json.dumps(record["trials"], indent=1) + "\n")


if __name__ == "__main__":
    main()
