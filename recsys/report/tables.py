"""What the report shows beside the criteria: arms, brands, categories, and the measures not gated.

Behind every number stand whole batches of people, in the order of closing, and at least a cell: so
two reports, however they are chosen, differ by a batch of people or by nobody.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.report.response_table import Sheet
from recsys.report.responses import (
    AGAINST_DECOYS,
    ARMS,
    LIKED,
    LOVED,
    MEASURES,
    UNKNOWN,
    Bools,
    Ints,
    coded,
)
from recsys.report.shown_measures import NOT_COMPUTED, ShownMeasures
from recsys.stats import Estimate, Floats, betting_estimate
from recsys.study.policy import SEGMENTS


@dataclass(frozen=True, slots=True)
class Unit:
    """Of how many people what is published is made."""

    batch: int  # it moves in steps of so many
    cell: int  # and starts at so many
    lost: int = 0  # batches out of which somebody is forgotten; none of their people is here

    def whole(self, people: int) -> int:
        """Return how many of so many people may be shown.

        A lost batch takes five people more: perhaps none of it but the forgotten one was in this
        row, which else would move by her alone.
        """
        whole = people // self.batch * self.batch - self.lost * self.batch
        return whole if whole >= self.cell else 0

    def cells(self, people: int) -> int:
        """Return the number in whole cells: at least so many."""
        return people // self.cell * self.cell


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One line of a table: means over people of the shares of their answered cards."""

    label: str
    people: int
    liked: float
    super_liked: float
    dont_know: float


@dataclass(frozen=True, slots=True)
class SegmentRow(ShareRow):
    """The picks of the people of one segment, and how long they looked."""

    seconds: float  # mean over people of the median time of a card


def share_to_row(row: ShareRow) -> dict[str, Any]:
    """Return a line of a table as the report says it."""
    return {
        "label": row.label,
        "people": row.people,
        "liked": row.liked,
        "super_liked": row.super_liked,
        "dont_know": row.dont_know,
    }


def segment_to_row(row: SegmentRow) -> dict[str, Any]:
    """Return a line of a segment as the report says it."""
    return {**share_to_row(row), "seconds": row.seconds}


def arm_rows(sheet: Sheet, unit: Unit) -> tuple[ShareRow, ...]:
    """Return the rows of picks, the rival's whole list, scored decoys and near decoys."""
    rows = (_row(label, shares, unit) for label, shares in zip(ARMS, sheet.shares, strict=True))
    return tuple(row for row in rows if row is not None)


def _row(label: str, shares: Floats, unit: Unit) -> ShareRow | None:
    """Return the row of people's shares, shape (said, people); NaN of who has none."""
    found = shares[:, ~np.isnan(shares[0])]
    people = unit.whole(found.shape[1])
    if not people:
        return None
    return ShareRow(label, people, *found[:, :people].mean(axis=1).tolist())


def _said(codes: Ints) -> tuple[Bools, Bools, Bools]:
    """Return which cards were liked, loved and not known."""
    return codes >= LIKED, codes == LOVED, codes == UNKNOWN


def brand_rows(sheet: Sheet, unit: Unit) -> tuple[ShareRow, ...]:
    """Return the brands that enough people saw, whichever arm proposed them, best liked first."""
    order = np.argsort(_short(sheet.card_brand), kind="stable")  # then as decks were closed
    brand, said = sheet.card_brand[order], sheet.card_said[order]
    seen = np.bincount(brand, minlength=len(sheet.brands))
    whole = np.array([unit.whole(n) for n in seen.tolist()], dtype=np.int64)
    rank = np.arange(len(brand)) - np.repeat(np.cumsum(seen) - seen, seen)
    shown = rank < whole[brand]
    columns = [
        np.bincount(brand[shown & what], minlength=len(whole)) / np.maximum(whole, 1)
        for what in _said(said)
    ]
    rows = [
        ShareRow(sheet.brands[i], int(whole[i]), *(float(c[i]) for c in columns))
        for i in np.flatnonzero(whole)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.liked, row.label)))


def category_rows(sheet: Sheet, unit: Unit) -> tuple[ShareRow, ...]:
    """Return how the picks of a category were liked, if both it and its complement may be shown."""
    groups = _Groups.of(sheet)
    return tuple(ShareRow(*row) for row in _shown(groups, len(sheet.ids), unit))


def segment_rows(
    sheet: Sheet, segments: Sequence[str], unit: Unit
) -> dict[str, tuple[SegmentRow, ...]]:
    """Return how each part of the people liked its picks, by the rule of the categories."""
    found, values = {}, np.vstack([sheet.shares[0], sheet.seconds])
    for name, labels in zip(SEGMENTS, sheet.labels, strict=True):
        if name in segments:
            groups = _Groups.by(labels, values)
            rows = _shown(groups, len(sheet.ids), unit)
            found[name] = tuple(SegmentRow(*row) for row in rows)
    return found


