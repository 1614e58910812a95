"""In which order page and mailed file show what stands below the run so far."""

from collections.abc import Sequence
from functools import partial

from app.modeling.user_coverage import Audience
from app.reports import charts, charts_people
from app.reports.charts import Figure
from app.reports.unknown_charts import chart_or_unknown
from app.study.results import Judged


def rows(language: str, judged: Judged, reach: Audience | None) -> list[Sequence[Figure]]:
    """Return the pictures, those beside each other together."""
    arms = _one(language, judged, "arms")
    return [
        # in a comparison of two versions the second one is among the arms
        (arms,) if judged.report.policy.is_duel else (arms, _one(language, judged, "rival")),
        (
            _one(language, judged, "funnel"),
            chart_or_unknown(
                language, judged, "audience", partial(charts_people.audience, language, reach)
            ),
        ),
        *charts_people.listed(language, judged),
        (_one(language, judged, "left_out"), _one(language, judged, "halves")),
        (_one(language, judged, "loved"), _one(language, judged, "refused")),
        (_one(language, judged, "category"),),
        *_segments(language, judged),
    ]


def _one(language: str, judged: Judged, name: str) -> Figure:
    return chart_or_unknown(language, judged, name, partial(_BY_NAME[name], language, judged))


_BY_NAME = {
    "arms": charts.arms,
    "rival": charts.rival,
    "funnel": charts_people.funnel,
    "left_out": charts_people.left_out,
    "halves": charts_people.halves,
    "loved": charts_people.loved,
    "refused": charts_people.refused,
    "category": charts_people.categories,
}


def _segments(language: str, judged: Judged) -> list[Sequence[Figure]]:
    """Return the parts of the people beside each other, where the policy names any."""
    found = [
        chart_or_unknown(
            language, judged, name, partial(charts_people.segment, language, judged, name, rows)
        )
        for name, rows in judged.report.segments.items()
    ]
    return [found] if found else []
