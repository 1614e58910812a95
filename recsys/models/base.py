"""What every ranker shares: the contract, the brands it knows, a score and its reasons."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.catalog import Catalog
from recsys.dataset.evidence import Evidence
from recsys.errors import WorkspaceError


@dataclass(frozen=True, slots=True)
class Explanation:
    """What stands behind a score, as data; turned into words elsewhere, never stored."""

    purchases: int = 0
    full_price: int = 0  # of those purchases
    release_views: int = 0
    follows: int = 0
    views: int = 0
    own: float = 0.0  # the three parts of the score; they add up to it
    collaborative: float = 0.0
    popularity: float = 0.0
    neighbours: tuple[str, ...] = ()  # her own brands that speak most for this one


def explanation_to_row(explanation: Explanation) -> dict[str, Any]:
    """Return what a score rests on as answers say it."""
    return {
        "purchases": explanation.purchases,
        "full_price": explanation.full_price,
        "release_views": explanation.release_views,
        "follows": explanation.follows,
        "views": explanation.views,
        "own": explanation.own,
        "collaborative": explanation.collaborative,
        "popularity": explanation.popularity,
        "neighbours": list(explanation.neighbours),
    }


class ExplanationReason(StrEnum):
    """What stands first among the reasons of a score, the strongest of her own doings first."""

    FOLLOWED = "followed"
    FULL_PRICE = "full price"  # every purchase of the brand
    BOUGHT = "bought"
    NEW = "new releases"  # she looked at them
    VIEWED = "viewed"
    ALIKE = "others alike"  # people who love the same brands love this one
    POPULAR = "popular"


def primary_reason(explanation: Explanation) -> ExplanationReason:
    """Return what stands first in `explanation`."""
    if explanation.follows:
        return ExplanationReason.FOLLOWED
    if explanation.purchases:
        return (
            ExplanationReason.FULL_PRICE
            if explanation.full_price >= explanation.purchases
            else ExplanationReason.BOUGHT
        )
    if explanation.release_views:
        return ExplanationReason.NEW
    if explanation.views:
        return ExplanationReason.VIEWED
    return (
        ExplanationReason.ALIKE
        if explanation.collaborative > max(explanation.popularity, 0)
        else ExplanationReason.POPULAR
    )


@dataclass(frozen=True, slots=True)
class BrandScore:
    """How strongly one customer favours one brand."""

    brand: str
    score: float  # no unit; only the order within one customer means anything
    rank: int  # 1 is the favourite
    explanation: Explanation = field(default_factory=Explanation)


class Ranker(Protocol):
    """Whatever ranks brands for one customer: the model and its rivals."""

    @property
    def name(self) -> str:
        """The name that a study writes down."""
        ...

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the best n brands of one person, best first, none of `without`."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class BrandIndex:
    """What every ranker knows of the brands: B names, and how many customers bought each."""

    lineage: str  # of the catalogue whose codes these are
    brands: NDArray[np.object_]  # (B,)
    sensitive: NDArray[np.bool_]  # (B,) never ranked, nor a brand with nothing left to sell
    buyers: NDArray[np.int64]  # (B,) customers of the sample with a purchase, or else any event
    codes: Mapping[str, int] = field(init=False, repr=False)
    prior: NDArray[np.float64] = field(init=False, repr=False)  # (B,) log popularity, from 0 to 1

    def __post_init__(self) -> None:
        logs = np.log1p(self.buyers.astype(np.float64))
        object.__setattr__(self, "codes", {name: code for code, name in enumerate(self.brands)})
        object.__setattr__(self, "prior", logs / max(float(logs.max(initial=0.0)), 1.0))

    def by_popularity(self) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Codes from the most bought on, and the buyers of all before each, shape (B,) each."""
        order = np.argsort(-self.buyers, kind="stable")
        return order, np.cumsum(self.buyers[order]) - self.buyers[order]

    def allowed(self, without: Collection[str]) -> NDArray[np.bool_]:
        """Which brands may be ranked, shape (B,)."""
        mask = ~self.sensitive
        mask[[self.codes[name] for name in without if name in self.codes]] = False
        return mask

    def rebase_on(self, catalog: Catalog) -> Self:
        """The same knowledge over a catalogue that may have grown since: new brands, no buyers.

        Raises WorkspaceError when the catalogue's codes are not the ones learnt from.
        """
        if catalog.lineage != self.lineage:
            raise WorkspaceError(
                "The events were started anew since this version was fitted. "
                "Fit again with `brandswipe fit`."
            )
        buyers = np.zeros(len(catalog.brands), np.int64)
        buyers[: len(self.buyers)] = self.buyers
        return replace(self, brands=catalog.brands, sensitive=_unrankable(catalog), buyers=buyers)


def build_brand_index(buyers: NDArray[np.int64], catalog: Catalog) -> BrandIndex:
    """What is known of a catalogue's brands, and how many customers bought each, shape (B,)."""
    return BrandIndex(
        lineage=catalog.lineage,
        brands=catalog.brands,
        sensitive=_unrankable(catalog),
        buyers=buyers,
    )


def _unrankable(catalog: Catalog) -> NDArray[np.bool_]:
    return np.asarray(catalog.brand_sensitive | (catalog.brand_category < 0), np.bool_)


def top_k(scores: NDArray[np.float64], allowed: NDArray[np.bool_], n: int) -> NDArray[np.intp]:
    """Codes of the n best allowed brands, ties by code, so that lists are prefixes."""
    codes = np.flatnonzero(allowed)
    codes = codes[
        scores[codes] >= top_k_threshold(scores[codes], n)
    ]  # leave the long tail unsorted
    order = np.lexsort((codes, -scores[codes]))
    return codes[order[:n]]


_SLABS = 8


def top_k_threshold(scores: NDArray[np.floating], n: int) -> NDArray[np.floating]:
    """At most the n-th best of the last axis, shape (..., 1), and close to it.

    The n-th best of the maxima of eight scores each is one of n numbers that are as good or better;
    to look for it among an eighth of the scores takes a fraction of the time.
    """
    width = scores.shape[-1] // _SLABS
    if width > n:
        scores = scores[..., : width * _SLABS].reshape(*scores.shape[:-1], _SLABS, width)
        scores = scores.max(axis=-2)
    if not 0 < n < scores.shape[-1]:
        return np.full((*scores.shape[:-1], 1), -np.inf, scores.dtype)
    return np.partition(scores, scores.shape[-1] - n, axis=-1)[..., -n, None]
