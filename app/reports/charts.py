"""The charts behind the verdict: criteria, card sources, and the baseline alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from app.presentation.i18n import format_percent, translate
from app.reports import tables
from app.reports.wording import (
    STATE_OUTCOMES,
    baseline_name,
    baseline_pairs,
    bounds_confidence,
    criterion_sentence,
    criterion_state,
    format_criterion_value,
    format_with_bounds,
    percent_or_points,
    report_text,
    source_liked_share,
)
from app.study.results import StudyStatus
from recsys.report.gate import CriterionVerdict
from recsys.report.report_data import CriterionReport
from recsys.report.tables import ShareRow
from recsys.stats import Estimate


@dataclass(frozen=True, slots=True)
class ChartSpan:
    """A horizontal bar from `start` to `end`, or a dot at `start`, on a scale from 0 to 100."""

    start: float
    end: float
    color: str  # name of a color token
    pale: bool = False  # in a lighter shade of the color


@dataclass(frozen=True, slots=True)
class ChartRow:
    """One row of a chart, on a scale from 0 to 100."""

    label: str
    value_text: str  # the number at the right
    spans: tuple[ChartSpan, ...] = ()
    dots: tuple[ChartSpan, ...] = ()  # drawn at `start`; `end` is not used
    bar: float | None = None  # the criterion's bar (threshold), drawn as a vertical line
    bar_label: str = ""
    value_color: str = "ink"  # name of the color token of `value_text`


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """Rows, a caption that says what they show, and the table behind them.

    Without rows, it is the caption alone or the caption and a table.
    """

    title: str
    caption: str
    rows: Sequence[ChartRow] = ()
    table: pd.DataFrame | None = None
    spoken_text: str | None = None  # for screen readers, if not the caption

    @property
    def alt_text(self) -> str:
        """The text for people who cannot see the rows."""
        return self.spoken_text or self.caption


SOURCE_COLORS = {
    "pick": "glow",
    "challenger": "sand",
    "baseline": "sand",
    "decoy": "slate",
    "near": "quiet",
}


def criteria_chart(language: str, result: StudyStatus) -> Chart:
    """Return the chart of each criterion's interval against its bar."""
    caption = translate(
        language,
        "report.criteria_said",
        n=result.verdict.n,
        sure=format_percent(language, bounds_confidence(result.report)),
    )
    return Chart(
        report_text(language, result.report.policy, "criteria_title"),
        caption,
        [_criterion_chart_row(language, c) for c in result.verdict.criteria],
        tables.criteria_table(language, result),
        " ".join(criterion_sentence(language, c) for c in result.verdict.criteria),
    )


def _criterion_chart_row(language: str, criterion: CriterionVerdict) -> ChartRow:
    return ChartRow(
        translate(language, f"report.{criterion.name}"),
        format_with_bounds(
            language, criterion.name, criterion.value, criterion.low, criterion.high
        ),
        (
            ChartSpan(
                percent_or_points("share", criterion.low),
                percent_or_points("share", criterion.high),
                "glow",
                pale=True,
            ),
        ),
        (ChartSpan(percent_or_points("share", criterion.value), 0, "glow"),),
        percent_or_points("share", criterion.bar),
        translate(
            language,
            "report.bar_at",
            bar=format_criterion_value(language, criterion.name, criterion.bar),
        ),
        STATE_OUTCOMES[criterion_state(criterion)],
    )


def confidence_sequence_text(
    language: str, result: StudyStatus, criterion_report: CriterionReport
) -> str:
    """Return a criterion's latest estimate, and whether the study is decided, in words."""
    last_point, name = criterion_report.run[-1], criterion_report.criterion.name
    shares = {
        "value": last_point.mean,
        "low": last_point.low,
        "high": last_point.high,
        "bar": criterion_report.criterion.bar,
    }
    formatted = {
        key: format_criterion_value(language, name, share) for key, share in shares.items()
    }
    progress_text = translate(language, "report.run_said", n=last_point.n, **formatted)
    return f"{progress_text} {_decision_text(language, result)}"


