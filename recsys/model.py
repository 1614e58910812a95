"""evidence -> FavouriteModel; rank one customer by fold-in.

    score = own * (own evidence) + collaborative * (ALS affinity) + popularity * (popularity prior)

The collaborative part is implicit-feedback alternating least squares (Hu, Koren, Volinsky,
"Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008, equations 4 and 5) by the
`implicit` package; a customer who was not in the fit is folded in with equation 4, for which
the package's own `recalculate_user` is an exact solve.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from recsys.errors import BadInputError, NotEnoughError
from recsys.events import Catalogue
from recsys.evidence import Evidence, Mark, Sum
from recsys.ranking import Basis, BrandScore, Why, basis, best

Progress = Callable[[str, float], None]
"""Called with the stage's name and the share of it that is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How the three parts of the score are weighed. No unit; only the order matters."""

    own: float = 1.0
    collaborative: float = 0.3
    popularity: float = 0.05


@dataclass(frozen=True, slots=True)
class FitOptions:
    """What the data scientist may set. Ranges are checked by `check_options`."""

    factors: int = 32
    alpha: float = 5.0  # confidence a unit of evidence, c = 1 + alpha * evidence
    regularisation: float = 5.0
    iterations: int = 12
    sample: float = 1.0  # share of the customers whose events are read
    seed: int = 0
    weights: Weights = field(default_factory=Weights)


RANGES: Mapping[str, tuple[float, float]] = {
    "factors": (1, 256),
    "alpha": (0.1, 1000.0),
    "regularisation": (0.0, 1000.0),
    "iterations": (1, 100),
    "sample": (0.001, 1.0),
    "seed": (0, 2**31 - 1),
}


def check_options(options: FitOptions) -> None:
    """Raise BadInputError naming the first option outside its range."""
    for name, (low, high) in RANGES.items():
        value = getattr(options, name)
        if not low <= value <= high:
            raise BadInputError(f"{name} is {value:g}; choose between {low:g} and {high:g}.")
    for name, value in asdict(options.weights).items():
        if not 0 <= value <= 100:
            raise BadInputError(f"The weight {name} is {value:g}; choose between 0 and 100.")


# What one event of each kind says of love. A favourite is price-blind, followed and looked out
# for; a purchase at a discount or of the cheapest kind says little.
LOVE: Mapping[Sum, float] = {
    Sum.FULL_PRICE: 1.0,
    Sum.DEAR: 0.4,
    Sum.PURCHASES: 0.25,
    Sum.FOLLOWS: 3.0,
    Sum.RELEASE_VIEWS: 0.8,
    Sum.WISHLISTS: 0.6,
    Sum.CARTS: 0.1,
    Sum.VIEWS: 0.08,
    Sum.RETURNS: -0.8,
}
LOVE_A_DAY = 0.5  # for each distinct day with a purchase: coming back counts


