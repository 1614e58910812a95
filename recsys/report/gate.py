"""Report + policy -> verdict: what the gate says, why, and on how many people. It has no words.

Fail beats pass, and no data is never a pass.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from recsys.report.batches import Batch
from recsys.report.forecast import Forecast
from recsys.report.report_data import Report
from recsys.stats import criterion_outcomes
from recsys.study.policy import Policy


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


def decide(report: Report, policy: Policy) -> Verdict:
    """Return the verdict of the first batch that decided, else the reason why none did.

    Parameters
    ----------
    report
        The report of a study.
    policy
        Its policy. With another policy, the verdict is undecided with VerdictReason.POLICY.
    """
    if report.policy.hash != policy.hash:
        return make_verdict(VerdictReason.POLICY, (), VerdictFacts())
    return first_decision(report, policy) or _undecided(report, policy)


def first_decision(
    report: Report, policy: Policy, start: int = 0, check_limits: bool = True
) -> Verdict | None:
    """Return the verdict of the first published batch that released or held; None without one.

    Parameters
    ----------
    report, policy
        The report of a study, and its policy.
    start
        Batches with fewer counted people are skipped.
    check_limits
        False checks the criteria only. Completion and balance need the decks, and the decks of
        forgotten people are gone.
    """
    for index, batch in enumerate(report.batches):
        if batch.n < start:
            continue
        verdicts = tuple(_criterion_verdicts(report, index))
        reason = _criteria_reason(verdicts)
        if check_limits:
            reason = _limit_reason(batch, policy) or reason
        if reason in (VerdictReason.PASSED, VerdictReason.FAILED):
            return make_verdict(reason, verdicts, _verdict_facts(batch, policy))
    return None


def _limit_reason(batch: Batch, policy: Policy) -> VerdictReason | None:
    """Return the first limit of the policy that a batch does not meet, or None."""
    if batch.n < policy.least_players:
        return VerdictReason.TOO_FEW
    if batch.completion is None or batch.completion < policy.completion:
        return VerdictReason.INCOMPLETE
    if batch.balance is None and policy.deck.scored:
        return VerdictReason.UNPAIRED
    if batch.balance is not None and abs(batch.balance) > policy.balance:
        return VerdictReason.UNBALANCED
    return None


def _criteria_reason(verdicts: tuple[CriterionVerdict, ...]) -> VerdictReason:
    """Return PASSED, FAILED or OPEN for the criteria of one batch; fail beats pass."""
    if any(criterion.failed for criterion in verdicts):
        return VerdictReason.FAILED
    passed = all(criterion.passed for criterion in verdicts)
    return VerdictReason.PASSED if passed else VerdictReason.OPEN


def _criterion_verdicts(report: Report, index: int) -> Iterator[CriterionVerdict]:
    """Yield the verdict of each criterion at the batch with this index."""
    points = [each.run[index] for each in report.criteria]
    lower, upper = np.array([(p.log_lower, p.log_upper) for p in points]).T
    outcomes = criterion_outcomes(lower, upper, report.alpha)
    for each, point, passed, failed in zip(report.criteria, points, *outcomes, strict=True):
        name, bar = each.criterion.name, each.criterion.bar
        yield CriterionVerdict(
            name, bar, point.mean, point.low, point.high, bool(passed), bool(failed)
        )


def _undecided(report: Report, policy: Policy) -> Verdict:
    """Return an undecided verdict with the reason at the last batch."""
    n = report.players.counted
    if not report.batches:
        reason = VerdictReason.TOO_EARLY if n else VerdictReason.NO_DATA
        return make_verdict(
            reason, (), VerdictFacts(n=n, min_group_size=policy.cell, batch=policy.batch)
        )
    batch, verdicts = report.batches[-1], tuple(_criterion_verdicts(report, -1))
    reason = _limit_reason(batch, policy) or _criteria_reason(verdicts)
    facts = replace(_verdict_facts(batch, policy), forecast=report.forecast)
    return make_verdict(reason, verdicts, facts)


def _verdict_facts(batch: Batch, policy: Policy) -> VerdictFacts:
    return VerdictFacts(
        n=batch.n,
        min_group_size=policy.cell,
        batch=policy.batch,
        least_players=policy.least_players,
        completion=batch.completion,
        completion_bar=policy.completion,
        balance=round(abs(batch.balance or 0.0), 6),  # later decks move its last digits
        balance_bar=policy.balance,
    )
