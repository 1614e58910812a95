"""A released carousel in the shop: engagement per customer by arm, and how far the arms differ.

The interval of a difference may be looked at on any day. It is an asymptotic confidence sequence
(Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic
confidence sequences", Annals of Statistics 2024, arXiv 2103.06476, theorem 2.2): with the mean m_t
and the standard deviation s_t of t customers,

    m_t +- s_t sqrt(2 (t r^2 + 1) / (t^2 r^2) * log(sqrt(t r^2 + 1) / alpha))

covers the truth at all t at once in 1 - alpha of tests, as the first look comes later. In an
experiment by chance each customer's value is her part in the difference of the two means (their
influence function; the same paper, section 3, for the average effect).

Whether the arms got the customers they were meant to get is a bet as well: the Bayes factor of a
Dirichlet mixture against the planned shares (Lindon and Malek, "Anytime-valid inference for
multinomial count data", NeurIPS 2022, arXiv 2011.03567).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from recsys.errors import BadInputError, UnknownNameError
from recsys.stats import Estimate, Floats

VariantCodes = NDArray[np.int64]

MODEL_VARIANT = "model"
"""The arm that shows the released model; every other one is compared with it."""
ENGAGED = "engaged"
OUTCOMES = (ENGAGED, "clicked", "viewed", "bought")
"""What each customer did with a brand of her carousel, 0 or 1; `engaged` is any of the others."""

MIN_CUSTOMERS = 200  # in each of two arms, before their difference is spoken of
MIN_ENGAGED = 20  # of both together
_TIGHTEST_AT = 20_000  # customers at which the interval is narrowest
_PRIOR_WEIGHT = 100.0  # customers that the prior of the sample ratio is worth
RATIO_ALPHA = 0.01


@dataclass(frozen=True, slots=True)
class VariantStats:
    """One arm."""

    name: str
    customers: int
    shares: Mapping[str, float]  # measure -> share of its customers; empty where none can be told


@dataclass(frozen=True, slots=True)
class SampleRatioCheck:
    """Whether the arms have the customers that were planned."""

    planned: Mapping[str, float]  # arm -> share
    bayes_factor: (
        float  # how many times the bet against the plan multiplied its stake, rounded down
    )

    @property
    def mismatch(self) -> bool:
        """Whether chance would not do this."""
        return self.bayes_factor >= 1 / RATIO_ALPHA


@dataclass(frozen=True, slots=True)
class ABTestAnalysis:
    """What an A/B test says so far."""

    variants: tuple[VariantStats, ...]
    differences: Mapping[str, Mapping[str, Estimate]]  # other arm -> measure -> ours less theirs
    ratio: SampleRatioCheck | None  # None: nobody said what was planned
    alpha: float  # of all comparisons of engagement together


def analyze_ab_test(
    names: Sequence[str],
    variant: VariantCodes,
    outcomes: Mapping[str, NDArray[np.bool_]],
    planned: Mapping[str, float] | None = None,
    alpha: float = 0.05,
    not_shown: Collection[str] = (),
) -> ABTestAnalysis:
    """Return what the customers of an A/B test did.

    `variant` holds each customer's place in `names`, shape (customers,); `did` each of MEASURES of
    hers; `planned` what share each arm was to get, in any unit; `not_shown` arms were shown nothing
    with which something could be done, so nothing is said of them. Raises UnknownNameError without
    an arm called OURS, and BadInputError where nobody is in it or in any other.
    """
    if MODEL_VARIANT not in names:
        raise UnknownNameError("arm", MODEL_VARIANT, names)
    sizes = np.bincount(variant, minlength=len(names))
    if not sizes[names.index(MODEL_VARIANT)] or (sizes > 0).sum() < 2:
        raise BadInputError(
            f"Nobody is in the arm {MODEL_VARIANT}, or in any other: "
            f"{', '.join(f'{name} {n}' for name, n in zip(names, sizes, strict=True))}. "
            "There is nothing to compare; check the exposures."
        )
    other_variants = [name for name in names if name != MODEL_VARIANT]
    level = alpha / max(1, len(set(other_variants) - set(not_shown)))
    return ABTestAnalysis(
        variants=tuple(
            _variant_stats(name, variant == place, outcomes, name in not_shown)
            for place, name in enumerate(names)
        ),
        differences={
            name: _unknown_differences(int(sizes[names.index(name)]))
            if name in not_shown
            else {
                m: _outcome_difference(names, variant, outcomes[m], name, level) for m in OUTCOMES
            }
            for name in other_variants
        },
        ratio=None if planned is None else _sample_ratio_check(names, sizes, planned),
        alpha=alpha,
    )


def _variant_stats(
    name: str,
    in_variant: NDArray[np.bool_],
    outcomes: Mapping[str, NDArray[np.bool_]],
    not_shown: bool,
) -> VariantStats:
    customers = int(in_variant.sum())
    is_shown = customers and not not_shown
    shares = {m: float(outcomes[m][in_variant].mean()) for m in OUTCOMES} if is_shown else {}
    return VariantStats(name, customers, shares)


def _unknown_differences(people: int) -> dict[str, Estimate]:
    """What is known of an arm that was shown no brand."""
    return dict.fromkeys(OUTCOMES, Estimate.unknown("nobody in it was shown a brand", people))


def _outcome_difference(
    names: Sequence[str],
    variant: VariantCodes,
    outcome: NDArray[np.bool_],
    other: str,
    alpha: float,
) -> Estimate:
    model_values, other_values = (
        outcome[variant == names.index(MODEL_VARIANT)],
        outcome[variant == names.index(other)],
    )
    return mean_difference(model_values.astype(np.float64), other_values.astype(np.float64), alpha)


def mean_difference(treatment: Floats, control: Floats, alpha: float) -> Estimate:
    """Return mean(ours) - mean(theirs) with its anytime-valid bounds; unknown while too few.

    Scores of one customer each, 0 or 1.
    """
    people = len(treatment) + len(control)
    if min(len(treatment), len(control)) < MIN_CUSTOMERS:
        return Estimate.unknown(f"an arm has fewer than {MIN_CUSTOMERS} customers", people)
    if treatment.sum() + control.sum() < MIN_ENGAGED:
        return Estimate.unknown(f"fewer than {MIN_ENGAGED} customers did so", people)
    share = len(treatment) / people
    spread = sqrt(float(treatment.var()) / share + float(control.var()) / (1 - share))
    value, margin = float(treatment.mean() - control.mean()), spread * half_width(people, alpha)
    low, high = max(-1.0, value - margin), min(1.0, value + margin)
    return Estimate(value, low, high, people, "asymptotic confidence sequence")


def half_width(people: int, alpha: float) -> float:
    """Return half the interval's width in standard deviations (theorem 2.2), for people >= 1."""
    scaled_n = people * _rho_squared(alpha)
    return sqrt(2 * (scaled_n + 1) / (people * scaled_n) * log(sqrt(scaled_n + 1) / alpha))