def _decision_text(language: str, result: StudyStatus) -> str:
    if result.decision is None:
        return translate(language, "report.run_open")
    word = report_text(language, result.report.policy, result.verdict.outcome.value).lower()
    return translate(language, "report.run_decided", n=result.verdict.n, word=word)


def sources_chart(language: str, result: StudyStatus) -> Chart:
    """Return the chart of liked shares of picks, baseline, decoys and familiar decoys."""
    report = result.report
    rows = [
        answer_shares_row(
            tables.source_name(language, report, row.label), row, SOURCE_COLORS[row.label], language
        )
        for row in report.arms
    ]
    caption = (
        f"{_sources_text(language, result)} {report_text(language, report.policy, 'arms_key')}"
    )
    title = report_text(language, report.policy, "arms_title")
    return Chart(title, caption, rows, tables.sources_table(language, report))


def answer_shares_row(label: str, row: ShareRow, color: str, language: str) -> ChartRow:
    """Return a row: super likes and favourites from the left, unknown brands from the right."""
    liked = percent_or_points("share", row.liked)
    super_liked, unknown = (
        percent_or_points("share", row.super_liked),
        percent_or_points("share", row.dont_know),
    )
    spans = [
        ChartSpan(0, liked, color),
        ChartSpan(0, super_liked, "violet"),
        ChartSpan(100 - unknown, 100, "quiet", pale=True),
    ]
    visible_spans = tuple(part for part in spans if part.end > part.start)
    return ChartRow(label, format_percent(language, row.liked), visible_spans)


def _sources_text(language: str, result: StudyStatus) -> str:
    picks, challenger, decoys = (
        source_liked_share(result.report, arm) for arm in ("pick", "challenger", "decoy")
    )
    if challenger is not None:
        challenger_values = {
            "picks": format_criterion_value(language, "pick", picks),
            "second": format_percent(language, challenger),
        }
        return translate(language, "report.arms_said_duel", **challenger_values)
    if picks is None or decoys is None:
        return translate(
            language,
            "report.arms_said_picks",
            picks=format_criterion_value(language, "pick", picks),
        )
    return translate(
        language,
        "report.arms_said",
        picks=format_percent(language, picks),
        decoys=format_percent(language, decoys),
        gap=percent_or_points("pick", picks) - percent_or_points("decoy", decoys),
    )


def baseline_chart(language: str, result: StudyStatus) -> Chart:
    """Return the chart of what the baseline alone would have scored, beside the model."""
    report, pairs = result.report, baseline_pairs(result.report)
    title = translate(language, "report.rival_title")
    lead = translate(language, "report.rival_lead", rival=baseline_name(language, report.baseline))
    if not pairs:
        return Chart(
            title, f"{lead} {translate(language, 'report.rival_none', n=report.policy.cell)}"
        )
    name, model_estimate, baseline_estimate = pairs[0]
    caption = translate(
        language,
        "report.rival_said",
        name=translate(language, f"report.rival_{name}"),
        model=format_percent(language, model_estimate.value or 0.0),
        rival=format_percent(language, baseline_estimate.value or 0.0),
    )
    rows = [_baseline_row(language, *pair) for pair in pairs]
    return Chart(title, f"{lead} {caption}", rows, tables.baseline_table(language, report))


def _baseline_row(
    language: str, name: str, model_estimate: Estimate, baseline_estimate: Estimate
) -> ChartRow:
    model_percent, baseline_percent = (
        percent_or_points("share", model_estimate.value or 0.0),
        percent_or_points("share", baseline_estimate.value or 0.0),
    )
    return ChartRow(
        translate(language, f"report.rival_{name}"),
        f"{format_percent(language, model_estimate.value or 0.0)} / "
        f"{format_percent(language, baseline_estimate.value or 0.0)}",
        (
            ChartSpan(
                min(model_percent, baseline_percent),
                max(model_percent, baseline_percent),
                "quiet",
                pale=True,
            ),
        ),
        (ChartSpan(baseline_percent, 0, "sand"), ChartSpan(model_percent, 0, "glow")),
    )
