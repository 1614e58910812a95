"""Players against the invited, on the columns of the invitation list: what may be shown of them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recsys.disclosure import DisclosureRule, drop_until_safe

OTHER = "other"
"""The value of whoever has a rare one, or none."""


@dataclass(frozen=True, slots=True)
class FrameShare:
    """One value of a column, in shares of whole percents."""

    label: str
    invited: float
    players: float | None  # None: it may not be shown

    @property
    def difference(self) -> float:
        """How far the players are from the invited; 0 where that is not shown."""
        return 0.0 if self.players is None else abs(self.players - self.invited)


def frame_share_to_row(row: FrameShare) -> dict[str, Any]:
    """Return a value of a column as the report says it."""
    return {"label": row.label, "invited": row.invited, "players": row.players}


def coarsen_column(values: Sequence[str], min_group_size: int) -> tuple[str, ...] | None:
    """Return a column whose every value has a cell of people; None where fewer than two are left.

    A rare value, and an empty one, becomes `other`; where that is rare too, the smallest value
    joins it.
    """
    value_counts = Counter(value.strip() for value in values)
    kept_values = {
        value
        for value, n in value_counts.items()
        if n >= min_group_size and value not in ("", OTHER)
    }
    n_other = len(values) - sum(value_counts[value] for value in kept_values)
    if kept_values and 0 < n_other < min_group_size:
        kept_values.remove(min(kept_values, key=lambda value: (value_counts[value], value)))
    coarsened = tuple(v if (v := value.strip()) in kept_values else OTHER for value in values)
    return coarsened if len(set(coarsened)) > 1 else None


def frame_shares(
    invited: Mapping[str, int], players: Sequence[str | None], rule: DisclosureRule
) -> tuple[FrameShare, ...]:
    """Return a row for each value, the one with most invited first.

    `invited` counts people by value, `players` are the values of counted players in the order of
    closing, those of published batches alone; None is a player whose value is not kept. The
    players' side moves in whole cells of people, and is shown of no value as soon as one is not
    kept: else somebody who goes would be the difference of two reports.
    """
    n_players, n_invited = rule.round_down(len(players)), sum(invited.values())
    player_counts = Counter(value for value in players[:n_players] if value is not None)
    publishable = (
        set()
        if None in players
        else _publishable_values(invited, player_counts, rule.min_group_size)
    )
    return tuple(
        FrameShare(
            value,
            round(invited[value] / n_invited, 2),
            round(player_counts[value] / n_players, 2) if value in publishable else None,
        )
        for value in sorted(invited, key=lambda value: (-invited[value], value))
    )


def _publishable_values(
    invited: Mapping[str, int], player_counts: Mapping[str, int], min_group_size: int
) -> set[str]:
    """Return the values that may be shown.

    Of the people with the value a whole group played and a whole group did not; the same holds for
    all hidden values together.
    """

    def safe(values: Collection[str]) -> bool:
        n_played, n_invited = (
            sum(counts[value] for value in values) for counts in (player_counts, invited)
        )
        return n_played >= min_group_size and n_invited - n_played >= min_group_size

    fewest_last = sorted(invited, key=lambda value: (-player_counts[value], value))
    return set(
        drop_until_safe(
            [value for value in fewest_last if safe([value])],
            lambda shown: len(shown) == len(invited) or safe(set(invited) - set(shown)),
        )
    )


def largest_difference(rows: Sequence[FrameShare]) -> FrameShare | None:
    """Return the row where players differ most from the invited; None where none is shown."""
    publishable = [row for row in rows if row.players is not None]
    return max(publishable, key=lambda row: row.difference, default=None)
