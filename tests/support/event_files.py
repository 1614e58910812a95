"""Small logs for tests: rows -> a file of each format, and what the store must then hold."""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

NOW = 1_763_900_000  # seconds since 1970
FORMATS = ("events.csv", "events.csv.gz", "events.jsonl", "events.jsonl.gz", "events.parquet")

Row = Mapping[str, Any]

LOG: Sequence[Row] = (
    {"customer_id": "ann", "ts": NOW - 300, "event": "view", "product_id": "p1", "brand": "Lego"},
    {
        "customer_id": "ann",
        "ts": NOW - 200,
        "event": "purchase",
        "product_id": "p1",
        "brand": "Lego",
    },
    {"customer_id": "bob", "ts": NOW - 100, "event": "follow", "product_id": "p2", "brand": "Nike"},
)


def write(rows: Sequence[Row], file: Path) -> Path:
    """Write rows in the format that the name of the file asks for."""
    frame = pd.DataFrame(list(rows))
    if file.name.endswith(".parquet"):
        frame.to_parquet(file, index=False)
    elif file.name.endswith((".csv", ".csv.gz")):
        frame.to_csv(file, index=False)
    else:
        lines = "".join(json.dumps(dict(row)) + "\n" for row in rows).encode()
        file.write_bytes(gzip.compress(lines) if file.name.endswith(".gz") else lines)
    return file
