"""Analysis of an A/B test of a released carousel: outcomes by variant, and their differences.

The interval of a difference may be read on any day. It is an asymptotic confidence sequence
(Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic
confidence sequences", Annals of Statistics 2024, arXiv 2103.06476, theorem 2.2): with the mean m_t
and the standard deviation s_t of t customers,

    m_t +- s_t sqrt(2 (t r^2 + 1) / (t^2 r^2) * log(sqrt(t r^2 + 1) / alpha))

covers the true mean at all t at once in a share of tests that tends to 1 - alpha as the first look
comes later. In a randomized experiment, a customer's value is the influence function of the
difference of the two means (the same paper, section 3, for the average effect).

The sample ratio check tests the customers per variant against the planned shares by the Bayes
factor of a Dirichlet mixture (Lindon and Malek, "Anytime-valid inference for multinomial count
data", NeurIPS 2022, arXiv 2011.03567).
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
"""The variant that shows the released model. Every other variant is compared with it."""
ENGAGED = "engaged"
OUTCOMES = (ENGAGED, "clicked", "viewed", "bought")
"""Binary outcomes per customer for brands of the carousel; `engaged` is any of the others."""

MIN_CUSTOMERS = 200  # per variant; with fewer, the difference is unknown
MIN_ENGAGED = 20  # customers with the outcome, both variants together; fewer: unknown
_TIGHTEST_AT = 20_000  # customers at which the interval is narrowest
_PRIOR_WEIGHT = 100.0  # Dirichlet prior of the sample ratio, in customers
RATIO_ALPHA = 0.01  # significance level of the sample ratio check


@dataclass(frozen=True, slots=True)
class VariantStats:
    """The customers of one variant and their outcomes."""

    name: str
    customers: int
    shares: Mapping[str, float]  # outcome -> share of customers; empty if unknown


@dataclass(frozen=True, slots=True)
class SampleRatioCheck:
    """A test whether the customers per variant match the plan."""

    planned: Mapping[str, float]  # variant -> share, adds up to 1
    bayes_factor: float  # against the plan; capped at exp(600)

    @property
    def mismatch(self) -> bool:
        """Whether the deviation from the plan is significant at RATIO_ALPHA."""
        return self.bayes_factor >= 1 / RATIO_ALPHA


@dataclass(frozen=True, slots=True)
class ABTestAnalysis:
    """The results of an A/B test so far."""

    variants: tuple[VariantStats, ...]
    differences: Mapping[str, Mapping[str, Estimate]]  # other variant -> outcome -> model - other
    ratio: SampleRatioCheck | None  # None without planned shares
    alpha: float  # error rate over all variants together (Bonferroni), for one outcome


def analyze_ab_test(
    names: Sequence[str],
    variant: VariantCodes,
    outcomes: Mapping[str, NDArray[np.bool_]],
    planned: Mapping[str, float] | None = None,
    alpha: float = 0.05,
    not_shown: Collection[str] = (),
) -> ABTestAnalysis:
    """Compare every variant of an A/B test with MODEL_VARIANT.

    Parameters
    ----------
    names
        Variant names; one is MODEL_VARIANT.
    variant
        Index into `names` of each customer, (n,).
    outcomes
        Each of OUTCOMES for each customer, (n,).
    planned
        Planned share of each variant, in any unit.
    alpha
        Error rate over all comparisons of one outcome, such as engagement: each variant that was
        shown is tested at alpha / (number of these variants). Several outcomes are not corrected.
    not_shown
        Variants without shown brands: no outcome is possible, so their results are unknown.

    Returns
    -------
    ABTestAnalysis
        A positive difference is in favour of MODEL_VARIANT.

    Raises
    ------
    UnknownNameError
        If MODEL_VARIANT is not in `names`, or `planned` and `names` differ.
    BadInputError
        If MODEL_VARIANT has no customers, or no other variant has any.
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
    """Return unknown differences, for a variant that was shown no brand."""
    return dict.fromkeys(OUTCOMES, Estimate.unknown("no customer of it was shown a brand", people))


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
    """Return mean(treatment) - mean(control) with anytime-valid bounds.

    Each value is 0 or 1 for one customer. The difference is unknown if there are too few customers.
    """
    people = len(treatment) + len(control)
    if min(len(treatment), len(control)) < MIN_CUSTOMERS:
        return Estimate.unknown(f"an arm has fewer than {MIN_CUSTOMERS} customers", people)
    if treatment.sum() + control.sum() < MIN_ENGAGED:
        return Estimate.unknown(f"fewer than {MIN_ENGAGED} customers have this outcome", people)
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
    """Return r^2 with the narrowest interval at _TIGHTEST_AT customers (appendix B.2 there)."""
    return (-2 * log(alpha) + log(1 - 2 * log(alpha))) / _TIGHTEST_AT


def _sample_ratio_check(
    names: Sequence[str], sizes: VariantCodes, planned: Mapping[str, float]
) -> SampleRatioCheck:
    """Test the customers per variant, `sizes` (k,), against the planned shares of the k names."""
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

    counts: (k,) customers per variant. shares: (k,) planned shares that add up to 1. If the plan
    was kept, the chance that the factor ever reaches log(1 / alpha) is at most alpha.
    """
    prior = _PRIOR_WEIGHT * shares
    mixed = gammaln(prior.sum()) - gammaln(prior.sum() + counts.sum())
    mixed += float((gammaln(prior + counts) - gammaln(prior)).sum())
    return float(mixed - (counts * np.log(shares)).sum())


@dataclass(frozen=True, slots=True)
class StudyAgreement:
    """The lift in the swipe study, and whether the A/B test in the shop agrees with it."""

    lift: tuple[float, float, float]  # value, low, high: liked share, model - baseline, -1 to 1
    agrees: bool | None  # None if the sign of one of the two is not known yet


def compare_with_study(
    study_score: tuple[float, float, float], shop_difference: Estimate
) -> StudyAgreement:
    """Compare the sign of the lift in a study with the sign of a difference in the shop.

    study_score: (value, low, high) of the score (1 + lift) / 2.
    """
    value, low, high = (2 * x - 1 for x in study_score)
    study_sign, shop_sign = (
        _interval_sign(low, high),
        _interval_sign(shop_difference.low, shop_difference.high),
    )
    return StudyAgreement(
        (value, low, high), None if 0 in (study_sign, shop_sign) else study_sign == shop_sign
    )


def _interval_sign(low: float | None, high: float | None) -> int:
    """Return 1 if the whole interval is above 0, -1 if it is below 0, else 0."""
    if low is None or high is None:
        return 0
    return 1 if low > 0 else -1 if high < 0 else 0
