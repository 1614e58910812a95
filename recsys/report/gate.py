"""Report + Policy -> Verdict. Fail beats pass, and no data is never a pass."""

from collections.abc import Iterable, Iterator, Mapping
from math import log

from recsys.report.batches import NO_EARLIER_DECKS, Batch, ClosedDeck
from recsys.report.evaluate import build_report
from recsys.report.report_data import Report
from recsys.report.verdict_sentence import (
    CriterionVerdict,
    Outcome,
    Verdict,
    VerdictFacts,
    VerdictReason,
    make_verdict,
    too_early_message,
    too_small_message,
)
from recsys.study.criteria import Criterion
from recsys.study.policy import Policy, Study, StudyKind

__all__ = [
    "Criterion",
    "Outcome",
    "Policy",
    "Study",
    "StudyKind",
    "Verdict",
    "VerdictReason",
    "decide",
    "evaluate_study",
    "first_decision",
    "too_early_message",
    "too_small_message",
]


def evaluate_study(
    study: Study,
    closed: Iterable[ClosedDeck],
    open_dealt_at: Iterable[int] = (),
    seed: int = 0,
    earlier: Mapping[str, int] = NO_EARLIER_DECKS,
) -> tuple[Report, Verdict]:
    """Return the report of a study and its verdict. The arguments are those of `build_report`."""
    report = build_report(study, closed, open_dealt_at, seed, earlier)
    return report, decide(report, study.policy)


def decide(report: Report, policy: Policy) -> Verdict:
    """Return the verdict of the first batch that decided, else why there is none yet."""
    if report.policy.hash != policy.hash:
        return make_verdict(VerdictReason.POLICY, (), VerdictFacts())
    return first_decision(report, policy) or _undecided(report, policy)


def first_decision(report: Report, policy: Policy) -> Verdict | None:
    """Return the verdict of the first published batch that released or held; None without one."""
    for index, batch in enumerate(report.batches):
        verdicts = tuple(_criterion_verdicts(report, index))
        reason = _batch_reason(batch, verdicts, policy)
        if reason in (VerdictReason.PASSED, VerdictReason.FAILED):
            return make_verdict(reason, verdicts, _verdict_facts(batch, policy, report))
    return None


def _batch_reason(
    batch: Batch, verdicts: tuple[CriterionVerdict, ...], policy: Policy
) -> VerdictReason:
    """Return what one batch says: the limits first, then fail, then pass."""
    if batch.n < policy.least_players:
        return VerdictReason.TOO_FEW
    if batch.completion is None or batch.completion < policy.completion:
        return VerdictReason.INCOMPLETE
    if batch.balance is None and policy.deck.scored:
        return VerdictReason.UNPAIRED
    if batch.balance is not None and abs(batch.balance) > policy.balance:
        return VerdictReason.UNBALANCED
    if any(criterion.failed for criterion in verdicts):
        return VerdictReason.FAILED
    return (
        VerdictReason.PASSED
        if all(criterion.passed for criterion in verdicts)
        else VerdictReason.OPEN
    )


def _criterion_verdicts(report: Report, index: int) -> Iterator[CriterionVerdict]:
    """Return each criterion at one batch: passed at wealth 1/alpha, failed at criteria/alpha."""
    to_pass, to_fail = -log(report.alpha), log(len(report.criteria) / report.alpha)
    for criterion_report in report.criteria:
        point = criterion_report.run[index]
        passed, failed = point.log_lower >= to_pass, point.log_upper >= to_fail
        name, bar = criterion_report.criterion.name, criterion_report.criterion.bar
        yield CriterionVerdict(name, bar, point.mean, point.low, point.high, passed, failed)


def _undecided(report: Report, policy: Policy) -> Verdict:
    """Return why the last batch does not decide."""
    n = report.players.counted
    if not report.batches:
        reason = VerdictReason.TOO_EARLY if n else VerdictReason.NO_DATA
        return make_verdict(
            reason, (), VerdictFacts(n=n, min_group_size=policy.cell, batch=policy.batch)
        )
    batch, verdicts = report.batches[-1], tuple(_criterion_verdicts(report, -1))
    return make_verdict(
        _batch_reason(batch, verdicts, policy), verdicts, _verdict_facts(batch, policy, report)
    )


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
