"""Cleaned events -> a segment's files: packed, ordered by customer and time, without doubles."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.storage.event_store.segment import KEYS, Keys, Segment, places_of
from recsys.dataset.events import ROW, Kind, Rows

BATCH_ROWS = 500_000
BUCKET_ROWS = 4_000_000
"""Rows of a bucket, which are sorted in memory; more go through files, one a range of customers."""
SORTERS = 2  # buckets in memory at a time

WORK = np.dtype([("customer", "<u4"), ("seq", "<u8"), *((n, ROW[n]) for n in ROW.names or ())])
Work = NDArray[np.void]
Progress = Callable[[str, float], None]


def pack(
    batches: Iterator[pa.RecordBatch],
    rows: int,
    customers: int,
    folder: Path,
    dated: bool,
    progress: Progress,
) -> int:
    """Write events.bin, starts.npy and item_buys.npy; return how many events, without doubles.

    An event whose every stored field equals another one's of the same customer is a double. A log
    without times has none, for there the same purchase may have been made twice.
    """
    counts = np.zeros(customers, dtype=np.int64)
    buys = np.zeros(0, dtype=np.int64)
    buckets = _buckets(batches, rows, customers, folder, progress)
    with (folder / "events.bin").open("wb") as out, ThreadPoolExecutor(SORTERS) as pool:
        while some := list(islice(buckets, SORTERS)):
            for ordered in pool.map(partial(_ordered, dated=dated), some):
                counts += np.bincount(ordered["customer"], minlength=customers)
                buys = added(buys, np.bincount(ordered["item"][ordered["kind"] == Kind.PURCHASE]))
                _bare(ordered).tofile(out)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.uint64)
    np.save(folder / "starts.npy", starts, allow_pickle=False)
    np.save(folder / "item_buys.npy", buys, allow_pickle=False)
    return int(starts[-1])


def added(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the sum of two arrays of counts; the shorter one counts 0 beyond its end."""
    total = np.zeros(max(len(left), len(right)), dtype=np.int64)
    total[: len(left)] += left
    total[: len(right)] += right
    return total


def keyed(wanted: Keys, ids: pa.Array, segments: list[Segment]) -> Keys:
    """Return one key for each customer, her own in every segment of the store.

    Two ids that want one key are met once in 10^6 stores of six million customers: the second
    takes the next free key.
    """
    taken = [_owned(wanted, ids, segment) for segment in segments]
    ordered = np.sort(wanted, kind="stable")
    if (ordered[1:] != ordered[:-1]).all() and all(taken):
        return wanted
    owners: dict[int, str] = {}
    for key, customer_id in zip(wanted.tolist(), ids.to_pylist(), strict=True):
        found = places_of(segments, customer_id, key)
        place = int(found[0][0].keys[found[0][1]]) if found else key
        while not found and (place in owners or any(s.place(place) is not None for s in segments)):
            place = (place + 1) % KEYS
        owners[place] = customer_id
    keys = {customer_id: key for key, customer_id in owners.items()}
    return np.array([keys[customer_id] for customer_id in ids.to_pylist()], dtype=np.uint64)


def _owned(wanted: Keys, ids: pa.Array, segment: Segment) -> bool:
    """Whether each wanted key that a segment has belongs to the same id there."""
    if not len(segment.keys):
        return True
    places = np.minimum(np.searchsorted(segment.keys, wanted), len(segment.keys) - 1)
    same = np.flatnonzero(segment.keys[places] == wanted)
    theirs = segment.ids_between(0, len(segment.keys)).take(pa.array(places[same]))
    return bool(pc.all(pc.equal(theirs, ids.take(pa.array(same)))).as_py() is not False)


def write_index(folder: Path, keys: Keys, ids: pa.Array) -> None:
    """Write the customers of a segment, ascending by key."""
    np.save(folder / "keys.npy", keys, allow_pickle=False)
    lengths = pc.binary_length(ids).to_numpy(zero_copy_only=False).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint64)
    np.save(folder / "id_starts.npy", starts, allow_pickle=False)
    with (folder / "ids.bin").open("wb") as out:
        for first in range(0, len(ids), BUCKET_ROWS):
            out.write("".join(ids.slice(first, BUCKET_ROWS).to_pylist()).encode())


def _buckets(
    batches: Iterator[pa.RecordBatch], rows: int, customers: int, folder: Path, progress: Progress
) -> Iterator[Work]:
    number = -(-rows // BUCKET_ROWS)
    done = 0
    files: list[Any] = [(folder / f"bucket-{n}").open("w+b") for n in range(number)]
    try:
        for batch in batches:
            _scatter(_work(batch), files, customers)
            done += batch.num_rows
            progress("sorting events", 0.7 * done / rows)
        for n, file in enumerate(files):
            file.seek(0)
            yield np.fromfile(file, WORK)
            file.close()
            (folder / f"bucket-{n}").unlink()
            progress("sorting events", 0.7 + 0.3 * (n + 1) / number)
    finally:
        for file in files:
            file.close()


def _scatter(work: Work, files: list[Any], customers: int) -> None:
    if len(files) == 1:
        work.tofile(files[0])
        return
    bucket = work["customer"].astype(np.int64) * len(files) // customers
    order = np.argsort(bucket.astype(np.int16), kind="stable")
    edges = np.searchsorted(bucket[order], np.arange(len(files) + 1))
    sorted_work = work.take(order)  # of records many times as fast as work[order]
    for file, start, stop in zip(files, edges[:-1], edges[1:], strict=True):
        sorted_work[start:stop].tofile(file)


def _work(batch: pa.RecordBatch) -> Work:
    work = np.empty(batch.num_rows, WORK)
    for name in WORK.names or ():
        work[name] = batch.column(name).to_numpy(zero_copy_only=False)
    return work


def _ordered(work: Work, dated: bool) -> Work:
    """By customer and time, then as in the source; rows of one second are few and sorted twice."""
    when = work["customer"].astype(np.uint64) << np.uint64(32) | work["ts"]
    order = np.argsort(when)
    when = when[order]
    beside = np.zeros(len(when) + 1, dtype=np.bool_)
    beside[1:-1] = when[1:] == when[:-1]
    tied = np.flatnonzero(beside[1:] | beside[:-1])
    again = np.lexsort((work["seq"][order[tied]], when[tied]))
    order[tied] = order[tied[again]]
    ordered = work.take(order)
    if not dated:
        return ordered
    stays = np.ones(len(ordered), dtype=np.bool_)
    stays[tied] = ~_doubles(_bare(ordered.take(tied)), when[tied])
    return ordered if stays.all() else ordered.take(np.flatnonzero(stays))


def _doubles(rows: Rows, when: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Mark each of these rows that repeats an earlier one of the same customer and second."""
    doubled = np.zeros(len(when), dtype=np.bool_)
    fields = [rows[name] for name in ("quantity", "kind", "list_price", "price", "item")]
    order = np.lexsort((*fields, when))  # stable: the first in the source stays
    same = np.ones(max(len(when) - 1, 0), dtype=np.bool_)
    for key in (when, *fields):
        same &= key[order[1:]] == key[order[:-1]]
    doubled[order[1:][same]] = True
    return doubled


def _bare(work: Work) -> Rows:
    rows = np.empty(len(work), ROW)
    for name in ROW.names or ():
        rows[name] = work[name]
    return rows
