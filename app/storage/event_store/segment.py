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

from recsys.dataset.events import EVENT_DTYPE, EventRows
from recsys.errors import IntegrityError, WorkspaceError

MANIFEST_FORMAT = 1
KEY_SQL = "md5_number_lower({}) >> 1"
KEY_SPACE = 1 << 63
_REPAIR_HINT = "restore a backup, or run brandswipe ingest with --replace"

CustomerKeys = NDArray[np.uint64]


def customer_key(customer_id: str) -> int:
    """Return the key a customer wants, of 63 bits; KEY_SQL is the same for DuckDB."""
    digest = hashlib.md5(customer_id.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "little") >> 1


@dataclass(frozen=True)
class Segment:
    """One import, never changed: rows by customer key and time, an index over the keys."""

    folder: Path
    keys: CustomerKeys  # (customers,) ascending, memory-mapped
    starts: CustomerKeys  # (customers + 1,) first row of each customer
    id_starts: CustomerKeys  # (customers + 1,) first byte of each id
    ids: NDArray[np.uint8]
    rows: EventRows

    @classmethod
    def open(cls, folder: Path) -> "Segment":
        """Map a segment's files; nothing is read yet. IntegrityError where they do not fit."""
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
        """Return the place of a key, or None."""
        index = int(np.searchsorted(self.keys, np.uint64(key)))
        return index if index < len(self.keys) and int(self.keys[index]) == key else None

    def id_at(self, index: int) -> str:
        """Return a customer's id."""
        start, stop = self.id_starts[index : index + 2]
        return self.ids[int(start) : int(stop)].tobytes().decode()

    def ids_between(self, first: int, last: int) -> pa.Array:
        """Return the ids of the customers in places [first, last)."""
        starts = self.id_starts[first : last + 1].astype(np.int64)
        id_bytes = self.ids[int(starts[0]) : int(starts[-1])].tobytes()
        offsets = pa.py_buffer((starts - starts[0]).tobytes())
        return pa.LargeStringArray.from_buffers(last - first, offsets, pa.py_buffer(id_bytes))

    def rows_at(self, index: int) -> EventRows:
        """Return a copy of a customer's rows, by time."""
        start, stop = self.starts[index : index + 2]
        return np.array(self.rows[int(start) : int(stop)])

    def read_rows(self, first: int, last: int) -> tuple[NDArray[np.int64], EventRows]:
        """Return the rows of the customers in places [first, last) and each row's place.

        The file is read and not mapped, so that a sweep leaves no pages in this process.
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
    """Map a file; one without a byte, whose last customer was taken out, cannot be mapped."""
    return np.memmap(file, dtype, mode="r") if file.stat().st_size else np.zeros(0, dtype)


def _damaged_error(folder: Path) -> IntegrityError:
    return IntegrityError(
        f"The event store misses a part or holds a damaged one ({folder.name}); {_REPAIR_HINT}."
    )


def locate_customer(
    segments: list[Segment], customer_id: str, key: int
) -> list[tuple[Segment, int]]:
    """Return where a customer is; one whose key was taken by another stands on the next free."""
    while True:
        matches = [(s, index) for s in segments if (index := s.index_of(key)) is not None]
        if not matches or matches[0][0].id_at(matches[0][1]) == customer_id:
            return matches
        key = (key + 1) % KEY_SPACE


def read_manifest(workspace: Path) -> dict[str, Any] | None:
    """Return the manifest of a workspace's store, or None where there is no store."""
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
    """Put a new manifest in place of the old one, in one step."""
    file = workspace / "events" / "manifest.json"
    temp_path = file.with_suffix(".new")
    with temp_path.open("w", encoding="utf-8") as out:
        json.dump(manifest, out, indent=1, ensure_ascii=False)
        out.flush()
        os.fsync(out.fileno())
    temp_path.rename(file)


def file_hash(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()
