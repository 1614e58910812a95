"""The tables of players against the invited, as page, file and download write them."""

from collections.abc import Sequence

import pandas as pd

from app.words import percent, text
from recsys.report.representativeness import OTHER, ListRow


def title(language: str, name: str) -> str:
    """Name the picture of a column."""
    return text(language, "report.listed_title", column=name)


def value(language: str, row: ListRow) -> str:
    """Name a value of a column."""
    return text(language, "report.listed_other") if row.label == OTHER else row.label


def share(language: str, found: float | None) -> str:
    """Write a share, or that it is not shown."""
    return "–" if found is None else percent(language, found)


def listed(language: str, rows: Sequence[ListRow]) -> pd.DataFrame:
    """One column of the list: shares of invited and of players by value."""
    columns = [text(language, f"report.column_{name}") for name in ("listed", "invited", "players")]
    cells = [
        (value(language, row), share(language, row.invited), share(language, row.players))
        for row in rows
    ]
    return pd.DataFrame(cells, columns=columns, dtype=str)
