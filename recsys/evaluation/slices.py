"""How well one ranker does for groups of customers and of brands, each with its doubt.

A group of customers has a value a customer, recall@10; a group of brands has the recall of those
alone. What has too few customers behind it, or leaves too few outside of it, is not shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys.dataset.aggregation import DAY
from recsys.evaluation.metrics import AT, Case, recall
from recsys.evaluation.offline import HEAD, bootstrap
from recsys.models.base import Basis, Ranker
from recsys.stats import CELL, Estimate, estimate_to_row

BY = ("activity", "tenure", "popularity", "category")
"""Brands in her history; days since her first event; how famous a wanted brand is; its category."""
_BRANDS_KNOWN = ((5, "1-4"), (15, "5-14"))
_DAYS_KNOWN = ((90, "0-89"), (365, "90-364"))
_ORDER = ("1-4", "5-14", "15+", "0-89", "90-364", "365+", "famous", "middling", "rare")
_MIDDLE = 0.9  # famous and middling brands make up this share of what is bought
_HIDDEN = "fewer than 10 customers are in this group, or outside of it"


@dataclass(frozen=True, slots=True)
class Slice:
    """One group and what was found for it."""

    by: str  # one of BY
    name: str
    found: Estimate  # share of what was wanted that the first ten found; its n counts customers


def slice_to_row(part: Slice) -> dict[str, Any]:
    """Return a slice as the facts of a version and the result of a job say it."""
    return {"by": part.by, "name": part.name, "found": estimate_to_row(part.found)}


def slices_of(
    ranker: Ranker,
    cases: Sequence[Case],
    basis: Basis,
    category_of: Mapping[str, str],
    as_of: int,
    seed: int,
) -> list[Slice]:
    """Return every group of every kind, those that may not be shown as unknown.

    `category_of` names the category of a brand; `as_of` (seconds since 1970) is the day that what
    is known looks back from.
    """
    fame = _fame(basis)
    values: dict[tuple[str, str], dict[int, float]] = {}
    for place, case in enumerate(cases):
        ranked = [score.brand for score in ranker.rank(case.before, AT)]
        for group, wanted in _groups(case, fame, category_of, as_of):
            values.setdefault(group, {})[place] = recall(ranked, wanted)
    rng = np.random.default_rng(seed)
    return [
        Slice(*group, bootstrap(np.array([*values[group].values()]), rng))
        if group in shown
        else Slice(*group, Estimate.unknown(_HIDDEN))
        for by in BY
        for shown in [_shown({g: set(v) for g, v in values.items() if g[0] == by}, len(cases))]
        for group in sorted(values, key=_place)
        if group[0] == by
    ]


def _groups(
    case: Case, fame: Mapping[str, str], category_of: Mapping[str, str], as_of: int
) -> Iterator[tuple[tuple[str, str], list[str]]]:
    """Yield each group that a customer is in, and what she wanted of it."""
    wanted = list(case.gains)
    days = (as_of - int(case.before.first.min())) // DAY
    yield ("activity", _band(len(case.known), _BRANDS_KNOWN, "15+")), wanted
    yield ("tenure", _band(days, _DAYS_KNOWN, "365+")), wanted
    for by, name_of in (("popularity", fame), ("category", category_of)):
        for name in {name_of[brand] for brand in wanted if brand in name_of}:
            yield (by, name), [brand for brand in wanted if name_of.get(brand) == name]


def _place(group: tuple[str, str]) -> tuple[int, str]:
    """Few before many, famous before rare, categories by name."""
    return (_ORDER.index(group[1]) if group[1] in _ORDER else len(_ORDER), group[1])


def _band(value: int, edges: Sequence[tuple[int, str]], most: str) -> str:
    return next((name for edge, name in edges if value < edge), most)


def _fame(basis: Basis) -> dict[str, str]:
    """Famous brands make up half of what is bought, with the middling ones 90%; others are rare."""
    order, before = basis.by_fame()
    steps = np.searchsorted([HEAD, _MIDDLE], before / max(1, int(basis.buyers.sum())), "right")
    names = ("famous", "middling", "rare")
    return {str(basis.brands[c]): names[s] for c, s in zip(order, steps.tolist(), strict=True)}


def _shown(groups: Mapping[tuple[str, str], set[int]], people: int) -> set[tuple[str, str]]:
    """Return the groups of a kind that may be shown: a cell inside, and nobody or a cell outside.

    The customers behind all groups that are hidden are nobody or a cell, too.
    """
    order = sorted(groups, key=lambda group: (-len(groups[group]), group))
    large = [g for g in order if len(groups[g]) >= CELL and not 0 < people - len(groups[g]) < CELL]
    while large and 0 < len(_behind(groups, large)) < CELL:
        large.pop()
    return set(large)


def _behind(
    groups: Mapping[tuple[str, str], set[int]], shown: Sequence[tuple[str, str]]
) -> set[int]:
    """Return the customers behind the groups that are not shown."""
    return set().union(*(who for group, who in groups.items() if group not in shown))
