"""The last steps of an import: write the valid events as a segment and add it to the store."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from app.storage.event_store import segment_writer
from app.storage.event_store.customer_ids import CustomerIds, IdStorage, imported_customers
from app.storage.event_store.store import EventStore
from app.storage.event_store.transaction import commit_segment, copy_planted_shop
from app.storage.ingest import deduplication
from app.storage.ingest.deduplication import OverlapCounts
from app.storage.ingest.readers import InputFiles
from app.storage.ingest.validation import ValidationResult
from app.storage.warehouse.schemas.base import EventSchema
from recsys.errors import BadEventsError
from recsys.progress import ProgressCallback, WorkStage

_EVENTS_SQL = """SELECT c.code AS customer, seq, item, g.ts, price, list_price, kind, quantity
FROM good g JOIN customers c ON c.customer_id = g.customer
JOIN item_map USING (product, brand, category)"""

_BRANDLESS_SQL = """SELECT coalesce(sum(n), 0)::BIGINT FROM resolved
JOIN brand_map ON text = brand_text WHERE code < 0"""


@dataclass(slots=True)
class IngestRun:
    """State of one running import."""

    workspace: Path
    con: duckdb.DuckDBPyConnection
    scratch: Path
    segment: Path  # folder of the new segment while its files are written
    files: InputFiles
    schema: EventSchema | None  # None: Brandswipe's own columns
    sources: list[str]
    progress: ProgressCallback
    customer_ids: CustomerIds
    id_storage: IdStorage
    tombstones: frozenset[str]  # of customers erased from the store
    notes: list[str] = field(default_factory=list)
    mapping_notes: list[str] = field(default_factory=list)  # from SchemaMapper: rows left out


@dataclass(frozen=True, slots=True)
class WrittenSegment:
    """Counts of the new segment's files and of its overlap with the store."""

    events: int
    customers: int
    known_customers: int  # those of `customers` that are already in the store
    without_brand: float  # share from 0 to 1 of the valid events
    met: OverlapCounts


def write_segment(
    run: IngestRun, validated: ValidationResult, event_store: EventStore | None, has_times: bool
) -> WrittenSegment:
    """Write the segment's files, without the events that the store has already.

    Raises BadEventsError if no event is new.
    """
    run.progress(WorkStage.INDEXING_CUSTOMERS, 0.0)
    segments = [] if event_store is None else event_store.segments
    file_ids, stored_ids, keys = imported_customers(
        run.con, run.customer_ids, run.id_storage, segments
    )
    known_customers = (
        0 if event_store is None else int(np.isin(keys, event_store.keys, assume_unique=True).sum())
    )
    numbers = pa.array(np.arange(len(stored_ids), dtype=np.uint32))
    codes = pa.table({"customer_id": file_ids, "code": numbers})
    run.con.register("customers", codes)
    events, rows = run.con.sql(_EVENTS_SQL), segment_writer.BATCH_ROWS
    batches: pa.RecordBatchReader = events.to_arrow_reader(rows)
    n_events = segment_writer.write_events(
        batches, validated.valid, len(stored_ids), run.segment, has_times, run.progress
    )
    segment_writer.write_index(run.segment, keys, stored_ids)
    overlap_counts = _drop_stored_events(run, validated, event_store, has_times)
    (brandless,) = run.con.execute(_BRANDLESS_SQL).fetchall()[0]
    n_events -= overlap_counts.repeated
    if not n_events:
        known_all = (
            f"All {overlap_counts.repeated:,} events of these files are in the store already"
        )
        raise BadEventsError(f"{known_all}; nothing was added.")
    return WrittenSegment(
        n_events, len(stored_ids), known_customers, brandless / validated.valid, overlap_counts
    )


def _drop_stored_events(
    run: IngestRun, validated: ValidationResult, event_store: EventStore | None, has_times: bool
) -> OverlapCounts:
    """Drop stored events. Without times keep all: equal rows may be two different purchases."""
    if event_store is None or not has_times or validated.first > event_store.as_of:
        return OverlapCounts()
    return deduplication.drop_stored_events(run.segment, event_store.segments, event_store.as_of)


def put_in_place(
    run: IngestRun,
    old: dict[str, Any] | None,
    written: WrittenSegment,
    validated: ValidationResult,
) -> str:
    """Add the segment and the planted shop, if any, to the store; return the segment's name."""
    run.progress(WorkStage.PLACING_SEGMENT, 0.0)
    facts = {
        "sources": run.sources,
        "events": written.events,
        "customers": written.customers,
        "known": written.known_customers,
        "as_of": validated.last,
        "planted": run.files.shop is not None,
    }
    staged_shop, shop_folder = run.scratch / "planted", run.workspace / "planted"
    if run.files.shop is not None:
        copy_planted_shop(run.files.shop, staged_shop)
    customers = {"ids": run.id_storage.value, "erased": sorted(run.tombstones)}
    name = commit_segment(run.workspace, run.segment, old, facts, customers)
    if old is None or staged_shop.exists():
        shutil.rmtree(shop_folder, ignore_errors=True)
    if staged_shop.exists():
        staged_shop.rename(shop_folder)
    return name
