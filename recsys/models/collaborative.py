"""Collaborative models: ALS with fold-in, closed-form EASE, and item-based nearest neighbors.

ALS is implicit-feedback alternating least squares (Hu, Koren, Volinsky, "Collaborative Filtering
for Implicit Feedback Datasets", ICDM 2008, equations 4 and 5) by the `implicit` package. A user
outside the training data is folded in with equation 4; the package's `recalculate_user` solves it
exactly. EASE is a linear model of each brand by the others (Steck, "Embarrassingly Shallow
Autoencoders for Sparse Data", WWW 2019, equation 8). Both penalties grow with the square root of
the number of customers, as the noise in a singular value does. Item kNN takes the cosine of the
brands' customers (Sarwar, Karypis, Konstan, Riedl, "Item-based Collaborative Filtering", WWW 2001,
section 3.1.1). It also covers the brands outside EASE's head.

`implicit` is imported where it is used: studies, reports and the gate need no such library.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import inv
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from recsys.progress import ProgressCallback, WorkStage

LossCallback = Callable[[int, float], None]
"""Called with the number of a finished ALS iteration, from 1, and the loss after it."""

MAX_EASE_BRANDS = 4_000  # in EASE; memory grows with its square, time with its cube
MIN_BUYERS = 2  # of a brand in EASE: a single customer says nothing about other brands
EASE_PENALTY_FACTOR = 3.0  # EASE's penalty as a multiple of ALS's
MAX_NEIGHBORS = 100  # of each brand in item kNN
SCALE_SAMPLE_SIZE = 2_000  # customers that set the scale of item kNN


@dataclass(frozen=True, slots=True, eq=False)
class ALSModel:
    """ALS item factors; users are folded in on request."""

    item_factors: NDArray[np.float32]  # (B, F)
    alpha: float
    penalty: float
    als: Any = field(init=False, repr=False)  # the model of `implicit`, with YtY computed once

    def __post_init__(self) -> None:
        from implicit.cpu.als import AlternatingLeastSquares

        with threadpool_limits(1, "blas"):
            als = AlternatingLeastSquares(
                factors=self.item_factors.shape[1],
                regularization=self.penalty,
                alpha=self.alpha,
                num_threads=1,
            )
            als.item_factors = self.item_factors
            als.YtY  # noqa: B018 - computed and cached here, so that the first request does not wait
        object.__setattr__(self, "als", als)

    def affinity(
        self, brand: NDArray[np.int32], strength: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Return one user's affinity to every brand, (B,), from brand codes and strengths, (n,)."""
        return (self.item_factors @ self.user_factors(brand, strength)).astype(np.float64)

    def user_factors(
        self, brand: NDArray[np.int32], strength: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """Return the factors of one user, (F,); zeros without evidence."""
        is_positive = strength > 0
        user_row = csr_matrix(
            (
                strength[is_positive].astype(np.float32),
                brand[is_positive],
                [0, int(is_positive.sum())],
            ),
            shape=(1, len(self.item_factors)),
        )
        user_vector: NDArray[np.float32] = self.als.recalculate_user(0, user_row)
        return user_vector

    def batch_user_factors(self, user_matrix: csr_matrix) -> NDArray[np.float32]:
        """Return the factors of N users, (N, F), from their strengths, (N, B)."""
        user_vectors: NDArray[np.float32] = self.als.recalculate_user(
            np.arange(user_matrix.shape[0]), user_matrix
        )
        return user_vectors


@dataclass(frozen=True, slots=True, eq=False)
class EASEModel:
    """EASE over its head: the H brands with the most customers in the sample."""

    head: NDArray[np.int32]  # (H,) brand codes, ascending
    weights: NDArray[np.float32]  # (H, H) item-item weights B of EASE; zero diagonal

    def affinity(
        self, brand: NDArray[np.int32], strength: NDArray[np.floating], brands: int
    ) -> NDArray[np.float64]:
        """Return one user's affinity to every brand, (brands,); 0 outside the head."""
        scores = np.zeros(brands)
        positions, in_head = self.head_positions(brand)
        user_row = (strength[in_head].astype(np.float32), positions, [0, len(positions)])
        # a sparse row reads its rows of the matrix without copying them
        scores[self.head] = (csr_matrix(user_row, shape=(1, len(self.head))) @ self.weights)[0]
        return scores

    def head_positions(
        self, brand: NDArray[np.int32]
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return the head positions of the brands in the head, and the mask of these, (n,)."""
        positions = np.searchsorted(self.head, brand)
        in_head = np.zeros(len(brand), bool)
        in_range = positions < len(self.head)
        in_head[in_range] = self.head[positions[in_range]] == brand[in_range]
        return positions[in_head], in_head


@dataclass(frozen=True, slots=True, eq=False)
class ItemKNN:
    """Each brand's nearest neighbors by cosine, scaled so that they predict strengths."""

    weights: csr_matrix  # (B, B) item-item weights, from row to column; zero diagonal

    def affinity(
        self, brand: NDArray[np.int32], strength: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Return one user's affinity to every brand, (B,)."""
        return np.asarray(self.weights[brand].T @ strength, np.float64)

    def resize(self, brands: int) -> "ItemKNN":
        """Return the model for a larger number of brands; new brands have no neighbors."""
        weights = self.weights
        padding = np.full(brands - weights.shape[0], weights.nnz, weights.indptr.dtype)
        rows = np.append(weights.indptr, padding)
        return ItemKNN(csr_matrix((weights.data, weights.indices, rows), shape=(brands, brands)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays to save."""
        weights = self.weights
        return {"near": weights.data, "near_brands": weights.indices, "near_rows": weights.indptr}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Restore from `arrays()`. Raises KeyError if an array is missing."""
        rows = arrays["near_rows"]
        parts = arrays["near"], arrays["near_brands"], rows
        return cls(csr_matrix(parts, shape=(len(rows) - 1, len(rows) - 1)))


def fit_als(
    matrix: csr_matrix,
    factors: int,
    alpha: float,
    regularization: float,
    iterations: int,
    progress: ProgressCallback | None = None,
    threads: int = 0,
    on_loss: LossCallback | None = None,
) -> ALSModel:
    """Fit ALS on a customers x brands matrix; `threads` 0 uses all cores, with equal results.

    The start is the leading singular vectors, so the result does not depend on a seed. The loss
    takes extra time and is computed only if `on_loss` is given.
    """
    from implicit.cpu.als import AlternatingLeastSquares

    rank = min(factors, max(1, min(matrix.shape) - 1))
    ridge = ridge_penalty(regularization, matrix.shape[0])

    def on_iteration(iteration: int, _elapsed: float, loss: float | None) -> None:
        if on_loss and loss is not None:
            on_loss(iteration + 1, float(loss))
        if progress:
            progress(WorkStage.LEARNING_BRANDS, (iteration + 1) / iterations)

    with threadpool_limits(1, "blas"):  # implicit runs its own threads
        als = AlternatingLeastSquares(
            factors=rank,
            regularization=ridge,
            alpha=alpha,
            iterations=iterations,
            num_threads=threads,
            random_state=0,
            calculate_training_loss=on_loss is not None,
        )
        als.user_factors, als.item_factors = _svd_start(matrix, rank)
        als.fit(matrix, show_progress=False, callback=on_iteration)
    return ALSModel(np.ascontiguousarray(als.item_factors), alpha, ridge)


def ridge_penalty(regularization: float, customers: int) -> float:
    """Return the ridge penalty of ALS: regularization * sqrt(customers)."""
    return float(regularization * np.sqrt(customers))


def _svd_start(matrix: csr_matrix, rank: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the scaled leading singular vectors of customers and brands, (N, F) and (B, F).

    Method: randomized subspace iteration (Halko, Martinsson, Tropp, SIAM Review 53(2), 2011,
    algorithm 4.4) with a fixed seed.
    """
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((matrix.shape[1], rank))
    for _ in range(5):
        vectors, _ = np.linalg.qr(matrix.T @ (matrix @ vectors))
    customers = matrix @ vectors
    norms = np.sqrt(np.linalg.norm(customers, axis=0))
    return (
        np.ascontiguousarray(customers / np.where(norms > 0, norms, 1.0), np.float32),
        np.ascontiguousarray(vectors * norms, np.float32),
    )


def fit_ease(
    matrix: csr_matrix, regularization: float, max_brands: int = MAX_EASE_BRANDS
) -> EASEModel:
    """Fit EASE on the brands with the most customers (the head) of a customers x brands matrix."""
    buyers = np.bincount(matrix.indices, minlength=matrix.shape[1])
    most_bought = np.argsort(-buyers, kind="stable")[:max_brands]
    head = np.sort(most_bought[buyers[most_bought] >= MIN_BUYERS]).astype(np.int32)
    head_matrix = matrix.tocsc()[:, head].astype(np.float64)
    gram = (head_matrix.T @ head_matrix).toarray()
    gram[np.diag_indices_from(gram)] += EASE_PENALTY_FACTOR * ridge_penalty(
        max(regularization, 0.01), matrix.shape[0]
    )
    with threadpool_limits(1, "blas"):
        inverse = inv(gram, overwrite_a=True, assume_a="pos") if len(head) else gram
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return EASEModel(head, np.ascontiguousarray(weights, np.float32))


def fit_item_knn(
    matrix: csr_matrix, threads: int = 0, max_neighbors: int = MAX_NEIGHBORS
) -> ItemKNN:
    """Find each brand's nearest neighbors; `threads` 0 uses all cores, with equal results.

    One factor scales the cosines to units of strength: the least-squares fit of a sample's
    strengths on the predictions from the customers' other brands.
    """
    cosine = fit_similarity("cosine", matrix, max_neighbors + 1, threads).tocoo()
    off_diagonal = cosine.row != cosine.col
    pairs = cosine.data[off_diagonal], (cosine.row[off_diagonal], cosine.col[off_diagonal])
    weights = csr_matrix(pairs, shape=cosine.shape)
    sample = matrix[:SCALE_SAMPLE_SIZE].astype(np.float64)
    predicted = sample @ weights
    squared_norm = predicted.multiply(predicted).sum()
    weights *= predicted.multiply(sample).sum() / squared_norm if squared_norm else 0.0
    return ItemKNN(csr_matrix(weights, dtype=np.float32))


def fit_similarity(kind: str, matrix: csr_matrix, neighbors: int, threads: int) -> csr_matrix:
    """Fit a cosine or bm25 model of `implicit` on customers x brands; return similarity, (B, B)."""
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
    from implicit.utils import ParameterWarning

    model = {"cosine": CosineRecommender, "bm25": BM25Recommender}[kind]
    recommender = model(K=neighbors, num_threads=threads)
    with catch_warnings():
        simplefilter("ignore", ParameterWarning)  # about a matrix that the package passes to itself
        recommender.fit(matrix, show_progress=False)
    return csr_matrix(recommender.similarity)
