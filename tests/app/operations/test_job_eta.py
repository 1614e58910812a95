"""The estimate before the start is earlier fits, scaled."""

import pytest

from app.operations.job_eta import OVERHEAD_SECONDS, expected_seconds, remaining_seconds
from app.operations.jobs import Job
from app.storage.model_registry import ModelVersion
from app.storage.study_db.jobs import JobState
from recsys.models.hybrid import DEFAULT_SAMPLE_SIZE, FitOptions, ScoreWeights


def fit_of(customers: int, seconds: float, **options: float) -> ModelVersion:
    facts = {"customers": customers, "fit_seconds": seconds, "options": options}
    return ModelVersion("0" * 64, 0, {}, facts)


def test_without_an_earlier_fit_there_is_no_estimate() -> None:
    assert expected_seconds([], FitOptions(), 1000) is None
    assert expected_seconds([ModelVersion("1" * 64, 0, {}, {})], FitOptions(), 1000) is None
    assert expected_seconds([fit_of(100, 1.0)], FitOptions(), 0) is None


def test_the_same_fit_again_takes_as_long() -> None:
    assert expected_seconds([fit_of(1000, 3.0)], FitOptions(), 1000) == pytest.approx(
        3 + OVERHEAD_SECONDS
    )


def test_half_the_customers_take_half_the_time() -> None:
    known = [fit_of(1000, 3.0)]
    half = expected_seconds(known, FitOptions(sample=0.5), 1000)
    assert half == pytest.approx(1.5 + OVERHEAD_SECONDS)


def test_by_default_no_more_customers_take_time_than_are_enough() -> None:
    known = [fit_of(DEFAULT_SAMPLE_SIZE, 30.0)]
    for customers in (DEFAULT_SAMPLE_SIZE, 40 * DEFAULT_SAMPLE_SIZE):
        assert expected_seconds(known, FitOptions(), customers) == pytest.approx(
            30 + OVERHEAD_SECONDS
        )


def test_more_factors_and_more_iterations_take_longer() -> None:
    known = [fit_of(1000, 3.0)]
    plain = expected_seconds(known, FitOptions(), 1000) or 0
    assert (expected_seconds(known, FitOptions(factors=128), 1000) or 0) > plain
    assert (expected_seconds(known, FitOptions(iterations=50), 1000) or 0) > plain


def test_the_fit_that_comes_closest_is_believed() -> None:
    known = [fit_of(1_000_000, 400.0), fit_of(1000, 0.5)]
    assert expected_seconds(known, FitOptions(), 900) == pytest.approx(0.45 + OVERHEAD_SECONDS)


def job(**changed: object) -> Job:
    """A fit that began a minute ago and is a quarter through a stage of ten seconds so far."""
    plain: dict[str, object] = {
        "id": "a", "kind": "fit", "args": {}, "state": JobState.RUNNING, "started_at": 0,
        "ended_at": None, "message": "", "stage": "learning the brands", "fraction": 0.25,
        "heartbeat": 1, "stage_since": 50_000,
    }  # fmt: skip
    return Job(**plain | changed)  # type: ignore[arg-type]


def test_seconds_left_come_from_the_estimate_and_from_how_the_stage_goes() -> None:
    assert remaining_seconds(job(), 60_000) == 30.0
    assert remaining_seconds(job(args={"expected": 100.0}), 60_000) == 40.0
    assert remaining_seconds(job(args={"expected": 70.0}), 60_000) == 30.0
    assert remaining_seconds(job(args={"expected": 10.0}, fraction=0.0), 60_000) == 1.0


def test_nothing_is_guessed_where_nothing_is_known() -> None:
    assert remaining_seconds(job(fraction=0.0, args={"expected": None}), 60_000) is None


def test_judging_a_version_as_well_takes_the_longer_by_what_earlier_ones_took() -> None:
    plain = fit_of(1000, 10.0)
    stages = {"learning the brands": 10.0, "asking the rankers": 25.0}
    judged = ModelVersion("0" * 64, 0, {}, {**plain.facts, "offline": {}, "stages": stages})
    alone = expected_seconds([plain], FitOptions(), 1000)
    assert alone is not None
    assert expected_seconds([plain], FitOptions(), 1000, with_evaluation=True) == pytest.approx(
        alone + 30
    )
    assert expected_seconds([judged], FitOptions(), 1000, with_evaluation=True) == pytest.approx(
        alone + 25
    )


def test_weights_that_are_given_spare_the_time_of_choosing_them() -> None:
    facts = {**fit_of(1000, 10.0).facts, "stages": {"weighing the parts": 6.0}}
    known = [ModelVersion("0" * 64, 0, {}, facts)]
    assert expected_seconds(known, FitOptions(), 1000) == pytest.approx(10 + OVERHEAD_SECONDS)
    given = FitOptions(weights=ScoreWeights())
    assert expected_seconds(known, given, 1000) == pytest.approx(4 + OVERHEAD_SECONDS)
