"""Report + Policy -> Verdict. Fail beats pass, and no data is never a pass."""

from collections.abc import Iterator

import numpy as np

from recsys.report.batches import Batch
from recsys.report.report_data import Report
from recsys.report.verdict import (
    CriterionVerdict,
    Verdict,
    VerdictFacts,
    VerdictReason,
    make_verdict,
)
from recsys.stats import criterion_outcomes
from recsys.study.policy import Policy


def decide(report: Report, policy: Policy) -> Verdict:
    """Return the verdict of the first batch that decided, else why there is none yet."""
    if report.policy.hash != policy.hash:
        return make_verdict(VerdictReason.POLICY, (), VerdictFacts())
    return first_decision(report, policy) or _undecided(report, policy)


def first_decision(
    report: Report, policy: Policy, start: int = 0, check_limits: bool = True
) -> Verdict | None:
    """Return the verdict of the first published batch that released or held; None without one.

    Parameters
    ----------
    report, policy : the report of a study, and its policy.
    start : batches of fewer people than this are passed over.
    check_limits : False judges the criteria alone. Completion and balance need the decks, and those
        of forgotten people are gone.
    """
    for index, batch in enumerate(report.batches):
        if batch.n < start:
            continue
        verdicts = tuple(_criterion_verdicts(report, index))
        reason = _criteria_reason(verdicts)
        if check_limits:
            reason = _limit_reason(batch, policy) or reason
        if reason in (VerdictReason.PASSED, VerdictReason.FAILED):
            return make_verdict(reason, verdicts, _verdict_facts(batch, policy, report))
    return None


def _limit_reason(batch: Batch, policy: Policy) -> VerdictReason | None:
    """Return the limit of the policy that a batch breaks, or None."""
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
    """Return what the criteria of one batch say: fail beats pass."""
    if any(criterion.failed for criterion in verdicts):
        return VerdictReason.FAILED
    passed = all(criterion.passed for criterion in verdicts)
    return VerdictReason.PASSED if passed else VerdictReason.OPEN


def _criterion_verdicts(report: Report, index: int) -> Iterator[CriterionVerdict]:
    """Yield whether each criterion is passed or failed at one batch."""
    points = [each.run[index] for each in report.criteria]
    lower, upper = np.array([(p.log_lower, p.log_upper) for p in points]).T
    outcomes = criterion_outcomes(lower, upper, report.alpha)
    for each, point, passed, failed in zip(report.criteria, points, *outcomes, strict=True):
        name, bar = each.criterion.name, each.criterion.bar
        yield CriterionVerdict(
            name, bar, point.mean, point.low, point.high, bool(passed), bool(failed)
        )


def _undecided(report: Report, policy: Policy) -> Verdict:
    """Return why the last batch does not decide."""
    n = report.players.counted
    if not report.batches:
        reason = VerdictReason.TOO_EARLY if n else VerdictReason.NO_DATA
        return make_verdict(
            reason, (), VerdictFacts(n=n, min_group_size=policy.cell, batch=policy.batch)
        )
    batch, verdicts = report.batches[-1], tuple(_criterion_verdicts(report, -1))
    reason = _limit_reason(batch, policy) or _criteria_reason(verdicts)
    return make_verdict(reason, verdicts, _verdict_facts(batch, policy, report))


def _verdict_facts(batch: Batch, policy: Policy, report: Report) -> VerdictFacts:
    return VerdictFacts(
        n=batch.n,
        min_group_size=policy.cell,
        batch=policy.batch,
        least_players=policy.least_players,
        completion=batch.completion,
        completion_bar=policy.completion,
        balance=abs(batch.balance or 0.0),
        balance_bar=policy.balance,
        forecast=report.forecast,
    )
