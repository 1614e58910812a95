"""Players against the invited, on the columns of the invitation list: what may be shown of them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recsys.report.tables import Unit

OTHER = "other"
"""The value of whoever has a rare one, or none."""


@dataclass(frozen=True, slots=True)
class ListRow:
    """One value of a column, in shares of whole percents."""

    label: str
    invited: float
    players: float | None  # None: it may not be shown

    @property
    def apart(self) -> float:
        """How far the players are from the invited; 0 where that is not shown."""
        return 0.0 if self.players is None else abs(self.players - self.invited)


def list_row_to_row(row: ListRow) -> dict[str, Any]:
    """Return a value of a column as the report says it."""
    return {"label": row.label, "invited": row.invited, "players": row.players}


def coarse(values: Sequence[str], cell: int) -> tuple[str, ...] | None:
    """Return a column whose every value has a cell of people; None where fewer than two are left.

    A rare value, and an empty one, becomes `other`; where that is rare too, the smallest value
    joins it.
    """
    people = Counter(value.strip() for value in values)
    kept = {value for value, n in people.items() if n >= cell and value not in ("", OTHER)}
    rest = len(values) - sum(people[value] for value in kept)
    if kept and 0 < rest < cell:
        kept.remove(min(kept, key=lambda value: (people[value], value)))
    found = tuple(v if (v := value.strip()) in kept else OTHER for value in values)
    return found if len(set(found)) > 1 else None


def against(
    invited: Mapping[str, int], players: Sequence[str | None], unit: Unit
) -> tuple[ListRow, ...]:
    """Return a row for each value, the one with most invited first.

    `invited` counts people by value, `players` are the values of counted players in the order of
    closing, those of published batches alone; None is a player whose value is not kept. The
    players' side moves in whole cells of people, and is shown of no value as soon as one is not
    kept: else somebody who goes would be the difference of two reports.
    """
    total, everybody = unit.cells(len(players)), sum(invited.values())
    counted = Counter(value for value in players[:total] if value is not None)
    shown = set() if None in players else _shown(invited, counted, unit.cell)
    return tuple(
        ListRow(
            value,
            round(invited[value] / everybody, 2),
            round(counted[value] / total, 2) if value in shown else None,
        )
        for value in sorted(invited, key=lambda value: (-invited[value], value))
    )


def _shown(invited: Mapping[str, int], counted: Mapping[str, int], cell: int) -> set[str]:
    """Return the values that may be shown: of each, and of all the others together, a cell of
    people played and a cell did not, so that nobody is told who did.
    """

    def safe(values: Collection[str]) -> bool:
        played, asked = (sum(of[value] for value in values) for of in (counted, invited))
        return played >= cell and asked - played >= cell

    fewest_last = sorted(invited, key=lambda value: (-counted[value], value))
    shown = [value for value in fewest_last if safe([value])]
    while shown and len(shown) < len(invited) and not safe(set(invited) - set(shown)):
        shown.pop()
    return set(shown)


def furthest(rows: Sequence[ListRow]) -> ListRow | None:
    """Return the row where players differ most from the invited; None where none is shown."""
    known = [row for row in rows if row.players is not None]
    return max(known, key=lambda row: row.apart, default=None)
