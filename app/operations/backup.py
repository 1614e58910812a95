"""Backing up a workspace while people play, and putting a backup in its place."""

import hmac
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from secrets import token_hex

from app.operations import archive
from app.operations.archive import Contents, Writer
from app.storage.study_db.database import damage
from app.storage.study_db.store import Store, what_differs
from app.workspace.keys import Keys
from app.workspace.lock import LOCK, Place
from recsys.errors import BadPolicyError, IntegrityError, WorkspaceError

KEYS = "secrets"  # are kept apart from every backup
EVENTS = "events"  # the shop's log, which the shop still has
ASIDE = "before-restore-"
_BESIDE = ("-wal", "-shm", "-journal")  # of a database: what they hold is in its copy


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    contents: Contents
    set_aside: Path | None  # the folder that now holds what was there before
    same_keys: bool  # the pseudonyms in it are those that the keys here make
    differs: tuple[str, ...]  # what was not as it was written before it was backed up


def fingerprint(keys: Keys) -> str:
    """Return a digest of the keys that last as long as a store does; it betrays none."""
    lasting = (keys.pseudonym, keys.link, keys.customer)
    said = (hmac.new(key, b"brandswipe.backup", sha256).digest() for key in lasting)
    return sha256(b"".join(said)).hexdigest()[:16]


def back_up(
    workspace: Path, to: Path, keys: Keys, now_ms: int, events: bool = True
) -> tuple[Path, Contents]:
    """Write a backup to a file, or to a new file in a folder; then read it again and compare.

    The server may go on: databases are copied by SQLite's online backup, and all else is written
    once. Raises IntegrityError for a damaged store, which would only replace a good backup.
    """
    path = _named(workspace, to, now_ms)
    with archive.writing(path) as writer:
        _fill(writer, workspace, path.parent, events)
        said = writer.close(now_ms, version("brandswipe"), fingerprint(keys))
    if archive.read(path) != said:
        raise IntegrityError(f"{path} does not hold what was written: do not trust its disk.")
    return path, said


def _named(workspace: Path, to: Path, now_ms: int) -> Path:
    day = datetime.fromtimestamp(now_ms / 1000, UTC)
    path = to / f"brandswipe-{day:%Y%m%d-%H%M%S}.tar" if to.is_dir() else to
    if not path.parent.is_dir():
        raise WorkspaceError(f"There is no folder {path.parent}: make it, or name another file.")
    if path.resolve().is_relative_to(workspace.resolve()):
        raise WorkspaceError(
            f"{path} lies in the workspace and would be lost with it: name a place elsewhere."
        )
    return path


def _fill(writer: Writer, workspace: Path, room: Path, events: bool) -> None:
    left_out = {KEYS} if events else {KEYS, EVENTS}
    for path in _files(workspace, left_out):
        name = path.relative_to(workspace).as_posix()
        try:
            if path.suffix == ".db":
                with _copy_of(path, room) as copy:
                    writer.add(name, copy)
            else:
                writer.add(name, path)
        except FileNotFoundError:
            raise WorkspaceError(
                f"{path} went away while it was copied: let the import end, then try again."
            ) from None


def _files(folder: Path, left_out: set[str]) -> Iterator[Path]:
    """All files, those of a folder before its folders: what is named is copied after its name.

    So chain.head may lag behind study.db, as it may at any time, and every model that a study, an
    alias or a manifest names is there.
    """
    for path in sorted(folder.iterdir()):
        if path.is_file() and not _passes_by(path):
            yield path
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name not in left_out and not _passes_by(path):
            yield from _files(path, set())


def _passes_by(path: Path) -> bool:
    """Whether a file is of the moment: locks, halves, and what was set aside by a restore."""
    name = path.name
    return name.startswith((".", ASIDE)) or name == LOCK or name.endswith(_BESIDE)


@contextmanager
def _copy_of(path: Path, room: Path) -> Iterator[Path]:
    """Make a whole copy of a database that others write to."""
    with tempfile.TemporaryDirectory(dir=room, prefix=".brandswipe-") as aside:
        copy = Path(aside) / path.name
        try:
            with closing(sqlite3.connect(path)) as live, closing(sqlite3.connect(copy)) as still:
                live.backup(still)
                found = damage(still)
        except sqlite3.DatabaseError as error:
            found = [str(error)]
        if found:
            raise IntegrityError(
                f"The store {path} is damaged ({'; '.join(found)}) and was not backed up: stop "
                "the server and restore an earlier backup with `brandswipe restore BACKUP`."
            )
        yield copy


def restore(workspace: Path, path: Path, keys: Keys | None, now_ms: int) -> Restored:
    """Put a backup in place of what is here, once all of it is proven; no key is touched.

    What was here is set aside, never deleted. Raises WorkspaceError while a server runs.
    """
    place, coming = Place(workspace), workspace / f".restore-{token_hex(8)}"
    try:
        contents = archive.read(path, coming)
        differs = _differs(coming)
        set_aside = _change_places(workspace, coming, workspace / f"{ASIDE}{now_ms}")
    except OSError as error:
        raise WorkspaceError(
            f"The backup could not be put into {workspace} ({error.strerror}): make room or mend "
            "its rights, then try again."
        ) from error
    finally:
        shutil.rmtree(coming, ignore_errors=True)
        place.close()
    same = keys is not None and contents.keys == fingerprint(keys)
    return Restored(contents, set_aside, same, tuple(differs))


def _differs(folder: Path) -> list[str]:
    """Bring a store to today's tables, and name what in it is not what was written."""
    if not (folder / "study.db").is_file():
        return []  # nobody had opened a study
    store = Store(folder / "study.db")
    try:
        store.examine()
        return what_differs(store)
    except BadPolicyError as error:
        return [str(error)]
    finally:
        store.close()


def _change_places(workspace: Path, coming: Path, aside: Path) -> Path | None:
    """Move what the backup brings into the workspace, and what stood there aside."""
    names = [path.name for path in coming.iterdir()]
    names += [name + end for name in names if name.endswith(".db") for end in _BESIDE]
    for name in names:
        if (workspace / name).exists():
            aside.mkdir(mode=0o700, exist_ok=True)
            (workspace / name).rename(aside / name)
        if (coming / name).exists():
            (coming / name).rename(workspace / name)
    return aside if aside.exists() else None
