"""TODO app/storage/event_store/duckdb_sql.py."""

from collections.abc import Iterable
from pathlib import Path


def sql_path_list(files: Iterable[Path]) -> str:
    """Return files as an SQL list in which no name is taken for a glob."""
    escaped = (str(f).replace("[", "[[]").replace("*", "[*]").replace("?", "[?]") for f in files)
    return "[" + ", ".join(sql_literal(name) for name in escaped) + "]"


def sql_literal(text: str) -> str:
    """Return `text` as an SQL string: view definitions take no bound values."""
    return "'" + text.replace("'", "''") + "'"


def sql_identifier(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
