"""What a delivery brings a second time: rows of a new segment that the store holds already.

A shop sends its last days again, and phones that were offline send theirs late. An event whose
every stored field equals one of the same customer in the store is the same event, so that two
deliveries that overlap leave the same store as one of both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.storage.event_store.segment import Segment
from recsys.dataset.events import ROW, Kind, Rows

Places = NDArray[np.int64]
Mask = NDArray[np.bool_]
CHUNK_ROWS = 1_000_000
_FIELDS = ROW.names or ()


@dataclass(frozen=True, slots=True)
class Overlap:
    """What became of the rows of a delivery that are older than the newest in the store."""

    repeated: int = 0  # in the store already: left out
    late: int = 0  # new, though older than the newest event in the store


def drop(folder: Path, others: list[Segment], as_of: int) -> Overlap:
    """Take out of the segment in `folder`, which nobody reads yet, what `others` hold as well.

    `as_of` is the newest time in the store, seconds since 1970.
    """
    new = Segment.open(folder)
    kept: list[Places] = []
    bought = np.zeros(0, dtype=np.int64)
    repeated = late = 0
    with (folder / "events.left").open("wb") as out:
        for first, last in _chunks(new):
            places, rows = new.sweep(first, last)
            held = _held(new, places, rows, first, last, others)
            left = rows[~held]
            left.tofile(out)
            repeated += int(held.sum())
            late += int((left["ts"] <= as_of).sum())
            kept.append(np.bincount(places[~held] - first, minlength=last - first))
            bought = _added(bought, left)
    counts = np.concatenate(kept)
    (folder / "events.left").rename(folder / "events.bin")
    np.save(
        folder / "starts.npy",
        np.concatenate([[0], np.cumsum(counts)]).astype(np.uint64),
        allow_pickle=False,
    )
    np.save(folder / "item_buys.npy", bought, allow_pickle=False)
    return Overlap(repeated, late)


def _added(bought: Places, rows: Rows) -> Places:
    more = np.bincount(rows["item"][rows["kind"] == Kind.PURCHASE], minlength=len(bought))
    more[: len(bought)] += bought
    return more


def _chunks(segment: Segment) -> Iterator[tuple[int, int]]:
    """Yield ranges of customers with about CHUNK_ROWS rows each."""
    edges = np.arange(0, int(segment.starts[-1]), CHUNK_ROWS, dtype=np.uint64)
    stops = np.searchsorted(segment.starts, edges, side="right").tolist()
    bounds = sorted({0, *stops[1:], len(segment.keys)})
    yield from pairwise(bounds)


def _held(
    new: Segment, places: Places, rows: Rows, first: int, last: int, others: list[Segment]
) -> Mask:
    """Return which of the rows of customers [first, last) stand in another segment."""
    held = np.zeros(len(rows), dtype=np.bool_)
    keys = new.keys[first:last]
    for other in others:
        low, high = np.searchsorted(other.keys, [keys[0], keys[-1]])
        theirs, there = other.sweep(int(low), min(int(high) + 1, len(other.keys)))
        at = np.searchsorted(keys, other.keys[theirs])
        same = keys[np.minimum(at, len(keys) - 1)] == other.keys[theirs]
        held |= _equal(places, rows, at[same] + first, there[same])
    return held


def _equal(places: Places, rows: Rows, theirs: Places, there: Rows) -> Mask:
    """Return which rows have an equal among `there`, field by field, of the same customer."""
    columns = [np.concatenate([rows[name], there[name]]) for name in _FIELDS]
    columns.append(np.concatenate([places, theirs]))
    ours = np.concatenate([np.zeros(len(rows)), np.ones(len(there))])
    order = np.lexsort((ours, *columns))
    same = np.ones(max(len(order) - 1, 0), dtype=np.bool_)
    for column in columns:
        same &= column[order[1:]] == column[order[:-1]]
    follows = np.zeros(len(order), dtype=np.bool_)
    follows[order[:-1]] = same & (ours[order[1:]] == 1) & (ours[order[:-1]] == 0)
    return follows[: len(rows)]
