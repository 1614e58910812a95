"""Import transaction: exclusive lock, clean-up, atomic commit, and readable error messages."""

import errno
import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb

from app.storage.event_store.duckdb_sql import sql_literal
from app.storage.event_store.segment import (
    MANIFEST_FORMAT,
    file_hash,
    read_manifest,
    write_manifest,
)
from recsys.errors import BadEventsError, BrandswipeError, WorkspaceError


@contextmanager
def duckdb_engine(scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("SET TimeZone='UTC'; SET threads=2; SET memory_limit='3GB'")
        con.execute("SET preserve_insertion_order=false; SET enable_progress_bar=false")
        con.execute(f"SET temp_directory={sql_literal(str(scratch / 'spill'))}")
        yield con


@contextmanager
def exclusive_store(workspace: Path) -> Iterator[Path]:
    """Lock the store against a second import; yield its folder. Remove leftovers of a crash.

    Raises WorkspaceError if another import holds the lock.
    """
    events_dir = workspace / "events"
    workspace.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds purchase histories
    events_dir.mkdir(exist_ok=True)
    with (events_dir / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise WorkspaceError(
                f"Another import into {workspace} is running; wait for it to end."
            ) from error
        try:
            _remove_unlisted(workspace)
            yield events_dir
        finally:
            _remove_unlisted(workspace)


def _remove_unlisted(workspace: Path) -> None:
    """Remove folders that the manifest does not list. If it is unreadable, remove nothing."""
    try:
        manifest = read_manifest(workspace) or {"segments": []}
    except BrandswipeError:
        return
    known_names = {part["name"] for part in manifest["segments"]}
    for folder in (workspace / "events").iterdir():
        if folder.is_dir() and folder.name not in known_names:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def explain_failures(workspace: Path) -> Iterator[None]:
    """Translate a full disk, too little memory and unreadable data into errors of ours.

    Raises WorkspaceError for disk and memory, BadEventsError for unreadable data.
    """
    try:
        yield
    except (OSError, duckdb.Error) as error:
        explained = _explain(error, workspace)
        if explained is None:
            raise
        raise explained from error


_DISK_FULL_SIGNS = ("No space left", "Not enough free space", "requested and")
"""Parts of the messages of DuckDB and NumPy for a full disk; their errors carry no errno."""


def _explain(error: Exception, workspace: Path) -> BrandswipeError | None:
    if getattr(error, "errno", None) == errno.ENOSPC or any(
        sign in str(error) for sign in _DISK_FULL_SIGNS
    ):
        return WorkspaceError(
            f"The disk of {workspace} is full; the store is as it was. Free some room and run "
            f"the import again."
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return WorkspaceError("The import needs more memory or disk; import fewer files at a time.")
    if isinstance(error, (duckdb.DataError, duckdb.IOException, duckdb.InvalidInputException)):
        return BadEventsError("A file is damaged in the middle; export it again.")
    return None


def hash_new_files(files: Sequence[Path], old: Mapping[str, Any] | None) -> list[str]:
    """Return the SHA-256 of each event file.

    Raises BadEventsError if a file is already in the store or is given twice.
    """
    known_hashes = {
        source for part in (old or {"segments": []})["segments"] for source in part["sources"]
    }
    hashes = [file_hash(file) for file in files]
    for n, (file, digest) in enumerate(zip(files, hashes, strict=True)):
        if digest in known_hashes or digest in hashes[:n]:
            raise BadEventsError(
                f"What {file.name} holds is in the store already; leave it out, "
                f"or start anew with --replace."
            )
    return hashes


def commit_segment(
    workspace: Path,
    segment: Path,
    old: Mapping[str, Any] | None,
    facts: Mapping[str, Any],
    customers: Mapping[str, Any],
) -> str:
    """Move a written segment into the store, write the manifest that lists it, return its name.

    `customers` has the manifest's entries about ids: their storage and the tombstones. A store that
    is started anew keeps them.
    """
    hashes = segment_hashes(segment, facts["sources"])
    previous = old or {**_EMPTY_MANIFEST, "lineage": hashes["hash"][:16]}
    name = f"{previous['lineage']}-{len(previous['segments']) + 1:04d}"
    events_dir = workspace / "events"
    if (events_dir / name).exists():  # --replace with the same files, perhaps to repair them
        (events_dir / name).rename(segment.parent / "former")
    segment.rename(events_dir / name)
    manifest = {
        "format": MANIFEST_FORMAT,
        "lineage": previous["lineage"],
        "customers": previous["customers"] + facts["customers"] - facts["known"],
        "events": previous["events"] + facts["events"],
        "as_of": max(previous["as_of"], facts["as_of"]),
        "segments": [*previous["segments"], {"name": name, **hashes, **facts}],
        **customers,
    }
    write_manifest(workspace, manifest)
    return name


def segment_hashes(segment: Path, sources: Sequence[str]) -> dict[str, Any]:
    """Return `files` (name -> SHA-256) and `hash` (SHA-256 of these and of the sources)."""
    files = {file.name: file_hash(file) for file in sorted(segment.iterdir())}
    digest = sha256(json.dumps([files, sources]).encode()).hexdigest()
    return {"hash": digest, "files": files}


_EMPTY_MANIFEST: Mapping[str, Any] = {"segments": [], "customers": 0, "events": 0, "as_of": 0}


def copy_planted_shop(shop: Path, target: Path) -> None:
    """Copy the ground truth of a planted shop, which only its generator knows."""
    target.mkdir()
    for name in ("truth.parquet", "brands.csv", "shop.json"):
        if (shop / name).is_file():
            shutil.copyfile(shop / name, target / name)
