"""Recall@10 of one ranker for groups of customers and of brands, each with an interval.

A group of customers has one recall@10 per customer. A group of brands counts only its own brands.
A group is not shown if too few customers are inside it or outside it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys.dataset.event_aggregation import DAY
from recsys.disclosure import DisclosureRule
from recsys.evaluation.metrics import EvalUser, K, recall
from recsys.evaluation.offline import POPULAR_SHARE, bootstrap
from recsys.models.base import BrandIndex, Ranker
from recsys.stats import Estimate, estimate_to_row

SLICE_KINDS = ("activity", "tenure", "popularity", "category")
"""Number of known brands; days since the first event; popularity and category of the brand."""
_BRANDS_KNOWN = ((5, "1-4"), (15, "5-14"))
_DAYS_KNOWN = ((90, "0-89"), (365, "90-364"))
_BAND_ORDER = ("1-4", "5-14", "15+", "0-89", "90-364", "365+", "famous", "middling", "rare")
_MIDDLE_SHARE = 0.9  # famous and middling brands together have this share of all purchases
_TOO_SMALL = "fewer than 10 customers are in this group, or outside of it"


@dataclass(frozen=True, slots=True)
class EvaluationSlice:
    """One group and its recall."""

    by: str  # one of SLICE_KINDS
    name: str
    recall: Estimate  # recall@10; its n is the number of customers


def evaluation_slice_to_row(group: EvaluationSlice) -> dict[str, Any]:
    """Return a slice as plain data for the facts of a model version and the result of a job."""
    # The keys are old names of the attributes. They are in saved files and must not change.
    return {"by": group.by, "name": group.name, "found": estimate_to_row(group.recall)}


def evaluate_slices(
    ranker: Ranker,
    users: Sequence[EvalUser],
    brand_index: BrandIndex,
    category_of: Mapping[str, str],
    as_of: int,
    seed: int,
) -> list[EvaluationSlice]:
    """Return every group of every kind. Groups that may not be shown have an unknown recall.

    `category_of` maps a brand to its category. `as_of` (seconds since 1970) is the end of the known
    history, from which tenure is counted.
    """
    popularity_bands = _popularity_bands(brand_index)
    values: dict[tuple[str, str], dict[int, float]] = {}
    for index, user in enumerate(users):
        ranked_brands = [score.brand for score in ranker.rank(user.evidence, K)]
        for group, relevant in _user_groups(user, popularity_bands, category_of, as_of):
            values.setdefault(group, {})[index] = recall(ranked_brands, relevant)
    rng = np.random.default_rng(seed)
    return [
        EvaluationSlice(*group, bootstrap(np.array([*values[group].values()]), rng))
        if group in shown
        else EvaluationSlice(*group, Estimate.unknown(_TOO_SMALL))
        for by in SLICE_KINDS
        for shown in [
            _publishable_groups({g: set(v) for g, v in values.items() if g[0] == by}, len(users))
        ]
        for group in sorted(values, key=_group_order)
        if group[0] == by
    ]


def _user_groups(
    user: EvalUser, popularity_bands: Mapping[str, str], category_of: Mapping[str, str], as_of: int
) -> Iterator[tuple[tuple[str, str], list[str]]]:
    """Yield each group of a customer, with the customer's relevant brands in that group."""
    relevant = list(user.gains)
    days = (as_of - int(user.evidence.first.min())) // DAY
    yield ("activity", _band(len(user.known_brands), _BRANDS_KNOWN, "15+")), relevant
    yield ("tenure", _band(days, _DAYS_KNOWN, "365+")), relevant
    for by, name_of in (("popularity", popularity_bands), ("category", category_of)):
        for name in {name_of[brand] for brand in relevant if brand in name_of}:
            yield (by, name), [brand for brand in relevant if name_of.get(brand) == name]


def _group_order(group: tuple[str, str]) -> tuple[int, str]:
    """Return a sort key: few before many, famous before rare, categories by name."""
    return (_BAND_ORDER.index(group[1]) if group[1] in _BAND_ORDER else len(_BAND_ORDER), group[1])


def _band(value: int, edges: Sequence[tuple[int, str]], last_band: str) -> str:
    return next((name for edge, name in edges if value < edge), last_band)


def _popularity_bands(brand_index: BrandIndex) -> dict[str, str]:
    """Return the band of each brand, by the share of buyers that all more popular brands have.

    The share is below POPULAR_SHARE for famous, below _MIDDLE_SHARE for middling, else rare.
    """
    order, bought_before = brand_index.by_popularity()
    bands = np.searchsorted(
        [POPULAR_SHARE, _MIDDLE_SHARE],
        bought_before / max(1, int(brand_index.buyers.sum())),
        "right",
    )
    names = ("famous", "middling", "rare")
    return {
        str(brand_index.brands[c]): names[s] for c, s in zip(order, bands.tolist(), strict=True)
    }


def _publishable_groups(
    groups: Mapping[tuple[str, str], set[int]], n_people: int
) -> set[tuple[str, str]]:
    """Return the groups of one kind that may be shown.

    Each has at least MIN_GROUP_SIZE customers inside, and 0 or at least MIN_GROUP_SIZE outside. The
    hidden groups together also have 0 or at least MIN_GROUP_SIZE customers.
    """
    sizes = {group: len(groups[group]) for group in sorted(groups)}
    shown = DisclosureRule().publishable_groups(
        sizes, n_people, lambda shown: len(_hidden_users(groups, shown))
    )
    return set(shown)


def _hidden_users(
    groups: Mapping[tuple[str, str], set[int]], publishable: Sequence[tuple[str, str]]
) -> set[int]:
    """Return the customers in any group that is not shown."""
    return set().union(*(members for group, members in groups.items() if group not in publishable))
