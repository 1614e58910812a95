"""A judged study -> one HTML file that a board can read, print and keep.

Everything in it comes from the published report, by the same sentences, pictures and tables as the
page. Nothing in it runs, and nothing is asked of any address; the file says so to the browser.
"""

from app.modeling.user_coverage import UserCoverage
from app.presentation.i18n import translate
from app.reports import charts, tables
from app.reports.chart_order import charts_in_order
from app.reports.html import blocks
from app.reports.html.document import Figure, chart_figure, render_document
from app.reports.html.svg import sequence_svg
from app.reports.sequence_chart import sequence_chart
from app.reports.wording import override_lines
from app.study.results import StudyStatus
from recsys.report.report_data import CriterionReport


def report_html(
    language: str, result: StudyStatus, user_coverage: UserCoverage | None = None
) -> str:
    """Return the report of a study as one file, in English or Dutch."""
    verdict = blocks.verdict_block(language, result)
    return render_document(
        "report.html",
        language,
        f"{result.row.name}: {verdict.word.lower()}",
        study=result.row.name,
        opened=tables.format_day_of_ms(language, result.row.opened_at),
        verdict=verdict,
        overrides=override_lines(language, result),
        criteria=blocks.criterion_blocks(language, result),
        caveats=blocks.caveats(language, result),
        policy_fields=blocks.policy_fields(language, result),
        **(_figures(language, result, user_coverage) if result.verdict.criteria else {}),
    )


def _figures(
    language: str, result: StudyStatus, user_coverage: UserCoverage | None
) -> dict[str, object]:
    """Return what a verdict on criteria is drawn with."""
    criteria_chart = charts.criteria_chart(language, result)
    started = [c for c in result.report.criteria if c.run]
    return {
        "criteria_title": criteria_chart.title,
        "criteria_figure": chart_figure(criteria_chart, titled=False),
        "confidence_sequences": [_confidence_sequence(language, result, c) for c in started],
        "figure_rows": [
            [chart_figure(chart) for chart in row]
            for row in charts_in_order(language, result, user_coverage)
        ],
    }


def _confidence_sequence(
    language: str, result: StudyStatus, criterion_report: CriterionReport
) -> Figure:
    chart = sequence_chart(language, result, criterion_report)
    return Figure(
        translate(language, f"report.{criterion_report.criterion.name}"),
        chart.alt_text,
        sequence_svg(chart),
        folded_table=tables.confidence_sequence_table(language, criterion_report),
        css_class="wide",
    )
