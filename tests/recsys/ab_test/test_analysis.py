"""The figures of an A/B test: an interval for every day, and whether arms are as planned."""

from math import log, sqrt
from typing import Any

import numpy as np
import pytest

from recsys.ab_test.analysis import (
    ENGAGED,
    MIN_CUSTOMERS,
    MIN_ENGAGED,
    OUTCOMES,
    StudyAgreement,
    analyze_ab_test,
    compare_with_study,
    half_width,
    log_bayes_factor,
    mean_difference,
)
from recsys.errors import BadInputError, UnknownNameError
from recsys.stats import Estimate

RNG = np.random.default_rng
PLAN = {"model": 45.0, "baseline": 45.0, "none": 10.0}


def test_the_width_is_that_of_the_theorem_at_its_tightest() -> None:
    """Robbins' mixture at 5%: 3.04 standard errors, where a fixed test would take 1.96."""
    rho2 = (-2 * log(0.05) + log(1 - 2 * log(0.05))) / 20_000
    by_hand = sqrt(
        2 * (20_000 * rho2 + 1) / (20_000**2 * rho2) * log(sqrt(20_000 * rho2 + 1) / 0.05)
    )
    assert half_width(20_000, 0.05) == pytest.approx(by_hand, abs=1e-12)
    assert half_width(20_000, 0.05) * sqrt(20_000) == pytest.approx(3.0352, abs=1e-4)
    assert half_width(20_000, 0.01) > half_width(20_000, 0.05) > half_width(40_000, 0.05)


@pytest.mark.parametrize(("rate", "share"), [(0.05, 0.5), (0.3, 0.5), (0.1, 0.8)])
def test_two_equal_arms_are_told_apart_in_at_most_one_test_of_twenty_however_often_one_looks(
    rate: float, share: float
) -> None:
    rng, looks = RNG(7), np.unique(np.geomspace(2 * MIN_CUSTOMERS, 12_000, 40).astype(int))
    wrong = sum(_ever_apart(rng, rate, share, looks) for _ in range(250))
    assert wrong / 250 <= 0.05


def _ever_apart(rng: np.random.Generator, rate: float, share: float, looks: Any) -> bool:
    ours, did = rng.random(looks[-1]) < share, (rng.random(looks[-1]) < rate).astype(float)
    found = [mean_difference(did[:n][ours[:n]], did[:n][~ours[:n]], 0.05) for n in looks]
    return any(f.low is not None and f.high is not None and not f.low <= 0 <= f.high for f in found)


def test_a_difference_that_is_there_is_found_and_covered() -> None:
    rng = RNG(3)
    ours, theirs = (
        (rng.random(20_000) < 0.06).astype(float),
        (rng.random(20_000) < 0.04).astype(float),
    )
    found = mean_difference(ours, theirs, 0.05)
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < 0.02 < found.high
    mirrored = mean_difference(theirs, ours, 0.05)
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))


def test_too_few_are_unknown_with_the_reason() -> None:
    few, many = np.ones(MIN_CUSTOMERS - 1), np.zeros(MIN_CUSTOMERS)
    assert "fewer than 200 customers" in str(mean_difference(few, many, 0.05).reason)
    rare = np.zeros(1000)
    rare[: MIN_ENGAGED - 1] = 1
    assert mean_difference(rare, np.zeros(1000), 0.05).value is None


def test_a_kept_plan_is_doubted_in_at_most_one_test_of_a_hundred_however_often_one_looks() -> None:
    rng, shares = RNG(5), np.array([0.45, 0.45, 0.1])
    wrong = 0
    for _ in range(300):
        came = np.eye(3, dtype=int)[rng.choice(3, 4000, p=shares)].cumsum(axis=0)[49::50]
        wrong += any(log_bayes_factor(counts, shares) >= log(100) for counts in came)
    assert wrong / 300 <= 0.02


