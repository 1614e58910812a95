"""Own evidence as one number a brand: what she did herself, and how much it says of love."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.event_aggregation import FIXED_POINT_ONE, HALF_LIVES
from recsys.dataset.evidence import DistinctKey, Evidence, Feature

HALF_LIFE_OPTIONS: tuple[int | None, ...] = (None, 365, 90, 30)
"""Half-lives in days that a model may forget with; None never forgets."""
VIEW_WEIGHT = 0.1  # of a purchase, where a rival counts


@dataclass(frozen=True, slots=True)
class EventWeights:
    """What one event of each kind says of love. No unit; only the order matters.

    A favourite is price-blind, followed and looked out for; a purchase at a discount or of the
    cheapest kind says little. These are where the search of `recsys.evaluation.tuning` begins.
    """

    full_price: float = 1.0
    premium: float = 0.4  # although half of the category costs less
    purchases: float = 0.25
    purchase_days: float = 0.5  # coming back counts
    products: float = 0.05
    categories: float = 0.05
    release_views: float = 2.0
    wishlists: float = 0.6
    carts: float = 0.1
    views: float = 0.08
    returns: float = -0.8
    follows: float = 3.0  # a follow stands until it is taken back, so it does not fade


def event_weights_to_row(weights: EventWeights) -> dict[str, float]:
    """Return what each kind of event says, in the order of KINDS, as a model keeps it."""
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
    """Return what `event_weights_to_row` wrote; a kind that it does not name is as usual."""
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
    """How often each of KINDS happened, shape (n, len(KINDS))."""
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
    """Weighted sum of event counts, decayed and log1p-scaled, at least 0.

    counts: (..., len(KINDS)); decay: (...), a share. Returns shape (...).

    The logarithm keeps the tenth purchase from counting as much as the first.
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
    """Own evidence as one number a pair, shape (n,), at least 0 and without a unit.

    `half_life`, one of AGES, lets everything but a follow fade. Kinds are added one by one, so that
    a pair's love is the same to the bit whatever stands beside it: a matrix product, which is
    quicker, does not promise that.
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
    """What share of a pair's purchases and looks has not faded, shape (n,), from 0 to 1."""
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
    """Purchases and, far behind them, views, each on a logarithmic scale, shape (n,).

    What the rivals of an evaluation go by, who know nothing of love.
    """
    bought, looked = evidence.feature(Feature.PURCHASES), evidence.feature(Feature.VIEWS)
    return np.asarray(np.log1p(bought) + VIEW_WEIGHT * np.log1p(looked), np.float64)


def popularity_counts(evidence: Evidence, brands: int) -> NDArray[np.int64]:
    """How many customers bought each brand, and how many looked, shape (2, len(AGES), brands).

    In units of 1 / ONE and so whole numbers: those of the parts of a log add up. In row k a
    customer counts less the longer ago it was, by the half-life AGES[k]; in row 0 of the lookers
    whoever did anything counts.
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
    """Return popularity as a share of the most popular brand's, by age: (len(AGES), B)."""
    maximum = popularity.max(axis=1, keepdims=True, initial=0)
    return np.asarray(popularity / np.where(maximum > 0, maximum, 1), np.float64)
