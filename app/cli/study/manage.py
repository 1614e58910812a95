"""study open, list, show, close and override."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from app.cli.common import format_option, opened, put, say, table, workspace_option
from app.storage.study_db.records import StudyRow, study_of
from app.study import privacy
from app.study.opening import open_study, played
from app.study.results import newest
from app.workspace.policies import COMPARE, READY, parse_policy, policy_differences, ready_policy
from app.workspace.workspace import BASELINE, House
from recsys.errors import BadInputError, BadPolicyError
from recsys.models.baselines import BASELINES
from recsys.report.gate import Outcome
from recsys.report.tables import Unit
from recsys.study.policy import Policy, StudyKind

study_option = click.option("--study", help="Name or hash; without it the newest.")


@click.group()
def study() -> None:
    """Open, list, show and close studies."""


@study.command(name="open")
@click.option("--name", help="A name for people. [default: live 1, simulated 1, ...]")
@click.option("--policy", "policy_name", help=f"A file, or one of: {', '.join(READY)}.")
@click.option("--model", help="Model version; without it the candidate, else the newest.")
@click.option("--challenger", help="A second version: both lists lie in one deck.")
@click.option(
    "--baseline", type=click.Choice(sorted(BASELINES)), default=BASELINE, show_default=True
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
def open_(
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
    with opened(workspace) as house:
        rule = policy_of(house, policy_name or (COMPARE if challenger else None))
        kind = StudyKind.SIMULATED if house.warehouse.planted else StudyKind.LIVE
        version = house.version(model)
        house.registry.check(version.hash)
        dates = played(plays_from, plays_until)
        second = house.registry.check(house.version(challenger).hash) if challenger else None
        row = open_study(house.store, name, kind, rule, version.hash, baseline, seed, second, dates)
    click.echo(row.name)
    for field, usual, here in policy_differences(house.policy, rule):
        say(f"Differs from the usual policy in {field}: {here} (usually {usual})")
    say(f"Opened the {kind.value} study {row.name!r}, attempt {row.attempt}, hash {row.hash[:8]}.")
    if kind is StudyKind.SIMULATED:
        say("This shop is planted, so the study counts simulated colleagues.")
        say("Next: brandswipe simulate --players 100")
    else:
        say("It counts people whose shop account is linked (brandswipe accounts import FILE).")
        say("Next: brandswipe study invite EMPLOYEES.csv --link https://...")


def policy_of(house: House, name: str | None) -> Policy:
    """The policy of a name that comes with the program, or of a file; else the house's own."""
    if name is None:
        return house.policy
    return ready_policy(name) if name in READY else _policy_file(Path(name))


def _policy_file(path: Path) -> Policy:
    try:
        return parse_policy(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadPolicyError(
            f"The policy {path} cannot be read: {error.strerror}. Name a file, or one of "
            f"{', '.join(READY)}."
        ) from None
    except UnicodeDecodeError:
        raise BadPolicyError(f"The policy {path} is no text: write it as TOML in UTF-8.") from None


@study.command(name="list")
@format_option
@workspace_option
def list_(shape: str, workspace: Path | None) -> None:
    """List all studies, the newest first.

    Example: brandswipe study list --format json
    """
    with opened(workspace) as house:
        data = [_study_data(house, row) for row in house.store.studies()]
    head = ["name", "kind", "model", "opened", "decks", "state"]
    rows = [
        [d["name"], d["kind"], d["model"][:8], d["opened"], d["decks"], d["state"]] for d in data
    ]
    put(shape, data, table(head, rows))


@study.command()
@click.argument("name", required=False)
@format_option
@workspace_option
def show(name: str | None, shape: str, workspace: Path | None) -> None:
    """Show what a study wrote down before its first card.

    Example: brandswipe study show
    """
    with opened(workspace) as house:
        row = newest(house.store, name)
        data = _study_data(house, row) | _consents(house, row) | {"policy": dict(row.policy)}
    lines = [(key, value) for key, value in data.items() if key != "policy"]
    criteria = [
        (f"bar of {key}", f"{value['bar']:g}: {value['because']}")
        for key, value in data["policy"]["criteria"].items()
    ]
    put(shape, data, table(["field", "value"], [*lines, *criteria]))


@study.command()
@click.argument("name", required=False)
@click.option("--why", default="closed by hand", show_default=True)
@workspace_option
def close(name: str | None, why: str, workspace: Path | None) -> None:
    """Close a study to new decks; decks that are open may be finished.

    Example: brandswipe study close --why "the office is on holiday"
    """
    with opened(workspace) as house:
        row = newest(house.store, name)
        house.store.close_study(row.hash, why)
        row = house.store.study(row.hash)
    say(f"The study {row.name!r} is closed: {row.why_closed}.")


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
    with opened(workspace) as house:
        row = newest(house.store, name)
        if row.challenger is not None:
            raise BadInputError(
                "A comparison of two versions releases nothing, so there is nothing to override."
            )
        house.store.override(row.hash, outcome, role.strip(), reason.strip())
    say(f"Written down for {row.name!r}: {outcome}, by {role.strip()}: {reason.strip()}")


def _study_data(house: House, row: StudyRow) -> dict[str, Any]:
    decision = house.store.decision(row.hash)
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
        "decks": _decks(house, row),
        "state": state,
        "invited": house.store.invited(row.hash),
        "withdrawn": house.store.withdrawn(row.hash),
    }


def _consents(house: House, row: StudyRow) -> dict[str, int]:
    """How many people said yes and no to today's wording, in whole cells."""
    policy = study_of(row).policy
    said = house.store.consenting(privacy.version())
    yes, no = (Unit(policy.batch, policy.cell).cells(people) for people in said)
    return {"consent_yes_at_least": yes, "consent_no_at_least": no}


def _decks(house: House, row: StudyRow) -> int:
    """Decks dealt: of real people in whole cells, so that two looks never differ by one of them."""
    dealt = len(house.store.decks_of(row.hash))
    policy = study_of(row).policy
    return Unit(policy.batch, policy.cell).cells(dealt) if row.kind is StudyKind.LIVE else dealt
