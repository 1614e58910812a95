"""In which order page and mailed file show what stands below the run so far."""

from collections.abc import Sequence

from app.audience import Audience
from app.studies import Judged
from app.views import report_figures, report_figures_list, report_figures_people
from app.views.figure import Figure


def rows(language: str, judged: Judged, reach: Audience | None) -> list[Sequence[Figure]]:
    """Return the pictures, those beside each other together."""
    arms, duel = report_figures.arms(language, judged), judged.report.policy.is_duel
    return [
        (arms,)
        if duel
        else (arms, report_figures.rival(language, judged)),  # its rival is in the arms
        (
            report_figures_people.funnel(language, judged),
            report_figures_people.audience(language, reach),
        ),
        *report_figures_list.listed(language, judged),
        (
            report_figures_people.left_out(language, judged),
            report_figures_people.halves(language, judged),
        ),
        report_figures_people.brands(language, judged),
        (report_figures_people.categories(language, judged),),
        *([parts] if (parts := report_figures_people.segments(language, judged)) else []),
    ]
