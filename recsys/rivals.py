"""The stronger rivals of an offline evaluation, learnt from the same customers as the model."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from scipy.sparse import csr_matrix

from recsys.baseline import BASELINES, listed
from recsys.collaborative import Factors, Linear, learn_factors, learn_linear, similarity
from recsys.evidence import Evidence
from recsys.lesson import Lesson
from recsys.love import counted
from recsys.model import FavouriteModel
from recsys.ranking import Basis, BrandScore, Ranker

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
