"""A segment of the event store (one import, immutable), and the manifest that lists segments."""

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

from recsys.dataset.events import EVENT_DTYPE, EventRows
from recsys.errors import IntegrityError, WorkspaceError

MANIFEST_FORMAT = 1
KEY_SQL = "md5_number_lower({}) >> 1"
KEY_SPACE = 1 << 63
_REPAIR_HINT = "restore a backup, or run brandswipe data ingest with --replace"

CustomerKeys = NDArray[np.uint64]


def customer_key(customer_id: str) -> int:
    """Return the preferred key of a customer, 63 bits of MD5. KEY_SQL is the same in DuckDB."""
    digest = hashlib.md5(customer_id.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "little") >> 1


@dataclass(frozen=True)
class Segment:
    """One immutable import: rows ordered by customer key and time, with an index over the keys."""

    folder: Path
    keys: CustomerKeys  # (n_customers,) ascending, memory-mapped
    starts: CustomerKeys  # (n_customers + 1,) first row of each customer, then n_events
    id_starts: CustomerKeys  # (n_customers + 1,) first byte of each id in `ids`, then n_bytes
    ids: NDArray[np.uint8]  # (n_bytes,) UTF-8 text of all ids
    rows: EventRows  # (n_events,)

    @classmethod
    def open(cls, folder: Path) -> "Segment":
        """Memory-map a segment. Raises IntegrityError if its files are missing or inconsistent."""
        try:
            segment = cls._map_files(folder)
            expected = int(segment.starts[-1]), int(segment.id_starts[-1])
            is_complete = (len(segment.rows), len(segment.ids)) == expected
        except (OSError, ValueError, EOFError, IndexError) as error:
            raise _damaged_error(folder) from error
        if not is_complete:
            raise _damaged_error(folder)
        return segment

    @classmethod
    def _map_files(cls, folder: Path) -> "Segment":
        return cls(
            folder,
            np.load(folder / "keys.npy", mmap_mode="r"),
            np.load(folder / "starts.npy", mmap_mode="r"),
            np.load(folder / "id_starts.npy", mmap_mode="r"),
            _map_file(folder / "ids.bin", np.uint8),
            _map_file(folder / "events.bin", EVENT_DTYPE),
        )

    def index_of(self, key: int) -> int | None:
        """Return the index of a key, or None."""
        index = int(np.searchsorted(self.keys, np.uint64(key)))
        return index if index < len(self.keys) and int(self.keys[index]) == key else None

    def id_at(self, index: int) -> str:
        """Return the id of the customer at `index`."""
        start, stop = self.id_starts[index : index + 2]
        return self.ids[int(start) : int(stop)].tobytes().decode()

    def ids_between(self, first: int, last: int) -> pa.Array:
        """Return the ids of the customers with indices [first, last)."""
        starts = self.id_starts[first : last + 1].astype(np.int64)
        id_bytes = self.ids[int(starts[0]) : int(starts[-1])].tobytes()
        offsets = pa.py_buffer((starts - starts[0]).tobytes())
        return pa.LargeStringArray.from_buffers(last - first, offsets, pa.py_buffer(id_bytes))

    def rows_at(self, index: int) -> EventRows:
        """Return a copy of the rows of the customer at `index`, by time."""
        start, stop = self.starts[index : index + 2]
        return np.array(self.rows[int(start) : int(stop)])

    def read_rows(self, first: int, last: int) -> tuple[NDArray[np.int64], EventRows]:
        """Return (customer index of each row, rows) for the customer indices [first, last).

        The file is read, not mapped, so that a full scan leaves no pages in this process.
        Raises WorkspaceError if an import has replaced the events meanwhile.
        """
        start, stop = int(self.starts[first]), int(self.starts[last])
        counts = np.diff(self.starts[first : last + 1]).astype(np.int64)
        file, offset = self.folder / "events.bin", start * EVENT_DTYPE.itemsize
        try:
            rows = np.fromfile(file, EVENT_DTYPE, count=stop - start, offset=offset)
        except FileNotFoundError as error:
            raise WorkspaceError("The events were replaced meanwhile; start again.") from error
        return np.repeat(np.arange(first, last, dtype=np.int64), counts), rows


def _map_file(file: Path, dtype: Any) -> NDArray[Any]:
    """Memory-map a file. An empty file (all customers erased) cannot be mapped."""
    return np.memmap(file, dtype, mode="r") if file.stat().st_size else np.zeros(0, dtype)


def _damaged_error(folder: Path) -> IntegrityError:
    return IntegrityError(
        f"The event store has a missing or damaged segment ({folder.name}); {_REPAIR_HINT}."
    )


def locate_customer(
    segments: list[Segment], customer_id: str, key: int
) -> list[tuple[Segment, int]]:
    """Return (segment, index) of a customer in each segment that has the customer.

    `key` is the preferred key. If it belonged to another customer, the next free key was taken.
    """
    while True:
        matches = [(s, index) for s in segments if (index := s.index_of(key)) is not None]
        if not matches or matches[0][0].id_at(matches[0][1]) == customer_id:
            return matches
        key = (key + 1) % KEY_SPACE


def read_manifest(workspace: Path) -> dict[str, Any] | None:
    """Return the manifest of a workspace's store, or None without a store.

    Raises IntegrityError if it is damaged, WorkspaceError if a newer version wrote it.
    """
    file = workspace / "events" / "manifest.json"
    if not file.is_file():
        return None
    try:
        manifest: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        format_version = int(manifest["format"])
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"The list of the store's segments (events/manifest.json) is damaged; {_REPAIR_HINT}."
        ) from error
    if format_version > MANIFEST_FORMAT:
        raise WorkspaceError("This workspace was written by a newer Brandswipe; upgrade.")
    return manifest


def write_manifest(workspace: Path, manifest: Mapping[str, Any]) -> None:
    """Replace the manifest atomically."""
    file = workspace / "events" / "manifest.json"
    temp_path = file.with_suffix(".new")
    with temp_path.open("w", encoding="utf-8") as out:
        json.dump(manifest, out, indent=1, ensure_ascii=False)
        out.flush()
        os.fsync(out.fileno())
    temp_path.rename(file)


def file_hash(file: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with file.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()