def _rho_squared(alpha: float) -> float:
    """Return r^2 that is best at _TIGHTEST customers (the same paper, appendix B.2)."""
    return (-2 * log(alpha) + log(1 - 2 * log(alpha))) / _TIGHTEST_AT


def _sample_ratio_check(
    names: Sequence[str], sizes: VariantCodes, planned: Mapping[str, float]
) -> SampleRatioCheck:
    unknown = planned.keys() - set(names)
    if unknown or set(names) - planned.keys():
        raise UnknownNameError("planned arm", min(unknown or set(names) - planned.keys()), names)
    total = sum(planned.values())
    shares = {name: planned[name] / total for name in names}
    return SampleRatioCheck(
        shares, exp(min(600.0, log_bayes_factor(sizes, np.array(list(shares.values())))))
    )


def log_bayes_factor(counts: VariantCodes, shares: Floats) -> float:
    """Return the log Bayes factor of a Dirichlet mixture over the planned shares.

    If the plan was kept, it reaches log(1 / alpha) at any time with a chance of alpha at most.
    """
    prior = _PRIOR_WEIGHT * shares
    mixed = gammaln(prior.sum()) - gammaln(prior.sum() + counts.sum())
    mixed += float((gammaln(prior + counts) - gammaln(prior)).sum())
    return float(mixed - (counts * np.log(shares)).sum())


@dataclass(frozen=True, slots=True)
class StudyAgreement:
    """What the swipe study said, and whether the shop said the same."""

    lift: tuple[float, float, float]  # value and bounds: shares of picks liked, ours less rival's
    agrees: bool | None  # None: one of the two does not know yet


def compare_with_study(
    study_score: tuple[float, float, float], shop_difference: Estimate
) -> StudyAgreement:
    """Return how a lift score of a study, (1 + lift) / 2 with its bounds, fits a difference."""
    value, low, high = (2 * x - 1 for x in study_score)
    study_sign, shop_sign = (
        _interval_sign(low, high),
        _interval_sign(shop_difference.low, shop_difference.high),
    )
    return StudyAgreement(
        (value, low, high), None if 0 in (study_sign, shop_sign) else study_sign == shop_sign
    )


def _interval_sign(low: float | None, high: float | None) -> int:
    """Return 1 where all of an interval is above 0, -1 where all is below, else 0."""
    if low is None or high is None:
        return 0
    return 1 if low > 0 else -1 if high < 0 else 0
