"""The chart of one criterion batch by batch: defined once, drawn on the page and in the file."""

from dataclasses import dataclass

from app.presentation.i18n import translate
from app.reports.charts import confidence_sequence_text
from app.reports.wording import format_criterion_value, percent_or_points, report_text
from app.study.results import StudyStatus
from recsys.report.report_data import CriterionReport
from recsys.study.criteria import DIFFERENCES

MIN_PEOPLE_SHOWN = 20
"""The shortest axis of people."""


@dataclass(frozen=True, slots=True)
class SequencePoint:
    """One batch, in whole percents, or whole points of a difference."""

    people: int
    mean: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class DecisionMark:
    """When a study was decided."""

    people: int
    label: str
    outcome: str  # names its color


@dataclass(frozen=True, slots=True)
class SequenceChart:
    """The confidence sequence of one criterion against its bar."""

    language: str
    points: tuple[SequencePoint, ...]  # at least one
    bar: int
    bar_label: str
    signed: bool  # the figures are differences in points
    max_people: int  # the axes: from 0 people, and from `lowest` to `highest`
    lowest: int
    highest: int
    people_label: str
    alt_text: str
    decision: DecisionMark | None = None

    def level_label(self, value: int) -> str:
        """Return a figure of the upright axis: whole percents, or points with their sign."""
        if not self.signed:
            return f"{value}%"
        return f"{value:+d}".replace("-", "−") if value else "0"


def sequence_chart(
    language: str,
    result: StudyStatus,
    criterion_report: CriterionReport,
    max_people: int | None = None,
) -> SequenceChart:
    """Return the chart of a criterion with at least one point.

    `max_people` fixes both axes, so that the picture does not jump while it grows.
    """
    criterion = criterion_report.criterion
    points = tuple(
        SequencePoint(
            p.n, *(percent_or_points(criterion.name, share) for share in (p.mean, p.low, p.high))
        )
        for p in criterion_report.run
    )
    bar, signed = percent_or_points(criterion.name, criterion.bar), criterion.name in DIFFERENCES
    lowest, highest = (-100, 100) if signed else (0, 100)
    if max_people is None:
        lowest = max(lowest, min(bar, *(p.low for p in points)) // 10 * 10)
        highest = min(highest, -(-(max(bar, *(p.high for p in points)) + 1) // 10) * 10)
    bar_text = format_criterion_value(language, criterion.name, criterion.bar)
    return SequenceChart(
        language=language,
        points=points,
        bar=bar,
        bar_label=translate(language, "report.bar_at", bar=bar_text),
        signed=signed,
        max_people=max_people or max(MIN_PEOPLE_SHOWN, points[-1].people),
        lowest=lowest,
        highest=highest,
        people_label=translate(language, "report.people"),
        alt_text=confidence_sequence_text(language, result, criterion_report),
        decision=_decision_mark(language, result),
    )


def _decision_mark(language: str, result: StudyStatus) -> DecisionMark | None:
    if result.decision is None:
        return None
    outcome = result.verdict.outcome.value
    label = report_text(language, result.report.policy, outcome)
    return DecisionMark(result.verdict.n, label, outcome)
