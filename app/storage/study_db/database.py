"""One SQLite connection a process, behind a lock: whole transactions, and errors in words."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import time_ns
from typing import Any, ClassVar

from sqlite_utils import Database as Tables
from sqlite_utils.migrations import Migrations

from app.storage.study_db.migrations import migrations
from recsys.errors import DamagedError, WorkspaceError

MOST = 5  # parts that are named; the first say enough


def damage(connection: sqlite3.Connection, thorough: bool = False) -> list[str]:
    """Name the tables whose pages SQLite finds damaged; an empty list where all is well.

    `thorough` compares every index with its table too. What SQLite cannot see, a changed byte
    within a row, the links of the chain tell.
    """
    check = "integrity_check" if thorough else "quick_check"
    whole = _asked(connection, f"pragma {check}(1)")
    if whole is None:
        return []
    found = [
        f"table {table}: {said}"
        for table in _tables(connection)
        if (said := _asked(connection, f"pragma {check}([{table}])")) is not None
    ]
    return found[:MOST] or [whole]


def _tables(connection: sqlite3.Connection) -> list[str]:
    try:
        sql = "select name from sqlite_schema where type = 'table' order by name"
        return [row[0] for row in connection.execute(sql)]
    except sqlite3.DatabaseError:
        return []  # the list of tables is what is damaged


def _asked(connection: sqlite3.Connection, sql: str) -> str | None:
    """What SQLite says in its own words, in one line; None where it finds nothing."""
    try:
        said = str(connection.execute(sql).fetchone()[0])
    except sqlite3.OperationalError:  # busy, or not to be read
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    lines = [line.strip() for line in said.splitlines() if not line.startswith("***")]
    return None if lines == ["ok"] else lines[0]


BUSY_MS = 10_000
Row = dict[str, Any]


def now_ms() -> int:
    """Return the milliseconds since 1970 by this computer's clock."""
    return time_ns() // 1_000_000


class Database:
    """The study's tables in a file, or in memory where no path is given.

    Raises WorkspaceError where the file is newer than this program, busy or read-only and where the
    disk is full, DamagedError where the file is damaged; a transaction is then undone as a whole.
    """

    steps: ClassVar[Migrations] = migrations

    def __init__(self, path: Path | None = None, clock: Callable[[], int] = now_ms) -> None:
        self.path = path
        self.clock = clock
        self._lock = threading.RLock()
        with self._in_words():
            self._db = _connect(path)
            self._migrate()

    def close(self) -> None:
        """Close the file; everything written is already safe."""
        with self._lock:
            self._db.conn.close()

    def check(self) -> None:
        """Raise WorkspaceError unless the store can be written."""
        with self._lock, self._in_words():
            self._db.execute("begin immediate")
            self._db.execute("rollback")

    def examine(self, thorough: bool = False) -> None:
        """Raise DamagedError that names the part, unless every page of the file is sound.

        Reads the whole file: for a start, not for every question.
        """
        with self._lock, self._in_words():
            found = damage(self._db.conn, thorough)
        if found:
            raise damaged(self.path, "; ".join(found))

    @classmethod
    def step_names(cls) -> list[str]:
        """Return the names of all steps that lead to today's tables, the first one first."""
        return [step.name for step in cls.steps._migrations]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the write lock for the block; all of it is stored, or none of it."""
        with self._lock, self._in_words():
            self._db.execute("begin immediate")
            try:
                yield
                self._db.execute("commit")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk has undone it already
                    self._db.execute("rollback")
                raise
            self._committed()

    def _committed(self) -> None:
        """Do what must follow every commit, still under the lock."""

    def _rows(self, sql: str, *values: object) -> list[Row]:
        with self._lock, self._in_words():
            cursor = self._db.execute(sql, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _one(self, sql: str, *values: object) -> Row | None:
        return next(iter(self._rows(sql, *values)), None)

    def _insert(self, table: str, rows: Iterable[Mapping[str, Any]], ignore: bool = False) -> None:
        """Add rows within a transaction that the caller holds.

        In plain SQL: to ask about the table first, as its wrapper does, costs more than the row.
        """
        insert = "insert or ignore" if ignore else "insert"
        for row in rows:
            names, marks = ", ".join(f"[{name}]" for name in row), ", ".join("?" * len(row))
            sql = f"{insert} into [{table}] ({names}) values ({marks})"
            self._db.execute(sql, [*row.values()])

    def _migrate(self) -> None:
        known = set(self.step_names())
        with self._writing():
            if {done.name for done in self.steps.applied(self._db)} - known:
                raise WorkspaceError(
                    f"The workspace of {self.path} was written by a newer brandswipe: "
                    "install that version, or choose another folder with --workspace."
                )
            self.steps.apply(self._db)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _in_words(error, self.path) from error


def _connect(path: Path | None) -> Tables:
    if path is not None:
        _make_private(path)
    connection = sqlite3.connect(
        ":memory:" if path is None else path,
        isolation_level=None,  # a deferred read-then-write fails at once with "database is locked"
        check_same_thread=False,
        timeout=BUSY_MS / 1000,
    )
    for pragma in ("journal_mode = wal", "synchronous = full", "secure_delete = on"):
        connection.execute(f"pragma {pragma}")
    return Tables(connection, execute_plugins=False)


def _make_private(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise WorkspaceError(
            f"The workspace {path.parent} cannot be written ({error.strerror}): "
            "mend its rights, or choose another folder with --workspace."
        ) from None


def _in_words(error: sqlite3.Error, path: Path | None) -> WorkspaceError:
    said = str(error)
    if "malformed" in said or "not a database" in said:
        return damaged(path, said)
    if "full" in said:
        said = f"The disk of {path} is full: make room and try again; what was stored is intact."
    elif "locked" in said or "busy" in said:
        said = f"Another process is writing to {path} for too long: stop it and try again."
    elif "readonly" in said or "unable to open" in said:
        said = f"The store {path} cannot be written: mend its rights or its disk."
    else:
        said = f"The store {path} refused this ({said}): run `brandswipe doctor`."
    return WorkspaceError(said)


def damaged(path: Path | None, what: str) -> DamagedError:
    """Return the error that names a damaged store, and what is damaged in it."""
    return DamagedError(
        f"The store {path} is damaged ({what}): stop the server and put the last backup in its "
        "place with `brandswipe restore BACKUP`."
    )
