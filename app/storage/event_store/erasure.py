"""Taking one customer out of every segment of the event store."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from app.storage.event_store.segment import (
    KEYS,
    Segment,
    key_of,
    places_of,
    read_manifest,
    write_manifest,
)
from app.storage.event_store.transaction import locked, seal
from recsys.dataset.events import Kind
from recsys.errors import WorkspaceError

_WITH_CUSTOMERS = ("keys.npy", "starts.npy", "id_starts.npy", "ids.bin", "events.bin")
CHUNK = 1 << 24  # bytes copied at a time


def erase(workspace: Path, customer_id: str, tombstone: str) -> int:
    """Take a customer out, as the store calls her, and leave a tombstone in the manifest.

    Every segment she is in is written anew under another name, and the old one goes. Returns how
    many events went. Raises WorkspaceError without a store.
    """
    with locked(workspace) as home:
        manifest = read_manifest(workspace)
        if manifest is None:
            raise WorkspaceError(f"There are no events in {workspace} yet: nobody is in them.")
        segments = [Segment.open(home / part["name"]) for part in manifest["segments"]]
        places = dict(_places(segments, customer_id))
        moves = _moves(segments, places)
        parts = list(manifest["segments"])
        for n in sorted({*places, *(at for at, _ in moves)}):
            parts[n] = _rewritten(home, segments[n], parts[n], places, n, moves)
        gone: int = sum(old["events"] - new["events"] for old, new in _pairs(manifest, parts))
        write_manifest(workspace, _without(manifest, parts, gone, bool(places), tombstone))
    return gone


def _pairs(manifest: Mapping[str, Any], parts: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip(manifest["segments"], parts, strict=True))


def _places(segments: list[Segment], customer_id: str) -> list[tuple[int, int]]:
    """Return (number of the segment, her place in it)."""
    found = places_of(segments, customer_id, key_of(customer_id))
    return [(next(n for n, s in enumerate(segments) if s is segment), at) for segment, at in found]


def _moves(segments: list[Segment], places: Mapping[int, int]) -> dict[tuple[int, int], int]:
    """Return (segment, place) -> key, for whoever had to stand behind the key that becomes free.

    Nobody is looked for beyond a free key (Knuth, The Art of Computer Programming 6.4,
    algorithm R: deletion with linear probing).
    """
    moves: dict[tuple[int, int], int] = {}
    if not places:
        return moves
    hole = next(int(segments[n].keys[at]) for n, at in places.items())
    key = (hole + 1) % KEYS
    while found := [(n, at) for n, s in enumerate(segments) if (at := s.place(key)) is not None]:
        number, place = found[0]
        if key_of(segments[number].id_at(place)) <= hole:
            moves |= dict.fromkeys(found, hole)
            hole = key
        key = (key + 1) % KEYS
    return moves


def _rewritten(
    home: Path,
    segment: Segment,
    part: Mapping[str, Any],
    places: Mapping[int, int],
    n: int,
    moves: Mapping[tuple[int, int], int],
) -> dict[str, Any]:
    """Write a segment anew without her; return its line of the manifest."""
    base, _, times = part["name"].partition(".")
    name = f"{base}.{int(times or 0) + 1}"
    folder = home / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(segment.folder, folder, ignore=shutil.ignore_patterns(*_WITH_CUSTOMERS))
    keys = np.array(segment.keys)
    for (number, at), key in moves.items():
        if number == n:
            keys[at] = key
    facts = dict(part)
    if n in places:
        events = _take_out(segment, places[n], keys, folder)
        known = any(earlier < n for earlier in places)
        facts |= {
            "events": part["events"] - events,
            "customers": part["customers"] - 1,
            "known": part["known"] - known,
        }
    else:
        for file in _WITH_CUSTOMERS[1:]:
            shutil.copyfile(segment.folder / file, folder / file)
        np.save(folder / "keys.npy", keys, allow_pickle=False)
    return facts | {"name": name} | seal(folder, part["sources"])


def _take_out(segment: Segment, at: int, keys: Any, folder: Path) -> int:
    """Write the files that name customers without the one at this place; count her events."""
    rows = segment.rows_at(at)
    np.save(folder / "keys.npy", np.delete(keys, at), allow_pickle=False)
    for index, starts, data in (
        ("starts", segment.starts, "events.bin"),
        ("id_starts", segment.id_starts, "ids.bin"),
    ):
        first, last = int(starts[at]), int(starts[at + 1])
        after = starts[at + 2 :] - np.uint64(last - first)
        np.save(
            folder / f"{index}.npy", np.concatenate([starts[: at + 1], after]), allow_pickle=False
        )
        size = rows.dtype.itemsize if data == "events.bin" else 1
        _copy_around(segment.folder / data, folder / data, first * size, last * size)
    buys = np.load(folder / "item_buys.npy", allow_pickle=False)
    bought = np.bincount(rows["item"][rows["kind"] == Kind.PURCHASE], minlength=len(buys))
    np.save(folder / "item_buys.npy", buys - bought, allow_pickle=False)
    return len(rows)


def _copy_around(source: Path, target: Path, start: int, stop: int) -> None:
    """Copy a file but for the bytes from start to stop."""
    with source.open("rb") as old, target.open("wb") as new:
        left = start
        while left:
            left -= new.write(old.read(min(left, CHUNK)))
        old.seek(stop)
        shutil.copyfileobj(old, new, CHUNK)
        new.flush()
        os.fsync(new.fileno())


def _without(
    manifest: Mapping[str, Any], parts: list[Any], events: int, was_there: bool, tombstone: str
) -> dict[str, Any]:
    erased = sorted({*manifest.get("erased", ()), tombstone})
    return dict(manifest) | {
        "customers": manifest["customers"] - was_there,
        "events": manifest["events"] - events,
        "segments": parts,
        "erased": erased,
    }
