"""study report: the accuracy report of a study, for people and for machines."""

from contextlib import suppress
from functools import partial
from pathlib import Path

import click

from app.cli.common import open_workspace, study_option, text_table, workspace_option
from app.modeling.user_coverage import UserCoverage, measure_user_coverage
from app.presentation.i18n import LANGUAGES
from app.presentation.verdict_text import verdict_text
from app.reports.exports import MIME_TYPES, render_report
from app.reports.unknown_charts import value_or_unknown
from app.reports.wording import format_criterion_value
from app.study.results import StudyStatus, latest_study, study_status
from app.workspace.workspace import Workspace
from recsys.errors import WorkspaceError
from recsys.report.report_data import CriterionReport


@click.command()
@study_option
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", *MIME_TYPES]),
    default="text",
    show_default=True,
    help="Text, Markdown or one HTML file for people, or JSON or CSV for machines.",
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(list(LANGUAGES)),
    default="en",
    show_default=True,
    help="Language of the HTML file and of the Markdown.",
)
@workspace_option
def report_command(
    study: str | None, output_format: str, language: str, workspace: Path | None
) -> None:
    """Print the accuracy report of a study, computed from its published batches.

    Example: brandswipe study report --format html --lang nl > report.html
    """
    with open_workspace(workspace) as ws:
        result = study_status(ws.store, latest_study(ws.store, study))
        user_coverage = _user_coverage(ws, result) if output_format == "html" else None
    if output_format == "text":
        click.echo(_report_text(result))
    else:
        click.echo(render_report(output_format, language, result, user_coverage), nl=False)


def _user_coverage(workspace: Workspace, result: StudyStatus) -> UserCoverage | None:
    """Return which customers the model covers, or None without the events of the shop."""
    with suppress(WorkspaceError):
        warehouse, rule = workspace.event_store, result.report.policy
        return value_or_unknown("audience", partial(measure_user_coverage, warehouse, rule), None)
    return None


def _report_text(result: StudyStatus) -> str:
    rows = [_criterion_row(found) for found in result.report.criteria]
    source_rows = [
        (
            row.label,
            row.people,
            f"{row.liked:.0%}",
            f"{row.super_liked:.0%}",
            f"{row.dont_know:.0%}",
        )
        for row in result.report.arms
    ]
    players = result.report.players
    return "\n\n".join(
        [
            verdict_text("en", result.verdict),
            text_table(["criterion", "people", "estimate", "between", "bar", "because"], rows),
            text_table(["arm", "people", "liked", "super-liked", "don't know"], source_rows),
            f"{players.counted} decks counted, of {players.dealt} dealt or a few more"
            + ("." if result.invited is None else f"; {result.invited.people} people are invited."),
            *_not_computed(result),
            *(f"Overridden by {o.role}: {o.outcome}. {o.reason}" for o in result.overrides),
        ]
    )


def _not_computed(judged: StudyStatus) -> list[str]:
    names = [failure.measure for failure in judged.report.failures]
    return [f"Unknown, as it could not be computed: {', '.join(names)}."] if names else []


def _criterion_row(criterion_report: CriterionReport) -> list[object]:
    criterion, format_value = (
        criterion_report.criterion,
        partial(format_criterion_value, "en", criterion_report.criterion.name),
    )
    last_point = criterion_report.run[-1] if criterion_report.run else None
    return [
        criterion.name,
        criterion_report.estimate.n,
        format_value(last_point.mean if last_point else None),
        f"{format_value(last_point.low)} and {format_value(last_point.high)}"
        if last_point
        else criterion_report.estimate.reason,
        format_value(criterion.bar),
        criterion.because,
    ]
