"""Types that all rankers share: the protocol, the brand index, a score and its explanation."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recsys.dataset.catalog import Catalog
from recsys.dataset.evidence import Evidence
from recsys.errors import WorkspaceError


@dataclass(frozen=True, slots=True)
class Explanation:
    """The data behind a score. Other code turns it into words; it is never stored."""

    purchases: int = 0
    full_price: int = 0  # purchases at the list price
    release_views: int = 0
    follows: int = 0
    views: int = 0
    own: float = 0.0  # the three parts of the score; their sum is the score
    collaborative: float = 0.0
    popularity: float = 0.0
    neighbours: tuple[str, ...] = ()  # customer's own brands that add most to it


def explanation_to_row(explanation: Explanation) -> dict[str, Any]:
    """Return the explanation as a JSON object."""
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
    """The main reason for a score. The customer's own events come first, the strongest on top."""

    FOLLOWED = "followed"
    FULL_PRICE = "full price"  # all purchases of the brand were at full price
    BOUGHT = "bought"
    NEW = "new releases"  # views of new releases
    VIEWED = "viewed"
    ALIKE = "others alike"  # customers with the same favourites like this brand
    POPULAR = "popular"


REASONS = tuple(ExplanationReason)


def primary_reasons(
    follows: ArrayLike,
    purchases: ArrayLike,
    full_price: ArrayLike,
    release_views: ArrayLike,
    views: ArrayLike,
    from_others: ArrayLike,
) -> NDArray[np.int8]:
    """Return the main reason of each score as a position in REASONS.

    The first five are event counts (m,); `from_others` (m,) says where similar customers contribute
    more than popularity does.
    """
    bought = np.asarray(purchases) > 0
    rules = (
        (np.asarray(follows) > 0, ExplanationReason.FOLLOWED),
        (bought & (np.asarray(full_price) >= np.asarray(purchases)), ExplanationReason.FULL_PRICE),
        (bought, ExplanationReason.BOUGHT),
        (np.asarray(release_views) > 0, ExplanationReason.NEW),
        (np.asarray(views) > 0, ExplanationReason.VIEWED),
        (np.asarray(from_others), ExplanationReason.ALIKE),
    )
    codes = [np.int8(REASONS.index(reason)) for _, reason in rules]
    popular = np.int8(REASONS.index(ExplanationReason.POPULAR))
    return np.select([holds for holds, _ in rules], codes, popular)


def primary_reason(explanation: Explanation) -> ExplanationReason:
    """Return the main reason in `explanation`."""
    place = primary_reasons(
        explanation.follows,
        explanation.purchases,
        explanation.full_price,
        explanation.release_views,
        explanation.views,
        explanation.collaborative > max(explanation.popularity, 0),
    )
    return REASONS[int(place)]


@dataclass(frozen=True, slots=True)
class BrandScore:
    """The score and rank of one brand for one customer."""

    brand: str
    score: float  # no unit; compare scores of the same customer only
    rank: int  # 1 is the favourite
    explanation: Explanation = field(default_factory=Explanation)


class Ranker(Protocol):
    """Anything that ranks brands for one customer: the model and the baselines."""

    @property
    def name(self) -> str:
        """The name that a study stores."""
        ...

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the top n brands of one customer.

        Parameters
        ----------
        evidence : Evidence
            Evidence of this customer alone.
        n : int
            Maximum number of brands.
        without : collection of str
            Brand names to leave out; unknown names are ignored.

        Returns
        -------
        list of BrandScore
            Best first, with ranks from 1.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class BrandIndex:
    """The B brands that a ranker knows, with their popularity."""

    lineage: str  # of the catalog that the brand codes belong to
    brands: NDArray[np.object_]  # (B,)
    sensitive: NDArray[np.bool_]  # (B,) never ranked: sensitive or without items
    buyers: NDArray[np.int64]  # (B,) see `Interactions.buyers`
    codes: Mapping[str, int] = field(init=False, repr=False)
    prior: NDArray[np.float64] = field(init=False, repr=False)  # (B,) log buyers, scaled to 0..1

    def __post_init__(self) -> None:
        logs = np.log1p(self.buyers.astype(np.float64))
        object.__setattr__(self, "codes", {name: code for code, name in enumerate(self.brands)})
        object.__setattr__(self, "prior", logs / max(float(logs.max(initial=0.0)), 1.0))

    def by_popularity(self) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Return codes by falling popularity and the sum of buyers before each, (B,) each."""
        order = np.argsort(-self.buyers, kind="stable")
        return order, np.cumsum(self.buyers[order]) - self.buyers[order]

    def allowed(self, without: Collection[str]) -> NDArray[np.bool_]:
        """Return the mask of the brands that may be ranked, (B,)."""
        mask = ~self.sensitive
        mask[[self.codes[name] for name in without if name in self.codes]] = False
        return mask

    def rebase_on(self, catalog: Catalog) -> Self:
        """Return the index for a catalog that may have grown; new brands have no buyers.

        Raises WorkspaceError if the catalog has another lineage, so that its codes differ.
        """
        if catalog.lineage != self.lineage:
            raise WorkspaceError(
                "The event store was rebuilt after this version was fitted. "
                "Fit again with `brandswipe model fit`."
            )
        buyers = np.zeros(len(catalog.brands), np.int64)
        buyers[: len(self.buyers)] = self.buyers
        return replace(self, brands=catalog.brands, sensitive=_unrankable(catalog), buyers=buyers)


def build_brand_index(buyers: NDArray[np.int64], catalog: Catalog) -> BrandIndex:
    """Return the index of a catalog's brands; `buyers`, (B,): see `Interactions.buyers`."""
    return BrandIndex(
        lineage=catalog.lineage,
        brands=catalog.brands,
        sensitive=_unrankable(catalog),
        buyers=buyers,
    )


def _unrankable(catalog: Catalog) -> NDArray[np.bool_]:
    return np.asarray(catalog.brand_sensitive | (catalog.brand_category < 0), np.bool_)


def top_k(scores: NDArray[np.float64], allowed: NDArray[np.bool_], n: int) -> NDArray[np.intp]:
    """Return codes of the n best allowed brands. Ties by code: a shorter list is a prefix."""
    codes = np.flatnonzero(allowed)
    codes = codes[
        scores[codes] >= top_k_threshold(scores[codes], n)
    ]  # for speed: the long tail is not sorted
    order = np.lexsort((codes, -scores[codes]))
    return codes[order[:n]]


_SLABS = 8


def top_k_threshold(scores: NDArray[np.floating], n: int) -> NDArray[np.floating]:
    """Return a close lower bound of the n-th best score on the last axis, (..., 1).

    It is the n-th best of the maxima of groups of eight scores, so at least n scores reach it. The
    search among an eighth of the scores takes a fraction of the time.
    """
    width = scores.shape[-1] // _SLABS
    if width > n:
        scores = scores[..., : width * _SLABS].reshape(*scores.shape[:-1], _SLABS, width)
        scores = scores.max(axis=-2)
    if not 0 < n < scores.shape[-1]:
        return np.full((*scores.shape[:-1], 1), -np.inf, scores.dtype)
    return np.partition(scores, scores.shape[-1] - n, axis=-1)[..., -n, None]
