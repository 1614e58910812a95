"""TODO app/storage/event_store/duckdb_sql.py."""

from collections.abc import Iterable
from pathlib import Path


def paths(files: Iterable[Path]) -> str:
    """Return files as an SQL list in which no name is taken for a glob."""
    plain = (str(f).replace("[", "[[]").replace("*", "[*]").replace("?", "[?]") for f in files)
    return "[" + ", ".join(literal(name) for name in plain) + "]"


def literal(text: str) -> str:
    """Return `text` as an SQL string: view definitions take no bound values."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
