"""The verdict of the gate as a value: outcome, reason code and numbers, without texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from recsys.report.forecast import Forecast


class Outcome(StrEnum):
    """The outcome of the gate."""

    RELEASE = "release"
    HOLD = "hold"
    UNDECIDED = "undecided"


class VerdictReason(StrEnum):
    """The reason code of a verdict."""

    PASSED = "passed"
    FAILED = "failed"
    OPEN = "open"  # neither a pass nor a fail is proven
    NO_DATA = "no_data"
    TOO_EARLY = "too_early"  # fewer people than a published number needs
    TOO_FEW = "too_few"  # fewer people than `Policy.least_players`
    INCOMPLETE = "incomplete"  # too many unfinished decks
    UNBALANCED = "unbalanced"  # picks and decoys differ too much in popularity
    UNPAIRED = "unpaired"  # fewer than two pairs, so the balance is unknown
    POLICY = "policy"  # the report is of another policy


@dataclass(frozen=True, slots=True)
class CriterionVerdict:
    """The result of one criterion at the batch of the verdict."""

    name: str
    bar: float
    value: float
    low: float  # bounds in whole percents, rounded outward
    high: float
    passed: bool
    failed: bool


NO_FORECAST = Forecast(None, None)


@dataclass(frozen=True, slots=True)
class VerdictFacts:
    """The numbers that the text of a reason may need."""

    n: int = 0  # counted people
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
    """The outcome of the gate, with its reason and numbers."""

    outcome: Outcome
    why: VerdictReason
    criteria: tuple[CriterionVerdict, ...]
    facts: VerdictFacts

    @property
    def n(self) -> int:
        """The number of counted people that the verdict is based on."""
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
    """Return the verdict of a reason: PASSED releases, FAILED holds, all others are undecided."""
    outcomes = {VerdictReason.PASSED: Outcome.RELEASE, VerdictReason.FAILED: Outcome.HOLD}
    return Verdict(outcomes.get(reason, Outcome.UNDECIDED), reason, tuple(criteria), facts)
