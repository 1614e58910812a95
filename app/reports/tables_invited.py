"""The tables of invited people: how players compare with them, and the funnel."""

from collections.abc import Sequence

import pandas as pd

from app.presentation.i18n import format_percent, format_value, translate
from app.reports.tables import translated_table
from app.study.results import StudyStatus
from recsys.report.batches import funnel_to_row
from recsys.report.representativeness import OTHER, FrameShare

FUNNEL_STEPS = ("dealt", "closed", "complete", "counted")
EXACT_STEPS = ("invited", "counted")
INVITED_STEPS = ("invited", "opened", "linked", "agreed", "enough")


def representativeness_title(language: str, name: str) -> str:
    """Return the title of a column's chart."""
    return translate(language, "report.listed_title", column=name)


def frame_value_name(language: str, row: FrameShare) -> str:
    """Return the name of a column's value."""
    return translate(language, "report.listed_other") if row.label == OTHER else row.label


def format_optional_share(language: str, share: float | None) -> str:
    """Format a share; a dash if it is not shown."""
    return "–" if share is None else format_percent(language, share)


def representativeness_table(language: str, rows: Sequence[FrameShare]) -> pd.DataFrame:
    """Return the table of one column: shares of invited people and of players by value."""
    columns = [
        translate(language, f"report.column_{name}") for name in ("listed", "invited", "players")
    ]
    cells = [
        (
            frame_value_name(language, row),
            format_optional_share(language, row.invited),
            format_optional_share(language, row.players),
        )
        for row in rows
    ]
    return pd.DataFrame(cells, columns=columns, dtype=str)


def funnel_table(language: str, result: StudyStatus) -> pd.DataFrame:
    """Return the table of the funnel: how many people and decks reached each step."""
    counts = funnel_counts(result)
    if result.report.players.withdrawn:
        counts["withdrawn"] = result.report.players.withdrawn
    rows = [
        [translate(language, f"report.funnel_{step}"), funnel_count_text(language, step, count)]
        for step, count in counts.items()
    ]
    return translated_table(language, ("step", "decks"), rows)


def funnel_count_text(language: str, step: str, count: int) -> str:
    """Format a count of the funnel; unless the step is exact, as "n or more"."""
    count_text = format_value(language, count)
    return (
        count_text if step in EXACT_STEPS else translate(language, "report.or_more", n=count_text)
    )


def funnel_counts(result: StudyStatus) -> dict[str, int]:
    """Return step -> count: of invited people if there is a list, then of decks."""
    counts = funnel_to_row(result.report.players)
    if result.invited is not None:
        counts |= {"invited": result.invited.people, "agreed": result.invited.consented}
        counts |= result.invited.step_counts
    return {step: counts[step] for step in (*INVITED_STEPS, *FUNNEL_STEPS) if step in counts}
