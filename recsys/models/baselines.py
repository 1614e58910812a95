"""The rivals, under the same contract as the model."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recsys.dataset.event_weights import counted
from recsys.dataset.evidence import Evidence, Sum
from recsys.dataset.interactions import Lesson
from recsys.errors import UnknownNameError
from recsys.models.base import Basis, BrandScore, Ranker, Why, best
from recsys.models.collaborative import Factors, Linear, learn_factors, learn_linear, similarity
from recsys.models.hybrid import FavouriteModel

NEIGHBOURS = 100


@dataclass(frozen=True, slots=True, eq=False)
class PlainALS:
    """ALS alone, with the model's own options, on counts."""

    basis: Basis
    factors: Factors
    name: str = "als"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the n brands whose factors lie closest to hers."""
        scores = self.factors.affinity(evidence.brand, counted(evidence))
        return listed(self.basis, scores, n, without)


@dataclass(frozen=True, slots=True, eq=False)
class PlainEASE:
    """EASE alone, on counts."""

    basis: Basis
    linear: Linear
    name: str = "ease"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the n brands that hers speak most for."""
        scores = self.linear.affinity(evidence.brand, counted(evidence), len(self.basis.brands))
        return listed(self.basis, scores, n, without)


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The brands most alike to hers, each brand among its own nearest."""

    basis: Basis
    name: str
    alike: csr_matrix  # (B, B)

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the n brands that are most alike to what she knows."""
        rows = self.alike[evidence.brand]
        scores = np.asarray(rows.T @ counted(evidence), np.float64)
        return listed(self.basis, scores, n, without)


def rivals(model: FavouriteModel, lesson: Lesson) -> list[Ranker]:
    """Every rival, learnt from the customers that the model was learnt from."""
    basis, options = model.basis, model.options
    matrix = lesson.matrix(lesson.counted)
    plain = learn_factors(
        matrix, options.factors, options.alpha, options.regularisation, options.iterations
    )
    nearest: list[Ranker] = [
        Neighbours(basis, name, similarity(kind(K=NEIGHBOURS, num_threads=1), matrix))
        for name, kind in (("cosine", CosineRecommender), ("bm25", BM25Recommender))
    ]
    simple = [make(basis) for make in BASELINES.values()]
    linear = learn_linear(matrix, options.regularisation)
    return [*simple, PlainALS(basis, plain), *nearest, PlainEASE(basis, linear)]


@dataclass(frozen=True, slots=True, eq=False)
class Popularity:
    """The brands that most customers bought: the same list for everybody."""

    basis: Basis
    name: str = "popularity"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the n most bought brands; `evidence` is not looked at."""
        del evidence
        return listed(self.basis, self.basis.prior, n, without)


@dataclass(frozen=True, slots=True, eq=False)
class OwnPurchasesThenViews:
    """What she bought most often, then what she looked at most, then what is popular."""

    basis: Basis
    name: str = "own-purchases-then-views"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return her n most bought brands, filled up with her most viewed, then popular ones."""
        scores = self.basis.prior / 2  # below a single view
        scores[evidence.brand] += self.own(evidence)
        return listed(self.basis, scores, n, without)

    def own(self, evidence: Evidence) -> NDArray[np.float64]:
        """What each pair of one or many customers adds, shape (n,): a purchase beats any view."""
        views = evidence.of(Sum.VIEWS).astype(np.float64)
        most_views = float(views.max(initial=0.0))
        return np.asarray(evidence.of(Sum.PURCHASES) * (most_views + 1.0) + views, np.float64)


def listed(
    basis: Basis, scores: NDArray[np.float64], n: int, without: Collection[str]
) -> list[BrandScore]:
    """The n best by these scores, shape (B,), without reasons."""
    chosen = best(scores, basis.allowed(without), n)
    return [
        BrandScore(str(basis.brands[code]), float(scores[code]), place, Why())
        for place, code in enumerate(chosen, start=1)
    ]


BASELINES: Mapping[str, Callable[[Basis], Ranker]] = {
    "own-purchases-then-views": OwnPurchasesThenViews,
    "popularity": Popularity,
}


def baseline(name: str, basis: Basis) -> Ranker:
    """Return the rival of that name. Raises UnknownNameError listing the known ones."""
    if name not in BASELINES:
        raise UnknownNameError("baseline", name, BASELINES)
    return BASELINES[name](basis)
