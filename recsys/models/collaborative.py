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

Progress = Callable[[str, float], None]
"""Called with the stage's name and the share of it that is done, 0 to 1."""
Heard = Callable[[int, float], None]
"""Called with the number of a pass of ALS that is done, from 1, and the loss after it."""

MOST_LINEAR = 4_000  # brands of EASE: its matrix has their square, its solve their cube
LEAST_BUYERS = 2  # who alone loves a brand says nothing of others
HEAVIER = 3.0  # EASE's penalty in units of ALS's
NEAREST = 100  # brands that each brand speaks for
SCALED_ON = 2_000  # customers


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """Brand factors of ALS, and whoever asks is folded in."""

    of_brands: NDArray[np.float32]  # (B, F)
    alpha: float
    penalty: float
    als: Any = field(init=False, repr=False)  # implicit's own model, with its YtY computed once

    def __post_init__(self) -> None:
        with threadpool_limits(1, "blas"):
            als = AlternatingLeastSquares(
                factors=self.of_brands.shape[1],
                regularization=self.penalty,
                alpha=self.alpha,
                num_threads=1,
            )
            als.item_factors = self.of_brands
            als.YtY  # noqa: B018 - computed and cached here, not while the first person waits
        object.__setattr__(self, "als", als)

    def affinity(
        self, brand: NDArray[np.int32], strength: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Of one person to every brand, shape (B,), from her brands and how strong they are."""
        return (self.of_brands @ self.person(brand, strength)).astype(np.float64)

    def person(
        self, brand: NDArray[np.int32], strength: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """Factors of one person, shape (F,); zeros without evidence."""
        held = strength > 0
        row = csr_matrix(
            (strength[held].astype(np.float32), brand[held], [0, int(held.sum())]),
            shape=(1, len(self.of_brands)),
        )
        factors: NDArray[np.float32] = self.als.recalculate_user(0, row)
        return factors

    def people(self, liked: csr_matrix) -> NDArray[np.float32]:
        """Factors of N people, shape (N, F), from N x B of how strong their brands are."""
        factors: NDArray[np.float32] = self.als.recalculate_user(np.arange(liked.shape[0]), liked)
        return factors


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """EASE over the H brands that most customers of the sample met."""

    head: NDArray[np.int32]  # (H,) their codes, ascending
    speaks: NDArray[np.float32]  # (H, H) how much row speaks for column; the diagonal is 0

    def affinity(
        self, brand: NDArray[np.int32], strength: NDArray[np.floating], brands: int
    ) -> NDArray[np.float64]:
        """Of one person to every brand, shape (brands,); 0 outside the head."""
        found = np.zeros(brands)
        places, held = self.places(brand)
        row = (strength[held].astype(np.float32), places, [0, len(places)])
        # a sparse row picks its rows of the matrix without a copy of them
        found[self.head] = (csr_matrix(row, shape=(1, len(self.head))) @ self.speaks)[0]
        return found

    def places(self, brand: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Rows of those of these brands that are in the head, and which are."""
        places = np.searchsorted(self.head, brand)
        held = np.zeros(len(brand), bool)
        inside = places < len(self.head)
        held[inside] = self.head[places[inside]] == brand[inside]
        return places[held], held


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """Each brand's nearest ones by cosine, so scaled that they foretell a strength."""

    speaks: csr_matrix  # (B, B) how much row speaks for column; nothing for itself

    def affinity(
        self, brand: NDArray[np.int32], strength: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Of one person to every brand, shape (B,)."""
        return np.asarray(self.speaks[brand].T @ strength, np.float64)

    def over(self, brands: int) -> "Alike":
        """The same over so many brands; the new ones are near to none."""
        old = self.speaks
        more = np.full(brands - old.shape[0], old.nnz, old.indptr.dtype)
        rows = np.append(old.indptr, more)
        return Alike(csr_matrix((old.data, old.indices, rows), shape=(brands, brands)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What must be kept, as plain arrays."""
        found = self.speaks
        return {"near": found.data, "near_brands": found.indices, "near_rows": found.indptr}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Build it again from `arrays()`. Raises KeyError for another's."""
        rows = arrays["near_rows"]
        parts = arrays["near"], arrays["near_brands"], rows
        return cls(csr_matrix(parts, shape=(len(rows) - 1, len(rows) - 1)))


def learn_factors(
    matrix: csr_matrix,
    factors: int,
    alpha: float,
    regularisation: float,
    iterations: int,
    progress: Progress | None = None,
    threads: int = 0,
    heard: Heard | None = None,
) -> Factors:
    """Learn brand factors from customers x brands; `threads` 0 is all cores, with equal results.

    It starts from the leading singular vectors and so is the same whatever the seed. The loss takes
    time of its own, and is computed only where `heard` is to hear it.
    """
    rank = min(factors, max(1, min(matrix.shape) - 1))
    strength = penalty(regularisation, matrix.shape[0])

    def told(iteration: int, _elapsed: float, loss: float | None) -> None:
        if heard and loss is not None:
            heard(iteration + 1, float(loss))
        if progress:
            progress("learning the brands", (iteration + 1) / iterations)

    with threadpool_limits(1, "blas"):  # implicit runs its own threads
        als = AlternatingLeastSquares(
            factors=rank,
            regularization=strength,
            alpha=alpha,
            iterations=iterations,
            num_threads=threads,
            random_state=0,
            calculate_training_loss=heard is not None,
        )
        als.user_factors, als.item_factors = _start(matrix, rank)
        als.fit(matrix, show_progress=False, callback=told)
    return Factors(np.ascontiguousarray(als.item_factors), alpha, strength)


def penalty(regularisation: float, customers: int) -> float:
    """The ridge penalty of ALS for so many customers."""
    return float(regularisation * np.sqrt(customers))


def _start(matrix: csr_matrix, rank: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Customers' and brands' parts of the leading singular vectors, shapes (N, F) and (B, F).

    By randomised subspace iteration (Halko, Martinsson, Tropp, SIAM Review 53(2), 2011, algorithm
    4.4) from a fixed draw.
    """
    rng = np.random.default_rng(0)
    basis = rng.standard_normal((matrix.shape[1], rank))
    for _ in range(5):
        basis, _ = np.linalg.qr(matrix.T @ (matrix @ basis))
    customers = matrix @ basis
    size = np.sqrt(np.linalg.norm(customers, axis=0))
    return (
        np.ascontiguousarray(customers / np.where(size > 0, size, 1.0), np.float32),
        np.ascontiguousarray(basis * size, np.float32),
    )


def learn_linear(matrix: csr_matrix, regularisation: float) -> Linear:
    """Solve for how much each brand of the head speaks for each other one."""
    buyers = np.bincount(matrix.indices, minlength=matrix.shape[1])
    most = np.argsort(-buyers, kind="stable")[:MOST_LINEAR]
    head = np.sort(most[buyers[most] >= LEAST_BUYERS]).astype(np.int32)
    held = matrix.tocsc()[:, head].astype(np.float64)
    together = (held.T @ held).toarray()
    together[np.diag_indices_from(together)] += HEAVIER * penalty(
        max(regularisation, 0.01), matrix.shape[0]
    )
    with threadpool_limits(1, "blas"):
        solved = inv(together, overwrite_a=True, assume_a="pos") if len(head) else together
    speaks = -solved / np.diag(solved)
    np.fill_diagonal(speaks, 0.0)
    return Linear(head, np.ascontiguousarray(speaks, np.float32))


def learn_alike(matrix: csr_matrix, threads: int = 0) -> Alike:
    """Find each brand's nearest ones; `threads` 0 is all cores, with equal results.

    Cosines are told in units of strength: by the least squares of what some customers did on what
    their other brands foretell.
    """
    found = similarity(CosineRecommender(K=NEAREST + 1, num_threads=threads), matrix).tocoo()
    others = found.row != found.col
    pairs = found.data[others], (found.row[others], found.col[others])
    near = csr_matrix(pairs, shape=found.shape)
    some = matrix[:SCALED_ON].astype(np.float64)
    foretold = some @ near
    size = foretold.multiply(foretold).sum()
    near *= foretold.multiply(some).sum() / size if size else 0.0
    return Alike(csr_matrix(near, dtype=np.float32))


def similarity(learner: ItemItemRecommender, matrix: csr_matrix) -> csr_matrix:
    """What one of the package's neighbour models makes of customers x brands, shape (B, B)."""
    with catch_warnings():
        simplefilter("ignore", ParameterWarning)  # of how the package hands a matrix to itself
        learner.fit(matrix, show_progress=False)
    return csr_matrix(learner.similarity)
