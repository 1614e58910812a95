"""The event store: fast look-up of one customer's events, and sequential scans of all events.

Events are packed bytes with an index. Measured on 5 million events (bench/store_trial.py), as bytes
per event and p99 milliseconds per customer: packed bytes 18.3 and .016, ordered SQLite table 31.3
and .11, DuckDB over range Parquet files 10.7 and 2.7. Packed bytes are the fastest to build and to
read, take less than 6 GB at 300 million events, and a sample of customers is one range of the file.
"""

import hashlib
import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.storage.event_store.catalog import read_catalog
from app.storage.event_store.segment import (
    KEY_SPACE,
    CustomerKeys,
    Segment,
    customer_key,
    locate_customer,
    read_manifest,
)
from app.storage.event_store.segment_writer import add_counts
from recsys.dataset.catalog import Catalog
from recsys.dataset.events import EVENT_DTYPE, EventRows
from recsys.errors import WorkspaceError

KEY_BLOCKS = 1 << 10  # equal blocks of the key space; a sample takes whole blocks, the last in part
CHUNK_ROWS = 1_000_000  # rows per chunk of a scan, about


class EventStore:
    """Read-only view of the event store of a workspace, as it was when opened."""

    def __init__(self, workspace: Path, manifest: dict[str, Any]) -> None:
        self.manifest = manifest
        self.workspace = workspace
        text = json.dumps(manifest, sort_keys=True, ensure_ascii=False)
        self.version: str = hashlib.sha256(text.encode()).hexdigest()
        self.customers: int = manifest["customers"]
        self.events: int = manifest["events"]
        self.as_of: int = manifest["as_of"]
        self.planted: bool = all(part["planted"] for part in manifest["segments"])
        self.folders = [workspace / "events" / part["name"] for part in manifest["segments"]]
        self.segments = [Segment.open(folder) for folder in self.folders]

    @classmethod
    def open(cls, folder: Path) -> "EventStore":
        """Open the store of a workspace. Raises WorkspaceError if there is none."""
        manifest = read_manifest(folder)
        if manifest is None:
            raise WorkspaceError(
                f"There are no events in {folder} yet; run brandswipe data ingest EVENTS first."
            )
        return cls(folder, manifest)

    @cached_property
    def catalog(self) -> Catalog:
        """Catalogue of brands, categories and items."""
        try:
            return read_catalog(self.folders, self.manifest["lineage"])
        except FileNotFoundError as error:
            raise WorkspaceError("The events were replaced meanwhile; start again.") from error

    @cached_property
    def item_purchases(self) -> NDArray[np.int64]:
        """Number of purchases of each item, (n_items,)."""
        total = np.zeros(len(self.catalog.item_brand), np.int64)
        for folder in self.folders:
            total = add_counts(total, np.load(folder / "item_buys.npy"))
        return total

    @cached_property
    def pictures(self) -> dict[str, str]:
        """Brand -> name of the picture, stored as pictures/NAME.webp in the workspace."""
        pictures: dict[str, str] = {}
        for folder in self.folders:
            pictures |= json.loads((folder / "pictures.json").read_text(encoding="utf-8"))
        return pictures

    def has_customer(self, customer_id: str) -> bool:
        """Return whether the store has events of this customer."""
        return bool(self._locate(customer_id))

    def events_of(self, customer_id: str) -> EventRows:
        """Return a customer's events by time; no rows for an unknown customer."""
        parts = [segment.rows_at(at) for segment, at in self._locate(customer_id)]
        if len(parts) == 1:
            return parts[0]
        rows = np.concatenate(parts) if parts else np.zeros(0, EVENT_DTYPE)
        return rows[np.argsort(rows["ts"], kind="stable")]

    def scan(
        self, sample: float = 1.0, seed: int = 0, chunk: int = CHUNK_ROWS
    ) -> Iterator[tuple[NDArray[np.int64], EventRows]]:
        """Yield (customer number of each row, rows), by customer and time, in whole customers.

        `sample` is a share (0 to 1) of the key space. So a sample depends only on ids and `seed`, a
        smaller one is part of a larger one, and only the sample is read. A chunk has about `chunk`
        rows.
        """
        for ranges in self._group_ranges(key_ranges(sample, seed), chunk):
            parts = [self._read_range(low, high) for low, high in _merge_ranges(ranges)]
            numbers = np.concatenate([part[0] for part in parts])
            if len(numbers):
                yield numbers, np.concatenate([part[1] for part in parts])

    def customer_ids(self, sample: float = 1.0, seed: int = 0) -> Iterator[str]:
        """Yield the ids of the customers in a sample, in the order of `scan`."""
        for low, high in key_ranges(sample, seed):
            first, last = np.searchsorted(self.keys, _edges(low, high))
            for key in self.keys[first:last]:
                yield self._id_of(int(key))

    def events_between(self, first: int, last: int) -> tuple[NDArray[np.int64], EventRows]:
        """Return (customer number of each row, rows) for the customer numbers [first, last)."""
        keys = self.keys[first:last]
        if not len(keys):
            return np.empty(0, np.int64), np.zeros(0, EVENT_DTYPE)
        return self._read_range(int(keys[0]), int(keys[-1]) + 1)

    def ids_between(self, first: int, last: int) -> pa.Array:
        """Return the ids of the customer numbers [first, last), in this order."""
        keys, count = self.keys[first:last], min(last, len(self.keys)) - first
        parts, position_parts = [], []
        for segment in self.segments:
            low, high = np.searchsorted(segment.keys, _edges(int(keys[0]), int(keys[-1]) + 1))
            parts.append(segment.ids_between(int(low), int(high)))
            position_parts.append(np.searchsorted(keys, segment.keys[low:high]))
        order = np.empty(count, np.int64)
        positions = np.concatenate(position_parts)
        order[positions] = np.arange(len(positions))
        return pa.concat_arrays(parts).take(pa.array(order))

    @cached_property
    def keys(self) -> CustomerKeys:
        """Keys of all customers, (n_customers,), ascending. The customer number is the index."""
        if len(self.segments) == 1:
            return self.segments[0].keys
        return np.unique(np.concatenate([segment.keys for segment in self.segments]))

    def _id_of(self, key: int) -> str:
        matches = ((segment, segment.index_of(key)) for segment in self.segments)
        return next(segment.id_at(at) for segment, at in matches if at is not None)

    def _locate(self, customer_id: str) -> list[tuple[Segment, int]]:
        return locate_customer(self.segments, customer_id, customer_key(customer_id))

    def _read_range(self, low: int, high: int) -> tuple[NDArray[np.int64], EventRows]:
        parts = [self._read_segment_range(segment, low, high) for segment in self.segments]
        if len(parts) == 1:
            return parts[0]
        numbers = np.concatenate([part[0] for part in parts])
        rows = np.concatenate([part[1] for part in parts])
        order = np.lexsort((rows["ts"], numbers))
        return numbers[order], rows[order]

    def _read_segment_range(
        self, segment: Segment, low: int, high: int
    ) -> tuple[NDArray[np.int64], EventRows]:
        first, last = np.searchsorted(segment.keys, _edges(low, high))
        indices, rows = segment.read_rows(int(first), int(last))
        if segment.keys is self.keys:
            return indices, rows
        return np.searchsorted(self.keys, segment.keys[indices]).astype(np.int64), rows

    def _group_ranges(
        self, ranges: list[tuple[int, int]], chunk: int
    ) -> Iterator[list[tuple[int, int]]]:
        group: list[tuple[int, int]] = []
        group_rows = 0
        for low, high in ranges:
            rows = sum(_count_rows(segment, low, high) for segment in self.segments)
            if group and group_rows + rows > chunk:
                yield group
                group, group_rows = [], 0
            group, group_rows = [*group, (low, high)], group_rows + rows
        if group:
            yield group


