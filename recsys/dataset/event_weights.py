"""Own evidence as one number a brand: what she did herself, and how much it says of love."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.aggregation import HALF_LIVES, ONE
from recsys.dataset.evidence import Evidence, Mark, Sum

AGES: tuple[int | None, ...] = (None, 365, 90, 30)
"""Half-lives in days that a model may forget with; None never forgets."""
A_VIEW = 0.1  # of a purchase, where a rival counts


@dataclass(frozen=True, slots=True)
class Love:
    """What one event of each kind says of love. No unit; only the order matters.

    A favourite is price-blind, followed and looked out for; a purchase at a discount or of the
    cheapest kind says little. These are where the search of `weighing` begins.
    """

    full_price: float = 1.0
    dear: float = 0.4  # although half of the category costs less
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


def love_to_row(love: Love) -> dict[str, float]:
    """Return what each kind of event says, in the order of KINDS, as a model keeps it."""
    return {
        "full_price": love.full_price,
        "dear": love.dear,
        "purchases": love.purchases,
        "purchase_days": love.purchase_days,
        "products": love.products,
        "categories": love.categories,
        "release_views": love.release_views,
        "wishlists": love.wishlists,
        "carts": love.carts,
        "views": love.views,
        "returns": love.returns,
        "follows": love.follows,
    }


def love_from_row(row: Mapping[str, float]) -> Love:
    """Return what `love_to_row` wrote; a kind that it does not name is as usual."""
    said = {**love_to_row(Love()), **row}
    return Love(
        full_price=said["full_price"],
        dear=said["dear"],
        purchases=said["purchases"],
        purchase_days=said["purchase_days"],
        products=said["products"],
        categories=said["categories"],
        release_views=said["release_views"],
        wishlists=said["wishlists"],
        carts=said["carts"],
        views=said["views"],
        returns=said["returns"],
        follows=said["follows"],
    )


KINDS = tuple(love_to_row(Love()))
_SUMS = {
    "full_price": Sum.FULL_PRICE,
    "dear": Sum.DEAR,
    "purchases": Sum.PURCHASES,
    "release_views": Sum.RELEASE_VIEWS,
    "wishlists": Sum.WISHLISTS,
    "carts": Sum.CARTS,
    "views": Sum.VIEWS,
    "returns": Sum.RETURNS,
    "follows": Sum.FOLLOWS,
}
_MARKS = {"purchase_days": Mark.PURCHASE_DAY, "products": Mark.ITEM, "categories": Mark.CATEGORY}


def counts(evidence: Evidence) -> NDArray[np.float64]:
    """How often each of KINDS happened, shape (n, len(KINDS))."""
    columns = [
        evidence.of(_SUMS[kind]) if kind in _SUMS else evidence.distinct(_MARKS[kind])
        for kind in KINDS
    ]
    return np.array(columns, np.float64).T


def loved(
    counts: NDArray[np.floating], left: NDArray[np.floating], how: Love
) -> NDArray[np.floating]:
    """Counts, shape (..., len(KINDS)), as one number at least 0, of which a share is `left`, (...).

    The logarithm keeps the tenth purchase from counting as much as the first.
    """
    weight = np.array([*love_to_row(how).values()], counts.dtype)
    return _felt((counts[..., :-1] @ weight[:-1]) * left, counts[..., -1] * weight[-1])


def _felt(fades: NDArray[np.floating], stands: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray(np.log1p(np.maximum(fades + stands, 0)))


def love(
    evidence: Evidence, how: Love | None = None, half_life: int | None = None
) -> NDArray[np.float64]:
    """Own evidence as one number a pair, shape (n,), at least 0 and without a unit.

    `half_life`, one of AGES, lets everything but a follow fade. Kinds are added one by one, so that
    a pair's love is the same to the bit whatever stands beside it: a matrix product, which is
    quicker, does not promise that.
    """
    how = how or Love()
    *fading, stands = (
        count * weight
        for weight, count in zip(love_to_row(how).values(), counts(evidence).T, strict=True)
    )
    total = sum(fading, np.zeros(len(evidence)))
    return np.asarray(_felt(total * left(evidence, half_life), stands), np.float64)


def left(evidence: Evidence, half_life: int | None) -> NDArray[np.float64]:
    """What share of a pair's purchases and looks has not faded, shape (n,), from 0 to 1."""
    if half_life is None:
        return np.ones(len(evidence))
    step = _step(half_life)
    fresh = evidence.of(Sum(Sum.BOUGHT_30 + step)) + evidence.of(Sum(Sum.LOOKED_30 + step))
    looked = (Sum.PURCHASES, Sum.VIEWS, Sum.WISHLISTS, Sum.CARTS)
    done = np.sum([evidence.of(column) for column in looked], axis=0)
    return np.asarray(np.where(done > 0, fresh / (np.maximum(done, 1) * ONE), 1.0), np.float64)


def counted(evidence: Evidence) -> NDArray[np.float64]:
    """Purchases and, far behind them, views, each on a logarithmic scale, shape (n,).

    What the rivals of an evaluation go by, who know nothing of love.
    """
    bought, looked = evidence.of(Sum.PURCHASES), evidence.of(Sum.VIEWS)
    return np.asarray(np.log1p(bought) + A_VIEW * np.log1p(looked), np.float64)


def fame(evidence: Evidence, brands: int) -> NDArray[np.int64]:
    """How many customers bought each brand, and how many looked, shape (2, len(AGES), brands).

    In units of 1 / ONE and so whole numbers: those of the parts of a log add up. In row k a
    customer counts less the longer ago it was, by the half-life AGES[k]; in row 0 of the lookers
    whoever did anything counts.
    """
    whoever = np.ones(len(evidence), np.bool_)
    kinds = ((evidence.of(Sum.PURCHASES) > 0, Sum.BOUGHT_30), (whoever, Sum.LOOKED_30))
    rows = [
        whole * ONE if age is None else np.minimum(evidence.of(Sum(first + _step(age))), ONE)
        for whole, first in kinds
        for age in AGES
    ]
    totals = [np.bincount(evidence.brand, row, minlength=brands) for row in rows]
    return np.array(totals, np.int64).reshape(len(kinds), len(AGES), brands)


def _step(age: int) -> int:
    return HALF_LIVES.index(age)


def popular(fame: NDArray[np.int64]) -> NDArray[np.float64]:
    """How famous each brand is, of the most famous one, by age as in `fame`, (len(AGES), B)."""
    most = fame.max(axis=1, keepdims=True, initial=0)
    return np.asarray(fame / np.where(most > 0, most, 1), np.float64)