def _shown(groups: "_Groups", people: int, unit: Unit) -> Iterator[tuple[Any, ...]]:
    """Yield label, people and means of the groups that may be shown, the largest first.

    The complement of a row is the people it leaves out; that of the table is the people behind the
    rows that it hides. Each is empty or a whole cell, or else a row goes. A group without a name
    is never shown.
    """
    behind = groups.people.tolist()
    order = sorted(range(len(behind)), key=lambda i: (-behind[i], groups.names[i]))
    shown = [
        i
        for i in order
        if groups.names[i] and unit.whole(behind[i]) and not 0 < people - behind[i] < unit.cell
    ]
    while shown and 0 < groups.outside(shown) < unit.cell:
        shown.pop()
    for i in shown:
        values = groups.shares[:, groups.category == i][:, : unit.whole(behind[i])]
        yield groups.names[i], unit.whole(behind[i]), *values.mean(axis=1).tolist()


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """The picks of each person in each category, by category and then as decks were closed."""

    names: list[str]
    category: Ints  # place in names, of each group
    deck: Ints
    shares: Floats  # shape (said, groups)

    @classmethod
    def of(cls, sheet: Sheet) -> "_Groups":
        picks = np.flatnonzero(sheet.card_category >= 0)
        seen = np.bincount(sheet.card_category[picks], minlength=len(sheet.categories)) > 0
        category = (np.cumsum(seen) - 1)[sheet.card_category[picks]]
        order = np.argsort(_short(category), kind="stable")  # cards stand by deck already
        category, picks = category[order], picks[order]
        deck = sheet.card_deck[picks]
        first = np.diff(category, prepend=-1).astype(bool) | np.diff(deck, prepend=-1).astype(bool)
        group, starts = np.cumsum(first) - 1, np.flatnonzero(first)
        cards = np.bincount(group, minlength=len(starts))
        said = _said(sheet.card_said[picks])
        parts = [np.bincount(group[s], minlength=len(starts)) / np.maximum(cards, 1) for s in said]
        names = [name for name, yes in zip(sheet.categories, seen, strict=True) if yes]
        return cls(names, category[starts], deck[starts], np.array(parts))

    @classmethod
    def by(cls, labels: Sequence[str], values: Floats) -> "_Groups":
        """Group decks by a label each; who has a value that is not known has no name."""
        unknown = np.asarray(np.isnan(values).any(axis=0))
        names, codes = coded(["" if no else x for x, no in zip(labels, unknown, strict=True)])
        order = np.argsort(codes, kind="stable")
        return cls(list(names), codes[order], order, values[:, order])

    @property
    def people(self) -> Ints:
        """Return how many people each category has."""
        return np.bincount(self.category, minlength=len(self.names))

    def outside(self, shown: Sequence[int]) -> int:
        """Return how many people are behind the categories that are not shown."""
        return len(np.unique(self.deck[~np.isin(self.category, shown)]))


def _short(codes: Ints) -> NDArray[np.uint16] | Ints:
    """Return codes in two bytes where they fit: those are sorted without comparing."""
    return codes.astype(np.uint16) if len(codes) and codes.max() < 2**16 else codes


def beside(
    sheet: Sheet, alpha: float, unit: Unit, shown: ShownMeasures, decoys: bool = True
) -> dict[str, Estimate]:
    """Return the measures that are shown and never gated, each a mean over those who have it.

    Without scored decoys in the deck, what is measured against them is unknown.
    """
    rows = dict(zip(MEASURES, sheet.measures, strict=True))
    none = Estimate.unknown("the deck has no scored decoys")
    return {
        name: shown.compute(name, partial(_mean_of_known, values, alpha, unit), NOT_COMPUTED)
        if decoys or name not in AGAINST_DECOYS
        else none
        for name, values in rows.items()
    }


def _mean_of_known(values: Floats, alpha: float, unit: Unit) -> Estimate:
    return mean_of(values[~np.isnan(values)], alpha, unit)


def mean_of(values: Floats, alpha: float, unit: Unit) -> Estimate:
    """Return the mean of whole batches of values, unknown below a cell."""
    people = unit.whole(len(values))
    if not people:
        return Estimate.unknown(f"fewer than {unit.cell} people")
    return betting_estimate(values[:people], alpha / 2, 1)


def balances(sheet: Sheet, stops: Sequence[int] | Ints) -> Iterator[float | None]:
    """Yield the standardised difference of log popularity, picks less decoys, after so many decks.

    A pair enters when both its cards were answered; popularity p enters as log(1 + p). None under
    two pairs (Austin, Statistics in Medicine 2009).
    """
    upto = np.searchsorted(sheet.pair_deck, stops)
    centred = sheet.pair_gap - (sheet.pair_gap.mean(axis=0) if len(sheet.pair_gap) else 0.0)
    sums, squares = (
        np.concatenate([np.zeros((1, 2)), x.cumsum(axis=0)])[upto] for x in (centred, centred**2)
    )
    shift = sheet.pair_gap.mean(axis=0) @ [1, -1] if len(sheet.pair_gap) else 0.0
    n = np.maximum(upto, 2)[:, None]
    variance = np.maximum(squares - sums**2 / n, 0) / (n - 1)
    gaps = (sums / n) @ [1, -1] + shift
    spreads = np.sqrt(variance.mean(axis=1))
    for known, gap, spread in zip(upto.tolist(), gaps.tolist(), spreads.tolist(), strict=True):
        yield None if known < 2 else _apart(gap, spread)


def _apart(gap: float, spread: float) -> float:
    """Return the gap in spreads; what differs without any spread is infinitely apart."""
    if spread < 1e-6:  # rounding, where nothing varies
        return 0.0 if abs(gap) < 1e-6 else float(np.copysign(np.inf, gap))
    return gap / spread