def key_ranges(sample: float, seed: int) -> list[tuple[int, int]]:
    """Return ascending key ranges [low, high) that cover the share `sample` of the key space."""
    width = KEY_SPACE // KEY_BLOCKS
    if sample >= 1:
        return [(block * width, (block + 1) * width) for block in range(KEY_BLOCKS)]
    order = np.random.default_rng(seed).permutation(KEY_BLOCKS)
    n_blocks = int(max(sample, 0.0) * KEY_BLOCKS)
    last = int((max(sample, 0.0) * KEY_BLOCKS - n_blocks) * width)
    ranges = [(int(block) * width, (int(block) + 1) * width) for block in order[:n_blocks]]
    partial = int(order[n_blocks]) * width
    return sorted([*ranges, (partial, partial + last)])


def _edges(low: int, high: int) -> CustomerKeys:
    return np.array([low, high], dtype=np.uint64)


def _merge_ranges(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Merge adjacent ranges; `ranges` is ascending."""
    joined: list[tuple[int, int]] = []
    for low, high in ranges:
        if joined and joined[-1][1] == low:
            low = joined.pop()[0]
        joined.append((low, high))
    return joined


def _count_rows(segment: Segment, low: int, high: int) -> int:
    first, last = np.searchsorted(segment.keys, _edges(low, high))
    return int(segment.starts[int(last)]) - int(segment.starts[int(first)])
