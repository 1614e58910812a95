"""Which part of a database file is damaged, in words that name it."""

import sqlite3

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