def love(evidence: Evidence) -> NDArray[np.float64]:
    """Own evidence as one number a pair, shape (n,), at least 0 and without a unit.

    The logarithm keeps the tenth purchase from counting as much as the first.
    """
    total = LOVE_A_DAY * evidence.distinct(Mark.PURCHASE_DAY)
    for column, weight in LOVE.items():
        total = total + weight * evidence.of(column)
    return np.asarray(np.log1p(np.maximum(total, 0.0)), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class FavouriteModel:
    """Favourite brands of one person from her own evidence, her neighbours' and popularity."""

    basis: Basis
    factors: NDArray[np.float32]  # (B, F) brand factors
    options: FitOptions
    als: Any  # implicit's own model, for its exact fold-in

    @property
    def name(self) -> str:
        """The name that a study writes down."""
        return "favourite"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the best n brands of one person, best first, each with its reasons."""
        strength = love(evidence)
        parts = self._parts(evidence, strength)
        total = sum(parts, np.zeros(len(self.basis.brands)))
        chosen = best(total, self.basis.allowed(without), n)
        closeness = (self.factors[chosen] @ self.factors[evidence.brand].T) * strength
        return [
            BrandScore(
                brand=str(self.basis.brands[code]),
                score=float(total[code]),
                rank=place,
                why=self._why(evidence, int(code), [float(part[code]) for part in parts], near),
            )
            for place, (code, near) in enumerate(zip(chosen, closeness, strict=True), start=1)
        ]

    def _parts(
        self, evidence: Evidence, strength: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], ...]:
        """The three weighed parts of the score over all brands, each of shape (B,)."""
        weights = self.options.weights
        own = np.zeros(len(self.basis.brands))
        own[evidence.brand] = strength
        affinity = self.factors @ self._fold_in(evidence.brand, strength)
        return (
            weights.own * own / max(float(own.max(initial=0.0)), 1.0),
            weights.collaborative * affinity.astype(np.float64),
            weights.popularity * self.basis.prior,
        )

    def _fold_in(
        self, brand: NDArray[np.int32], strength: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Factors of one person, shape (F,); zeros without evidence."""
        held = strength > 0
        row = csr_matrix(
            (strength[held].astype(np.float32), brand[held], [0, int(held.sum())]),
            shape=(1, len(self.basis.brands)),
        )
        factors: NDArray[np.float32] = self.als.recalculate_user(0, row)
        return factors

    def _why(
        self, evidence: Evidence, code: int, parts: list[float], closeness: NDArray[np.float64]
    ) -> Why:
        at = int(np.searchsorted(evidence.brand, code))
        has_own = at < len(evidence) and evidence.brand[at] == code
        sums = evidence.sums[at] if has_own else np.zeros(len(Sum), np.int64)
        return Why(
            purchases=int(sums[Sum.PURCHASES]),
            full_price=int(sums[Sum.FULL_PRICE]),
            release_views=int(sums[Sum.RELEASE_VIEWS]),
            follows=int(sums[Sum.FOLLOWS]),
            views=int(sums[Sum.VIEWS]),
            own=parts[0],
            collaborative=parts[1],
            popularity=parts[2],
            neighbours=self._neighbours(evidence, code, closeness),
        )

    def _neighbours(
        self, evidence: Evidence, code: int, closeness: NDArray[np.float64], most: int = 2
    ) -> tuple[str, ...]:
        """Her own brands whose factors lie closest to this brand's."""
        order = np.argsort(-closeness, kind="stable")[: most + 1]
        others = [i for i in order if evidence.brand[i] != code and closeness[i] > 0]
        return tuple(str(self.basis.brands[evidence.brand[i]]) for i in others[:most])

    def over(self, catalogue: Catalogue) -> Self:
        """The same model over a catalogue that may have grown: new brands score by own evidence."""
        known = self.basis.over(catalogue)
        factors = np.zeros((len(known.brands), self.factors.shape[1]), np.float32)
        factors[: len(self.factors)] = self.factors
        return replace(
            self, basis=known, factors=factors, als=_folder(factors, asdict(self.options))
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What must be kept to restore this model, as plain arrays (no pickle)."""
        return {
            "brands": self.basis.brands.astype(str),
            "sensitive": self.basis.sensitive,
            "buyers": self.basis.buyers,
            "factors": self.factors,
        }

    def meta(self) -> dict[str, Any]:
        """What must be kept beside the arrays, as JSON."""
        return {"lineage": self.basis.lineage, "options": asdict(self.options)}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Build the model again from `arrays()` and `meta()`."""
        options = dict(meta["options"])
        options["weights"] = Weights(**options["weights"])
        known = Basis(
            lineage=meta["lineage"],
            brands=arrays["brands"].astype(object),
            sensitive=arrays["sensitive"],
            buyers=arrays["buyers"],
        )
        return cls(
            known, arrays["factors"], FitOptions(**options), _folder(arrays["factors"], options)
        )


def _folder(factors: NDArray[np.float32], options: Mapping[str, Any]) -> Any:
    """Wrap brand factors in implicit's model, one thread, with its YtY computed once."""
    with threadpool_limits(1, "blas"):
        als = AlternatingLeastSquares(
            factors=factors.shape[1],
            regularization=options["regularisation"],
            alpha=options["alpha"],
            num_threads=1,
        )
        als.item_factors = factors
        als.YtY  # noqa: B018 - computed and cached here, not while the first person waits
    return als


def fit(
    evidence: Evidence,
    catalogue: Catalogue,
    options: FitOptions,
    progress: Progress | None = None,
    threads: int = 0,
) -> FavouriteModel:
    """Learn the brand factors from the evidence of many customers.

    `evidence` numbers its customers; `threads` 0 means all cores (the result is the same).
    Raises BadInputError for options out of range and NotEnoughError without any evidence.
    """
    check_options(options)
    if not len(evidence):
        raise NotEnoughError(
            "No customer of the sample did anything with a brand that may be shown. "
            "Import events of such brands, or raise the sample."
        )
    matrix = _matrix(evidence, len(catalogue.brands))

    def told(iteration: int, _elapsed: float, _loss: float | None) -> None:
        if progress:
            progress("learning the brands", (iteration + 1) / options.iterations)

    with threadpool_limits(1, "blas"):  # implicit runs its own threads
        als = AlternatingLeastSquares(
            factors=min(options.factors, max(1, min(matrix.shape) - 1)),
            regularization=options.regularisation,
            alpha=options.alpha,
            iterations=options.iterations,
            num_threads=threads,
            random_state=options.seed,
        )
        als.fit(matrix, show_progress=False, callback=told)
    learnt = np.ascontiguousarray(als.item_factors)
    return FavouriteModel(
        basis(evidence, catalogue), learnt, options, _folder(learnt, asdict(options))
    )


def _matrix(evidence: Evidence, brands: int) -> csr_matrix:
    """Customers x brands, the value how strongly she loves it."""
    _, rows = np.unique(evidence.customer, return_inverse=True)
    strength = love(evidence).astype(np.float32)
    held = strength > 0
    shape = (int(rows.max()) + 1, brands)
    return csr_matrix((strength[held], (rows[held], evidence.brand[held])), shape=shape)
