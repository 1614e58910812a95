"""Disclosure rules: which numbers about a group of people may be published.

A published number needs at least `min_group_size` people behind it (a whole group). The people that
it leaves out must be nobody or a whole group too: otherwise the difference of two numbers would
disclose the answers of a few people. Every number that is shown goes through here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Group = TypeVar("Group")

MIN_GROUP_SIZE = 10
"""Default size of the smallest group, if no policy sets another."""


@dataclass(frozen=True, slots=True)
class DisclosureRule:
    """Minimum group size and step size for published numbers of people."""

    batch: int = 1  # published numbers grow in steps of this many people
    min_group_size: int = MIN_GROUP_SIZE  # people; below it nothing is published
    lost_batches: int = 0  # batches with a forgotten person; all their people are left out

    def publishable(self, people: int) -> int:
        """Return how many of `people` may be shown, 0 below `min_group_size`.

        Each lost batch subtracts `batch` people. The forgotten person may be the only person of the
        lost batch in this row; without the subtraction the row would change by that person alone.
        """
        shown = people // self.batch * self.batch - self.lost_batches * self.batch
        return shown if shown >= self.min_group_size else 0

    def round_down(self, people: int) -> int:
        """Return `people` rounded down to a multiple of `min_group_size`: a lower bound."""
        return people // self.min_group_size * self.min_group_size

    def splits_safely(self, part: int, whole: int) -> bool:
        """Return whether the part and its complement are each 0 or at least `min_group_size`."""
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
        sizes
            Number of people in each group; a person may be in several groups.
        people
            Number of people in total.
        hidden_people
            Function of the shown groups. Returns the number of people in the other groups.
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
    """Drop groups from the end until `is_hidden_safe` holds.

    By subtraction, a reader can learn the number of people in all hidden groups together.
    """
    shown = list(groups)
    while shown and not is_hidden_safe(shown):
        shown.pop()
    return shown


def floor_to_tenths(share: float | None) -> float | None:
    """Return a share rounded down to tenths. It is at most .9: a 1 would disclose every person."""
    return None if share is None else min(int(share * 10 + 1e-9), 9) / 10
