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

Codes = NDArray[np.int64]

OURS = "model"
"""The arm that shows the released model; every other one is compared with it."""
ENGAGED = "engaged"
MEASURES = (ENGAGED, "clicked", "viewed", "bought")
"""What each customer did with a brand of her carousel, 0 or 1; `engaged` is any of the others."""

LEAST_CUSTOMERS = 200  # in each of two arms, before their difference is spoken of
LEAST_ENGAGED = 20  # of both together
_TIGHTEST = 20_000  # customers at which the interval is narrowest
_PRIOR = 100.0  # customers that the prior of the sample ratio is worth
RATIO_ALPHA = 0.01


@dataclass(frozen=True, slots=True)
class ArmSeen:
    """One arm."""

    name: str
    customers: int
    shares: Mapping[str, float]  # measure -> share of its customers; empty where none can be told


@dataclass(frozen=True, slots=True)
class Ratio:
    """Whether the arms have the customers that were planned."""

    planned: Mapping[str, float]  # arm -> share
    evidence: float  # how many times the bet against the plan multiplied its stake, rounded down

    @property
    def off(self) -> bool:
        """Whether chance would not do this."""
        return self.evidence >= 1 / RATIO_ALPHA


@dataclass(frozen=True, slots=True)
class Readout:
    """What an A/B test says so far."""

    arms: tuple[ArmSeen, ...]
    differences: Mapping[str, Mapping[str, Estimate]]  # other arm -> measure -> ours less theirs
    ratio: Ratio | None  # None: nobody said what was planned
    alpha: float  # of all comparisons of engagement together


def read(
    names: Sequence[str],
    arm: Codes,
    did: Mapping[str, NDArray[np.bool_]],
    planned: Mapping[str, float] | None = None,
    alpha: float = 0.05,
    blank: Collection[str] = (),
) -> Readout:
    """Return what the customers of an A/B test did.

    `arm` holds each customer's place in `names`, shape (customers,); `did` each of MEASURES of
    hers; `planned` what share each arm was to get, in any unit; `blank` arms were shown nothing
    with which something could be done, so nothing is said of them. Raises UnknownNameError without
    an arm called OURS, and BadInputError where nobody is in it or in any other.
    """
    if OURS not in names:
        raise UnknownNameError("arm", OURS, names)
    sizes = np.bincount(arm, minlength=len(names))
    if not sizes[names.index(OURS)] or (sizes > 0).sum() < 2:
        raise BadInputError(
            f"Nobody is in the arm {OURS}, or in any other: "
            f"{', '.join(f'{name} {n}' for name, n in zip(names, sizes, strict=True))}. "
            "There is nothing to compare; check the exposures."
        )
    others = [name for name in names if name != OURS]
    level = alpha / max(1, len(set(others) - set(blank)))
    return Readout(
        arms=tuple(
            _seen(name, arm == place, did, name in blank) for place, name in enumerate(names)
        ),
        differences={
            name: _nothing(int(sizes[names.index(name)]))
            if name in blank
            else {m: _between(names, arm, did[m], name, level) for m in MEASURES}
            for name in others
        },
        ratio=None if planned is None else _ratio(names, sizes, planned),
        alpha=alpha,
    )


def _seen(
    name: str, inside: NDArray[np.bool_], did: Mapping[str, NDArray[np.bool_]], blank: bool
) -> ArmSeen:
    customers = int(inside.sum())
    told = customers and not blank
    shares = {m: float(did[m][inside].mean()) for m in MEASURES} if told else {}
    return ArmSeen(name, customers, shares)


def _nothing(people: int) -> dict[str, Estimate]:
    """What is known of an arm that was shown no brand."""
    return dict.fromkeys(MEASURES, Estimate.unknown("nobody in it was shown a brand", people))


def _between(
    names: Sequence[str], arm: Codes, did: NDArray[np.bool_], other: str, alpha: float
) -> Estimate:
    ours, theirs = did[arm == names.index(OURS)], did[arm == names.index(other)]
    return difference(ours.astype(np.float64), theirs.astype(np.float64), alpha)


def difference(ours: Floats, theirs: Floats, alpha: float) -> Estimate:
    """Return mean(ours) - mean(theirs) with its anytime-valid bounds; unknown while too few.

    Scores of one customer each, 0 or 1.
    """
    people = len(ours) + len(theirs)
    if min(len(ours), len(theirs)) < LEAST_CUSTOMERS:
        return Estimate.unknown(f"an arm has fewer than {LEAST_CUSTOMERS} customers", people)
    if ours.sum() + theirs.sum() < LEAST_ENGAGED:
        return Estimate.unknown(f"fewer than {LEAST_ENGAGED} customers did so", people)
    share = len(ours) / people
    spread = sqrt(float(ours.var()) / share + float(theirs.var()) / (1 - share))
    value, reach = float(ours.mean() - theirs.mean()), spread * width(people, alpha)
    low, high = max(-1.0, value - reach), min(1.0, value + reach)
    return Estimate(value, low, high, people, "asymptotic confidence sequence")


def width(people: int, alpha: float) -> float:
    """Return half the interval's width in standard deviations (theorem 2.2), for people >= 1."""
    scaled = people * _rho_squared(alpha)
    return sqrt(2 * (scaled + 1) / (people * scaled) * log(sqrt(scaled + 1) / alpha))


def _rho_squared(alpha: float) -> float:
    """Return r^2 that is best at _TIGHTEST customers (the same paper, appendix B.2)."""
    return (-2 * log(alpha) + log(1 - 2 * log(alpha))) / _TIGHTEST


def _ratio(names: Sequence[str], sizes: Codes, planned: Mapping[str, float]) -> Ratio:
    strangers = planned.keys() - set(names)
    if strangers or set(names) - planned.keys():
        raise UnknownNameError("planned arm", min(strangers or set(names) - planned.keys()), names)
    total = sum(planned.values())
    shares = {name: planned[name] / total for name in names}
    return Ratio(shares, exp(min(600.0, log_evidence(sizes, np.array(list(shares.values()))))))


def log_evidence(counts: Codes, shares: Floats) -> float:
    """Return the log Bayes factor of a Dirichlet mixture over the planned shares.

    If the plan was kept, it reaches log(1 / alpha) at any time with a chance of alpha at most.
    """
    prior = _PRIOR * shares
    mixed = gammaln(prior.sum()) - gammaln(prior.sum() + counts.sum())
    mixed += float((gammaln(prior + counts) - gammaln(prior)).sum())
    return float(mixed - (counts * np.log(shares)).sum())


@dataclass(frozen=True, slots=True)
class Foretold:
    """What the swipe study said, and whether the shop said the same."""

    lift: tuple[float, float, float]  # value and bounds: shares of picks liked, ours less rival's
    agrees: bool | None  # None: one of the two does not know yet


def foretold(score: tuple[float, float, float], found: Estimate) -> Foretold:
    """Return how a lift score of a study, (1 + lift) / 2 with its bounds, fits a difference."""
    value, low, high = (2 * x - 1 for x in score)
    said, came = _side(low, high), _side(found.low, found.high)
    return Foretold((value, low, high), None if 0 in (said, came) else said == came)


def _side(low: float | None, high: float | None) -> int:
    """Return 1 where all of an interval is above 0, -1 where all is below, else 0."""
    if low is None or high is None:
        return 0
    return 1 if low > 0 else -1 if high < 0 else 0
