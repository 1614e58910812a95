"""How long a fit will take, told from the fits before it."""

from collections.abc import Iterable
from math import log

from app.operations.jobs import Job
from app.storage.model_registry import Version
from recsys.models.hybrid import FitOptions, options_to_row

# one customer's share of the work, measured at 20,000 customers: reading her events, and one
# pass over her, which grows with the factors
READING = 1600.0
PASS = 30.0
WEIGHING = "weighing the parts"
AROUND = 2.0  # seconds for starting a process and dealing trial decks
JUDGING = 3.0  # evaluations as a share of fits, until one was made here


def expected_seconds(
    versions: Iterable[Version], options: FitOptions, customers: int, judged: bool = False
) -> float | None:
    """Seconds that a fit on this many customers in the store will take, and judging it offline.

    The earlier fit whose work comes closest is scaled; None where there is no earlier one.
    """
    read = customers * options.share_of(customers)
    wanted = _work(options.factors, options.iterations, read)
    earlier = list(versions)
    chooses = options.weights is None
    known = [found for version in earlier if (found := _known(version, chooses)) is not None]
    if not known or wanted <= 0:
        return None
    work, seconds = min(known, key=lambda pair: abs(log(pair[0] / wanted)))
    fits = 1 + _judging(earlier) if judged else 1.0
    return AROUND + fits * seconds * wanted / work


def _judging(versions: Iterable[Version]) -> float:
    """How many times as long as a fit its offline evaluation takes."""
    for version in versions:
        facts = version.facts
        fit, whole = float(facts.get("fit_seconds", 0)), sum(facts.get("stages", {}).values())
        if "offline" in facts and fit > 0:
            return max(0.0, float(whole) - fit) / fit
    return JUDGING


def seconds_left(job: Job, now: int) -> float | None:
    """Seconds that running work will still take; `now` in milliseconds since 1970.

    By the estimate it was started with, and by how this stage goes; None while neither says a word.
    """
    said = []
    if (expected := job.args.get("expected")) is not None:
        said.append(float(expected) - (now - job.started_at) / 1000)
    if job.stage_since is not None and job.fraction > 0:
        said.append((now - job.stage_since) / 1000 * (1 - job.fraction) / job.fraction)
    return max(1.0, *said) if said else None


def _known(version: Version, chooses: bool) -> tuple[float, float] | None:
    """The work and the seconds of an earlier fit; None where it did not write them down.

    A fit whose weights are given is spared the time that an earlier one took to choose its own.
    """
    facts, plain = (
        version.facts,
        options_to_row(FitOptions()) | dict(version.facts.get("options", {})),
    )
    work = _work(plain["factors"], plain["iterations"], facts.get("customers", 0))
    spared = 0.0 if chooses else facts.get("stages", {}).get(WEIGHING, 0.0)
    seconds = facts.get("fit_seconds", 0) - spared
    return (work, seconds) if work > 0 and seconds > 0 else None


def _work(factors: float, iterations: float, customers: float) -> float:
    return customers * (READING + iterations * (PASS + factors))
