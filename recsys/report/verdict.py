"""A verdict as a value: what the gate says, why, and on how many people. It has no words."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from recsys.report.forecast import Forecast


class Outcome(StrEnum):
    """What the gate says."""

    RELEASE = "release"
    HOLD = "hold"
    UNDECIDED = "undecided"


class VerdictReason(StrEnum):
    """What kind of reason a verdict has."""

    PASSED = "passed"
    FAILED = "failed"
    OPEN = "open"  # neither a pass nor a fail is proven
    NO_DATA = "no_data"
    TOO_EARLY = "too_early"  # fewer people than may be shown
    TOO_FEW = "too_few"  # fewer people than may decide
    INCOMPLETE = "incomplete"
    UNBALANCED = "unbalanced"
    UNPAIRED = "unpaired"  # no pick has a decoy beside it
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class CriterionVerdict:
    """Where one criterion stands at the batch of the verdict."""

    name: str
    bar: float
    value: float
    low: float  # whole percents, rounded outward
    high: float
    passed: bool
    failed: bool


NO_FORECAST = Forecast(None, None)


@dataclass(frozen=True, slots=True)
class VerdictFacts:
    """The numbers that a reason may need."""

    n: int = 0
    min_group_size: int = 10
    batch: int = 5
    least_players: int = 20
    completion: float | None = None
    completion_bar: float = 0.80
    balance: float = 0.0
    balance_bar: float = 0.25
    forecast: Forecast = NO_FORECAST


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says, why, and on how many people."""

    outcome: Outcome
    why: VerdictReason
    criteria: tuple[CriterionVerdict, ...]
    facts: VerdictFacts

    @property
    def n(self) -> int:
        """Return how many people it is based on."""
        return self.facts.n


def verdict_to_row(verdict: Verdict) -> dict[str, Any]:
    """Return plain data for a row, a pipeline or a certificate; shares in whole percents."""
    return {
        "outcome": verdict.outcome.value,
        "why": verdict.why.value,
        "n": verdict.n,
        "criteria": [_criterion_to_row(criterion) for criterion in verdict.criteria],
    }


def _criterion_to_row(criterion: CriterionVerdict) -> dict[str, Any]:
    return {
        "name": criterion.name,
        "bar": criterion.bar,
        "value": round(criterion.value, 2),
        "low": criterion.low,
        "high": criterion.high,
        "passed": criterion.passed,
        "failed": criterion.failed,
    }


def make_verdict(
    reason: VerdictReason, criteria: Sequence[CriterionVerdict], facts: VerdictFacts
) -> Verdict:
    """Return the verdict of a reason: passed releases, failed holds, any other is undecided."""
    outcomes = {VerdictReason.PASSED: Outcome.RELEASE, VerdictReason.FAILED: Outcome.HOLD}
    return Verdict(outcomes.get(reason, Outcome.UNDECIDED), reason, tuple(criteria), facts)
