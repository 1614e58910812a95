"""Drops rows of a new segment that the event store has already.

A shop may send its last days again, and phones that were offline send their events late. Two
events of one customer are the same event if all stored fields are equal. So two overlapping
deliveries give the same store as one delivery of both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.storage.event_store.segment import Segment
from recsys.dataset.events import EVENT_DTYPE, EventKind, EventRows

Int64Array = NDArray[np.int64]
Mask = NDArray[np.bool_]
CHUNK_ROWS = 1_000_000
_FIELDS = EVENT_DTYPE.names or ()


@dataclass(frozen=True, slots=True)
class OverlapCounts:
    """Counts of a delivery's rows that the store has already or that arrive late."""

    repeated: int = 0  # in the store already, so left out
    late: int = 0  # new, but not later than the newest event in the store


def drop_stored_events(folder: Path, stored_segments: list[Segment], as_of: int) -> OverlapCounts:
    """Drop the rows of a new segment that are also in the stored segments.

    `folder` is the new segment's folder; no reader uses it yet, so its files are rewritten.
    `as_of` is the newest time in the store, seconds since 1970.
    """
    segment = Segment.open(folder)
    row_counts: list[Int64Array] = []
    purchases = np.zeros(0, dtype=np.int64)
    repeated = late = 0
    with (folder / "events.left").open("wb") as out:
        for first, last in _chunks(segment):
            indices, rows = segment.read_rows(first, last)
            is_stored = _is_stored(segment, indices, rows, first, last, stored_segments)
            new_rows = rows[~is_stored]
            new_rows.tofile(out)
            repeated += int(is_stored.sum())
            late += int((new_rows["ts"] <= as_of).sum())
            row_counts.append(np.bincount(indices[~is_stored] - first, minlength=last - first))
            purchases = _add_purchases(purchases, new_rows)
    counts = np.concatenate(row_counts)
    (folder / "events.left").rename(folder / "events.bin")
    np.save(
        folder / "starts.npy",
        np.concatenate([[0], np.cumsum(counts)]).astype(np.uint64),
        allow_pickle=False,
    )
    np.save(folder / "item_buys.npy", purchases, allow_pickle=False)
    return OverlapCounts(repeated, late)


def _add_purchases(purchases: Int64Array, rows: EventRows) -> Int64Array:
    counts = np.bincount(rows["item"][rows["kind"] == EventKind.PURCHASE], minlength=len(purchases))
    counts[: len(purchases)] += purchases
    return counts


def _chunks(segment: Segment) -> Iterator[tuple[int, int]]:
    """Yield customer ranges [first, last) with about CHUNK_ROWS rows each."""
    edges = np.arange(0, int(segment.starts[-1]), CHUNK_ROWS, dtype=np.uint64)
    stops = np.searchsorted(segment.starts, edges, side="right").tolist()
    bounds = sorted({0, *stops[1:], len(segment.keys)})
    yield from pairwise(bounds)


def _is_stored(
    segment: Segment,
    indices: Int64Array,
    rows: EventRows,
    first: int,
    last: int,
    stored_segments: list[Segment],
) -> Mask:
    """Return a mask (n,) of the rows of customers [first, last) that a stored segment has."""
    is_stored = np.zeros(len(rows), dtype=np.bool_)
    keys = segment.keys[first:last]
    for other in stored_segments:
        low, high = np.searchsorted(other.keys, [keys[0], keys[-1]])
        stored_indices, stored_rows = other.read_rows(int(low), min(int(high) + 1, len(other.keys)))
        position = np.searchsorted(keys, other.keys[stored_indices])
        same = keys[np.minimum(position, len(keys) - 1)] == other.keys[stored_indices]
        is_stored |= _equal_rows(indices, rows, position[same] + first, stored_rows[same])
    return is_stored


def _equal_rows(
    indices: Int64Array, rows: EventRows, stored_indices: Int64Array, stored_rows: EventRows
) -> Mask:
    """Return a mask (n,) of rows that equal a stored row of the same customer in every field."""
    columns = [np.concatenate([rows[name], stored_rows[name]]) for name in _FIELDS]
    columns.append(np.concatenate([indices, stored_indices]))
    is_stored = np.concatenate([np.zeros(len(rows)), np.ones(len(stored_rows))])
    order = np.lexsort((is_stored, *columns))
    same = np.ones(max(len(order) - 1, 0), dtype=np.bool_)
    for column in columns:
        same &= column[order[1:]] == column[order[:-1]]
    is_repeated = np.zeros(len(order), dtype=np.bool_)
    is_repeated[order[:-1]] = same & (is_stored[order[1:]] == 1) & (is_stored[order[:-1]] == 0)
    return is_repeated[: len(rows)]
