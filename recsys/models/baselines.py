"""The baselines, with the same protocol as the model (`Ranker`)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
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
    """ALS alone, with the options of the model, trained on `baseline_strength`."""

    brand_index: BrandIndex
    als: ALSModel
    name: str = "als"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the n brands with the largest dot product with the user's factors."""
        scores = self.als.affinity(evidence.brand, baseline_strength(evidence))
        return top_scored_brands(self.brand_index, scores, n, without)


@dataclass(frozen=True, slots=True, eq=False)
class EASEBaseline:
    """EASE alone, trained on `baseline_strength`."""

    brand_index: BrandIndex
    ease: EASEModel
    name: str = "ease"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the n brands that EASE predicts most from the customer's own brands."""
        scores = self.ease.affinity(
            evidence.brand, baseline_strength(evidence), len(self.brand_index.brands)
        )
        return top_scored_brands(self.brand_index, scores, n, without)


@dataclass(frozen=True, slots=True, eq=False)
class ItemKNNBaseline:
    """Item-based nearest neighbors: the brands most similar to the customer's own brands."""

    brand_index: BrandIndex
    name: str
    similarity: csr_matrix  # (B, B), the nearest neighbors of each brand

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the n brands most similar to the customer's own brands."""
        rows = self.similarity[evidence.brand]
        scores = np.asarray(rows.T @ baseline_strength(evidence), np.float64)
        return top_scored_brands(self.brand_index, scores, n, without)


def fit_baselines(model: HybridModel, interactions: Interactions) -> list[Ranker]:
    """Return all baselines, fitted on the same customers as the model."""
    brand_index, options = model.brand_index, model.options
    matrix = interactions.matrix(interactions.baseline_strength)
    als = fit_als(
        matrix, options.factors, options.alpha, options.regularization, options.iterations
    )
    item_knn: list[Ranker] = [
        ItemKNNBaseline(brand_index, kind, fit_similarity(kind, matrix, N_NEIGHBORS, threads=1))
        for kind in ("cosine", "bm25")
    ]
    heuristics = [make(brand_index) for make in BASELINES.values()]
    ease = fit_ease(matrix, options.regularization)
    return [*heuristics, ALSBaseline(brand_index, als), *item_knn, EASEBaseline(brand_index, ease)]


@dataclass(frozen=True, slots=True, eq=False)
class Popularity:
    """The brands that most customers bought: the same list for every customer."""

    brand_index: BrandIndex
    name: str = "popularity"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the n most bought brands; `evidence` is ignored."""
        del evidence
        return top_scored_brands(self.brand_index, self.brand_index.prior, n, without)


@dataclass(frozen=True, slots=True, eq=False)
class OwnPurchasesThenViews:
    """The brands that the customer bought most, then viewed most, then popular brands."""

    brand_index: BrandIndex
    name: str = "own-purchases-then-views"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the customer's most bought brands, then most viewed, then popular ones."""
        scores = self.brand_index.prior / 2  # at most 0.5; a single view scores 1
        scores[evidence.brand] += self.own_scores(evidence)
        return top_scored_brands(self.brand_index, scores, n, without)

    def own_scores(self, evidence: Evidence) -> NDArray[np.float64]:
        """Return the own score of each pair, (n,): one purchase beats any number of views."""
        views = evidence.feature(Feature.VIEWS).astype(np.float64)
        most_views = float(views.max(initial=0.0))
        return np.asarray(
            evidence.feature(Feature.PURCHASES) * (most_views + 1.0) + views, np.float64
        )


def top_scored_brands(
    brand_index: BrandIndex, scores: NDArray[np.float64], n: int, without: Collection[str]
) -> list[BrandScore]:
    """Return the n best brands by `scores`, (B,), with empty explanations."""
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
    """Return a baseline that needs no fit.

    Parameters
    ----------
    name : str
        A key of BASELINES.
    brand_index : BrandIndex
        The brands to rank.

    Raises
    ------
    UnknownNameError
        If there is no such baseline; the message lists the known names.
    """
    if name not in BASELINES:
        raise UnknownNameError("baseline", name, BASELINES)
    return BASELINES[name](brand_index)
