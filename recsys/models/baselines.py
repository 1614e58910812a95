"""The rivals, under the same contract as the model."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recsys.dataset.event_weights import baseline_strength
from recsys.dataset.evidence import Evidence, Feature
from recsys.dataset.interactions import Interactions
from recsys.errors import UnknownNameError
from recsys.models.base import BrandIndex, BrandScore, Explanation, Ranker, top_k
from recsys.models.collaborative import ALSModel, EASEModel, fit_als, fit_ease, fit_similarity
from recsys.models.hybrid import HybridModel

N_NEIGHBORS = 100


@dataclass(frozen=True, slots=True, eq=False)
class ALSBaseline:
    """ALS alone, with the model's own options, on counts."""

    brand_index: BrandIndex
    als: ALSModel
    name: str = "als"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the n brands whose factors lie closest to hers."""
        scores = self.als.affinity(evidence.brand, baseline_strength(evidence))
        return top_scored_brands(self.brand_index, scores, n, without)


@dataclass(frozen=True, slots=True, eq=False)
class EASEBaseline:
    """EASE alone, on counts."""

    brand_index: BrandIndex
    ease: EASEModel
    name: str = "ease"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the n brands that hers speak most for."""
        scores = self.ease.affinity(
            evidence.brand, baseline_strength(evidence), len(self.brand_index.brands)
        )
        return top_scored_brands(self.brand_index, scores, n, without)


@dataclass(frozen=True, slots=True, eq=False)
class ItemKNNBaseline:
    """The brands most alike to hers, each brand among its own nearest."""

    brand_index: BrandIndex
    name: str
    similarity: csr_matrix  # (B, B)

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the n brands that are most alike to what she knows."""
        rows = self.similarity[evidence.brand]
        scores = np.asarray(rows.T @ baseline_strength(evidence), np.float64)
        return top_scored_brands(self.brand_index, scores, n, without)


def fit_baselines(model: HybridModel, interactions: Interactions) -> list[Ranker]:
    """Every rival, learnt from the customers that the model was learnt from."""
    brand_index, options = model.brand_index, model.options
    matrix = interactions.matrix(interactions.baseline_strength)
    als = fit_als(
        matrix, options.factors, options.alpha, options.regularization, options.iterations
    )
    item_knn: list[Ranker] = [
        ItemKNNBaseline(
            brand_index, name, fit_similarity(kind(K=N_NEIGHBORS, num_threads=1), matrix)
        )
        for name, kind in (("cosine", CosineRecommender), ("bm25", BM25Recommender))
    ]
    heuristics = [make(brand_index) for make in BASELINES.values()]
    ease = fit_ease(matrix, options.regularization)
    return [*heuristics, ALSBaseline(brand_index, als), *item_knn, EASEBaseline(brand_index, ease)]


@dataclass(frozen=True, slots=True, eq=False)
class Popularity:
    """The brands that most customers bought: the same list for everybody."""

    brand_index: BrandIndex
    name: str = "popularity"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the n most bought brands; `evidence` is not looked at."""
        del evidence
        return top_scored_brands(self.brand_index, self.brand_index.prior, n, without)


@dataclass(frozen=True, slots=True, eq=False)
class OwnPurchasesThenViews:
    """What she bought most often, then what she looked at most, then what is popular."""

    brand_index: BrandIndex
    name: str = "own-purchases-then-views"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return her n most bought brands, filled up with her most viewed, then popular ones."""
        scores = self.brand_index.prior / 2  # below a single view
        scores[evidence.brand] += self.own_scores(evidence)
        return top_scored_brands(self.brand_index, scores, n, without)

    def own_scores(self, evidence: Evidence) -> NDArray[np.float64]:
        """What each pair of one or many customers adds, shape (n,): a purchase beats any view."""
        views = evidence.feature(Feature.VIEWS).astype(np.float64)
        most_views = float(views.max(initial=0.0))
        return np.asarray(
            evidence.feature(Feature.PURCHASES) * (most_views + 1.0) + views, np.float64
        )


def top_scored_brands(
    brand_index: BrandIndex, scores: NDArray[np.float64], n: int, without: Collection[str]
) -> list[BrandScore]:
    """The n best by these scores, shape (B,), without reasons."""
    codes = top_k(scores, brand_index.allowed(without), n)
    return [
        BrandScore(str(brand_index.brands[code]), float(scores[code]), place, Explanation())
        for place, code in enumerate(codes, start=1)
    ]


BASELINES: Mapping[str, Callable[[BrandIndex], Ranker]] = {
    "own-purchases-then-views": OwnPurchasesThenViews,
    "popularity": Popularity,
}


def make_baseline(name: str, brand_index: BrandIndex) -> Ranker:
    """Return the rival of that name. Raises UnknownNameError listing the known ones."""
    if name not in BASELINES:
        raise UnknownNameError("baseline", name, BASELINES)
    return BASELINES[name](brand_index)
