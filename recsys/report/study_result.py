"""Evaluate a snapshot of a study: report, verdict, and comparison with the invited people."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from recsys.errors import IntegrityError
from recsys.report.evaluate import report_from_tally
from recsys.report.gate import Verdict, decide, first_decision
from recsys.report.invited import InvitedFunnel, invited_frame_shares, invited_funnel
from recsys.report.report_data import Report
from recsys.report.representativeness import FrameShare
from recsys.report.shown_measures import ShownMeasures
from recsys.report.snapshot import StoredDecision, StudySnapshot
from recsys.report.tally import Tally, tally_decks


@dataclass(frozen=True, slots=True)
class StudyResult:
    """The result of a study at one moment."""

    report: Report
    verdict: Verdict
    invited: InvitedFunnel | None = None  # None: no invitation list, everybody may play
    # column of the invitation list -> shares of its values among the invited and the players
    frame_shares: Mapping[str, tuple[FrameShare, ...]] = field(default_factory=dict)


def evaluate_study(snapshot: StudySnapshot, now: int, seed: int = 0) -> StudyResult:
    """Return the result of a study. Nothing is stored.

    Parameters
    ----------
    snapshot
        All data of the study.
    now
        Milliseconds since 1970. A deck that has expired by then counts as closed.
    seed
        Random seed of the forecast.

    Raises
    ------
    IntegrityError
        If the answers no longer give the recorded decision.
    """
    study = snapshot.study
    tally = tally_decks(
        study, snapshot.closed_by(now), snapshot.earlier, snapshot.open_dealt_at(now)
    )
    report = report_from_tally(tally, study, seed)
    verdict = _verdict(report, tally, snapshot.decision)
    if snapshot.invitations is None:
        return StudyResult(report, verdict)
    rule, shown = study.policy.disclosure, ShownMeasures()
    counted = [row for row in tally.published if row.exclusion is None]
    shares = invited_frame_shares(snapshot.invitations, counted, rule, shown)
    funnel = invited_funnel(snapshot.invitations, counted, rule)
    report = replace(report, failures=(*report.failures, *shown.failures))
    return StudyResult(report, verdict, funnel, shares)


def _verdict(report: Report, tally: Tally, decision: StoredDecision | None) -> Verdict:
    """Return the verdict; raise IntegrityError if it differs from the recorded decision.

    If a participant was forgotten since the decision, the completion and balance limits can no
    longer be checked. They were met at the decision; the scores still give its outcome and batch.
    """
    verdict = None
    if decision is not None and any(row.dealt_at is None for row in tally.classified):
        verdict = first_decision(report, report.policy, decision.n, check_limits=False)
    verdict = verdict or decide(report, report.policy)
    if decision is not None and (decision.outcome, decision.n) != (verdict.outcome, verdict.n):
        raise IntegrityError(
            f"The decision of {report.name} was {decision.outcome} after {decision.n} people, "
            f"but its answers now say {verdict.outcome.value} after {verdict.n}: restore the study "
            "from a backup."
        )
    return verdict
