"""Markdown from facts: a table, a cell in which nothing is markup, a day."""

from collections.abc import Sequence
from datetime import UTC, datetime


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; its cells were made by `escape_cell` where they hold somebody's words."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escape_cell(value: object) -> str:
    """Return somebody's words as a cell of a table, on one line."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def iso_day(seconds: float) -> str:
    """Return the day of a time in seconds since 1970, UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
