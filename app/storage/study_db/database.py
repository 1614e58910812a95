"""A SQLite database: one connection with a lock, atomic transactions, and clear errors."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import time_ns
from typing import Any

from sqlite_utils import Database as Tables
from sqlite_utils.migrations import Migrations

from app.storage.study_db.migrations import migrations
from recsys.errors import DamagedError, WorkspaceError

MAX_NAMED_TABLES = 5  # in an error message; the first ones are enough


def find_damage(connection: sqlite3.Connection, thorough: bool = False) -> list[str]:
    """Return a message for each damaged table, or one for the file; [] if nothing is damaged.

    `thorough` also compares every index with its table. SQLite cannot detect a changed byte within
    a row; the hash chain does.
    """
    check = "integrity_check" if thorough else "quick_check"
    file_problem = _check_result(connection, f"pragma {check}(1)")
    if file_problem is None:
        return []
    table_problems = [
        f"table {table}: {problem}"
        for table in _tables(connection)
        if (problem := _check_result(connection, f"pragma {check}([{table}])")) is not None
    ]
    return table_problems[:MAX_NAMED_TABLES] or [file_problem]


def _tables(connection: sqlite3.Connection) -> list[str]:
    try:
        sql = "select name from sqlite_schema where type = 'table' order by name"
        return [row[0] for row in connection.execute(sql)]
    except sqlite3.DatabaseError:
        return []  # the list of tables itself is damaged


def _check_result(connection: sqlite3.Connection, sql: str) -> str | None:
    """Return the first line of SQLite's own message, or None if the check finds no damage."""
    try:
        message = str(connection.execute(sql).fetchone()[0])
    except sqlite3.OperationalError:  # busy or unreadable, not damaged
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    lines = [line.strip() for line in message.splitlines() if not line.startswith("***")]
    return None if lines == ["ok"] else lines[0]


BUSY_TIMEOUT_MS = 10_000
DbRow = dict[str, Any]


def now_ms() -> int:
    """Return the milliseconds since 1970 by this computer's clock."""
    return time_ns() // 1_000_000


class Database:
    """Tables in a file, or in memory if no path is given.

    Raises WorkspaceError if the file is newer than this program, busy or read-only, or if the disk
    is full, and DamagedError if the file is damaged. The whole transaction is then rolled back.
    """

    def __init__(
        self,
        path: Path | None = None,
        clock: Callable[[], int] = now_ms,
        migration_set: Migrations = migrations,
    ) -> None:
        self.path = path
        self.clock = clock
        self._migration_set = migration_set
        self._lock = threading.RLock()
        self._depth = 0  # nesting depth of transactions, under the lock
        with self._explain_errors():
            self._db = _connect(path)
            self._migrate()

    def close(self) -> None:
        """Close the file; everything written is already safe."""
        with self._lock:
            self._db.conn.close()

    def check_writable(self) -> None:
        """Raise WorkspaceError unless the store can be written."""
        with self._lock, self._explain_errors():
            self._db.execute("begin immediate")
            self._db.execute("rollback")

    def check_pages(self, thorough: bool = False) -> None:
        """Raise DamagedError with the damaged tables, unless every page of the file is intact.

        Reads the whole file: call it when a server starts, not for every request.
        """
        with self._lock, self._explain_errors():
            problems = find_damage(self._db.conn, thorough)
        if problems:
            raise damaged_error(self.path, "; ".join(problems))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block as a transaction under the write lock: all of it is stored, or nothing.

        A transaction within another one is part of the outer one.
        """
        with self._lock, self._explain_errors():
            if self._depth:
                yield
                return
            self._db.execute("begin immediate")
            self._depth = 1
            try:
                yield
                self._db.execute("commit")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk has rolled it back already
                    self._db.execute("rollback")
                self._after_rollback()
                raise
            finally:
                self._depth = 0
            self._after_commit()

    def _after_commit(self) -> None:
        """Run after every commit, still under the lock; for subclasses."""

    def _after_rollback(self) -> None:
        """Run after every rollback, still under the lock; for subclasses."""

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Run a block of reads against one state of the file, whoever writes meanwhile."""
        with self._lock, self._explain_errors():
            if self._depth:
                yield
                return
            self._db.execute("begin")  # deferred: it takes no write lock
            self._depth = 1
            try:
                yield
            finally:
                self._depth = 0
                self._db.execute("commit")

    def execute(self, sql: str, values: Sequence[object] = ()) -> int:
        """Run a statement within the caller's transaction; return the number of changed rows."""
        return int(self._db.execute(sql, values).rowcount)

    def query(self, sql: str, *values: object) -> list[DbRow]:
        """Return the rows of a query, each as a dict by column name."""
        with self._lock, self._explain_errors():
            cursor = self._db.execute(sql, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def query_one(self, sql: str, *values: object) -> DbRow | None:
        """Return the first row of a query, or None."""
        return next(iter(self.query(sql, *values)), None)

    def insert(self, table: str, rows: Iterable[Mapping[str, Any]], ignore: bool = False) -> None:
        """Add rows; the caller must hold a transaction.

        Uses plain SQL: the insert of sqlite-utils first queries the table, which costs more than
        the row.
        """
        insert = "insert or ignore" if ignore else "insert"
        for row in rows:
            names, placeholders = ", ".join(f"[{name}]" for name in row), ", ".join("?" * len(row))
            sql = f"{insert} into [{table}] ({names}) values ({placeholders})"
            self._db.execute(sql, [*row.values()])

    def _migrate(self) -> None:
        known = set(migration_names(self._migration_set))
        with self.transaction():
            if {done.name for done in self._migration_set.applied(self._db)} - known:
                raise WorkspaceError(
                    f"The workspace of {self.path} was written by a newer brandswipe: "
                    "install that version, or choose another folder with --workspace."
                )
            self._migration_set.apply(self._db)

    @contextmanager
    def _explain_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _explained(error, self.path) from error


def migration_names(migration_set: Migrations = migrations) -> list[str]:
    """Return the names of all migration steps, the first one first."""
    return [step.name for step in migration_set._migrations]


def _connect(path: Path | None) -> Tables:
    if path is not None:
        _make_private(path)
    connection = sqlite3.connect(
        ":memory:" if path is None else path,
        # autocommit: in an implicit deferred transaction, a write after a read fails at once with
        # "database is locked"
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_TIMEOUT_MS / 1000,
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
            "correct its permissions, or choose another folder with --workspace."
        ) from None


def _explained(error: sqlite3.Error, path: Path | None) -> WorkspaceError:
    message = str(error)
    if "malformed" in message or "not a database" in message:
        return damaged_error(path, message)
    if "full" in message:
        message = f"The disk of {path} is full: make room and try again; what was stored is intact."
    elif "locked" in message or "busy" in message:
        message = f"Another process is writing to {path} for too long: stop it and try again."
    elif "readonly" in message or "unable to open" in message:
        message = f"The store {path} cannot be written: correct its permissions or its disk."
    else:
        message = f"Writing to {path} failed ({message}): run `brandswipe doctor`."
    return WorkspaceError(message)


def damaged_error(path: Path | None, problem: str) -> DamagedError:
    """Return the error for a damaged store, with its path and the problem."""
    return DamagedError(
        f"The store {path} is damaged ({problem}): stop the server and put the last backup in its "
        "place with `brandswipe admin restore BACKUP`."
    )
