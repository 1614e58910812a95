"""The same log through files, PostgreSQL and Spark: equal rows, and the time each takes.

Needs `make engines` and Debian's package postgresql; writes bench/results/engines.json. Times hold
fetching and import; Spark's hold its start. Then a planted shop is summed up by each engine and
held against what `summarise` makes of its import.
"""

import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))
from app.storage.event_store.store import EventStore
from app.storage.ingest.pipeline import ingest
from app.storage.warehouse.engines import export_evidence, fetched_events
from app.workspace.planted_shop import write_planted_shop
from tests.app.storage.test_warehouse_engines_soak import into_postgres, spark_view, told
from tests.support.postgres_server import server
from tests.support.reference_aggregation import HIDDEN, Pairs, by_duckdb, by_ourselves, in_file

ROWS = 20_000
CUSTOMERS = 2_000
NOW = 1_763_900_000


def log() -> pd.DataFrame:
    """Interactions of RecTools, each of its own second."""
    rng = np.random.default_rng(1)
    times = pd.to_datetime(NOW - 9 - np.arange(ROWS), unit="s").strftime("%Y-%m-%dT%H:%M:%S")
    return pd.DataFrame(
        {
            "user_id": [f"u{n}" for n in rng.integers(0, 5000, ROWS)],
            "item_id": [f"p{n}" for n in rng.integers(0, 900, ROWS)],
            "weight": 1.0,
            "datetime": times,
        }
    )


def main() -> None:
    """Run each engine once and write what came out."""
    with tempfile.TemporaryDirectory() as folder, server() as address:
        home, frame = Path(folder), log()
        frame.to_parquet(home / "log.parquet")
        shelf = home / "products.csv"
        brands = {
            "product_id": [f"p{n}" for n in range(900)],
            "brand": [f"B{n % 90}" for n in range(900)],
        }
        pd.DataFrame(brands).to_csv(shelf, index=False)
        into_postgres(address, "log", frame.to_dict("records"))
        ways: dict[str, Callable[[Path], None]] = {
            "files": lambda ws: _take(ws, home / "log.parquet", shelf),
            "postgres": lambda ws: _through(ws, address, "log", shelf),
            "spark": lambda ws: _through(
                ws, "spark://local", spark_view(home / "log.parquet"), shelf
            ),
        }
        found = {name: _timed(way, home / name) for name, way in ways.items()}
        wanted = told(EventStore.open(home / "files"))
        for name, said in found.items():
            said["equal_to_files"] = told(EventStore.open(home / name)) == wanted
    result = {
        "rows": ROWS,
        "python": platform.python_version(),
        "cores": 2,
        "engines": found,
        "evidence": evidence(),
    }
    out = Path(__file__).parent / "results" / "engines.json"
    out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def evidence() -> dict[str, Any]:
    """Let each engine sum a planted shop up; whether every row is ours, and the seconds it took."""
    with tempfile.TemporaryDirectory() as folder, server() as address:
        home = Path(folder)
        write_planted_shop(home / "shop", CUSTOMERS, 1, lambda *_: None)
        begun = time.perf_counter()
        ingest(home / "ws", str(home / "shop"))
        wanted = by_ourselves(store := EventStore.open(home / "ws"))
        ours = round(time.perf_counter() - begun, 1)
        files = {name: home / "shop" / f"{name}.parquet" for name in ("events", "products")}
        for name, file in files.items():
            rows = pd.read_parquet(file).astype(object)
            into_postgres(address, name, rows.where(rows.notna(), None).to_dict("records"))
            spark_view(file, name)
        ways: dict[str, Callable[[Path], object]] = {
            "duckdb": lambda out: by_duckdb(out, files["events"], files["products"]),
            "postgres": lambda out: export_evidence(
                address, "events", "auto", HIDDEN, "products", out
            ),
            "spark": lambda out: export_evidence(
                "spark://local", "events", "auto", HIDDEN, "products", out
            ),
        }
        found = {
            name: _summed_up(way, home / f"{name}.parquet", wanted) for name, way in ways.items()
        }
        return {"events": store.events, "pairs": len(wanted), "ingest_seconds": ours, **found}


def _summed_up(way: Callable[[Path], object], out: Path, wanted: Pairs) -> dict[str, Any]:
    begun = time.perf_counter()
    way(out)
    seconds, rows = round(time.perf_counter() - begun, 1), in_file(out)
    equal = {pair: rows.get(pair) for pair in wanted} == wanted
    return {"seconds": seconds, "rows": len(rows), "equal": equal}


def _take(workspace: Path, file: Path, shelf: Path) -> None:
    ingest(workspace, str(file), products=str(shelf), now=NOW)


def _through(workspace: Path, address: str, table: str, shelf: Path) -> None:
    with fetched_events(workspace, address, table, "auto") as file:
        _take(workspace, file, shelf)


def _timed(way: Callable[[Path], None], workspace: Path) -> dict[str, Any]:
    begun = time.perf_counter()
    way(workspace)
    store = EventStore.open(workspace)
    return {"seconds": round(time.perf_counter() - begun, 1), "events": store.events}


if __name__ == "__main__":
    main()
