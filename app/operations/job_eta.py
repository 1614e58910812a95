"""Estimates of how long a fit will take, from earlier fits."""

from collections.abc import Iterable
from math import log

from app.operations.jobs import Job
from app.storage.model_registry import ModelVersion
from recsys.models.hybrid import FitOptions, options_to_row
from recsys.progress import WorkStage

# relative cost of one customer, measured at 20,000 customers: reading the customer's events, and
# one training pass; its cost grows with the number of factors
READ_COST = 1600.0
PASS_COST = 30.0
OVERHEAD_SECONDS = 2.0  # to start a process and to deal trial decks
EVALUATION_RATIO = 3.0  # time of an evaluation / time of its fit, until one was measured here


def expected_seconds(
    versions: Iterable[ModelVersion],
    options: FitOptions,
    customers: int,
    with_evaluation: bool = False,
) -> float | None:
    """Return the expected seconds of a fit (and its evaluation) with `customers` in the store.

    The estimate scales the earlier fit with the closest amount of work; None without such a fit.
    """
    customers_read = customers * options.sample_share(customers)
    wanted_work = _work_units(options.factors, options.iterations, customers_read)
    earlier_versions = list(versions)
    tunes = options.weights is None
    past_fits = [
        past_fit
        for version in earlier_versions
        if (past_fit := _past_fit(version, tunes)) is not None
    ]
    if not past_fits or wanted_work <= 0:
        return None
    work, seconds = min(past_fits, key=lambda pair: abs(log(pair[0] / wanted_work)))
    fit_count = 1 + _evaluation_ratio(earlier_versions) if with_evaluation else 1.0
    return OVERHEAD_SECONDS + fit_count * seconds * wanted_work / work


def _evaluation_ratio(versions: Iterable[ModelVersion]) -> float:
    """Return the time of an offline evaluation divided by the time of its fit."""
    for version in versions:
        facts = version.facts
        fit_seconds, total_seconds = (
            float(facts.get("fit_seconds", 0)),
            sum(facts.get("stages", {}).values()),
        )
        if "offline" in facts and fit_seconds > 0:
            return max(0.0, float(total_seconds) - fit_seconds) / fit_seconds
    return EVALUATION_RATIO


def remaining_seconds(job: Job, now: int) -> float | None:
    """Return the expected remaining seconds of a running job; `now` is milliseconds since 1970.

    The longer of two estimates: one from the start of the job, and one from the progress of this
    stage. None while there is neither.
    """
    estimates = []
    if (expected := job.args.get("expected")) is not None:
        estimates.append(float(expected) - (now - job.started_at) / 1000)
    if job.stage_since is not None and job.fraction > 0:
        estimates.append((now - job.stage_since) / 1000 * (1 - job.fraction) / job.fraction)
    return max(1.0, *estimates) if estimates else None


def _past_fit(version: ModelVersion, tunes: bool) -> tuple[float, float] | None:
    """Return the work and the seconds of an earlier fit; None if it did not record them.

    A fit with given weights (not `tunes`) needs no tuning, so tuning time is subtracted.
    """
    facts, options = (
        version.facts,
        options_to_row(FitOptions()) | dict(version.facts.get("options", {})),
    )
    work = _work_units(options["factors"], options["iterations"], facts.get("customers", 0))
    tuning_seconds = 0.0 if tunes else facts.get("stages", {}).get(WorkStage.TUNING, 0.0)
    seconds = facts.get("fit_seconds", 0) - tuning_seconds
    return (work, seconds) if work > 0 and seconds > 0 else None


def _work_units(factors: float, iterations: float, customers: float) -> float:
    return customers * (READ_COST + iterations * (PASS_COST + factors))
