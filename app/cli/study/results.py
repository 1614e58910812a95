"""report: the accuracy report of a study, for people and for machines."""

import json
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import click

from app.cli.common import (
    open_workspace,
    print_message,
    progress_reporter,
    text_table,
    workspace_option,
)
from app.cli.study.manage import study_option
from app.modeling.user_coverage import UserCoverage, measure_user_coverage
from app.presentation.i18n import LANGUAGES
from app.reports.ci_formats import gate_data, gate_junit, gate_summary
from app.reports.exports import MIME_TYPES, render_report
from app.reports.unknown_charts import value_or_unknown
from app.reports.wording import format_criterion_value
from app.storage.study_db.records import StudyRow
from app.storage.study_db.store import find_mismatches, mismatched_parts
from app.study.closing import settle_study
from app.study.game import load_game
from app.study.results import StudyStatus, latest_study, study_status
from app.study.simulation import RaterPool
from app.workspace.workspace import Workspace
from recsys.errors import BadInputError, IntegrityError, UnknownNameError, WorkspaceError
from recsys.progress import WorkStage
from recsys.report.gate import Outcome
from recsys.report.report_data import CriterionReport
from recsys.simulation.raters import PANELS, rater_panel
from recsys.study.policy import StudyKind


@click.command()
@click.option("--players", type=click.IntRange(1), default=100, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--panel", "panel_name", type=click.Choice(sorted(PANELS)), default="honest")
@study_option
@workspace_option
def simulate(
    players: int, seed: int, panel_name: str, study: str | None, workspace: Path | None
) -> None:
    """Let simulated colleagues of the planted shop play, until the study decides.

    Example: brandswipe simulate --players 100 --seed 1
    """
    played_count = 0
    with open_workspace(workspace) as ws, progress_reporter() as report_progress:
        row = _study_to_simulate(ws, study)
        raters, game = RaterPool.of(ws.folder), load_game(ws, row)
        for played_count in raters.play(game, ws.keys, players, seed, rater_panel(panel_name)):
            report_progress(WorkStage.COLLEAGUES_PLAY, played_count / players)
            if ws.store.studies.decision(row.hash) is not None:
                break
        result = study_status(ws.store, row)
    print_message(
        f"{played_count} simulated colleagues played in {row.name!r}. {result.verdict.reason}"
    )


def _study_to_simulate(workspace: Workspace, name: str | None) -> StudyRow:
    row = latest_study(workspace.store, name)
    if row.kind is StudyKind.LIVE:
        raise BadInputError(
            f"{row.name} is a live study: real colleagues play in it, and no others."
        )
    if row.closed_at is not None:
        raise BadInputError(
            f"The study {row.name} is closed: {row.why_closed}. "
            "Open another one with `brandswipe study open`."
        )
    return row


MAX_NAMED = 5  # of what differs; the rest is counted
EXIT_CODES = {Outcome.RELEASE: 0, Outcome.HOLD: 1, Outcome.UNDECIDED: 3}
INCONCLUSIVE_CODES = {"pass": 0, "fail": 1}


@click.command()
@study_option
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "md", "junit"]),
    default="text",
    show_default=True,
    help="A sentence, JSON, a job summary in Markdown, or JUnit with a case a criterion.",
)
@click.option(
    "--inconclusive",
    type=click.Choice(sorted(INCONCLUSIVE_CODES)),
    help="End an undecided study with 0 or 1 instead of 3; what is printed stays undecided.",
)
@workspace_option
@click.pass_context
def gate(
    context: click.Context,
    study: str | None,
    output_format: str,
    inconclusive: str | None,
    workspace: Path | None,
) -> None:
    """Say whether the model may be released: exit 0 release, 1 hold, 3 undecided, 4 broken.

    Example: brandswipe gate --format json
    """
    with open_workspace(workspace) as ws:
        check_integrity(ws)
        settle_study(ws.store, latest_study(ws.store, study))
        result = current_status(ws, study)
        for version in filter(None, (result.row.model, result.row.challenger)):
            check_model_files(ws, version)
    click.echo(_FORMATTERS[output_format](result))
    outcome = result.verdict.outcome
    undecided = outcome is Outcome.UNDECIDED and inconclusive is not None
    context.exit(INCONCLUSIVE_CODES[inconclusive or "fail"] if undecided else EXIT_CODES[outcome])


def check_integrity(workspace: Workspace) -> None:
    """Raise IntegrityError, with the names of what differs, unless all is what was written."""
    mismatches = find_mismatches(workspace.store)
    if mismatches:
        raise IntegrityError(_integrity_message(mismatches))


def check_model_files(workspace: Workspace, model: str) -> None:
    """Raise IntegrityError where the model's files are not what was saved.

    A study outlives its model's files: where they are gone, its answers still speak.
    """
    with suppress(UnknownNameError):
        workspace.registry.load(model)


def _integrity_message(mismatches: list[str]) -> str:
    first_few, more_count = "; ".join(mismatches[:MAX_NAMED]), len(mismatches) - MAX_NAMED
    remainder = f"; and {more_count:,} more" if more_count > 0 else ""
    return (
        f"What is stored is not what was written: {', '.join(mismatched_parts(mismatches))} "
        f"({first_few}{remainder}). Restore the workspace from a backup; nothing here may be "
        "released."
    )


def _gate_json(result: StudyStatus) -> str:
    data: dict[str, Any] = gate_data(result)
    return json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False)


def _gate_text(result: StudyStatus) -> str:
    return result.verdict.reason


_FORMATTERS = {"text": _gate_text, "json": _gate_json, "md": gate_summary, "junit": gate_junit}


@click.command()
@study_option
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", *MIME_TYPES]),
    default="text",
    show_default=True,
    help="Text, Markdown or one HTML file for people, JSON or CSV for machines.",
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(list(LANGUAGES)),
    default="en",
    show_default=True,
    help="Of the HTML file and of the Markdown.",
)
@workspace_option
def report(study: str | None, output_format: str, language: str, workspace: Path | None) -> None:
    """Print the accuracy report of a study, from its published batches.

    Example: brandswipe report --format html --lang nl > report.html
    """
    with open_workspace(workspace) as ws:
        result = current_status(ws, study)
        user_coverage = _user_coverage(ws, result) if output_format == "html" else None
    if output_format == "text":
        click.echo(_report_text(result))
    else:
        click.echo(render_report(output_format, language, result, user_coverage), nl=False)


def _user_coverage(workspace: Workspace, result: StudyStatus) -> UserCoverage | None:
    """For whom the model speaks; None where the shop's events are not here."""
    with suppress(WorkspaceError):
        warehouse, rule = workspace.event_store, result.report.policy
        return value_or_unknown("audience", partial(measure_user_coverage, warehouse, rule), None)
    return None


def current_status(workspace: Workspace, name: str | None) -> StudyStatus:
    """Return what a study says now; nothing is written."""
    return study_status(workspace.store, latest_study(workspace.store, name))


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
            result.verdict.reason,
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
