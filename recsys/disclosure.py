"""What may be published of a group of people. Every number that is shown goes through here.

A number needs a whole group of people behind it, and what it leaves out must be nobody or a whole
group as well: otherwise the difference of two numbers would be the answers of a few people.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Group = TypeVar("Group")

MIN_GROUP_SIZE = 10
"""People in the smallest group, where no policy says another number."""


@dataclass(frozen=True, slots=True)
class DisclosureRule:
    """In what steps a number of people may be published."""

    batch: int = 1  # it moves in steps of so many people
    min_group_size: int = MIN_GROUP_SIZE  # and starts at so many
    lost_batches: int = 0  # batches out of which somebody is forgotten; their people are left out

    def publishable(self, people: int) -> int:
        """Return how many of so many people may be shown.

        A lost batch takes `batch` people more: perhaps the forgotten person was the only one of it
        in this row, which would otherwise move by that person alone.
        """
        shown = people // self.batch * self.batch - self.lost_batches * self.batch
        return shown if shown >= self.min_group_size else 0

    def round_down(self, people: int) -> int:
        """Return the number in whole groups: at least so many people."""
        return people // self.min_group_size * self.min_group_size

    def splits_safely(self, part: int, whole: int) -> bool:
        """Return whether a part of some people and the others are each nobody or a whole group."""
        return all(n == 0 or n >= self.min_group_size for n in (part, whole - part))

    def publishable_groups(
        self,
        sizes: Mapping[Group, int],
        people: int,
        hidden_people: Callable[[list[Group]], int],
    ) -> list[Group]:
        """Return the groups that may be shown, the largest first.

        Parameters
        ----------
        sizes : people in each group; a person may be in several.
        people : how many people there are in all.
        hidden_people : given the groups that are shown, how many people are in the others.
        """
        shown = [
            group
            for group, size in sizes.items()
            if self.publishable(size) and self.splits_safely(size, people)
        ]
        return drop_until_safe(
            sorted(shown, key=lambda group: -sizes[group]),
            lambda shown: not 0 < hidden_people(shown) < self.min_group_size,
        )


def drop_until_safe(
    groups: Iterable[Group], is_hidden_safe: Callable[[list[Group]], bool]
) -> list[Group]:
    """Drop groups from the end until the hidden ones together may be known by subtraction."""
    shown = list(groups)
    while shown and not is_hidden_safe(shown):
        shown.pop()
    return shown


def floor_to_tenths(share: float | None) -> float | None:
    """Return a share rounded down to tenths, at most .9: "all" would speak of each person."""
    return None if share is None else min(int(share * 10 + 1e-9), 9) / 10
