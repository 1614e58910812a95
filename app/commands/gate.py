"""gate: may the model be released? An exit code for a pipeline, and a file in its own format."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from app.commands.common import opened, workspace_option
from app.commands.report import judged_now
from app.commands.study import study_option
from app.gate_files import as_junit, as_summary, gate_data
from app.house import House
from app.integrity import parts_that_differ, what_differs
from app.studies import Judged
from recsys.errors import IntegrityError, UnknownNameError
from recsys.report.gate import Outcome

NAMED = 5  # of what differs; the rest is counted
EXIT = {Outcome.RELEASE: 0, Outcome.HOLD: 1, Outcome.UNDECIDED: 3}
INCONCLUSIVE = {"pass": 0, "fail": 1}


@click.command()
@study_option
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "json", "md", "junit"]),
    default="text",
    show_default=True,
    help="A sentence, JSON, a job summary in Markdown, or JUnit with a case a criterion.",
)
@click.option(
    "--inconclusive",
    type=click.Choice(sorted(INCONCLUSIVE)),
    help="End an undecided study with 0 or 1 instead of 3; what is printed stays undecided.",
)
@workspace_option
@click.pass_context
def gate(
    context: click.Context,
    study: str | None,
    shape: str,
    inconclusive: str | None,
    workspace: Path | None,
) -> None:
    """Say whether the model may be released: exit 0 release, 1 hold, 3 undecided, 4 broken.

    Example: brandswipe gate --format json
    """
    with opened(workspace) as house:
        check_integrity(house)
        judged = judged_now(house, study)
        for version in filter(None, (judged.row.model, judged.row.challenger)):
            check_model(house, version)
    click.echo(_SHAPES[shape](judged))
    outcome = judged.verdict.outcome
    undecided = outcome is Outcome.UNDECIDED and inconclusive is not None
    context.exit(INCONCLUSIVE[inconclusive or "fail"] if undecided else EXIT[outcome])


def check_integrity(house: House) -> None:
    """Raise IntegrityError, with the names of what differs, unless all is what was written."""
    differs = what_differs(house.store)
    if differs:
        raise IntegrityError(_broken(differs))


def check_model(house: House, model: str) -> None:
    """Raise IntegrityError where the model's files are not what was saved.

    A study outlives its model's files: where they are gone, its answers still speak.
    """
    with suppress(UnknownNameError):
        house.registry.load(model)


def _broken(differs: list[str]) -> str:
    named, more = "; ".join(differs[:NAMED]), len(differs) - NAMED
    rest = f"; and {more:,} more" if more > 0 else ""
    return (
        f"What is stored is not what was written: {', '.join(parts_that_differ(differs))} "
        f"({named}{rest}). Restore the workspace from a backup; nothing here may be released."
    )


def _as_json(judged: Judged) -> str:
    data: dict[str, Any] = gate_data(judged)
    return json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False)


def _as_text(judged: Judged) -> str:
    return judged.verdict.reason


_SHAPES = {"text": _as_text, "json": _as_json, "md": as_summary, "junit": as_junit}
