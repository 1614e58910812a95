"""evidence -> FavouriteModel; rank one person's brands while she waits.

    score = own * (own evidence) + collaborative * (ALS and EASE) + popularity * (popularity now)

Own evidence comes from `love`, the collaborative part from `collaborative`; how they are weighed
is a Blend, which `weighing` chooses where the log is large enough.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recsys.collaborative import Factors, Heard, Linear, learn_factors, learn_linear
from recsys.collaborative import Progress as Progress  # those who fit name it from here
from recsys.errors import BadInputError, NotEnoughError
from recsys.events import Catalogue
from recsys.evidence import Evidence, Sum
from recsys.love import AGES, Love, counts, left, love, loved, popular
from recsys.ranking import Basis, BrandScore, Why, basis, best

MOST_NEIGHBOURS = 2


@dataclass(frozen=True, slots=True)
class Weights:
    """How the three parts of the score are weighed. No unit; only the order matters."""

    own: float = 1.0
    collaborative: float = 1.0
    popularity: float = 0.3


@dataclass(frozen=True, slots=True)
class Blend:
    """All that is chosen on a validation slice of the log."""

    weights: Weights = field(default_factory=Weights)
    ease: float = 0.5  # share of EASE in the collaborative part; the rest is ALS
    half_life: int | None = None  # days in which own evidence fades by half, one of AGES
    fashion: int | None = None  # the same for popularity
    love: Love = field(default_factory=Love)


@dataclass(frozen=True, slots=True)
class FitOptions:
    """What the data scientist may set. Ranges are checked by `check_options`."""

    factors: int = 32
    alpha: float = 5.0  # confidence a unit of evidence, c = 1 + alpha * evidence
    regularisation: float = 1.0  # in square roots of the number of customers
    iterations: int = 6  # it starts near the end, at the leading singular vectors
    sample: float = 1.0  # share of the customers whose events are read
    seed: int = 0
    weights: Weights | None = None  # None: chosen on a slice of the log


def options_from(plain: Mapping[str, Any]) -> FitOptions:
    """FitOptions from their fields as plain data."""
    given = plain.get("weights")
    return FitOptions(**{**plain, "weights": None if given is None else Weights(**given)})


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
    for name, value in asdict(options.weights or Weights()).items():
        if not 0 <= value <= 100:
            raise BadInputError(f"The weight {name} is {value:g}; choose between 0 and 100.")


@dataclass(frozen=True, slots=True, eq=False)
class FavouriteModel:
    """Favourite brands of one person from her own evidence, her neighbours' and popularity."""

    basis: Basis
    popular: NDArray[np.float64]  # (len(AGES), B) see love.popular
    unit: float  # love of an average customer for a brand she met: what own evidence is told in
    factors: Factors
    linear: Linear
    options: FitOptions
    blend: Blend

    @property
    def name(self) -> str:
        """The name that a study writes down."""
        return "favourite"

    def rank(self, evidence: Evidence, n: int, without: Collection[str] = ()) -> list[BrandScore]:
        """Return the best n brands of one person, best first, each with its reasons."""
        count = counts(evidence)
        strength = loved(count, np.ones(len(count)), Love()) / self.unit
        parts = self._parts(evidence, count, strength)
        total = sum(parts, np.zeros(len(self.basis.brands)))
        chosen = best(total, self.basis.allowed(without), n)
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

    def _parts(
        self,
        evidence: Evidence,
        count: NDArray[np.float64],
        strength: NDArray[np.floating],
    ) -> tuple[NDArray[np.float64], ...]:
        """The three weighed parts of the score over all brands, each of shape (B,)."""
        weights, share = self.blend.weights, self.blend.ease
        remains = left(evidence, self.blend.half_life)
        own = np.zeros(len(self.basis.brands))
        own[evidence.brand] = loved(count, remains, self.blend.love) / self.unit
        by_factors, by_brands = self.affinities(evidence.brand, strength)
        return (
            weights.own * own,
            weights.collaborative * ((1 - share) * by_factors + share * by_brands),
            weights.popularity * self.popular[AGES.index(self.blend.fashion)],
        )

    def affinities(
        self, brand: NDArray[np.int32], strength: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What ALS and what EASE make of somebody's brands and their strength, shape (B,) each."""
        return (
            self.factors.affinity(brand, strength),
            self.linear.affinity(brand, strength, len(self.basis.brands)),
        )

    def _spoken(
        self, hers: NDArray[np.int32], strength: NDArray[np.floating], codes: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """How much each brand of hers speaks for each of these, shape (codes, n)."""
        of_brands, share = self.factors.of_brands, self.blend.ease
        spoken = (1 - share) * (of_brands[codes] @ of_brands[hers].T).astype(np.float64)
        rows, mine = self.linear.places(hers)
        columns, theirs = self.linear.places(codes.astype(np.int32))
        spoken[np.ix_(theirs, mine)] += share * self.linear.speaks[np.ix_(rows, columns)].T
        return np.asarray(spoken * strength, np.float64)

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
        }

    def meta(self) -> dict[str, Any]:
        """What must be kept beside the arrays, as JSON."""
        return {
            "lineage": self.basis.lineage,
            "unit": self.unit,
            "penalty": self.factors.penalty,
            "options": asdict(self.options),
            "blend": asdict(self.blend),
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Build the model again from `arrays()` and `meta()`. Raises KeyError for another's."""
        blend = {**meta["blend"], "weights": Weights(**meta["blend"]["weights"])}
        blend["love"] = Love(**blend["love"])
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
            options=options,
            blend=Blend(**blend),
        )


def fit(
    evidence: Evidence,
    catalogue: Catalogue,
    options: FitOptions,
    progress: Progress | None = None,
    threads: int = 0,
    blend: Blend | None = None,
    heard: Heard | None = None,
) -> FavouriteModel:
    """Learn from the evidence of many customers.

    Without a `blend` by the weights of the options, and without those by the defaults.

    `evidence` numbers its customers; `threads` 0 means all cores (the result is the same).
    Raises BadInputError for options out of range and NotEnoughError without any evidence.
    """
    check_options(options)
    if not len(evidence):
        raise NotEnoughError(
            "No customer of the sample did anything with a brand that may be shown. "
            "Import events of such brands, or raise the sample."
        )
    strength = love(evidence)
    unit = float(strength[strength > 0].mean()) if (strength > 0).any() else 1.0
    matrix = customers_by_brands(evidence, strength / unit, len(catalogue.brands))
    return FavouriteModel(
        basis=basis(evidence, catalogue),
        popular=popular(evidence, len(catalogue.brands)),
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
        options=options,
        blend=blend or Blend(options.weights or Weights()),
    )


def customers_by_brands(evidence: Evidence, value: NDArray[np.float64], brands: int) -> csr_matrix:
    """Customers x brands; pairs without a positive value are left out."""
    _, rows = np.unique(evidence.customer, return_inverse=True)
    held = value > 0
    shape = (int(rows.max()) + 1, brands)
    values = value[held].astype(np.float32)
    return csr_matrix((values, (rows[held], evidence.brand[held])), shape=shape)
