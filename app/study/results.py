"""The current result of a study: report, verdict and decision. Nothing is written here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.storage.study_db.records import Decision, Override, StudyRow
from app.storage.study_db.store import StudyStore
from app.study.snapshot import read_snapshot
from app.workspace import json_log
from app.workspace.workspace import Workspace
from recsys.errors import BadInputError
from recsys.report.gate import Verdict
from recsys.report.invited import InvitedFunnel
from recsys.report.report_data import Report
from recsys.report.representativeness import FrameShare
from recsys.report.study_result import evaluate_study
from recsys.study.policy import StudyKind


def latest_study(store: StudyStore, name: str | None = None) -> StudyRow:
    """Return the study of that name; without a name, the newest one that is not a playground."""
    if name is not None:
        return store.studies.get(name)
    for row in store.studies.all():
        if row.kind is not StudyKind.PLAYGROUND:
            return row
    raise BadInputError("There is no study yet. Open one with `brandswipe study open`.")


@dataclass(frozen=True, slots=True)
class StudyStatus:
    """A study with its result and its stored decision."""

    row: StudyRow
    report: Report
    verdict: Verdict
    decision: Decision | None
    overrides: tuple[Override, ...] = ()
    invited: InvitedFunnel | None = None  # None: no list, everybody may play
    frame_shares: Mapping[str, tuple[FrameShare, ...]] = field(default_factory=dict)  # by column


def study_status(store: StudyStore, row: StudyRow) -> StudyStatus:
    """Return the current result of a study. Each table is read once, and nothing is written.

    Raises IntegrityError if the answers no longer give the stored decision.
    """
    with store.reading():
        studies, decision = store.studies.all(), store.studies.decision(row.hash)
        snapshot = read_snapshot(store, row, studies, decision)
        overrides = tuple(store.studies.overrides(row.hash))
    result = evaluate_study(snapshot, store.clock())
    json_log.not_computed(result.report.failures)
    return StudyStatus(
        row=next(current for current in studies if current.hash == row.hash),
        report=result.report,
        verdict=result.verdict,
        decision=decision,
        overrides=overrides,
        invited=result.invited,
        frame_shares=result.frame_shares,
    )


def studies_of_version(workspace: Workspace, model: str) -> list[StudyStatus]:
    """Return the current results of the studies that judge a version, the newest one first."""
    return [
        study_status(workspace.store, row)
        for row in workspace.store.studies.all()
        if model in row.versions and row.kind is not StudyKind.PLAYGROUND
    ]
