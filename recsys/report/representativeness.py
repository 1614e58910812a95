"""Compare players with invited people, by the columns of the invitation list."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recsys.disclosure import DisclosureRule, drop_until_safe

OTHER = "other"
"""The value that replaces rare and empty values."""


@dataclass(frozen=True, slots=True)
class FrameShare:
    """One value of a column: its shares among invited people and players, in whole percents."""

    label: str
    invited: float
    players: float | None  # None: may not be shown

    @property
    def difference(self) -> float:
        """The absolute difference of the shares; 0 where `players` is not shown."""
        return 0.0 if self.players is None else abs(self.players - self.invited)


def frame_share_to_row(row: FrameShare) -> dict[str, Any]:
    """Return a row as plain data for the report."""
    return {"label": row.label, "invited": row.invited, "players": row.players}


def coarsen_column(values: Sequence[str], min_group_size: int) -> tuple[str, ...] | None:
    """Return the column with rare values merged; None if fewer than two values are left.

    Every value has at least `min_group_size` people. Rare and empty values become OTHER. If OTHER
    is rare too, the rarest kept value joins it.
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

    invited: value -> people. players: the values of the counted players of published batches, in
    the order of closing; None for a value that is no longer kept. Players are counted in whole
    groups. With a None, no share of players is shown: otherwise the difference of two reports would
    disclose the value of the person that left.
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
    """Return the values for which the share of players may be shown.

    Among the invited people with the value, at least `min_group_size` played and at least as many
    did not. The same holds for all hidden values together.
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
    """Return the row with the largest difference; None if no share of players is shown."""
    publishable = [row for row in rows if row.players is not None]
    return max(publishable, key=lambda row: row.difference, default=None)
