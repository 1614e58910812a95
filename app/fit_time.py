"""How long a fit will take, told from the fits before it."""

from collections.abc import Iterable
from dataclasses import asdict
from math import log

from app.registry import Version
from recsys.model import FitOptions

# one customer's share of the work, measured at 20,000 customers: reading her events, and one
# pass over her, which grows with the factors
READING = 1600.0
PASS = 30.0
AROUND = 2.0  # seconds for starting a process and dealing trial decks


def expected_seconds(
    versions: Iterable[Version], options: FitOptions, customers: int
) -> float | None:
    """Seconds that a fit on this many customers in the store will take.

    The earlier fit whose work comes closest is scaled; None where there is no earlier one.
    """
    wanted = _work(options.factors, options.iterations, customers * options.sample)
    known = [found for version in versions if (found := _known(version)) is not None]
    if not known or wanted <= 0:
        return None
    work, seconds = min(known, key=lambda pair: abs(log(pair[0] / wanted)))
    return AROUND + seconds * wanted / work


def _known(version: Version) -> tuple[float, float] | None:
    """The work and the seconds of an earlier fit; None where it did not write them down."""
    facts, plain = version.facts, asdict(FitOptions()) | dict(version.facts.get("options", {}))
    work = _work(plain["factors"], plain["iterations"], facts.get("customers", 0))
    seconds = facts.get("fit_seconds", 0)
    return (work, seconds) if work > 0 and seconds > 0 else None


def _work(factors: float, iterations: float, customers: float) -> float:
    return customers * (READING + iterations * (PASS + factors))
