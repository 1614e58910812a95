"""study open, list, show, close and override."""

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
from app.study.opening import open_study, play_dates
from app.study.results import latest_study
from app.workspace.policies import (
    BUNDLED_POLICIES,
    COMPARISON_POLICY,
    bundled_policy,
    policy_differences,
    policy_from_toml,
)
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.errors import BadInputError, BadPolicyError
from recsys.models.baselines import BASELINES
from recsys.report.verdict import Outcome
from recsys.study.policy import Policy, StudyKind

study_option = click.option("--study", help="Name or hash; without it the newest.")


@click.group()
def study() -> None:
    """Open, list, show and close studies."""


@study.command(name="open")
@click.option("--name", help="A name for people. [default: live 1, simulated 1, ...]")
@click.option("--policy", "policy_name", help=f"A file, or one of: {', '.join(BUNDLED_POLICIES)}.")
@click.option("--model", help="Model version; without it the candidate, else the newest.")
@click.option("--challenger", help="A second version: both lists lie in one deck.")
@click.option(
    "--baseline", type=click.Choice(sorted(BASELINES)), default=DEFAULT_BASELINE, show_default=True
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Of invitations."
)
@click.option(
    "--plays-from", type=click.DateTime(["%Y-%m-%d"]), help="The first day of play (UTC)."
)
@click.option(
    "--plays-until", type=click.DateTime(["%Y-%m-%d"]), help="The last day of play (UTC)."
)
@workspace_option
def open_command(
    name: str | None,
    policy_name: str | None,
    model: str | None,
    challenger: str | None,
    baseline: str,
    seed: int,
    plays_from: datetime | None,
    plays_until: datetime | None,
    workspace: Path | None,
) -> None:
    """Write a study down: model, policy, rival and invitations, locked by one hash.

    With --challenger the champion is --model, and the question is which of the two people like
    better; its verdict releases neither. In a planted shop nobody real shops, so there the study is
    a simulated one.

    Example: brandswipe study open --name autumn
    """
    with open_workspace(workspace) as ws:
        policy = load_policy(ws, policy_name or (COMPARISON_POLICY if challenger else None))
        kind = StudyKind.SIMULATED if ws.event_store.planted else StudyKind.LIVE
        version = ws.version(model)
        ws.registry.check(version.hash)
        dates = play_dates(plays_from, plays_until)
        challenger_version = ws.registry.check(ws.version(challenger).hash) if challenger else None
        row = open_study(
            ws.store, name, kind, policy, version.hash, baseline, seed, challenger_version, dates
        )
    click.echo(row.name)
    for field, default_value, value in policy_differences(ws.policy, policy):
        print_message(
            f"Differs from the usual policy in {field}: {value} (usually {default_value})"
        )
    print_message(
        f"Opened the {kind.value} study {row.name!r}, attempt {row.attempt}, hash {row.hash[:8]}."
    )
    if kind is StudyKind.SIMULATED:
        print_message("This shop is planted, so the study counts simulated colleagues.")
        print_message("Next: brandswipe simulate --players 100")
    else:
        print_message(
            "It counts people whose shop account is linked (brandswipe accounts import FILE)."
        )
        print_message("Next: brandswipe study invite EMPLOYEES.csv --link https://...")


def load_policy(workspace: Workspace, name: str | None) -> Policy:
    """The policy of a name that comes with the program, or of a file; else the house's own."""
    if name is None:
        return workspace.policy
    return bundled_policy(name) if name in BUNDLED_POLICIES else _read_policy_file(Path(name))


def _read_policy_file(path: Path) -> Policy:
    try:
        return policy_from_toml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadPolicyError(
            f"The policy {path} cannot be read: {error.strerror}. Name a file, or one of "
            f"{', '.join(BUNDLED_POLICIES)}."
        ) from None
    except UnicodeDecodeError:
        raise BadPolicyError(f"The policy {path} is no text: write it as TOML in UTF-8.") from None


@study.command(name="list")
@format_option
@workspace_option
def list_studies(output_format: str, workspace: Path | None) -> None:
    """List all studies, the newest first.

    Example: brandswipe study list --format json
    """
    with open_workspace(workspace) as ws:
        data = [_study_data(ws, row) for row in ws.store.studies.all()]
    head = ["name", "kind", "model", "opened", "decks", "state"]
    rows = [
        [d["name"], d["kind"], d["model"][:8], d["opened"], d["decks"], d["state"]] for d in data
    ]
    print_output(output_format, data, text_table(head, rows))


@study.command()
@click.argument("name", required=False)
@format_option
@workspace_option
def show(name: str | None, output_format: str, workspace: Path | None) -> None:
    """Show what a study wrote down before its first card.

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


@study.command()
@click.argument("name", required=False)
@click.option("--why", default="closed by hand", show_default=True)
@workspace_option
def close(name: str | None, why: str, workspace: Path | None) -> None:
    """Close a study to new decks; decks that are open may be finished.

    Example: brandswipe study close --why "the office is on holiday"
    """
    with open_workspace(workspace) as ws:
        row = latest_study(ws.store, name)
        ws.store.studies.close(row.hash, why)
        row = ws.store.studies.get(row.hash)
    print_message(f"The study {row.name!r} is closed: {row.why_closed}.")


@study.command()
@click.argument("name")
@click.option(
    "--outcome",
    type=click.Choice([o.value for o in (Outcome.RELEASE, Outcome.HOLD)]),
    required=True,
)
@click.option("--role", required=True, help="Who decides so: pm, board, ...")
@click.option("--reason", required=True, help="Why; it stands in the report for ever.")
@workspace_option
def override(name: str, outcome: str, role: str, reason: str, workspace: Path | None) -> None:
    """Decide against the verdict of a study, with a role and a reason that stay.

    The verdict stands beside it and the gate goes on saying it; `brandswipe release` follows the
    override, and names it in the certificate.

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
    """How many people said yes and no to today's wording, in whole cells."""
    policy = study_of(row).policy
    counts = workspace.store.participants.consent_counts(privacy.consent_version())
    yes, no = (policy.disclosure.round_down(people) for people in counts)
    return {"consent_yes_at_least": yes, "consent_no_at_least": no}


def _deck_count(workspace: Workspace, row: StudyRow) -> int:
    """Decks dealt: of real people in whole cells, so that two looks never differ by one of them."""
    dealt = len(workspace.store.decks.of_study(row.hash))
    policy = study_of(row).policy
    return policy.disclosure.round_down(dealt) if row.kind is StudyKind.LIVE else dealt
