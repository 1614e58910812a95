"""What a model is fitted with: options that somebody may set, and parameters that are tuned."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from recsys.dataset.event_weights import EventWeights, event_weights_from_row, event_weights_to_row
from recsys.errors import BadInputError

DEFAULT_SAMPLE_SIZE = 150_000
"""As many are learnt from where nobody says how many.

In a trial with a million customers 10% and 5% of them lost nothing that could be measured, 2% did;
bench/sample.py draws the curve. Three times those 5% leave room, and are read and learnt from
within a minute however many customers there are.
"""


@dataclass(frozen=True, slots=True)
class ScoreWeights:
    """How the three parts of the score are weighed. No unit; only the order matters."""

    own: float = 1.0  # below 0 where nobody comes back to what she has had
    collaborative: float = 1.0
    popularity: float = 0.3


def weights_to_row(weights: ScoreWeights) -> dict[str, float]:
    """Return weights as a model keeps them."""
    return {
        "own": weights.own,
        "collaborative": weights.collaborative,
        "popularity": weights.popularity,
    }


def weights_from_row(row: Mapping[str, float]) -> ScoreWeights:
    """Return the weights of plain data; one that it does not name is as usual."""
    values = {**weights_to_row(ScoreWeights()), **row}
    return ScoreWeights(
        own=values["own"], collaborative=values["collaborative"], popularity=values["popularity"]
    )


@dataclass(frozen=True, slots=True)
class HybridParams:
    """All that is chosen on a validation slice of the log."""

    weights: ScoreWeights = field(default_factory=ScoreWeights)
    ease: float = 0.5  # share of EASE in the collaborative part
    item_knn: float = 0.0  # share of the nearest brands; the rest is ALS
    half_life: int | None = None  # days in which own evidence fades by half, one of AGES
    query_half_life: int | None = None  # the same for what the collaborative part is asked with
    popularity_half_life: int | None = None  # the same for popularity
    event_weights: EventWeights = field(default_factory=EventWeights)

    @property
    def shares(self) -> tuple[float, float, float]:
        """Of ALS, of EASE and of the nearest brands in the collaborative part."""
        return 1.0 - self.ease - self.item_knn, self.ease, self.item_knn


def hybrid_params_to_row(params: HybridParams) -> dict[str, Any]:
    """Return parameters as a model keeps them."""
    return {
        "weights": weights_to_row(params.weights),
        "ease": params.ease,
        "alike": params.item_knn,
        "half_life": params.half_life,
        "drift": params.query_half_life,
        "fashion": params.popularity_half_life,
        "love": event_weights_to_row(params.event_weights),
    }


def hybrid_params_from_row(row: Mapping[str, Any]) -> HybridParams:
    """Return what `hybrid_params_to_row` wrote. Raises KeyError for what another version wrote."""
    defaults = hybrid_params_to_row(HybridParams())
    _check_keys(defaults, row)
    _check_keys(defaults["weights"], row["weights"])
    _check_keys(defaults["love"], row["love"])
    return HybridParams(
        weights=weights_from_row(row["weights"]),
        ease=row["ease"],
        item_knn=row["alike"],
        half_life=row["half_life"],
        query_half_life=row["drift"],
        popularity_half_life=row["fashion"],
        event_weights=event_weights_from_row(row["love"]),
    )


def _check_keys(defaults: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    """Raise KeyError with the first key of `row` that `defaults` does not have."""
    unknown = sorted(row.keys() - defaults.keys())
    if unknown:
        raise KeyError(unknown[0])


@dataclass(frozen=True, slots=True)
class FitOptions:
    """What the data scientist may set. Ranges are checked by `check_options`."""

    factors: int = 32
    alpha: float = 5.0  # confidence a unit of evidence, c = 1 + alpha * evidence
    regularization: float = 1.0  # in square roots of the number of customers
    iterations: int = 6  # it starts near the end, at the leading singular vectors
    sample: float | None = None  # share of the customers whose events are read; None: enough
    seed: int = 0
    weights: ScoreWeights | None = None  # None: chosen on a slice of the log

    def sample_share(self, customers: int) -> float:
        """The share to read of so many customers: the one set, else as many as are enough."""
        if self.sample is not None:
            return self.sample
        return min(1.0, max(OPTION_RANGES["sample"][0], DEFAULT_SAMPLE_SIZE / max(1, customers)))

    def with_sample_share(self, customers: int) -> Self:
        """The same options with the share of so many customers as a number."""
        return replace(self, sample=self.sample_share(customers))


def options_to_row(options: FitOptions) -> dict[str, Any]:
    """Return options as a model, a job and the facts of a version keep them."""
    weights = options.weights
    return {
        "factors": options.factors,
        "alpha": options.alpha,
        "regularisation": options.regularization,
        "iterations": options.iterations,
        "sample": options.sample,
        "seed": options.seed,
        "weights": None if weights is None else weights_to_row(weights),
    }


def options_from_dict(data: Mapping[str, Any]) -> FitOptions:
    """Return the options of plain data; one that it does not name is as usual.

    Raises KeyError for a name that is no option.
    """
    defaults = options_to_row(FitOptions())
    _check_keys(defaults, data)
    values = {**defaults, **data}
    weights = values["weights"]
    return FitOptions(
        factors=values["factors"],
        alpha=values["alpha"],
        regularization=values["regularisation"],
        iterations=values["iterations"],
        sample=values["sample"],
        seed=values["seed"],
        weights=None if weights is None else weights_from_row(weights),
    )


OPTION_RANGES: Mapping[str, tuple[float, float]] = {
    "factors": (1, 256),
    "alpha": (0.1, 1000.0),
    "regularisation": (0.0, 1000.0),
    "iterations": (1, 100),
    "sample": (0.001, 1.0),
    "seed": (0, 2**31 - 1),
}


def check_options(options: FitOptions) -> None:
    """Raise BadInputError naming the first option outside its range."""
    values = options_to_row(options)
    for name, (low, high) in OPTION_RANGES.items():
        value = values[name]
        if value is not None and not low <= value <= high:
            raise BadInputError(f"{name} is {value:g}; choose between {low:g} and {high:g}.")
    for name, value in weights_to_row(options.weights or ScoreWeights()).items():
        if not 0 <= value <= 100:
            raise BadInputError(f"The weight {name} is {value:g}; choose between 0 and 100.")
