"""A segment of the event store: one import, never changed, and the manifest that lists them."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recsys.dataset.events import ROW, Rows
from recsys.errors import IntegrityError, WorkspaceError

FORMAT = 1
KEY_SQL = "md5_number_lower({}) >> 1"
KEYS = 1 << 63
_AGAIN = "restore a backup, or run brandswipe ingest with --replace"

Keys = NDArray[np.uint64]


def key_of(customer_id: str) -> int:
    """Return the key a customer wants, of 63 bits; KEY_SQL is the same for DuckDB."""
    digest = hashlib.md5(customer_id.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "little") >> 1


@dataclass(frozen=True)
class Segment:
    """One import, never changed: rows by customer key and time, an index over the keys."""

    folder: Path
    keys: Keys  # (customers,) ascending, memory-mapped
    starts: Keys  # (customers + 1,) first row of each customer
    id_starts: Keys  # (customers + 1,) first byte of each id
    ids: NDArray[np.uint8]
    rows: Rows

    @classmethod
    def open(cls, folder: Path) -> "Segment":
        """Map a segment's files; nothing is read yet. IntegrityError where they do not fit."""
        try:
            segment = cls._mapped(folder)
            ends = int(segment.starts[-1]), int(segment.id_starts[-1])
            whole = (len(segment.rows), len(segment.ids)) == ends
        except (OSError, ValueError, EOFError, IndexError) as error:
            raise _damaged(folder) from error
        if not whole:
            raise _damaged(folder)
        return segment

    @classmethod
    def _mapped(cls, folder: Path) -> "Segment":
        return cls(
            folder,
            np.load(folder / "keys.npy", mmap_mode="r"),
            np.load(folder / "starts.npy", mmap_mode="r"),
            np.load(folder / "id_starts.npy", mmap_mode="r"),
            _map(folder / "ids.bin", np.uint8),
            _map(folder / "events.bin", ROW),
        )

    def place(self, key: int) -> int | None:
        """Return the place of a key, or None."""
        at = int(np.searchsorted(self.keys, np.uint64(key)))
        return at if at < len(self.keys) and int(self.keys[at]) == key else None

    def id_at(self, place: int) -> str:
        """Return a customer's id."""
        start, stop = self.id_starts[place : place + 2]
        return self.ids[int(start) : int(stop)].tobytes().decode()

    def ids_between(self, first: int, last: int) -> pa.Array:
        """Return the ids of the customers in places [first, last)."""
        starts = self.id_starts[first : last + 1].astype(np.int64)
        letters = self.ids[int(starts[0]) : int(starts[-1])].tobytes()
        offsets = pa.py_buffer((starts - starts[0]).tobytes())
        return pa.LargeStringArray.from_buffers(last - first, offsets, pa.py_buffer(letters))

    def rows_at(self, place: int) -> Rows:
        """Return a copy of a customer's rows, by time."""
        start, stop = self.starts[place : place + 2]
        return np.array(self.rows[int(start) : int(stop)])

    def sweep(self, first: int, last: int) -> tuple[NDArray[np.int64], Rows]:
        """Return the rows of the customers in places [first, last) and each row's place.

        The file is read and not mapped, so that a sweep leaves no pages in this process.
        """
        start, stop = int(self.starts[first]), int(self.starts[last])
        counts = np.diff(self.starts[first : last + 1]).astype(np.int64)
        file, offset = self.folder / "events.bin", start * ROW.itemsize
        try:
            rows = np.fromfile(file, ROW, count=stop - start, offset=offset)
        except FileNotFoundError as error:
            raise WorkspaceError("The events were replaced meanwhile; start again.") from error
        return np.repeat(np.arange(first, last, dtype=np.int64), counts), rows


def _map(file: Path, kind: Any) -> NDArray[Any]:
    """Map a file; one without a byte, whose last customer was taken out, cannot be mapped."""
    return np.memmap(file, kind, mode="r") if file.stat().st_size else np.zeros(0, kind)


def _damaged(folder: Path) -> IntegrityError:
    return IntegrityError(
        f"The event store misses a part or holds a damaged one ({folder.name}); {_AGAIN}."
    )


def places_of(segments: list[Segment], customer_id: str, key: int) -> list[tuple[Segment, int]]:
    """Return where a customer is; one whose key was taken by another stands on the next free."""
    while True:
        found = [(s, at) for s in segments if (at := s.place(key)) is not None]
        if not found or found[0][0].id_at(found[0][1]) == customer_id:
            return found
        key = (key + 1) % KEYS


def read_manifest(workspace: Path) -> dict[str, Any] | None:
    """Return the manifest of a workspace's store, or None where there is no store."""
    file = workspace / "events" / "manifest.json"
    if not file.is_file():
        return None
    try:
        manifest: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        written = int(manifest["format"])
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"The list of the store's segments (events/manifest.json) is damaged; {_AGAIN}."
        ) from error
    if written > FORMAT:
        raise WorkspaceError("This workspace was written by a newer Brandswipe; upgrade.")
    return manifest


def write_manifest(workspace: Path, manifest: Mapping[str, Any]) -> None:
    """Put a new manifest in place of the old one, in one step."""
    file = workspace / "events" / "manifest.json"
    aside = file.with_suffix(".new")
    with aside.open("w", encoding="utf-8") as out:
        json.dump(manifest, out, indent=1, ensure_ascii=False)
        out.flush()
        os.fsync(out.fileno())
    aside.rename(file)


def hash_of(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()
