"""lesson -> FavouriteModel; rank one person's brands while she waits.

    score = own * (own evidence) + collaborative * (what others do) + popularity * (popularity now)

Own evidence comes from `love`, the collaborative part from `collaborative`; how they are weighed
is a Blend, which `weighing` chooses where the log is large enough.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.catalog import Catalogue
from recsys.dataset.event_weights import AGES, Love, counts, left, loved, popular
from recsys.dataset.evidence import Evidence, Sum
from recsys.dataset.interactions import Lesson
from recsys.errors import NotEnoughError
from recsys.models.base import Basis, BrandScore, Why, basis, best
from recsys.models.collaborative import (
    Alike,
    Factors,
    Heard,
    Linear,
    learn_alike,
    learn_factors,
    learn_linear,
)
from recsys.models.collaborative import Progress as Progress
from recsys.models.hybrid_params import (
    ENOUGH_CUSTOMERS as ENOUGH_CUSTOMERS,  # those who fit name these here
)
from recsys.models.hybrid_params import RANGES as RANGES
from recsys.models.hybrid_params import Blend as Blend
from recsys.models.hybrid_params import FitOptions as FitOptions
from recsys.models.hybrid_params import Weights as Weights
from recsys.models.hybrid_params import blend_from_row, blend_to_row
from recsys.models.hybrid_params import check_options as check_options
from recsys.models.hybrid_params import options_from as options_from
from recsys.models.hybrid_params import options_to_row as options_to_row
from recsys.models.hybrid_params import weights_from_row as weights_from_row
from recsys.models.hybrid_params import weights_to_row as weights_to_row

MOST_NEIGHBOURS = 2
Parts = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Own evidence, what others do, and popularity, weighed, each of shape (B,)."""
Affinity = Callable[[NDArray[np.int32], NDArray[np.floating]], NDArray[np.float64]]
"""From somebody's brands and how strong they are, (n,) each, to every brand, (B,)."""


