"""What people who buy alike love: ALS by fold-in, the closed-form EASE, and the nearest brands.

ALS is implicit-feedback alternating least squares (Hu, Koren, Volinsky, "Collaborative Filtering
for Implicit Feedback Datasets", ICDM 2008, equations 4 and 5) by the `implicit` package; a person
who was not in the fit is folded in with equation 4, for which the package's `recalculate_user` is
an exact solve. EASE is a linear model of each brand by the others (Steck, "Embarrassingly Shallow
Autoencoders for Sparse Data", WWW 2019, equation 8). Both penalties grow with the square root of
the number of customers, as the noise in a singular value does. The nearest brands by the cosine of
their customers (Sarwar, Karypis, Konstan, Riedl, "Item-based Collaborative Filtering", WWW 2001,
section 3.1.1) reach those that EASE's head leaves out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from warnings import catch_warnings, simplefilter

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender, ItemItemRecommender
from implicit.utils import ParameterWarning
from numpy.typing import NDArray
from scipy.linalg import inv
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

ProgressCallback = Callable[[str, float], None]
"""Called with the stage's name and the share of it that is done, 0 to 1."""
LossCallback = Callable[[int, float], None]
"""Called with the number of a pass of ALS that is done, from 1, and the loss after it."""

MAX_EASE_BRANDS = 4_000  # brands of EASE: its matrix has their square, its solve their cube
MIN_BUYERS = 2  # who alone loves a brand says nothing of others
EASE_PENALTY_FACTOR = 3.0  # EASE's penalty in units of ALS's
MAX_NEIGHBORS = 100  # brands that each brand speaks for
SCALE_SAMPLE_SIZE = 2_000  # customers


