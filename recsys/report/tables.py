"""Report tables besides the criteria: card groups, brands, categories, segments, other metrics.

Every number is over whole batches of people, in the order of closing, and over at least
`min_group_size` people. So any two reports differ by a batch of people or by nobody.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.disclosure import DisclosureRule
from recsys.report.card_measures import CARD_GROUPS, NEEDS_DECOYS, SECONDARY_METRICS, encode
from recsys.report.response_table import ResponseTable
from recsys.report.shown_measures import NOT_COMPUTED, ShownMeasures
from recsys.stats import Bools, Estimate, Floats, betting_estimate, standardized_gap
from recsys.study.policy import SEGMENTS
from recsys.study.response_columns import DONT_KNOW, LIKED, SUPER_LIKED, Ints


@dataclass(frozen=True, slots=True)
class ShareRow:
    """A row of a table: means over people of the shares of their answered cards."""

    label: str
    people: int
    liked: float
    super_liked: float
    dont_know: float


@dataclass(frozen=True, slots=True)
class SegmentRow(ShareRow):
    """The answers to the picks in one segment of people, and the time per card."""

    seconds: float  # mean over people of the median time per card


def share_to_row(row: ShareRow) -> dict[str, Any]:
    """Return a row of a table as plain data for the report."""
    return {
        "label": row.label,
        "people": row.people,
        "liked": row.liked,
        "super_liked": row.super_liked,
        "dont_know": row.dont_know,
    }


def segment_to_row(row: SegmentRow) -> dict[str, Any]:
    """Return a segment row as plain data for the report."""
    return {**share_to_row(row), "seconds": row.seconds}


def card_group_rows(table: ResponseTable, rule: DisclosureRule) -> tuple[ShareRow, ...]:
    """Return the rows of CARD_GROUPS; a group with too few people is left out."""
    rows = (
        _share_row(label, shares, rule)
        for label, shares in zip(CARD_GROUPS, table.shares, strict=True)
    )
    return tuple(row for row in rows if row is not None)


def _share_row(label: str, shares: Floats, rule: DisclosureRule) -> ShareRow | None:
    """Return the row of a label, or None. shares: (3, n_people), NaN for people without a card."""
    known_shares = shares[:, ~np.isnan(shares[0])]
    people = rule.publishable(known_shares.shape[1])
    if not people:
        return None
    return ShareRow(label, people, *known_shares[:, :people].mean(axis=1).tolist())


def _answer_masks(codes: Ints) -> tuple[Bools, Bools, Bools]:
    """Return the masks of the cards that are liked, super-liked and not known."""
    return codes >= LIKED, codes == SUPER_LIKED, codes == DONT_KNOW


def brand_rows(table: ResponseTable, rule: DisclosureRule) -> tuple[ShareRow, ...]:
    """Return the rows of brands with enough answers, from any source, largest liked share first."""
    order = np.argsort(_narrow_codes(table.card_brand), kind="stable")  # keeps the order of closing
    brand, answers = table.card_brand[order], table.card_answer[order]
    n_answers = np.bincount(brand, minlength=len(table.brands))
    n_publishable = np.array([rule.publishable(n) for n in n_answers.tolist()], dtype=np.int64)
    rank = np.arange(len(brand)) - np.repeat(np.cumsum(n_answers) - n_answers, n_answers)
    is_shown = rank < n_publishable[brand]
    columns = [
        np.bincount(brand[is_shown & what], minlength=len(n_publishable))
        / np.maximum(n_publishable, 1)
        for what in _answer_masks(answers)
    ]
    rows = [
        ShareRow(table.brands[i], int(n_publishable[i]), *(float(c[i]) for c in columns))
        for i in np.flatnonzero(n_publishable)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.liked, row.label)))


def category_rows(table: ResponseTable, rule: DisclosureRule) -> tuple[ShareRow, ...]:
    """Return the answers to picks by category, if both it and its complement may be shown."""
    groups = _DeckGroups.by_category(table)
    return tuple(ShareRow(*row) for row in _publishable_rows(groups, len(table.ids), rule))


def segment_rows(
    table: ResponseTable, segments: Sequence[str], rule: DisclosureRule
) -> dict[str, tuple[SegmentRow, ...]]:
    """Return the answers to picks by segment of people, under the same rule as categories."""
    rows_by_segment, values = {}, np.vstack([table.shares[0], table.seconds])
    for name, labels in zip(SEGMENTS, table.labels, strict=True):
        if name in segments:
            groups = _DeckGroups.by_label(labels, values)
            groups_rows = _publishable_rows(groups, len(table.ids), rule)
            rows_by_segment[name] = tuple(SegmentRow(*row) for row in groups_rows)
    return rows_by_segment


def _publishable_rows(
    groups: "_DeckGroups", people: int, rule: DisclosureRule
) -> Iterator[tuple[Any, ...]]:
    """Yield label, people and means of the groups that may be shown, the largest first.

    The group with the name "" is never shown.
    """
    people_behind = groups.people.tolist()
    by_name = sorted(range(len(people_behind)), key=groups.names.__getitem__)
    sizes = {i: people_behind[i] for i in by_name if groups.names[i]}
    for i in rule.publishable_groups(sizes, people, groups.hidden_people):
        values = groups.shares[:, groups.group == i][:, : rule.publishable(people_behind[i])]
        yield groups.names[i], rule.publishable(people_behind[i]), *values.mean(axis=1).tolist()


@dataclass(frozen=True, slots=True, eq=False)
class _DeckGroups:
    """Shares of the answered picks for n pairs of group and deck, sorted by group, then closing."""

    names: list[str]
    group: Ints  # (n,) index in `names`
    deck: Ints  # (n,)
    shares: Floats  # (n_shares, n)

    @classmethod
    def by_category(cls, table: ResponseTable) -> "_DeckGroups":
        picks = np.flatnonzero(table.card_category >= 0)
        is_seen = np.bincount(table.card_category[picks], minlength=len(table.categories)) > 0
        category = (np.cumsum(is_seen) - 1)[table.card_category[picks]]
        order = np.argsort(_narrow_codes(category), kind="stable")  # cards are sorted by deck
        category, picks = category[order], picks[order]
        deck = table.card_deck[picks]
        is_first = np.diff(category, prepend=-1).astype(bool) | np.diff(deck, prepend=-1).astype(
            bool
        )
        group, starts = np.cumsum(is_first) - 1, np.flatnonzero(is_first)
        cards = np.bincount(group, minlength=len(starts))
        answer_masks = _answer_masks(table.card_answer[picks])
        shares = [
            np.bincount(group[s], minlength=len(starts)) / np.maximum(cards, 1)
            for s in answer_masks
        ]
        names = [name for name, yes in zip(table.categories, is_seen, strict=True) if yes]
        return cls(names, category[starts], deck[starts], np.array(shares))

    @classmethod
    def by_label(cls, labels: Sequence[str], values: Floats) -> "_DeckGroups":
        """Group decks by their labels; a deck with a NaN in `values` gets the name ""."""
        is_unknown = np.asarray(np.isnan(values).any(axis=0))
        names, codes = encode(["" if no else x for x, no in zip(labels, is_unknown, strict=True)])
        order = np.argsort(codes, kind="stable")
        return cls(list(names), codes[order], order, values[:, order])

    @property
    def people(self) -> Ints:
        """The number of people in each group, (n_names,)."""
        return np.bincount(self.group, minlength=len(self.names))

    def hidden_people(self, shown: Sequence[int]) -> int:
        """Return the number of people in the groups that are not shown."""
        return len(np.unique(self.deck[~np.isin(self.group, shown)]))


def _narrow_codes(codes: Ints) -> NDArray[np.uint16] | Ints:
    """Return codes as 16 bits if they fit: NumPy sorts those by radix, without comparisons."""
    return codes.astype(np.uint16) if len(codes) and codes.max() < 2**16 else codes


def secondary_metrics(
    table: ResponseTable,
    alpha: float,
    rule: DisclosureRule,
    shown: ShownMeasures,
    decoys: bool = True,
) -> dict[str, Estimate]:
    """Return the mean of each secondary metric over the people with a value.

    decoys: whether the deck has matched decoys; without them, NEEDS_DECOYS are unknown.
    """
    rows = dict(zip(SECONDARY_METRICS, table.secondary, strict=True))
    no_decoys = Estimate.unknown("the deck has no scored decoys")
    return {
        name: shown.compute(name, partial(_mean_of_known, values, alpha, rule), NOT_COMPUTED)
        if decoys or name not in NEEDS_DECOYS
        else no_decoys
        for name, values in rows.items()
    }


def _mean_of_known(values: Floats, alpha: float, rule: DisclosureRule) -> Estimate:
    return mean_of(values[~np.isnan(values)], alpha, rule)


def mean_of(values: Floats, alpha: float, rule: DisclosureRule) -> Estimate:
    """Return the mean of whole batches of values; unknown below `min_group_size`."""
    people = rule.publishable(len(values))
    if not people:
        return Estimate.unknown(f"fewer than {rule.min_group_size} people")
    return betting_estimate(values[:people], alpha / 2, 1)


def covariate_balance(table: ResponseTable, stops: Sequence[int] | Ints) -> Iterator[float | None]:
    """Yield the standardized difference of log popularity, picks minus decoys, at each stop.

    stops: numbers of decks. Only pairs with answers to both cards are used; popularity p enters as
    log(1 + p). None below two pairs. Austin, Statistics in Medicine 2009.
    """
    n_pairs = np.searchsorted(table.pair_deck, stops)
    centered = table.pair_gap - (table.pair_gap.mean(axis=0) if len(table.pair_gap) else 0.0)
    sums, squares = (
        np.concatenate([np.zeros((1, 2)), x.cumsum(axis=0)])[n_pairs]
        for x in (centered, centered**2)
    )
    shift = table.pair_gap.mean(axis=0) @ [1, -1] if len(table.pair_gap) else 0.0
    n = np.maximum(n_pairs, 2)[:, None]
    variance = np.maximum(squares - sums**2 / n, 0) / (n - 1)
    gaps = (sums / n) @ [1, -1] + shift
    spreads = np.sqrt(variance.mean(axis=1))
    for n_known, gap, spread in zip(n_pairs.tolist(), gaps.tolist(), spreads.tolist(), strict=True):
        yield None if n_known < 2 else standardized_gap(gap, spread)
