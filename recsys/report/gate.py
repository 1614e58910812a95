"""Report + Policy -> Verdict. Fail beats pass, and no data is never a pass."""

from collections.abc import Iterator
from math import log

from recsys.report.batches import Batch
from recsys.report.evaluate import Report
from recsys.report.verdict import (
    CriterionVerdict,
    Facts,
    Outcome,
    Verdict,
    Why,
    too_early,
    too_small,
    verdict,
)
from recsys.study.policy import Criterion, Policy, Study, StudyKind

__all__ = [
    "Criterion",
    "Outcome",
    "Policy",
    "Study",
    "StudyKind",
    "Verdict",
    "Why",
    "decide",
    "first_decision",
    "too_early",
    "too_small",
]


def decide(report: Report, policy: Policy) -> Verdict:
    """Return the verdict of the first batch that decided, else why there is none yet."""
    if report.policy.hash != policy.hash:
        return verdict(Why.POLICY, (), Facts())
    return first_decision(report, policy) or _undecided(report, policy)


def first_decision(report: Report, policy: Policy) -> Verdict | None:
    """Return the verdict of the first published batch that released or held; None without one."""
    for place, batch in enumerate(report.batches):
        standing = tuple(_standing(report, place))
        why = _why(batch, standing, policy)
        if why in (Why.PASSED, Why.FAILED):
            return verdict(why, standing, _facts(batch, policy, report))
    return None


def _why(batch: Batch, standing: tuple[CriterionVerdict, ...], policy: Policy) -> Why:
    """Return what one batch says: the limits first, then fail, then pass."""
    if batch.n < policy.least_players:
        return Why.TOO_FEW
    if batch.completion is None or batch.completion < policy.completion:
        return Why.INCOMPLETE
    if batch.balance is None and policy.deck.scored:
        return Why.UNPAIRED
    if batch.balance is not None and abs(batch.balance) > policy.balance:
        return Why.UNBALANCED
    if any(criterion.failed for criterion in standing):
        return Why.FAILED
    return Why.PASSED if all(criterion.passed for criterion in standing) else Why.OPEN


def _standing(report: Report, place: int) -> Iterator[CriterionVerdict]:
    """Return each criterion at one batch: passed at wealth 1/alpha, failed at criteria/alpha."""
    to_pass, to_fail = -log(report.alpha), log(len(report.criteria) / report.alpha)
    for found in report.criteria:
        at = found.run[place]
        passed, failed = at.log_lower >= to_pass, at.log_upper >= to_fail
        name, bar = found.criterion.name, found.criterion.bar
        yield CriterionVerdict(name, bar, at.mean, at.low, at.high, passed, failed)


def _undecided(report: Report, policy: Policy) -> Verdict:
    """Return why the last batch does not decide."""
    n = report.players.counted
    if not report.batches:
        why = Why.TOO_EARLY if n else Why.NO_DATA
        return verdict(why, (), Facts(n=n, cell=policy.cell, batch=policy.batch))
    batch, standing = report.batches[-1], tuple(_standing(report, -1))
    return verdict(_why(batch, standing, policy), standing, _facts(batch, policy, report))


def _facts(batch: Batch, policy: Policy, report: Report) -> Facts:
    return Facts(
        n=batch.n,
        cell=policy.cell,
        batch=policy.batch,
        least_players=policy.least_players,
        completion=batch.completion,
        completion_bar=policy.completion,
        balance=abs(batch.balance or 0.0),
        balance_bar=policy.balance,
        forecast=report.forecast,
    )
