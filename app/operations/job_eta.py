"""How long a fit will take, told from the fits before it."""

from collections.abc import Iterable
from math import log

from app.operations.jobs import Job
from app.storage.model_registry import ModelVersion
from recsys.models.hybrid import FitOptions, options_to_row

# one customer's share of the work, measured at 20,000 customers: reading her events, and one
# pass over her, which grows with the factors
READ_COST = 1600.0
PASS_COST = 30.0
TUNING_STAGE = "weighing the parts"
OVERHEAD_SECONDS = 2.0  # seconds for starting a process and dealing trial decks
EVALUATION_RATIO = 3.0  # evaluations as a share of fits, until one was made here


def expected_seconds(
    versions: Iterable[ModelVersion],
    options: FitOptions,
    customers: int,
    with_evaluation: bool = False,
) -> float | None:
    """Seconds that a fit on this many customers in the store will take, and judging it offline.

    The earlier fit whose work comes closest is scaled; None where there is no earlier one.
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
    """How many times as long as a fit its offline evaluation takes."""
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
    """Seconds that running work will still take; `now` in milliseconds since 1970.

    By the estimate it was started with, and by how this stage goes; None while neither says a word.
    """
    estimates = []
    if (expected := job.args.get("expected")) is not None:
        estimates.append(float(expected) - (now - job.started_at) / 1000)
    if job.stage_since is not None and job.fraction > 0:
        estimates.append((now - job.stage_since) / 1000 * (1 - job.fraction) / job.fraction)
    return max(1.0, *estimates) if estimates else None


def _past_fit(version: ModelVersion, tunes: bool) -> tuple[float, float] | None:
    """The work and the seconds of an earlier fit; None where it did not write them down.

    A fit whose weights are given is spared the time that an earlier one took to choose its own.
    """
    facts, options = (
        version.facts,
        options_to_row(FitOptions()) | dict(version.facts.get("options", {})),
    )
    work = _work_units(options["factors"], options["iterations"], facts.get("customers", 0))
    tuning_seconds = 0.0 if tunes else facts.get("stages", {}).get(TUNING_STAGE, 0.0)
    seconds = facts.get("fit_seconds", 0) - tuning_seconds
    return (work, seconds) if work > 0 and seconds > 0 else None


def _work_units(factors: float, iterations: float, customers: float) -> float:
    return customers * (READ_COST + iterations * (PASS_COST + factors))
