"""Preference scores from a customer's own evidence, and popularity counts of brands."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.event_aggregation import FIXED_POINT_ONE, HALF_LIVES
from recsys.dataset.evidence import DistinctKey, Evidence, Feature

HALF_LIFE_OPTIONS: tuple[int | None, ...] = (None, 365, 90, 30)
"""Half-lives in days that a model may use; None means no decay."""
VIEW_WEIGHT = 0.1  # of a view relative to a purchase, in the baselines


@dataclass(frozen=True, slots=True)
class EventWeights:
    """The weight of one event of each kind as a sign of preference. No unit; only order matters.

    Strong signs of a favourite brand are purchases at full price, a follow and views of new
    releases. A purchase at a discount or of the cheapest kind is a weak sign. The defaults are the
    starting point of the search in `recsys.evaluation.tuning`.
    """

    full_price: float = 1.0
    premium: float = 0.4  # purchases priced above the median of the category
    purchases: float = 0.25
    purchase_days: float = 0.5  # distinct days; repeat purchases count
    products: float = 0.05
    categories: float = 0.05
    release_views: float = 2.0
    wishlists: float = 0.6
    carts: float = 0.1
    views: float = 0.08
    returns: float = -0.8
    follows: float = 3.0  # no decay: a follow is valid until it is withdrawn


def event_weights_to_row(weights: EventWeights) -> dict[str, float]:
    """Return the weights by stored name, in the order of WEIGHT_NAMES."""
    return {
        "full_price": weights.full_price,
        "dear": weights.premium,
        "purchases": weights.purchases,
        "purchase_days": weights.purchase_days,
        "products": weights.products,
        "categories": weights.categories,
        "release_views": weights.release_views,
        "wishlists": weights.wishlists,
        "carts": weights.carts,
        "views": weights.views,
        "returns": weights.returns,
        "follows": weights.follows,
    }


def event_weights_from_row(row: Mapping[str, float]) -> EventWeights:
    """Return the weights of a row of `event_weights_to_row`; a missing one gets its default."""
    values = {**event_weights_to_row(EventWeights()), **row}
    return EventWeights(
        full_price=values["full_price"],
        premium=values["dear"],
        purchases=values["purchases"],
        purchase_days=values["purchase_days"],
        products=values["products"],
        categories=values["categories"],
        release_views=values["release_views"],
        wishlists=values["wishlists"],
        carts=values["carts"],
        views=values["views"],
        returns=values["returns"],
        follows=values["follows"],
    )


WEIGHT_NAMES = tuple(event_weights_to_row(EventWeights()))
_WEIGHT_FEATURES = {
    "full_price": Feature.FULL_PRICE,
    "dear": Feature.PREMIUM,
    "purchases": Feature.PURCHASES,
    "release_views": Feature.RELEASE_VIEWS,
    "wishlists": Feature.WISHLISTS,
    "carts": Feature.CARTS,
    "views": Feature.VIEWS,
    "returns": Feature.RETURNS,
    "follows": Feature.FOLLOWS,
}
_WEIGHT_DISTINCT_KEYS = {
    "purchase_days": DistinctKey.PURCHASE_DAY,
    "products": DistinctKey.ITEM,
    "categories": DistinctKey.CATEGORY,
}


def feature_counts(evidence: Evidence) -> NDArray[np.float64]:
    """Return the count of each kind in WEIGHT_NAMES for each pair, (n, n_kinds)."""
    columns = [
        evidence.feature(_WEIGHT_FEATURES[kind])
        if kind in _WEIGHT_FEATURES
        else evidence.distinct(_WEIGHT_DISTINCT_KEYS[kind])
        for kind in WEIGHT_NAMES
    ]
    return np.array(columns, np.float64).T


def preferences_from_counts(
    counts: NDArray[np.floating], decay: NDArray[np.floating], weights: EventWeights
) -> NDArray[np.floating]:
    """Return the weighted sum of event counts, time-decayed and log1p-scaled, (...), >= 0.

    counts: (..., n_kinds), in the order of WEIGHT_NAMES; decay: (...), share from 0 to 1, applied
    to every kind but follows. With the logarithm, the tenth purchase counts less than the first.
    """
    weight = np.array([*event_weights_to_row(weights).values()], counts.dtype)
    return _log_scaled((counts[..., :-1] @ weight[:-1]) * decay, counts[..., -1] * weight[-1])


def _log_scaled(
    decaying: NDArray[np.floating], persistent: NDArray[np.floating]
) -> NDArray[np.floating]:
    return np.asarray(np.log1p(np.maximum(decaying + persistent, 0)))


def preference_scores(
    evidence: Evidence, weights: EventWeights | None = None, half_life: int | None = None
) -> NDArray[np.float64]:
    """Return the preference score of each pair, (n,), >= 0, without a unit.

    `half_life` (days, one of HALF_LIFE_OPTIONS) decays every kind but follows. Kinds are added one
    by one, so that a pair's score is bit-identical whatever other pairs `evidence` has. A matrix
    product is faster but does not guarantee that.
    """
    weights = weights or EventWeights()
    *fading, persistent = (
        count * weight
        for weight, count in zip(
            event_weights_to_row(weights).values(), feature_counts(evidence).T, strict=True
        )
    )
    total = sum(fading, np.zeros(len(evidence)))
    return np.asarray(
        _log_scaled(total * decay_factor(evidence, half_life), persistent), np.float64
    )


def decay_factor(evidence: Evidence, half_life: int | None) -> NDArray[np.float64]:
    """Return the share of a pair's events that is left after time decay, (n,), from 0 to 1.

    The events are purchases, views, wishlists and carts; the share is 1 for a pair without any.
    """
    if half_life is None:
        return np.ones(len(evidence))
    index = _half_life_index(half_life)
    decayed = evidence.feature(Feature(Feature.BOUGHT_30 + index)) + evidence.feature(
        Feature(Feature.LOOKED_30 + index)
    )
    columns = (Feature.PURCHASES, Feature.VIEWS, Feature.WISHLISTS, Feature.CARTS)
    total = np.sum([evidence.feature(column) for column in columns], axis=0)
    return np.asarray(
        np.where(total > 0, decayed / (np.maximum(total, 1) * FIXED_POINT_ONE), 1.0), np.float64
    )


def baseline_strength(evidence: Evidence) -> NDArray[np.float64]:
    """Return log1p(purchases) + VIEW_WEIGHT * log1p(views) of each pair, (n,).

    The baselines of an evaluation use it, because they do not know EventWeights.
    """
    bought, looked = evidence.feature(Feature.PURCHASES), evidence.feature(Feature.VIEWS)
    return np.asarray(np.log1p(bought) + VIEW_WEIGHT * np.log1p(looked), np.float64)


def popularity_counts(evidence: Evidence, brands: int) -> NDArray[np.int64]:
    """Count buyers (0) and viewers (1) of each brand, (2, len(HALF_LIFE_OPTIONS), brands).

    The unit is 1 / FIXED_POINT_ONE customers: counts are whole numbers, so the parts of a log add
    up exactly. Row k decays a customer's count with the half-life HALF_LIFE_OPTIONS[k]. Without
    decay (row 0), every customer with any event counts as a viewer.
    """
    everyone = np.ones(len(evidence), np.bool_)
    kinds = (
        (evidence.feature(Feature.PURCHASES) > 0, Feature.BOUGHT_30),
        (everyone, Feature.LOOKED_30),
    )
    rows = [
        mask * FIXED_POINT_ONE
        if age is None
        else np.minimum(evidence.feature(Feature(first + _half_life_index(age))), FIXED_POINT_ONE)
        for mask, first in kinds
        for age in HALF_LIFE_OPTIONS
    ]
    totals = [np.bincount(evidence.brand, row, minlength=brands) for row in rows]
    return np.array(totals, np.int64).reshape(len(kinds), len(HALF_LIFE_OPTIONS), brands)


def _half_life_index(age: int) -> int:
    return HALF_LIVES.index(age)


def relative_popularity(popularity: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return popularity relative to each row's maximum, (len(HALF_LIFE_OPTIONS), B), 0 to 1."""
    maximum = popularity.max(axis=1, keepdims=True, initial=0)
    return np.asarray(popularity / np.where(maximum > 0, maximum, 1), np.float64)
