"""Backup of a workspace while people play, and restore of a backup."""

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
from app.operations.archive import ArchiveWriter, BackupContents
from app.storage.study_db.database import find_damage
from app.storage.study_db.store import StudyStore, find_mismatches
from app.workspace.keys import SecretKeys
from app.workspace.lock import LOCK_FILE, WorkspaceLock
from recsys.errors import BadPolicyError, IntegrityError, WorkspaceError

KEYS_DIR = "secrets"  # never part of a backup
EVENTS_DIR = "events"  # optional in a backup: the shop still has its log
SET_ASIDE_PREFIX = "before-restore-"
_SQLITE_SIDE_FILES = ("-wal", "-shm", "-journal")  # a database's copy has their content


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """The result of a restore."""

    contents: BackupContents
    set_aside: Path | None  # folder with the replaced files; None if nothing was replaced
    same_keys: bool  # the keys here are those that made the backup's pseudonyms and links
    mismatches: tuple[str, ...]  # data that failed its integrity check before the backup already


def keys_fingerprint(keys: SecretKeys) -> str:
    """Return a digest of the keys that last as long as a store; it does not reveal a key."""
    lasting_keys = (keys.pseudonym, keys.link, keys.customer)
    digests = (hmac.new(key, b"brandswipe.backup", sha256).digest() for key in lasting_keys)
    return sha256(b"".join(digests)).hexdigest()[:16]


def back_up(
    workspace: Path, target: Path, keys: SecretKeys, now_ms: int, events: bool = True
) -> tuple[Path, BackupContents]:
    """Write a backup to a file, or to a new file in a folder; then read it again and compare.

    The server may keep running: SQLite's online backup copies the databases, and all other files
    are written only once. Raises IntegrityError for a damaged store, so that its backup does not
    take the place of a good one.
    """
    path = _backup_path(workspace, target, now_ms)
    with archive.new_archive(path) as writer:
        _add_files(writer, workspace, path.parent, events)
        contents = writer.close(now_ms, version("brandswipe"), keys_fingerprint(keys))
    if archive.read_archive(path) != contents:
        raise IntegrityError(f"{path} does not hold what was written: do not trust its disk.")
    return path, contents


def _backup_path(workspace: Path, target: Path, now_ms: int) -> Path:
    day = datetime.fromtimestamp(now_ms / 1000, UTC)
    path = target / f"brandswipe-{day:%Y%m%d-%H%M%S}.tar" if target.is_dir() else target
    if not path.parent.is_dir():
        raise WorkspaceError(f"There is no folder {path.parent}: make it, or name another file.")
    if path.resolve().is_relative_to(workspace.resolve()):
        raise WorkspaceError(
            f"{path} lies in the workspace and would be lost with it: name a place elsewhere."
        )
    return path


def _add_files(writer: ArchiveWriter, workspace: Path, temp_parent: Path, events: bool) -> None:
    excluded = {KEYS_DIR} if events else {KEYS_DIR, EVENTS_DIR}
    for path in _files(workspace, excluded):
        name = path.relative_to(workspace).as_posix()
        try:
            if path.suffix == ".db":
                with _database_copy(path, temp_parent) as copied:
                    writer.add(name, copied)
            else:
                writer.add(name, path)
        except FileNotFoundError:
            raise WorkspaceError(
                f"{path} went away while it was copied: let the import end, then try again."
            ) from None


def _files(folder: Path, excluded: set[str]) -> Iterator[Path]:
    """Yield the files of a folder, then those of its subfolders: a reference before its target.

    So the backup has every model that a study, an alias or a manifest in it names. chain.head may
    lag behind study.db, which is allowed at any time.
    """
    for path in sorted(folder.iterdir()):
        if path.is_file() and not _is_transient(path):
            yield path
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name not in excluded and not _is_transient(path):
            yield from _files(path, set())


def _is_transient(path: Path) -> bool:
    """Return whether a file is a lock, an unfinished file, or was set aside by a restore."""
    name = path.name
    return (
        name.startswith((".", SET_ASIDE_PREFIX))
        or name == LOCK_FILE
        or name.endswith(_SQLITE_SIDE_FILES)
    )


@contextmanager
def _database_copy(path: Path, temp_parent: Path) -> Iterator[Path]:
    """Yield a consistent copy of a database that may be written to meanwhile."""
    with tempfile.TemporaryDirectory(dir=temp_parent, prefix=".brandswipe-") as temp_dir:
        copied = Path(temp_dir) / path.name
        try:
            with (
                closing(sqlite3.connect(path)) as source,
                closing(sqlite3.connect(copied)) as target,
            ):
                source.backup(target)
                problems = find_damage(target)
        except sqlite3.DatabaseError as error:
            problems = [str(error)]
        if problems:
            raise IntegrityError(
                f"The store {path} is damaged ({'; '.join(problems)}) and was not backed up: stop "
                "the server and restore an earlier backup with `brandswipe admin restore BACKUP`."
            )
        yield copied


def restore(workspace: Path, path: Path, keys: SecretKeys | None, now_ms: int) -> RestoreResult:
    """Replace the files of a workspace by a backup, after all of it is checked; keep the keys.

    The replaced files are set aside, never deleted. Raises WorkspaceError while a server runs.
    """
    lock, incoming = WorkspaceLock(workspace), workspace / f".restore-{token_hex(8)}"
    try:
        contents = archive.read_archive(path, incoming)
        mismatches = _mismatches(incoming)
        set_aside = _swap_in(workspace, incoming, workspace / f"{SET_ASIDE_PREFIX}{now_ms}")
    except OSError as error:
        raise WorkspaceError(
            f"The backup could not be put into {workspace} ({error.strerror}): make room or mend "
            "its rights, then try again."
        ) from error
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
        lock.close()
    same_keys = keys is not None and contents.keys == keys_fingerprint(keys)
    return RestoreResult(contents, set_aside, same_keys, tuple(mismatches))


def _mismatches(folder: Path) -> list[str]:
    """Migrate a store to the current tables, and name what fails its integrity check."""
    if not (folder / "study.db").is_file():
        return []  # no study was opened before the backup
    store = StudyStore(folder / "study.db")
    try:
        store.db.check_pages()
        return find_mismatches(store)
    except BadPolicyError as error:
        return [str(error)]
    finally:
        store.close()


def _swap_in(workspace: Path, incoming: Path, set_aside: Path) -> Path | None:
    """Move the backup's files into the workspace, and the files in their place to `set_aside`."""
    names = [path.name for path in incoming.iterdir()]
    names += [name + end for name in names if name.endswith(".db") for end in _SQLITE_SIDE_FILES]
    for name in names:
        if (workspace / name).exists():
            set_aside.mkdir(mode=0o700, exist_ok=True)
            (workspace / name).rename(set_aside / name)
        if (incoming / name).exists():
            (incoming / name).rename(workspace / name)
    return set_aside if set_aside.exists() else None
