"""SQL literals for DuckDB: strings, identifiers and lists of paths."""

from collections.abc import Iterable
from pathlib import Path


def sql_path_list(files: Iterable[Path]) -> str:
    """Return files as an SQL list, with glob characters escaped."""
    escaped = (str(f).replace("[", "[[]").replace("*", "[*]").replace("?", "[?]") for f in files)
    return "[" + ", ".join(sql_literal(name) for name in escaped) + "]"


def sql_literal(text: str) -> str:
    """Return `text` as an SQL string, for statements like CREATE VIEW that take no parameters."""
    return "'" + text.replace("'", "''") + "'"


def sql_identifier(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
