"""Where an import works: alone, aside, swept up afterwards, its accidents said in words."""

import errno
import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from app.segments import read_manifest
from app.staging import literal
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
    home.mkdir(parents=True, exist_ok=True)
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


def _sentence(error: Exception, workspace: Path) -> BrandswipeError | None:
    if getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error):
        return WorkspaceError(
            f"The disk of {workspace} is full; the store is as it was. Free some room and run "
            f"the import again."
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return WorkspaceError("The import needs more memory or disk; import fewer files at a time.")
    if isinstance(error, (duckdb.DataError, duckdb.IOException, duckdb.InvalidInputException)):
        return BadEventsError("A file is damaged in the middle; export it again.")
    return None
