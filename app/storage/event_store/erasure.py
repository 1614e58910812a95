"""Erasure of one customer from all segments of the event store."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from app.storage.event_store.segment import (
    KEY_SPACE,
    Segment,
    customer_key,
    locate_customer,
    read_manifest,
    write_manifest,
)
from app.storage.event_store.transaction import exclusive_store, segment_hashes
from recsys.dataset.events import EventKind
from recsys.errors import WorkspaceError

_WITH_CUSTOMERS = ("keys.npy", "starts.npy", "id_starts.npy", "ids.bin", "events.bin")
COPY_CHUNK = 1 << 24  # bytes


def erase_from_event_store(workspace: Path, customer_id: str, tombstone: str) -> int:
    """Erase a customer and add a tombstone to the manifest; return the number of erased events.

    `customer_id` is the id in the store. Each segment with the customer is rewritten under a new
    name, and the old segment is deleted. Raises WorkspaceError without a store.
    """
    with exclusive_store(workspace) as events_dir:
        manifest = read_manifest(workspace)
        if manifest is None:
            raise WorkspaceError(f"There are no events in {workspace} yet: nobody is in them.")
        segments = [Segment.open(events_dir / part["name"]) for part in manifest["segments"]]
        places = dict(_segment_indices(segments, customer_id))
        moves = _key_moves(segments, places)
        parts = list(manifest["segments"])
        for n in sorted({*places, *(at for at, _ in moves)}):
            parts[n] = _rewrite_segment(events_dir, segments[n], parts[n], places, n, moves)
        removed: int = sum(
            old["events"] - new["events"] for old, new in _paired_parts(manifest, parts)
        )
        write_manifest(
            workspace, _updated_manifest(manifest, parts, removed, bool(places), tombstone)
        )
    return removed


def _paired_parts(manifest: Mapping[str, Any], parts: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip(manifest["segments"], parts, strict=True))


def _segment_indices(segments: list[Segment], customer_id: str) -> list[tuple[int, int]]:
    """Return (segment number, index of the customer in it) pairs."""
    matches = locate_customer(segments, customer_id, customer_key(customer_id))
    return [
        (next(n for n, s in enumerate(segments) if s is segment), at) for segment, at in matches
    ]


def _key_moves(segments: list[Segment], places: Mapping[int, int]) -> dict[tuple[int, int], int]:
    """Return (segment number, index) -> new key, for customers displaced by the key now free.

    A look-up stops at the first free key, so later keys of the same probe sequence must move up
    (Knuth, The Art of Computer Programming 6.4, algorithm R: deletion with linear probing).
    """
    moves: dict[tuple[int, int], int] = {}
    if not places:
        return moves
    free_key = next(int(segments[n].keys[at]) for n, at in places.items())
    key = (free_key + 1) % KEY_SPACE
    while occupants := [
        (n, index) for n, s in enumerate(segments) if (index := s.index_of(key)) is not None
    ]:
        number, occupant_index = occupants[0]
        if customer_key(segments[number].id_at(occupant_index)) <= free_key:
            moves |= dict.fromkeys(occupants, free_key)
            free_key = key
        key = (key + 1) % KEY_SPACE
    return moves


def _rewrite_segment(
    events_dir: Path,
    segment: Segment,
    part: Mapping[str, Any],
    places: Mapping[int, int],
    n: int,
    moves: Mapping[tuple[int, int], int],
) -> dict[str, Any]:
    """Rewrite a segment without the customer; return its entry for the manifest."""
    base, _, revision = part["name"].partition(".")
    name = f"{base}.{int(revision or 0) + 1}"
    folder = events_dir / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(segment.folder, folder, ignore=shutil.ignore_patterns(*_WITH_CUSTOMERS))
    keys = np.array(segment.keys)
    for (number, index), key in moves.items():
        if number == n:
            keys[index] = key
    facts = dict(part)
    if n in places:
        removed = _remove_customer(segment, places[n], keys, folder)
        was_known = any(earlier < n for earlier in places)
        facts |= {
            "events": part["events"] - removed,
            "customers": part["customers"] - 1,
            "known": part["known"] - was_known,
        }
    else:
        for file in _WITH_CUSTOMERS[1:]:
            shutil.copyfile(segment.folder / file, folder / file)
        np.save(folder / "keys.npy", keys, allow_pickle=False)
    return facts | {"name": name} | segment_hashes(folder, part["sources"])


def _remove_customer(segment: Segment, place: int, keys: Any, folder: Path) -> int:
    """Write the customer files without the customer at index `place`; return the events removed."""
    rows = segment.rows_at(place)
    np.save(folder / "keys.npy", np.delete(keys, place), allow_pickle=False)
    for index, starts, data in (
        ("starts", segment.starts, "events.bin"),
        ("id_starts", segment.id_starts, "ids.bin"),
    ):
        first, last = int(starts[place]), int(starts[place + 1])
        later_starts = starts[place + 2 :] - np.uint64(last - first)
        np.save(
            folder / f"{index}.npy",
            np.concatenate([starts[: place + 1], later_starts]),
            allow_pickle=False,
        )
        size = rows.dtype.itemsize if data == "events.bin" else 1
        _copy_around(segment.folder / data, folder / data, first * size, last * size)
    buys = np.load(folder / "item_buys.npy", allow_pickle=False)
    bought = np.bincount(rows["item"][rows["kind"] == EventKind.PURCHASE], minlength=len(buys))
    np.save(folder / "item_buys.npy", buys - bought, allow_pickle=False)
    return len(rows)


def _copy_around(source: Path, target: Path, start: int, stop: int) -> None:
    """Copy a file without the bytes [start, stop)."""
    with source.open("rb") as old, target.open("wb") as new:
        remaining = start
        while remaining:
            remaining -= new.write(old.read(min(remaining, COPY_CHUNK)))
        old.seek(stop)
        shutil.copyfileobj(old, new, COPY_CHUNK)
        new.flush()
        os.fsync(new.fileno())


def _updated_manifest(
    manifest: Mapping[str, Any], parts: list[Any], events: int, was_present: bool, tombstone: str
) -> dict[str, Any]:
    erased = sorted({*manifest.get("erased", ()), tombstone})
    return dict(manifest) | {
        "customers": manifest["customers"] - was_present,
        "events": manifest["events"] - events,
        "segments": parts,
        "erased": erased,
    }
