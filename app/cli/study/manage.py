"""study list, show, override and close: the studies of a workspace."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from app.cli.common import (
    format_option,
    open_workspace,
    print_message,
    print_output,
    text_table,
    workspace_option,
)
from app.storage.study_db.records import StudyRow, study_of
from app.study import privacy
from app.study.results import latest_study
from app.workspace.workspace import Workspace
from recsys.errors import BadInputError
from recsys.report.gate import Outcome
from recsys.study.policy import StudyKind


@click.command()
@format_option
@workspace_option
def list_command(output_format: str, workspace: Path | None) -> None:
    """List all studies, the newest first, with kind, model, decks and state.

    Example: brandswipe study list --format json
    """
    with open_workspace(workspace) as ws:
        data = [_study_data(ws, row) for row in ws.store.studies.all()]
    head = ["name", "kind", "model", "opened", "decks", "state"]
    rows = [
        [d["name"], d["kind"], d["model"][:8], d["opened"], d["decks"], d["state"]] for d in data
    ]
    print_output(output_format, data, text_table(head, rows))


@click.command()
@click.argument("name", required=False)
@format_option
@workspace_option
def show_command(name: str | None, output_format: str, workspace: Path | None) -> None:
    """Show what a study fixed before its first card. NAME is its name or hash, else the newest.

    Example: brandswipe study show
    """
    with open_workspace(workspace) as ws:
        row = latest_study(ws.store, name)
        data = _study_data(ws, row) | _consent_counts(ws, row) | {"policy": dict(row.policy)}
    lines = [(key, value) for key, value in data.items() if key != "policy"]
    criteria = [
        (f"bar of {key}", f"{value['bar']:g}: {value['because']}")
        for key, value in data["policy"]["criteria"].items()
    ]
    print_output(output_format, data, text_table(["field", "value"], [*lines, *criteria]))


@click.command()
@click.argument("name", required=False)
@click.option(
    "--why", default="closed by hand", show_default=True, help="Reason, which stays with the study."
)
@workspace_option
def close_command(name: str | None, why: str, workspace: Path | None) -> None:
    """Close a study to new decks. Decks that are open may be finished.

    Example: brandswipe study close --why "the office is on holiday"
    """
    with open_workspace(workspace) as ws:
        row = latest_study(ws.store, name)
        ws.store.studies.close(row.hash, why)
        row = ws.store.studies.get(row.hash)
    print_message(f"The study {row.name!r} is closed: {row.why_closed}.")


@click.command()
@click.argument("name")
@click.option(
    "--outcome",
    type=click.Choice([o.value for o in (Outcome.RELEASE, Outcome.HOLD)]),
    required=True,
    help="Decision that overrides the verdict.",
)
@click.option("--role", required=True, help="Role of whoever decides so, like pm or board.")
@click.option("--reason", required=True, help="Reason, which stays in the report for ever.")
@workspace_option
def override_command(
    name: str, outcome: str, role: str, reason: str, workspace: Path | None
) -> None:
    """Decide against the verdict of a study, with a role and a reason that stay.

    The verdict stands beside it and the gate goes on saying it; `brandswipe release create`
    follows the override and names it in the certificate.

    Example: brandswipe study override autumn --outcome hold --role pm --reason "a recall"
    """
    if not role.strip() or not reason.strip():
        raise BadInputError("An override needs a role and a reason: give both a few words.")
    with open_workspace(workspace) as ws:
        row = latest_study(ws.store, name)
        if row.challenger is not None:
            raise BadInputError(
                "A comparison of two versions releases nothing, so there is nothing to override."
            )
        ws.store.studies.add_override(row.hash, outcome, role.strip(), reason.strip())
    print_message(f"Written down for {row.name!r}: {outcome}, by {role.strip()}: {reason.strip()}")


def _study_data(workspace: Workspace, row: StudyRow) -> dict[str, Any]:
    decision = workspace.store.studies.decision(row.hash)
    state = decision.outcome if decision else ("closed" if row.closed_at else "open")
    return {
        "name": row.name,
        "kind": row.kind.value,
        "hash": row.hash,
        "model": row.model,
        "challenger": row.challenger,
        "baseline": row.baseline,
        "attempt": row.attempt,
        "opened": datetime.fromtimestamp(row.opened_at / 1000, UTC).strftime("%Y-%m-%d %H:%M"),
        "decks": _deck_count(workspace, row),
        "state": state,
        "invited": workspace.store.invitations.count(row.hash),
        "withdrawn": workspace.store.participants.withdrawn_decks(row.hash),
    }


def _consent_counts(workspace: Workspace, row: StudyRow) -> dict[str, int]:
    """Return how many people agreed to or refused the current consent text, rounded down."""
    policy = study_of(row).policy
    counts = workspace.store.participants.consent_counts(privacy.consent_version())
    yes, no = (policy.disclosure.round_down(people) for people in counts)
    return {"consent_yes_at_least": yes, "consent_no_at_least": no}


def _deck_count(workspace: Workspace, row: StudyRow) -> int:
    """Return the number of decks, rounded down in a live study so that no person is visible."""
    dealt = len(workspace.store.decks.of_study(row.hash))
    policy = study_of(row).policy
    return policy.disclosure.round_down(dealt) if row.kind is StudyKind.LIVE else dealt
