"""What an import of a few rows leaves in an event store."""

from pathlib import Path
from typing import Any

from app.storage.event_store.store import EventStore
from app.storage.ingest.pipeline import IngestResult, ingest
from recsys.dataset.events import EventKind
from tests.support.event_files import NOW, write


def taken(tmp: Path, rows: Any, name: str = "events.csv", **options: Any) -> IngestResult:
    """Write rows to a file and import it."""
    return ingest(tmp / "ws", str(write(rows, tmp / name)), **({"now": NOW} | options))


def stored(tmp: Path, customer: str = "ann") -> list[tuple[Any, ...]]:
    """What the store holds of a customer, in words."""
    store = EventStore.open(tmp / "ws")
    c = store.catalog
    return [
        (
            int(row["ts"]),
            EventKind(row["kind"]),
            c.item_product[row["item"]],
            None if c.item_brand[row["item"]] < 0 else c.brands[c.item_brand[row["item"]]],
            c.categories[c.item_category[row["item"]]],
            int(row["price"]),
            int(row["list_price"]),
            int(row["quantity"]),
        )
        for row in store.events_of(customer)
    ]