@dataclass(frozen=True, slots=True, eq=False)
class ALSModel:
    """Brand factors of ALS, and whoever asks is folded in."""

    item_factors: NDArray[np.float32]  # (B, F)
    alpha: float
    penalty: float
    als: Any = field(init=False, repr=False)  # implicit's own model, with its YtY computed once

    def __post_init__(self) -> None:
        with threadpool_limits(1, "blas"):
            als = AlternatingLeastSquares(
                factors=self.item_factors.shape[1],
                regularization=self.penalty,
                alpha=self.alpha,
                num_threads=1,
            )
            als.item_factors = self.item_factors
            als.YtY  # noqa: B018 - computed and cached here, not while the first person waits
        object.__setattr__(self, "als", als)

    def affinity(
        self, brand: NDArray[np.int32], strength: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Of one person to every brand, shape (B,), from her brands and how strong they are."""
        return (self.item_factors @ self.user_factors(brand, strength)).astype(np.float64)

    def user_factors(
        self, brand: NDArray[np.int32], strength: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """Factors of one person, shape (F,); zeros without evidence."""
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
        """Factors of N people, shape (N, F), from N x B of how strong their brands are."""
        user_vectors: NDArray[np.float32] = self.als.recalculate_user(
            np.arange(user_matrix.shape[0]), user_matrix
        )
        return user_vectors


@dataclass(frozen=True, slots=True, eq=False)
class EASEModel:
    """EASE over the H brands that most customers of the sample met."""

    head: NDArray[np.int32]  # (H,) their codes, ascending
    weights: NDArray[np.float32]  # (H, H) how much row speaks for column; the diagonal is 0

    def affinity(
        self, brand: NDArray[np.int32], strength: NDArray[np.floating], brands: int
    ) -> NDArray[np.float64]:
        """Of one person to every brand, shape (brands,); 0 outside the head."""
        scores = np.zeros(brands)
        positions, in_head = self.head_positions(brand)
        user_row = (strength[in_head].astype(np.float32), positions, [0, len(positions)])
        # a sparse row picks its rows of the matrix without a copy of them
        scores[self.head] = (csr_matrix(user_row, shape=(1, len(self.head))) @ self.weights)[0]
        return scores

    def head_positions(
        self, brand: NDArray[np.int32]
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Rows of those of these brands that are in the head, and which are."""
        positions = np.searchsorted(self.head, brand)
        in_head = np.zeros(len(brand), bool)
        in_range = positions < len(self.head)
        in_head[in_range] = self.head[positions[in_range]] == brand[in_range]
        return positions[in_head], in_head


@dataclass(frozen=True, slots=True, eq=False)
class ItemKNN:
    """Each brand's nearest ones by cosine, so scaled that they foretell a strength."""

    weights: csr_matrix  # (B, B) how much row speaks for column; nothing for itself

    def affinity(
        self, brand: NDArray[np.int32], strength: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Of one person to every brand, shape (B,)."""
        return np.asarray(self.weights[brand].T @ strength, np.float64)

    def resize(self, brands: int) -> "ItemKNN":
        """The same over so many brands; the new ones are near to none."""
        weights = self.weights
        padding = np.full(brands - weights.shape[0], weights.nnz, weights.indptr.dtype)
        rows = np.append(weights.indptr, padding)
        return ItemKNN(csr_matrix((weights.data, weights.indices, rows), shape=(brands, brands)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What must be kept, as plain arrays."""
        weights = self.weights
        return {"near": weights.data, "near_brands": weights.indices, "near_rows": weights.indptr}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Build it again from `arrays()`. Raises KeyError for another's."""
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
    """Learn brand factors from customers x brands; `threads` 0 is all cores, with equal results.

    It starts from the leading singular vectors and so is the same whatever the seed. The loss takes
    time of its own, and is computed only where `on_loss` is to hear it.
    """
    rank = min(factors, max(1, min(matrix.shape) - 1))
    ridge = ridge_penalty(regularization, matrix.shape[0])

    def on_iteration(iteration: int, _elapsed: float, loss: float | None) -> None:
        if on_loss and loss is not None:
            on_loss(iteration + 1, float(loss))
        if progress:
            progress("learning the brands", (iteration + 1) / iterations)

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
    """The ridge penalty of ALS for so many customers."""
    return float(regularization * np.sqrt(customers))


def _svd_start(matrix: csr_matrix, rank: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Customers' and brands' parts of the leading singular vectors, shapes (N, F) and (B, F).

    By randomised subspace iteration (Halko, Martinsson, Tropp, SIAM Review 53(2), 2011, algorithm
    4.4) from a fixed draw.
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


def fit_ease(matrix: csr_matrix, regularization: float) -> EASEModel:
    """Solve for how much each brand of the head speaks for each other one."""
    buyers = np.bincount(matrix.indices, minlength=matrix.shape[1])
    most_bought = np.argsort(-buyers, kind="stable")[:MAX_EASE_BRANDS]
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


def fit_item_knn(matrix: csr_matrix, threads: int = 0) -> ItemKNN:
    """Find each brand's nearest ones; `threads` 0 is all cores, with equal results.

    Cosines are told in units of strength: by the least squares of what some customers did on what
    their other brands foretell.
    """
    cosine = fit_similarity(
        CosineRecommender(K=MAX_NEIGHBORS + 1, num_threads=threads), matrix
    ).tocoo()
    off_diagonal = cosine.row != cosine.col
    pairs = cosine.data[off_diagonal], (cosine.row[off_diagonal], cosine.col[off_diagonal])
    weights = csr_matrix(pairs, shape=cosine.shape)
    sample = matrix[:SCALE_SAMPLE_SIZE].astype(np.float64)
    predicted = sample @ weights
    squared_norm = predicted.multiply(predicted).sum()
    weights *= predicted.multiply(sample).sum() / squared_norm if squared_norm else 0.0
    return ItemKNN(csr_matrix(weights, dtype=np.float32))


def fit_similarity(recommender: ItemItemRecommender, matrix: csr_matrix) -> csr_matrix:
    """What one of the package's neighbour models makes of customers x brands, shape (B, B)."""
    with catch_warnings():
        simplefilter("ignore", ParameterWarning)  # of how the package hands a matrix to itself
        recommender.fit(matrix, show_progress=False)
    return csr_matrix(recommender.similarity)
