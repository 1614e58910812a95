"""study gate: the verdict of a study as an exit code, after a check of all that is stored."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from app.cli.common import open_workspace, study_option, workspace_option
from app.presentation.verdict_text import verdict_text
from app.reports.ci_formats import gate_data, gate_junit, gate_summary
from app.storage.study_db.store import find_mismatches, mismatched_parts
from app.study.closing import settle_study
from app.study.results import StudyStatus, latest_study, study_status
from app.workspace.workspace import Workspace
from recsys.errors import IntegrityError, UnknownNameError
from recsys.report.gate import Outcome

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
    help="A sentence, JSON, a job summary in Markdown, or JUnit with one case per criterion.",
)
@click.option(
    "--inconclusive",
    type=click.Choice(sorted(INCONCLUSIVE_CODES)),
    help="End with 0 (pass) or 1 (fail) instead of 3 if the study is undecided.",
)
@workspace_option
@click.pass_context
def gate_command(
    context: click.Context,
    study: str | None,
    output_format: str,
    inconclusive: str | None,
    workspace: Path | None,
) -> None:
    """Say whether the model of a study may be released.

    The exit code is 0 for release, 1 for hold, 3 for undecided, and 4 if stored data fails its
    integrity check; the output then names the part.

    Example: brandswipe study gate --format json
    """
    with open_workspace(workspace) as ws:
        check_integrity(ws)
        settle_study(ws.store, latest_study(ws.store, study))
        result = study_status(ws.store, latest_study(ws.store, study))
        for version in filter(None, (result.row.model, result.row.challenger)):
            check_model_files(ws, version)
    click.echo(_FORMATTERS[output_format](result))
    outcome = result.verdict.outcome
    undecided = outcome is Outcome.UNDECIDED and inconclusive is not None
    context.exit(INCONCLUSIVE_CODES[inconclusive or "fail"] if undecided else EXIT_CODES[outcome])


def check_integrity(workspace: Workspace) -> None:
    """Raise IntegrityError, which names the parts, if stored data fails its integrity check."""
    mismatches = find_mismatches(workspace.store)
    if mismatches:
        raise IntegrityError(_integrity_message(mismatches))


def check_model_files(workspace: Workspace, model: str) -> None:
    """Raise IntegrityError if the files of a model differ from what was saved.

    Missing files are no error: a study outlives the files of its model.
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
    return verdict_text("en", result.verdict)


_FORMATTERS = {"text": _gate_text, "json": _gate_json, "md": gate_summary, "junit": gate_junit}
