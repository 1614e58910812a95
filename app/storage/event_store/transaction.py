"""Where an import works: alone, aside, swept up afterwards, its accidents said in words."""

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
    """Hold the store against a second import; sweep up what a crash left."""
    events_dir = workspace / "events"
    workspace.mkdir(mode=0o700, parents=True, exist_ok=True)  # what people bought lies in it
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
    """Remove what no manifest lists; a store we cannot read loses nothing."""
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
    """Turn a full disk, too little memory and unreadable data into sentences."""
    try:
        yield
    except (OSError, duckdb.Error) as error:
        explained = _explain(error, workspace)
        if explained is None:
            raise
        raise explained from error


_DISK_FULL_SIGNS = ("No space left", "Not enough free space", "requested and")
"""How DuckDB and NumPy, which keep the number of the error to themselves, say a disk is full."""


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
    """Return the hashes of event files; BadEventsError where one is in the store or there twice."""
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
    """Give a written segment its name and put the manifest that lists it in place.

    `customers` says how ids are kept and who was taken out; a store that is begun anew knows it.
    """
    hashes = segment_hashes(segment, facts["sources"])
    previous = old or {**_EMPTY_MANIFEST, "lineage": hashes["hash"][:16]}
    name = f"{previous['lineage']}-{len(previous['segments']) + 1:04d}"
    events_dir = workspace / "events"
    if (
        events_dir / name
    ).exists():  # --replace with the files that are there, perhaps to mend them
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
    """Return the hashes of a written segment, and the one of them all."""
    files = {file.name: file_hash(file) for file in sorted(segment.iterdir())}
    digest = sha256(json.dumps([files, sources]).encode()).hexdigest()
    return {"hash": digest, "files": files}


_EMPTY_MANIFEST: Mapping[str, Any] = {"segments": [], "customers": 0, "events": 0, "as_of": 0}


def copy_planted_shop(shop: Path, target: Path) -> None:
    """Copy what only the generator of a planted shop knows."""
    target.mkdir()
    for name in ("truth.parquet", "brands.csv", "shop.json"):
        if (shop / name).is_file():
            shutil.copyfile(shop / name, target / name)
