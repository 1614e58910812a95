"""Writing of a segment's files: packed events by customer and time, without duplicates."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.storage.event_store.segment import KEY_SPACE, CustomerKeys, Segment, locate_customer
from recsys.dataset.events import EVENT_DTYPE, EventKind, EventRows
from recsys.progress import ProgressCallback, WorkStage

BATCH_ROWS = 500_000
BUCKET_ROWS = 4_000_000
"""Rows per bucket. A bucket is a file with a range of customers; it is sorted in memory."""
SORT_THREADS = 2  # also the number of buckets in memory at a time

RECORD_DTYPE = np.dtype(
    [("customer", "<u4"), ("seq", "<u8"), *((n, EVENT_DTYPE[n]) for n in EVENT_DTYPE.names or ())]
)
Records = NDArray[np.void]


def write_events(
    batches: Iterator[pa.RecordBatch],
    rows: int,
    customers: int,
    folder: Path,
    has_times: bool,
    progress: ProgressCallback,
) -> int:
    """Write events.bin, starts.npy and item_buys.npy; return the number of events written.

    Two events of a customer are duplicates if all stored fields are equal; one is written. In a log
    without times all are written, because equal events may be separate purchases.
    """
    counts = np.zeros(customers, dtype=np.int64)
    purchases = np.zeros(0, dtype=np.int64)
    buckets = _buckets(batches, rows, customers, folder, progress)
    with (folder / "events.bin").open("wb") as out, ThreadPoolExecutor(SORT_THREADS) as pool:
        while group := list(islice(buckets, SORT_THREADS)):
            for ordered in pool.map(partial(_sort_records, has_times=has_times), group):
                counts += np.bincount(ordered["customer"], minlength=customers)
                purchases = add_counts(
                    purchases, np.bincount(ordered["item"][ordered["kind"] == EventKind.PURCHASE])
                )
                _event_rows(ordered).tofile(out)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.uint64)
    np.save(folder / "starts.npy", starts, allow_pickle=False)
    np.save(folder / "item_buys.npy", purchases, allow_pickle=False)
    return int(starts[-1])


def add_counts(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the sum of two arrays of counts; the shorter one is padded with 0."""
    total = np.zeros(max(len(first), len(second)), dtype=np.int64)
    total[: len(first)] += first
    total[: len(second)] += second
    return total


def assign_keys(wanted_keys: CustomerKeys, ids: pa.Array, segments: list[Segment]) -> CustomerKeys:
    """Return one key per customer, (n,): unique, and the same in every segment of the store.

    If two ids want the same key, the second takes the next free one. That happens once in 10^6
    stores of six million customers.
    """
    is_free = [_keys_agree(wanted_keys, ids, segment) for segment in segments]
    ordered = np.sort(wanted_keys, kind="stable")
    if (ordered[1:] != ordered[:-1]).all() and all(is_free):
        return wanted_keys
    owners: dict[int, str] = {}
    for key, customer_id in zip(wanted_keys.tolist(), ids.to_pylist(), strict=True):
        matches = locate_customer(segments, customer_id, key)
        free_key = int(matches[0][0].keys[matches[0][1]]) if matches else key
        while not matches and (
            free_key in owners or any(s.index_of(free_key) is not None for s in segments)
        ):
            free_key = (free_key + 1) % KEY_SPACE
        owners[free_key] = customer_id
    keys = {customer_id: key for key, customer_id in owners.items()}
    return np.array([keys[customer_id] for customer_id in ids.to_pylist()], dtype=np.uint64)


def _keys_agree(wanted_keys: CustomerKeys, ids: pa.Array, segment: Segment) -> bool:
    """Return whether each wanted key that is in the segment has the same id there."""
    if not len(segment.keys):
        return True
    indices = np.minimum(np.searchsorted(segment.keys, wanted_keys), len(segment.keys) - 1)
    shared = np.flatnonzero(segment.keys[indices] == wanted_keys)
    segment_ids = segment.ids_between(0, len(segment.keys)).take(pa.array(indices[shared]))
    return bool(pc.all(pc.equal(segment_ids, ids.take(pa.array(shared)))).as_py() is not False)