@dataclass(frozen=True, slots=True, eq=False)
class FavouriteModel:
    """Favourite brands of one person from her own evidence, her neighbours' and popularity."""

    basis: Basis
    popular: NDArray[np.float64]  # (len(AGES), B) see love.popular
    unit: float  # love of an average customer for a brand she met: what own evidence is told in
    factors: Factors
    linear: Linear
    alike: Alike
    options: FitOptions
    blend: Blend

    @property
    def name(self) -> str:
        """The name that a study writes down."""
        return "favourite"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the best n brands of one person, best first, each with its reasons."""
        strength, parts = self._judged(evidence)
        total, chosen = self._chosen(parts, n, without)
        spoken = self._spoken(evidence.brand, strength, chosen)
        return [
            BrandScore(
                brand=str(self.basis.brands[code]),
                score=float(total[code]),
                rank=place,
                why=self._why(evidence, int(code), [float(part[code]) for part in parts], near),
            )
            for place, (code, near) in enumerate(zip(chosen, spoken, strict=True), start=1)
        ]

    def names(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[str]:
        """Return the names of the same n brands, without looking for reasons."""
        _, chosen = self._chosen(self._judged(evidence)[1], n, without)
        return [str(name) for name in self.basis.brands[chosen]]

    def _judged(self, evidence: Evidence) -> tuple[NDArray[np.floating], Parts]:
        """How strong her brands are, shape (n,), and the three weighed parts of the score."""
        count, blend = counts(evidence), self.blend
        strength = loved(count, left(evidence, blend.drift), Love()) / self.unit
        own = np.zeros(len(self.basis.brands))
        own[evidence.brand] = loved(count, left(evidence, blend.half_life), blend.love) / self.unit
        return strength, (
            blend.weights.own * own,
            blend.weights.collaborative * self._others(evidence.brand, strength),
            blend.weights.popularity * self.popular[AGES.index(blend.fashion)],
        )

    def _chosen(
        self, parts: Parts, n: int, without: Collection[str]
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        own, collaborative, popularity = parts
        total = own + collaborative + popularity
        return total, best(total, self.basis.allowed(without), n)

    def _others(
        self, brand: NDArray[np.int32], strength: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """What others make of her brands, shape (B,); who has no share in it is not asked."""
        found = np.zeros(len(self.basis.brands))
        for share, affinity in zip(self.blend.shares, self._learners, strict=True):
            if share:
                found += share * affinity(brand, strength)
        return found

    def affinities(
        self, brand: NDArray[np.int32], strength: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """What ALS, EASE and the nearest brands make of somebody's brands, shape (3, B)."""
        return np.stack([affinity(brand, strength) for affinity in self._learners])

    @property
    def _learners(self) -> tuple[Affinity, Affinity, Affinity]:
        linear = partial(self.linear.affinity, brands=len(self.basis.brands))
        return self.factors.affinity, linear, self.alike.affinity

    def _spoken(
        self, hers: NDArray[np.int32], strength: NDArray[np.floating], codes: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """How much each brand of hers speaks for each of these, shape (codes, n)."""
        by_factors, by_brands, by_nearest = self.blend.shares
        spoken = np.zeros((len(codes), len(hers)))
        if by_factors:
            of_brands = self.factors.of_brands
            spoken += by_factors * (of_brands[codes] @ of_brands[hers].T)
        if by_brands:
            rows, mine = self.linear.places(hers)
            columns, theirs = self.linear.places(codes.astype(np.int32))
            spoken[np.ix_(theirs, mine)] += by_brands * self.linear.speaks[np.ix_(rows, columns)].T
        if by_nearest:
            spoken += by_nearest * self.alike.speaks[hers][:, codes].toarray().T
        return spoken * strength

    def _why(
        self, evidence: Evidence, code: int, parts: list[float], spoken: NDArray[np.float64]
    ) -> Why:
        at = int(np.searchsorted(evidence.brand, code))
        has_own = at < len(evidence) and evidence.brand[at] == code
        sums = evidence.sums[at] if has_own else np.zeros(len(Sum), np.int64)
        own, collaborative, popularity = parts
        neighbours = self._neighbours(evidence, code, spoken)
        if has_own and not neighbours:  # nothing but the brand itself speaks for it
            own, collaborative = own + collaborative, 0.0
        return Why(
            purchases=int(sums[Sum.PURCHASES]),
            full_price=int(sums[Sum.FULL_PRICE]),
            release_views=int(sums[Sum.RELEASE_VIEWS]),
            follows=int(sums[Sum.FOLLOWS]),
            views=int(sums[Sum.VIEWS]),
            own=own,
            collaborative=collaborative,
            popularity=popularity,
            neighbours=neighbours,
        )

    def _neighbours(
        self, evidence: Evidence, code: int, spoken: NDArray[np.float64]
    ) -> tuple[str, ...]:
        """Her own brands that speak most for this one."""
        order = np.argsort(-spoken, kind="stable")[: MOST_NEIGHBOURS + 1]
        others = [i for i in order if evidence.brand[i] != code and spoken[i] > 0]
        return tuple(str(self.basis.brands[evidence.brand[i]]) for i in others[:MOST_NEIGHBOURS])

    def over(self, catalogue: Catalogue) -> Self:
        """The same model over a catalogue that may have grown: new brands score by own evidence."""
        known = self.basis.over(catalogue)
        more = len(known.brands) - len(self.basis.brands)
        wider = np.pad(self.factors.of_brands, ((0, more), (0, 0)))
        return replace(
            self,
            basis=known,
            popular=np.pad(self.popular, ((0, 0), (0, more))),
            factors=replace(self.factors, of_brands=wider),
            alike=self.alike.over(len(known.brands)),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What must be kept to restore this model, as plain arrays (no pickle)."""
        return {
            "brands": self.basis.brands.astype(str),
            "sensitive": self.basis.sensitive,
            "buyers": self.basis.buyers,
            "popular": self.popular,
            "factors": self.factors.of_brands,
            "head": self.linear.head,
            "speaks": self.linear.speaks,
            **self.alike.arrays(),
        }

    def meta(self) -> dict[str, Any]:
        """What must be kept beside the arrays, as JSON."""
        return {
            "lineage": self.basis.lineage,
            "unit": self.unit,
            "penalty": self.factors.penalty,
            "options": options_to_row(self.options),
            "blend": blend_to_row(self.blend),
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Build the model again from `arrays()` and `meta()`. Raises KeyError for another's."""
        options = options_from(meta["options"])
        known = Basis(
            lineage=meta["lineage"],
            brands=arrays["brands"].astype(object),
            sensitive=arrays["sensitive"],
            buyers=arrays["buyers"],
        )
        return cls(
            basis=known,
            popular=arrays["popular"],
            unit=meta["unit"],
            factors=Factors(arrays["factors"], options.alpha, meta["penalty"]),
            linear=Linear(arrays["head"], arrays["speaks"]),
            alike=Alike.restore(arrays),
            options=options,
            blend=blend_from_row(meta["blend"]),
        )


def fit(
    lesson: Lesson,
    catalogue: Catalogue,
    options: FitOptions,
    progress: Progress | None = None,
    threads: int = 0,
    blend: Blend | None = None,
    heard: Heard | None = None,
) -> FavouriteModel:
    """Learn from what many customers teach.

    Without a `blend` by the weights of the options, and without those by the defaults.

    `threads` 0 means all cores (the result is the same). Raises BadInputError for options out of
    range and NotEnoughError without any evidence.
    """
    check_options(options)
    if not len(lesson):
        raise NotEnoughError(
            "No customer of the sample did anything with a brand that may be shown. "
            "Import events of such brands, or raise the sample."
        )
    unit = lesson.unit
    matrix = lesson.matrix(lesson.loved / unit)
    return FavouriteModel(
        basis=basis(lesson.buyers, catalogue),
        popular=popular(lesson.fame),
        unit=unit,
        factors=learn_factors(
            matrix,
            options.factors,
            options.alpha,
            options.regularisation,
            options.iterations,
            progress,
            threads,
            heard,
        ),
        linear=learn_linear(matrix, options.regularisation),
        alike=learn_alike(matrix, threads),
        options=options,
        blend=blend or Blend(options.weights or Weights()),
    )
