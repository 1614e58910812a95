"""What the report shows beside the criteria: arms, brands, categories, and the measures not gated.

Behind every number stand whole batches of people, in the order of closing, and at least a cell: so
two reports, however they are chosen, differ by a batch of people or by nobody.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from recsys.columns import ARMS, LIKED, LOVED, MEASURES, UNKNOWN, Bools, Ints
from recsys.sheet import Sheet
from recsys.stats import Estimate, Floats, betting_estimate


@dataclass(frozen=True, slots=True)
class Unit:
    """Of how many people what is published is made."""

    batch: int  # it moves in steps of so many
    cell: int  # and starts at so many

    def whole(self, people: int) -> int:
        """Return how many of so many people may be shown."""
        whole = people // self.batch * self.batch
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
    small = np.uint16 if len(sheet.brands) < 2**16 else np.int64  # two bytes are sorted at once
    order = np.argsort(sheet.card_brand.astype(small), kind="stable")  # then as they closed
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
    """Return how the picks of a category were liked, if both it and its complement may be shown.

    The complement of a row is the people it leaves out; that of the table is the people behind the
    rows that it hides. Each is empty or a whole cell, or else a row goes.
    """
    picks = sheet.card_category >= 0
    deck, category = sheet.card_deck[picks], sheet.card_category[picks]
    people = len(sheet.ids)
    behind = {place: np.unique(deck[category == place]) for place in np.unique(category).tolist()}
    order = sorted(behind, key=lambda place: (-len(behind[place]), sheet.categories[place]))
    shown = [i for i in order if unit.whole(len(behind[i])) and _fits(people, behind[i], unit)]
    while shown and 0 < len(np.unique(deck[~np.isin(category, shown)])) < unit.cell:
        shown.pop()
    rows = (_row(sheet.categories[i], _category_shares(sheet, i, behind[i]), unit) for i in shown)
    return tuple(row for row in rows if row is not None)


def _fits(people: int, behind: Ints, unit: Unit) -> bool:
    return not 0 < people - len(behind) < unit.cell


def _category_shares(sheet: Sheet, category: int, people: Ints) -> Floats:
    """Return the shares of each of these people's picks of a category, shape (said, people)."""
    mine = sheet.card_category == category
    who, said = np.searchsorted(people, sheet.card_deck[mine]), sheet.card_said[mine]
    whole = np.bincount(who, minlength=len(people))
    parts = [
        np.bincount(who[s], minlength=len(people))
        for s in (said >= LIKED, said == LOVED, said == UNKNOWN)
    ]
    return np.array(parts) / whole


def beside(sheet: Sheet, alpha: float, unit: Unit) -> dict[str, Estimate]:
    """Return the measures that are shown and never gated, each a mean over those who have it."""
    rows = zip(MEASURES, sheet.measures, strict=True)
    return {name: mean_of(values[~np.isnan(values)], alpha, unit) for name, values in rows}


def mean_of(values: Floats, alpha: float, unit: Unit) -> Estimate:
    """Return the mean of whole batches of values, unknown below a cell."""
    people = unit.whole(len(values))
    if not people:
        return Estimate.unknown(f"fewer than {unit.cell} people")
    return betting_estimate(values[:people], alpha / 2, 1)


def balances(sheet: Sheet, stops: Sequence[int]) -> Iterator[float | None]:
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
