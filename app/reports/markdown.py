"""Helpers for Markdown: a table, an escaped cell, a day."""

from collections.abc import Sequence
from datetime import UTC, datetime


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table. Cells with free text must be escaped by `escape_cell` before."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escape_cell(value: object) -> str:
    """Return a value as a table cell on one line, with free text escaped."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def iso_day(seconds: float) -> str:
    """Return the day (YYYY-MM-DD, UTC) of a time in seconds since 1970."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
