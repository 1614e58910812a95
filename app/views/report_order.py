"""In which order page and mailed file show what stands below the run so far."""

from collections.abc import Sequence
from functools import partial

from app.audience import Audience
from app.studies import Judged
from app.views import report_figures as figures
from app.views import report_figures_list as of_list
from app.views import report_figures_people as people
from app.views.figure import Figure
from app.views.report_unknown import figure as known


def rows(language: str, judged: Judged, audience: Audience | None) -> list[Sequence[Figure]]:
    """Return the pictures, those beside each other together."""
    arms = _one(language, judged, "arms")
    return [
        # in a comparison of two versions the second one is among the arms
        (arms,) if judged.report.policy.is_duel else (arms, _one(language, judged, "rival")),
        (
            _one(language, judged, "funnel"),
            known(language, judged, "audience", partial(people.audience, language, audience)),
        ),
        *of_list.listed(language, judged),
        (_one(language, judged, "left_out"), _one(language, judged, "halves")),
        (_one(language, judged, "loved"), _one(language, judged, "refused")),
        (_one(language, judged, "category"),),
        *_segments(language, judged),
    ]


def _one(language: str, judged: Judged, name: str) -> Figure:
    return known(language, judged, name, partial(_BY_NAME[name], language, judged))


_BY_NAME = {
    "arms": figures.arms,
    "rival": figures.rival,
    "funnel": people.funnel,
    "left_out": people.left_out,
    "halves": people.halves,
    "loved": people.loved,
    "refused": people.refused,
    "category": people.categories,
}


def _segments(language: str, judged: Judged) -> list[Sequence[Figure]]:
    """Return the parts of the people beside each other, where the policy names any."""
    found = [
        known(language, judged, name, partial(people.segment, language, judged, name, rows))
        for name, rows in judged.report.segments.items()
    ]
    return [found] if found else []
