"""The report of a study as a value, and its published form as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from recsys.report.batches import Batch, ParticipantFunnel, batch_to_row, funnel_to_row
from recsys.report.confidence_sequence import ConfidenceSequencePoint
from recsys.report.forecast import Forecast, forecast_to_row
from recsys.report.shown_measures import Failure
from recsys.report.tables import SegmentRow, ShareRow, segment_to_row, share_to_row
from recsys.stats import ClusteredProportion, Estimate, estimate_to_row
from recsys.study.criteria import Criterion, criterion_to_row
from recsys.study.exclusions import ExclusionReason
from recsys.study.policy import Policy, StudyKind

SCHEMA_VERSION = 3  # of the published form; grows if a field is removed or changes its meaning


@dataclass(frozen=True, slots=True)
class CriterionReport:
    """The result of one criterion, to compare with its bar."""

    criterion: Criterion
    estimate: Estimate  # with the bounds of the sequential test, in whole percents
    once: Estimate  # valid if this was the only look at the data; never decides
    run: tuple[ConfidenceSequencePoint, ...]  # one point per published batch


@dataclass(frozen=True, slots=True)
class Report:
    """All that is published of a study. It holds no row of a person and no score of a deck."""

    study: str  # hash of the study
    name: str
    kind: StudyKind
    attempt: int
    policy: Policy
    model: str  # hash of the model version
    challenger: str | None  # hash of the second version, in a paired comparison
    baseline: str
    alpha: float
    smallest_panel: int  # people; fewer cannot release even with perfect scores
    players: ParticipantFunnel
    criteria: tuple[CriterionReport, ...]
    batches: tuple[Batch, ...]
    arms: tuple[ShareRow, ...]
    secondary_metrics: Mapping[str, Estimate]
    cards: ClusteredProportion | None  # precision over cards, with ICC and design effect
    early: Estimate  # first half of the batches: precision, or score of a paired comparison
    late: Estimate  # second half of the batches
    excluded: Mapping[ExclusionReason, int | None]  # None: fewer than a whole group
    with_careless: Estimate  # all batches with their TOO_FAST decks, if those are a whole group
    seconds: float | None  # mean over people of the median time per card; None: too few people
    segments: Mapping[str, tuple[SegmentRow, ...]]  # by `Policy.segments`
    brands: tuple[ShareRow, ...]
    categories: tuple[ShareRow, ...]
    forecast: Forecast
    failures: tuple[Failure, ...] = ()  # of shown measures, which decide nothing

    def lacks(self, *measures: str) -> bool:
        """Return whether one of these measures could not be computed."""
        return any(failure.measure in measures for failure in self.failures)

    def to_dict(self) -> dict[str, Any]:
        """Return the publishable form for JSON: two digits, except for the policy and alpha."""
        policy = {"hash": self.policy.hash, **self.policy.to_dict()}
        data = {
            "study": self.study,
            "name": self.name,
            "kind": self.kind.value,
            "attempt": self.attempt,
            "policy": policy,
            "model": self.model,
            "challenger": self.challenger,
            "baseline": self.baseline,
            "alpha": self.alpha,
            "smallest_panel": self.smallest_panel,
            "players": funnel_to_row(self.players),
            "criteria": [_criterion_report_to_row(each) for each in self.criteria],
            "batches": [batch_to_row(batch) for batch in self.batches],
            "arms": [share_to_row(row) for row in self.arms],
            "beside": {name: _published(each) for name, each in self.secondary_metrics.items()},
            "cards": None if self.cards is None else clustered_proportion_to_row(self.cards),
            "early": _published(self.early),
            "late": _published(self.late),
            "excluded": {reason.value: people for reason, people in self.excluded.items()},
            "with_careless": _published(self.with_careless),
            "seconds": self.seconds,
            "segments": {
                name: [segment_to_row(row) for row in rows] for name, rows in self.segments.items()
            },
            "brands": [share_to_row(row) for row in self.brands],
            "categories": [share_to_row(row) for row in self.categories],
            "forecast": forecast_to_row(self.forecast),
            "not_computed": [failure.measure for failure in self.failures],
        }
        rounded: dict[str, Any] = _rounded(data)
        exact = {"schema_version": SCHEMA_VERSION, "policy": policy, "alpha": self.alpha}
        return {**rounded, **exact}


def _criterion_report_to_row(report: CriterionReport) -> dict[str, Any]:
    return {
        "criterion": {"name": report.criterion.name, **criterion_to_row(report.criterion)},
        "estimate": _published(report.estimate),
        "once": _published(report.once),
        "run": [point.to_dict() for point in report.run],
    }


def _published(estimate: Estimate) -> dict[str, Any]:
    return estimate_to_row(estimate.published())


def _rounded(value: Any) -> Any:
    """Return plain data with floats rounded to two digits; None for infinity and NaN."""
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    if isinstance(value, float):
        return round(value, 2) if isfinite(value) else None
    return value


def clustered_proportion_to_row(ratio: ClusteredProportion) -> dict[str, Any]:
    """Return a share over cards as plain data for the report."""
    return {
        "value": ratio.value,
        "error": ratio.error,
        "icc": ratio.icc,
        "design_effect": ratio.design_effect,
        "people": ratio.people,
    }
