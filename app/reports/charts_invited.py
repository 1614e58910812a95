"""The charts of invited people: how players compare with them, and the funnel."""

from collections.abc import Iterator, Sequence
from functools import partial

from app.presentation.i18n import format_percent, translate
from app.reports import tables_invited
from app.reports.charts import Chart, ChartRow, ChartSpan
from app.reports.unknown_charts import value_or_unknown
from app.reports.wording import percent_or_points
from app.study.results import StudyStatus
from recsys.report.report_data import Report
from recsys.report.representativeness import FrameShare, largest_difference

MAX_VALUES = 6
"""Values in a chart; the table behind it has all."""


def representativeness_charts(language: str, result: StudyStatus) -> list[Sequence[Chart]]:
    """Return a chart per column of the invitation list, in rows of two charts side by side."""
    columns = [_known(language, result, *column) for column in result.frame_shares.items()]
    return [columns[n : n + 2] for n in range(0, len(columns), 2)]


def _known(language: str, judged: StudyStatus, name: str, rows: Sequence[FrameShare]) -> Chart:
    """Return the chart of a column, or a chart that says "unknown" if it cannot be computed."""
    unknown = Chart(
        tables_invited.representativeness_title(language, name),
        translate(language, "report.not_computed"),
    )
    return value_or_unknown(
        "picture, listed", partial(_representativeness_chart, language, judged, name, rows), unknown
    )


def _representativeness_chart(
    language: str, result: StudyStatus, name: str, rows: Sequence[FrameShare]
) -> Chart:
    min_group_size = result.report.policy.cell
    chart_rows = [lane for row in _charted_rows(rows) for lane in _frame_share_rows(language, row)]
    caption = representativeness_text(language, rows, min_group_size)
    return Chart(
        tables_invited.representativeness_title(language, name),
        caption,
        chart_rows,
        tables_invited.representativeness_table(language, rows),
    )


def _charted_rows(rows: Sequence[FrameShare]) -> Sequence[FrameShare]:
    """Return the values with the most invited people, and the value that the caption names."""
    furthest_row = largest_difference(rows)
    return [row for n, row in enumerate(rows) if n < MAX_VALUES or row is furthest_row]


def representativeness_text(language: str, rows: Sequence[FrameShare], min_group_size: int) -> str:
    """Return a sentence on the value in which players differ most from the invited."""
    if not rows:
        return translate(language, "report.not_computed")
    furthest_row = largest_difference(rows)
    if furthest_row is None or furthest_row.players is None:
        return translate(language, "report.listed_few", n=min_group_size)
    dash = translate(language, "report.listed_dash", n=min_group_size)
    hidden = any(each.players is None for each in rows)
    return (
        f"{_furthest_text(language, furthest_row, furthest_row.players)} {dash if hidden else ''}"
    ).strip()


def _furthest_text(language: str, row: FrameShare, players: float) -> str:
    if not row.difference:
        return translate(language, "report.listed_alike")
    return translate(
        language,
        "report.listed_said",
        value=tables_invited.frame_value_name(language, row),
        players=format_percent(language, players),
        invited=format_percent(language, row.invited),
    )


def _frame_share_rows(language: str, row: FrameShare) -> Iterator[ChartRow]:
    for group, share in (("invited", row.invited), ("players", row.players)):
        end = 0 if share is None else percent_or_points("share", share)
        yield ChartRow(
            translate(
                language,
                f"report.listed_{group}",
                value=tables_invited.frame_value_name(language, row),
            ),
            tables_invited.format_optional_share(language, share),
            (ChartSpan(0, end, "slate" if group == "invited" else "glow"),),
        )


def funnel_chart(language: str, result: StudyStatus) -> Chart:
    """Return the chart of the funnel: how many people and decks reached each step."""
    counts = tables_invited.funnel_counts(result)
    top = max(*counts.values(), 1)
    rows = [
        ChartRow(
            translate(language, f"report.funnel_{step}"),
            tables_invited.funnel_count_text(language, step, count),
            (ChartSpan(0, round(100 * count / top), "glow", pale=step != "counted"),),
        )
        for step, count in counts.items()
    ]
    title = translate(language, "report.funnel_title")
    return Chart(
        title, _funnel_text(language, result), rows, tables_invited.funnel_table(language, result)
    )


def _funnel_text(language: str, result: StudyStatus) -> str:
    return " ".join(
        filter(None, (_counted_text(language, result), forgotten_text(language, result.report)))
    )


def forgotten_text(language: str, report: Report) -> str:
    """Return a sentence on how many people the tables still cover after an erasure; else ""."""
    counted, reported = report.players.counted, report.cards.people if report.cards else 0
    if counted < report.policy.cell or reported == counted or report.lacks("cards"):
        return ""
    return translate(language, "report.funnel_forgotten", counted=counted, read=reported)


def _counted_text(language: str, result: StudyStatus) -> str:
    players = result.report.players
    if players.completion is None:
        return translate(language, "report.funnel_unknown", counted=players.counted)
    return translate(
        language,
        "report.funnel_said",
        counted=players.counted,
        dealt=players.dealt,
        completion=format_percent(language, players.completion),
        bar=format_percent(language, result.report.policy.completion),
    )
