"""In which order page and mailed file show what stands below the run so far."""

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
    """Return the pictures, those beside each other together."""
    sources = _one(language, result, "arms")
    return [
        # in a comparison of two versions the second one is among the arms
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
    """Return the parts of the people beside each other, where the policy names any."""
    found = [
        chart_or_unknown(
            language, judged, name, partial(charts_people.segment, language, judged, name, rows)
        )
        for name, rows in judged.report.segments.items()
    ]
    return [found] if found else []
