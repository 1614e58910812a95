"""The options of a fit, which users may set, and the parameters of a model, which are tuned."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from recsys.dataset.event_weights import EventWeights, event_weights_from_row, event_weights_to_row
from recsys.errors import BadInputError

DEFAULT_SAMPLE_SIZE = 150_000
"""Customers in the training sample, if no share is set.

In a trial with 1,000,000 customers, samples of 10% and 5% had no measurable loss and 2% had one;
bench/sample.py draws the curve. Three times that 5% sample leaves a margin. Reading and fitting
take less than a minute, however many customers there are.
"""


@dataclass(frozen=True, slots=True)
class ScoreWeights:
    """The weights of the three parts of the score. No unit; only the order matters."""

    own: float = 1.0  # below 0 if customers do not return to brands that they know
    collaborative: float = 1.0
    popularity: float = 0.3


def weights_to_row(weights: ScoreWeights) -> dict[str, float]:
    """Return the weights in the form that is saved with a model."""
    return {
        "own": weights.own,
        "collaborative": weights.collaborative,
        "popularity": weights.popularity,
    }


def weights_from_row(row: Mapping[str, float]) -> ScoreWeights:
    """Return the weights of a row; a missing one gets its default."""
    values = {**weights_to_row(ScoreWeights()), **row}
    return ScoreWeights(
        own=values["own"], collaborative=values["collaborative"], popularity=values["popularity"]
    )


@dataclass(frozen=True, slots=True)
class HybridParams:
    """All parameters that are tuned on a validation period of the log."""

    weights: ScoreWeights = field(default_factory=ScoreWeights)
    ease: float = 0.5  # share of EASE in the collaborative part
    item_knn: float = 0.0  # share of item kNN; ALS has the remaining share
    half_life: int | None = None  # days, one of HALF_LIFE_OPTIONS; for own evidence
    query_half_life: int | None = None  # days; for the input of the collaborative models
    popularity_half_life: int | None = None  # days; for popularity
    event_weights: EventWeights = field(default_factory=EventWeights)

    @property
    def shares(self) -> tuple[float, float, float]:
        """Shares of ALS, EASE and item kNN in the collaborative part; their sum is 1."""
        return 1.0 - self.ease - self.item_knn, self.ease, self.item_knn


def hybrid_params_to_row(params: HybridParams) -> dict[str, Any]:
    """Return the parameters in the form that is saved with a model."""
    # The keys are old names of the attributes. They are in saved files and must not change.
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
    """Return the parameters of a saved row. Raises KeyError for a key of another version."""
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
    """Raise KeyError with the first key of `row` that is not in `defaults`."""
    unknown = sorted(row.keys() - defaults.keys())
    if unknown:
        raise KeyError(unknown[0])


@dataclass(frozen=True, slots=True)
class FitOptions:
    """Options that the data scientist may set. `check_options` checks their ranges."""

    factors: int = 32
    alpha: float = 5.0  # confidence per unit of evidence: c = 1 + alpha * evidence
    regularization: float = 1.0  # penalty = regularization * sqrt(customers)
    iterations: int = 6  # few are enough: the start is the leading singular vectors
    sample: float | None = None  # share of customers to read; None: see `sample_share`
    seed: int = 0
    weights: ScoreWeights | None = None  # None: tuned on a validation period of the log

    def sample_share(self, customers: int) -> float:
        """Return the share of customers to read: `sample`, or DEFAULT_SAMPLE_SIZE customers."""
        if self.sample is not None:
            return self.sample
        return min(1.0, max(OPTION_RANGES["sample"][0], DEFAULT_SAMPLE_SIZE / max(1, customers)))

    def with_sample_share(self, customers: int) -> Self:
        """Return the options with `sample` set to `sample_share(customers)`."""
        return replace(self, sample=self.sample_share(customers))


def options_to_row(options: FitOptions) -> dict[str, Any]:
    """Return the options in the form that is saved with a model version and with a job."""
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
    """Return the options of a row; a missing one gets its default.

    Raises KeyError for an unknown option.
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
    """Raise BadInputError that names the first option outside its range."""
    values = options_to_row(options)
    for name, (low, high) in OPTION_RANGES.items():
        value = values[name]
        if value is not None and not low <= value <= high:
            raise BadInputError(f"{name} is {value:g}; choose between {low:g} and {high:g}.")
    for name, value in weights_to_row(options.weights or ScoreWeights()).items():
        if not 0 <= value <= 100:
            raise BadInputError(f"The weight {name} is {value:g}; choose between 0 and 100.")