def test_a_broken_division_is_found() -> None:
    counts = np.array([47_000, 43_000, 10_000])
    assert log_bayes_factor(counts, np.array([0.45, 0.45, 0.1])) > log(100)


def did(flags: Any) -> dict[str, Any]:
    return {name: np.asarray(flags, dtype=bool) for name in OUTCOMES}


def test_every_other_arm_is_compared_with_the_model_at_a_share_of_the_doubt() -> None:
    arm = np.repeat([0, 1, 2], 1000)
    flags = RNG(1).random(3000) < 0.2
    three = analyze_ab_test(("model", "baseline", "none"), arm, did(flags), PLAN)
    two = analyze_ab_test(("model", "baseline"), arm[:2000], did(flags[:2000]))
    wide, narrow = (r.differences["baseline"][ENGAGED] for r in (three, two))
    assert (wide.high or 0) - (wide.low or 0) > (narrow.high or 0) - (narrow.low or 0)
    assert three.differences.keys() == {"baseline", "none"}
    assert three.ratio is not None
    assert three.ratio.mismatch
    assert two.ratio is None


def test_an_arm_that_was_shown_no_brand_is_unknown_and_takes_no_share_of_the_doubt() -> None:
    arm, flags = np.repeat([0, 1, 2], 1000), RNG(1).random(3000) < 0.2
    found = analyze_ab_test(("model", "baseline", "none"), arm, did(flags), not_shown={"none"})
    alone = analyze_ab_test(("model", "baseline"), arm[:2000], did(flags[:2000]))
    assert found.differences["baseline"] == alone.differences["baseline"]
    unknown = found.differences["none"][ENGAGED]
    assert (unknown.value, unknown.reason) == (None, "no customer of it was shown a brand")
    assert found.variants[2].shares == {}


def test_an_arm_with_nobody_in_it_is_unknown_and_the_ratio_says_so() -> None:
    arm = np.repeat([0, 1], 2000)
    found = analyze_ab_test(
        ("model", "baseline", "none"), arm, did(RNG(1).random(4000) < 0.2), PLAN
    )
    assert found.differences["none"][ENGAGED].value is None
    assert found.differences["baseline"][ENGAGED].value is not None
    assert found.variants[2].shares == {}
    assert found.ratio is not None
    assert found.ratio.mismatch


@pytest.mark.parametrize("arm", [[0, 0], [1, 1]])
def test_one_arm_alone_is_no_test(arm: list[int]) -> None:
    with pytest.raises(BadInputError, match="Nobody is in the arm model, or in any other"):
        analyze_ab_test(("model", "baseline"), np.array(arm), did([True, False]))


def test_arms_must_be_called_what_they_are() -> None:
    with pytest.raises(UnknownNameError, match="'model'"):
        analyze_ab_test(("control", "treatment"), np.array([0, 1]), did([True, False]))
    with pytest.raises(UnknownNameError, match="planned arm"):
        analyze_ab_test(("model", "other"), np.array([0, 1]), did([True, False]), {"model": 1.0})
    with pytest.raises(UnknownNameError, match="'baseline'"):
        analyze_ab_test(
            ("model", "other"), np.array([0, 1]), did([True, False]), PLAN | {"other": 1.0}
        )


@pytest.mark.parametrize(
    ("bounds", "agrees"),
    [((0.01, 0.02), True), ((-0.02, -0.01), False), ((-0.01, 0.01), None), ((None, None), None)],
)
def test_the_swipe_study_foretold_the_direction_or_it_did_not(
    bounds: tuple[float | None, float | None], agrees: bool | None
) -> None:
    found = Estimate(0.0, *bounds, 9, "")
    assert compare_with_study((0.6, 0.55, 0.7), found).agrees is agrees
    assert compare_with_study((0.5, 0.45, 0.7), found) == StudyAgreement(
        (0.0, pytest.approx(-0.1), pytest.approx(0.4)), None
    )