def write_index(folder: Path, keys: CustomerKeys, ids: pa.Array) -> None:
    """Write keys.npy, id_starts.npy and ids.bin; `keys` is ascending, `ids` in the same order."""
    np.save(folder / "keys.npy", keys, allow_pickle=False)
    lengths = pc.binary_length(ids).to_numpy(zero_copy_only=False).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint64)
    np.save(folder / "id_starts.npy", starts, allow_pickle=False)
    with (folder / "ids.bin").open("wb") as out:
        for first in range(0, len(ids), BUCKET_ROWS):
            out.write("".join(ids.slice(first, BUCKET_ROWS).to_pylist()).encode())


def _buckets(
    batches: Iterator[pa.RecordBatch],
    rows: int,
    customers: int,
    folder: Path,
    progress: ProgressCallback,
) -> Iterator[Records]:
    number = -(-rows // BUCKET_ROWS)
    rows_done = 0
    files: list[Any] = [(folder / f"bucket-{n}").open("w+b") for n in range(number)]
    try:
        for batch in batches:
            _scatter(_to_records(batch), files, customers)
            rows_done += batch.num_rows
            progress(WorkStage.SORTING_EVENTS, 0.7 * rows_done / rows)
        for n, file in enumerate(files):
            file.seek(0)
            yield np.fromfile(file, RECORD_DTYPE)
            file.close()
            (folder / f"bucket-{n}").unlink()
            progress(WorkStage.SORTING_EVENTS, 0.7 + 0.3 * (n + 1) / number)
    finally:
        for file in files:
            file.close()


def _scatter(records: Records, files: list[Any], customers: int) -> None:
    if len(files) == 1:
        records.tofile(files[0])
        return
    bucket = records["customer"].astype(np.int64) * len(files) // customers
    order = np.argsort(bucket.astype(np.int16), kind="stable")
    edges = np.searchsorted(bucket[order], np.arange(len(files) + 1))
    sorted_records = records.take(order)  # many times faster on records than records[order]
    for file, start, stop in zip(files, edges[:-1], edges[1:], strict=True):
        sorted_records[start:stop].tofile(file)


def _to_records(batch: pa.RecordBatch) -> Records:
    records = np.empty(batch.num_rows, RECORD_DTYPE)
    for name in RECORD_DTYPE.names or ():
        records[name] = batch.column(name).to_numpy(zero_copy_only=False)
    return records


def _sort_records(records: Records, has_times: bool) -> Records:
    """Return records by customer, time and source position; with times, without duplicates.

    Rows of one customer and second are few, so only these are sorted a second time.
    """
    sort_key = records["customer"].astype(np.uint64) << np.uint64(32) | records["ts"]
    order = np.argsort(sort_key)
    sort_key = sort_key[order]
    tied_edges = np.zeros(len(sort_key) + 1, dtype=np.bool_)
    tied_edges[1:-1] = sort_key[1:] == sort_key[:-1]
    tied = np.flatnonzero(tied_edges[1:] | tied_edges[:-1])
    tie_order = np.lexsort((records["seq"][order[tied]], sort_key[tied]))
    order[tied] = order[tied[tie_order]]
    ordered = records.take(order)
    if not has_times:
        return ordered
    keep = np.ones(len(ordered), dtype=np.bool_)
    keep[tied] = ~_repeated_rows(_event_rows(ordered.take(tied)), sort_key[tied])
    return ordered if keep.all() else ordered.take(np.flatnonzero(keep))


def _repeated_rows(rows: EventRows, sort_key: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which rows repeat an earlier row of the same customer and second, (n,)."""
    repeated = np.zeros(len(sort_key), dtype=np.bool_)
    fields = [rows[name] for name in ("quantity", "kind", "list_price", "price", "item")]
    order = np.lexsort((*fields, sort_key))  # stable: the first in the source is kept
    same = np.ones(max(len(sort_key) - 1, 0), dtype=np.bool_)
    for key in (sort_key, *fields):
        same &= key[order[1:]] == key[order[:-1]]
    repeated[order[1:][same]] = True
    return repeated


def _event_rows(records: Records) -> EventRows:
    rows = np.empty(len(records), EVENT_DTYPE)
    for name in EVENT_DTYPE.names or ():
        rows[name] = records[name]
    return rows
