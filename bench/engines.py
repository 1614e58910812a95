"""The same log through files, PostgreSQL and Spark: equal rows, and the time each takes.

Needs `make engines` and Debian's package postgresql; writes bench/results/engines.json. Times hold
fetching and import; Spark's hold its start.
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
from app.engines import fetched
from app.ingest import ingest
from app.warehouse import Warehouse
from tests.postgres_server import server
from tests.test_engines_soak import into_postgres, spark_view, told

ROWS = 20_000
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
        wanted = told(Warehouse.open(home / "files"))
        for name, said in found.items():
            said["equal_to_files"] = told(Warehouse.open(home / name)) == wanted
    result = {"rows": ROWS, "python": platform.python_version(), "cores": 2, "engines": found}
    out = Path(__file__).parent / "results" / "engines.json"
    out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def _take(workspace: Path, file: Path, shelf: Path) -> None:
    ingest(workspace, str(file), products=str(shelf), now=NOW)


def _through(workspace: Path, address: str, table: str, shelf: Path) -> None:
    with fetched(workspace, address, table, "auto") as file:
        _take(workspace, file, shelf)


def _timed(way: Callable[[Path], None], workspace: Path) -> dict[str, Any]:
    begun = time.perf_counter()
    way(workspace)
    store = Warehouse.open(workspace)
    return {"seconds": round(time.perf_counter() - begun, 1), "events": store.events}


if __name__ == "__main__":
    main()
