"""The estimate before the start is earlier fits, scaled."""

import pytest

from app.fit_time import AROUND, expected_seconds
from app.registry import Version
from recsys.model import FitOptions


def fit_of(customers: int, seconds: float, **options: float) -> Version:
    facts = {"customers": customers, "fit_seconds": seconds, "options": options}
    return Version("0" * 64, 0, {}, facts)


def test_without_an_earlier_fit_there_is_no_estimate() -> None:
    assert expected_seconds([], FitOptions(), 1000) is None
    assert expected_seconds([Version("1" * 64, 0, {}, {})], FitOptions(), 1000) is None
    assert expected_seconds([fit_of(100, 1.0)], FitOptions(), 0) is None


def test_the_same_fit_again_takes_as_long() -> None:
    assert expected_seconds([fit_of(1000, 3.0)], FitOptions(), 1000) == pytest.approx(3 + AROUND)


def test_half_the_customers_take_half_the_time() -> None:
    known = [fit_of(1000, 3.0)]
    half = expected_seconds(known, FitOptions(sample=0.5), 1000)
    assert half == pytest.approx(1.5 + AROUND)


def test_more_factors_and_more_iterations_take_longer() -> None:
    known = [fit_of(1000, 3.0)]
    plain = expected_seconds(known, FitOptions(), 1000) or 0
    assert (expected_seconds(known, FitOptions(factors=128), 1000) or 0) > plain
    assert (expected_seconds(known, FitOptions(iterations=50), 1000) or 0) > plain


def test_the_fit_that_comes_closest_is_believed() -> None:
    known = [fit_of(1_000_000, 400.0), fit_of(1000, 0.5)]
    assert expected_seconds(known, FitOptions(), 900) == pytest.approx(0.45 + AROUND)
