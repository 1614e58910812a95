"""In which order page and mailed file show what stands below the run so far."""

from collections.abc import Sequence

from app.audience import Audience
from app.studies import Judged
from app.views import report_figures as figures
from app.views import report_figures_list as of_list
from app.views import report_figures_people as people
from app.views.figure import Figure


def rows(language: str, judged: Judged, reach: Audience | None) -> list[Sequence[Figure]]:
    """Return the pictures, those beside each other together."""
    arms, duel = figures.arms(language, judged), judged.report.policy.is_duel
    return [
        (arms,) if duel else (arms, figures.rival(language, judged)),  # its rival is in the arms
        (people.funnel(language, judged), people.audience(language, reach)),
        *of_list.listed(language, judged),
        (people.left_out(language, judged), people.halves(language, judged)),
        people.brands(language, judged),
        (people.categories(language, judged),),
        *([parts] if (parts := people.segments(language, judged)) else []),
    ]
