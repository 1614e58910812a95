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

from app.storage.event_store.duckdb_sql import literal
from app.storage.event_store.segment import FORMAT, hash_of, read_manifest, write_manifest
from recsys.errors import BadEventsError, BrandswipeError, WorkspaceError


@contextmanager
def engine(scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("SET TimeZone='UTC'; SET threads=2; SET memory_limit='3GB'")
        con.execute("SET preserve_insertion_order=false; SET enable_progress_bar=false")
        con.execute(f"SET temp_directory={literal(str(scratch / 'spill'))}")
        yield con


@contextmanager
def locked(workspace: Path) -> Iterator[Path]:
    """Hold the store against a second import; sweep up what a crash left."""
    home = workspace / "events"
    workspace.mkdir(mode=0o700, parents=True, exist_ok=True)  # what people bought lies in it
    home.mkdir(exist_ok=True)
    with (home / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise WorkspaceError(
                f"Another import into {workspace} is running; wait for it to end."
            ) from error
        try:
            _sweep(workspace)
            yield home
        finally:
            _sweep(workspace)


def _sweep(workspace: Path) -> None:
    """Remove what no manifest lists; a store we cannot read loses nothing."""
    try:
        manifest = read_manifest(workspace) or {"segments": []}
    except BrandswipeError:
        return
    listed = {part["name"] for part in manifest["segments"]}
    for folder in (workspace / "events").iterdir():
        if folder.is_dir() and folder.name not in listed:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def room(workspace: Path) -> Iterator[None]:
    """Turn a full disk, too little memory and unreadable data into sentences."""
    try:
        yield
    except (OSError, duckdb.Error) as error:
        sentence = _sentence(error, workspace)
        if sentence is None:
            raise
        raise sentence from error


_FULL = ("No space left", "Not enough free space", "requested and")
"""How DuckDB and NumPy, which keep the number of the error to themselves, say a disk is full."""


def _sentence(error: Exception, workspace: Path) -> BrandswipeError | None:
    if getattr(error, "errno", None) == errno.ENOSPC or any(sign in str(error) for sign in _FULL):
        return WorkspaceError(
            f"The disk of {workspace} is full; the store is as it was. Free some room and run "
            f"the import again."
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return WorkspaceError("The import needs more memory or disk; import fewer files at a time.")
    if isinstance(error, (duckdb.DataError, duckdb.IOException, duckdb.InvalidInputException)):
        return BadEventsError("A file is damaged in the middle; export it again.")
    return None


def unseen(files: Sequence[Path], old: Mapping[str, Any] | None) -> list[str]:
    """Return the hashes of event files; BadEventsError where one is in the store or there twice."""
    known = {source for part in (old or {"segments": []})["segments"] for source in part["sources"]}
    hashes = [hash_of(file) for file in files]
    for n, (file, digest) in enumerate(zip(files, hashes, strict=True)):
        if digest in known or digest in hashes[:n]:
            raise BadEventsError(
                f"What {file.name} holds is in the store already; leave it out, "
                f"or start anew with --replace."
            )
    return hashes


def commit(
    workspace: Path,
    segment: Path,
    old: Mapping[str, Any] | None,
    facts: Mapping[str, Any],
    customers: Mapping[str, Any],
) -> str:
    """Give a written segment its name and put the manifest that lists it in place.

    `customers` says how ids are kept and who was taken out; a store that is begun anew knows it.
    """
    sealed = seal(segment, facts["sources"])
    before = old or {**_NOTHING, "lineage": sealed["hash"][:16]}
    name = f"{before['lineage']}-{len(before['segments']) + 1:04d}"
    home = workspace / "events"
    if (home / name).exists():  # --replace with the files that are there, perhaps to mend them
        (home / name).rename(segment.parent / "former")
    segment.rename(home / name)
    manifest = {
        "format": FORMAT,
        "lineage": before["lineage"],
        "customers": before["customers"] + facts["customers"] - facts["known"],
        "events": before["events"] + facts["events"],
        "as_of": max(before["as_of"], facts["as_of"]),
        "segments": [*before["segments"], {"name": name, **sealed, **facts}],
        **customers,
    }
    write_manifest(workspace, manifest)
    return name


def seal(segment: Path, sources: Sequence[str]) -> dict[str, Any]:
    """Return the hashes of a written segment, and the one of them all."""
    files = {file.name: hash_of(file) for file in sorted(segment.iterdir())}
    digest = sha256(json.dumps([files, sources]).encode()).hexdigest()
    return {"hash": digest, "files": files}


_NOTHING: Mapping[str, Any] = {"segments": [], "customers": 0, "events": 0, "as_of": 0}


def copy_shop(shop: Path, to: Path) -> None:
    """Copy what only the generator of a planted shop knows."""
    to.mkdir()
    for name in ("truth.parquet", "brands.csv", "shop.json"):
        if (shop / name).is_file():
            shutil.copyfile(shop / name, to / name)
