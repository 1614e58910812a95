"""study open: a study is written down and locked, before anybody plays."""

from datetime import datetime
from pathlib import Path

import click

from app.cli.common import model_option, open_workspace, print_message, workspace_option
from app.study.opening import open_study, play_dates
from app.workspace.policies import (
    BUNDLED_POLICIES,
    COMPARISON_POLICY,
    bundled_policy,
    policy_differences,
    policy_from_toml,
)
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.errors import BadPolicyError
from recsys.models.baselines import BASELINES
from recsys.study.policy import Policy, StudyKind

policy_option = click.option(
    "--policy",
    "policy_name",
    help=f"File of a policy, or one of: {', '.join(BUNDLED_POLICIES)}.",
)
baseline_option = click.option(
    "--baseline",
    type=click.Choice(sorted(BASELINES)),
    default=DEFAULT_BASELINE,
    show_default=True,
    help="Baseline that the model is compared with.",
)


@click.command()
@click.option(
    "--name", show_default="live 1, simulated 1, ...", help="Name of the study, for people."
)
@policy_option
@model_option
@click.option("--challenger", help="Second version: both lists are mixed in one deck.")
@baseline_option
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Random seed for the invitation order.",
)
@click.option("--plays-from", type=click.DateTime(["%Y-%m-%d"]), help="First day of play (UTC).")
@click.option("--plays-until", type=click.DateTime(["%Y-%m-%d"]), help="Last day of play (UTC).")
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
    """Open a study: model, policy, baseline and invitation seed, locked by one hash.

    With --challenger the champion is --model, and the question is which of the two versions people
    like better; the verdict releases neither. In a generated shop the study is a simulated one.

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
        print_message("Next: brandswipe study simulate --players 100")
    else:
        print_message("It counts people with a linked shop account (brandswipe people link FILE).")
        print_message("Next: brandswipe study invite EMPLOYEES.csv --link https://...")


def load_policy(workspace: Workspace, name: str | None) -> Policy:
    """Return the bundled policy of that name, or of a file; without a name the usual policy."""
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
