"""The order of the charts below the confidence sequence, on the page and in the mailed file."""

from collections.abc import Sequence
from functools import partial

from app.modeling.user_coverage import UserCoverage
from app.reports import charts, charts_invited, charts_people
from app.reports.charts import Chart
from app.reports.unknown_charts import chart_or_unknown
from app.study.results import StudyStatus


def charts_in_order(
    language: str, result: StudyStatus, reach: UserCoverage | None
) -> list[Sequence[Chart]]:
    """Return the charts in order; the charts of one inner sequence stand side by side."""
    sources = _one(language, result, "arms")
    return [
        # a comparison has no baseline chart: the challenger is one of the sources
        (sources,)
        if result.report.policy.is_paired_comparison
        else (sources, _one(language, result, "rival")),
        (
            _one(language, result, "funnel"),
            chart_or_unknown(
                language,
                result,
                "audience",
                partial(charts_people.user_coverage_chart, language, reach),
            ),
        ),
        *charts_invited.representativeness_charts(language, result),
        (_one(language, result, "left_out"), _one(language, result, "halves")),
        (_one(language, result, "loved"), _one(language, result, "refused")),
        (_one(language, result, "category"),),
        *_segments(language, result),
    ]


def _one(language: str, judged: StudyStatus, name: str) -> Chart:
    return chart_or_unknown(language, judged, name, partial(_BY_NAME[name], language, judged))


_BY_NAME = {
    "arms": charts.sources_chart,
    "rival": charts.baseline_chart,
    "funnel": charts_invited.funnel_chart,
    "left_out": charts_people.exclusions_chart,
    "halves": charts_people.halves_chart,
    "loved": charts_people.loved,
    "refused": charts_people.refused,
    "category": charts_people.category_chart,
}


def _segments(language: str, judged: StudyStatus) -> list[Sequence[Chart]]:
    """Return the charts of the policy's segments, side by side; [] if it names none."""
    found = [
        chart_or_unknown(
            language, judged, name, partial(charts_people.segment, language, judged, name, rows)
        )
        for name, rows in judged.report.segments.items()
    ]
    return [found] if found else []
