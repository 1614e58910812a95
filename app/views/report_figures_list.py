"""The pictures of players against the invited, a column of the invitation list each."""

from collections.abc import Iterator, Sequence
from functools import partial

from app.studies import Judged
from app.views import report_tables_list as tables
from app.views.figure import Figure, Lane, Part
from app.views.report_numbers import whole
from app.views.report_unknown import shown
from app.words import percent, text
from recsys.likeness import ListRow, furthest

TOP = 6
"""Values in a picture; the table behind it holds all."""


def listed(language: str, judged: Judged) -> list[Sequence[Figure]]:
    """Return a picture for each column of the list, two beside each other."""
    found = [_known(language, judged, *column) for column in judged.listed.items()]
    return [found[n : n + 2] for n in range(0, len(found), 2)]


def _known(language: str, judged: Judged, name: str, rows: Sequence[ListRow]) -> Figure:
    unknown = Figure(tables.title(language, name), text(language, "report.not_computed"))
    return shown("picture, listed", partial(_column, language, judged, name, rows), unknown)


def _column(language: str, judged: Judged, name: str, rows: Sequence[ListRow]) -> Figure:
    cell = judged.report.policy.cell
    lanes = [lane for row in _drawn(rows) for lane in _lanes(language, row)]
    sentence = said(language, rows, cell)
    return Figure(tables.title(language, name), sentence, lanes, tables.listed(language, rows))


def _drawn(rows: Sequence[ListRow]) -> Sequence[ListRow]:
    """The values with most invited, and the one that the sentence names."""
    named = furthest(rows)
    return [row for n, row in enumerate(rows) if n < TOP or row is named]


def said(language: str, rows: Sequence[ListRow], cell: int) -> str:
    """Say where players differ most from the invited."""
    if not rows:
        return text(language, "report.not_computed")
    row = furthest(rows)
    if row is None or row.players is None:
        return text(language, "report.listed_few", n=cell)
    dash = text(language, "report.listed_dash", n=cell)
    hidden = any(each.players is None for each in rows)
    return f"{_differs(language, row, row.players)} {dash if hidden else ''}".strip()


def _differs(language: str, row: ListRow, players: float) -> str:
    if not row.apart:
        return text(language, "report.listed_alike")
    return text(
        language,
        "report.listed_said",
        value=tables.value(language, row),
        players=percent(language, players),
        invited=percent(language, row.invited),
    )


def _lanes(language: str, row: ListRow) -> Iterator[Lane]:
    for who, share in (("invited", row.invited), ("players", row.players)):
        end = 0 if share is None else whole("share", share)
        yield Lane(
            text(language, f"report.listed_{who}", value=tables.value(language, row)),
            tables.share(language, share),
            (Part(0, end, "slate" if who == "invited" else "glow"),),
        )
