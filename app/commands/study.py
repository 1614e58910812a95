"""study open, list, show and close; simulate; report; gate."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from app.commands.common import format_option, opened, progress, put, say, table, workspace_option
from app.house import BASELINE, House
from app.rows.records import StudyRow
from app.simulation import Colleagues
from app.studies import Judged, close_overdue, judge, newest, open_study, parse_policy, what_differs
from app.views.report_numbers import reading
from recsys.baseline import BASELINES
from recsys.colleagues import PANELS, panel
from recsys.errors import BadInputError, BadPolicyError, IntegrityError
from recsys.gate import Outcome
from recsys.policy import Policy, StudyKind
from recsys.report import CriterionReport

NAMED = 5  # of what differs; the rest is counted
EXIT = {Outcome.RELEASE: 0, Outcome.HOLD: 1, Outcome.UNDECIDED: 3}

study_option = click.option("--study", help="Name or hash; without it the newest.")


@click.group()
def study() -> None:
    """Open, list, show and close studies."""


@study.command(name="open")
@click.option("--name", help="A name for people. [default: live 1, simulated 1, ...]")
@click.option("--policy", "policy_file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--model", help="Model version; without it the candidate, else the newest.")
@click.option(
    "--baseline", type=click.Choice(sorted(BASELINES)), default=BASELINE, show_default=True
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Of invitations."
)
@workspace_option
def open_(
    name: str | None,
    policy_file: Path | None,
    model: str | None,
    baseline: str,
    seed: int,
    workspace: Path | None,
) -> None:
    """Write a study down: model, policy, rival and invitations, locked by one hash.

    In a planted shop nobody real shops, so there the study is a simulated one.

    Example: brandswipe study open --name autumn
    """
    with opened(workspace) as house:
        rule = house.policy if policy_file is None else _policy(policy_file)
        kind = StudyKind.SIMULATED if house.warehouse.planted else StudyKind.LIVE
        version = house.version(model)
        row = open_study(house.store, name, kind, rule, version.hash, baseline, seed)
    click.echo(row.name)
    say(f"Opened the {kind.value} study {row.name!r}, attempt {row.attempt}, hash {row.hash[:8]}.")
    if kind is StudyKind.SIMULATED:
        say("This shop is planted, so the study counts simulated colleagues.")
        say("Next: brandswipe simulate --players 100")
    else:
        say("It counts people who play with a history of their own. Linking shop accounts is not")
        say("built yet; until then colleagues play for fun: brandswipe serve --login local")


def _policy(path: Path) -> Policy:
    try:
        return parse_policy(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadPolicyError(f"The policy {path} cannot be read: {error.strerror}.") from None
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
        data = _study_data(house, row) | {"policy": dict(row.policy)}
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


def _study_data(house: House, row: StudyRow) -> dict[str, Any]:
    decision = house.store.decision(row.hash)
    state = decision.outcome if decision else ("closed" if row.closed_at else "open")
    return {
        "name": row.name,
        "kind": row.kind.value,
        "hash": row.hash,
        "model": row.model,
        "baseline": row.baseline,
        "attempt": row.attempt,
        "opened": datetime.fromtimestamp(row.opened_at / 1000, UTC).strftime("%Y-%m-%d %H:%M"),
        "decks": len(house.store.decks_of(row.hash)),
        "state": state,
    }


@click.command()
@click.option("--players", type=click.IntRange(1), default=100, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--panel", "behaviour", type=click.Choice(sorted(PANELS)), default="honest")
@study_option
@workspace_option
def simulate(
    players: int, seed: int, behaviour: str, study: str | None, workspace: Path | None
) -> None:
    """Let simulated colleagues of the planted shop play, until the study decides.

    Example: brandswipe simulate --players 100 --seed 1
    """
    done = 0
    with opened(workspace) as house, progress() as tell:
        row = _to_simulate(house, study)
        colleagues, game = Colleagues.of(house.workspace), house.game(row)
        batch = game.study.policy.batch
        for done in colleagues.play(game, house.keys, players, seed, panel(behaviour)):
            tell("colleagues play", done / players)
            if done % batch == 0 and judge(house.store, row).decision is not None:
                break
        judged = judge(house.store, row)
    say(f"{done} simulated colleagues played in {row.name!r}. {judged.verdict.reason}")


def _to_simulate(house: House, name: str | None) -> StudyRow:
    row = newest(house.store, name)
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


@click.command()
@study_option
@format_option
@workspace_option
def report(study: str | None, shape: str, workspace: Path | None) -> None:
    """Print the accuracy report of a study, from its published batches.

    Example: brandswipe report --format json
    """
    with opened(workspace) as house:
        judged = _judged(house, study)
    put(shape, judged.report.to_dict(), _report_text(judged))


@click.command()
@study_option
@format_option
@workspace_option
@click.pass_context
def gate(context: click.Context, study: str | None, shape: str, workspace: Path | None) -> None:
    """Say whether the model may be released: exit 0 release, 1 hold, 3 undecided, 4 broken.

    Example: brandswipe gate --format json
    """
    with opened(workspace) as house:
        differs = what_differs(house.store)
        if differs:
            raise IntegrityError(_broken(differs))
        judged = _judged(house, study)
    verdict = judged.verdict
    data = {
        "study": judged.row.name,
        "hash": judged.row.hash,
        "kind": judged.row.kind.value,
        "outcome": verdict.outcome.value,
        "reason": verdict.reason,
        "people": verdict.n,
        "decided": judged.decision is not None,
    }
    put(shape, data, verdict.reason)
    context.exit(EXIT[verdict.outcome])


def _broken(differs: list[str]) -> str:
    named, more = "; ".join(differs[:NAMED]), len(differs) - NAMED
    rest = f"; and {more:,} more" if more > 0 else ""
    return (
        f"What is stored is not what was written: {named}{rest}. "
        "Restore the workspace from a backup; nothing here may be released."
    )


def _judged(house: House, name: str | None) -> Judged:
    row = newest(house.store, name)
    close_overdue(house.store, row)
    return judge(house.store, row)


def _report_text(judged: Judged) -> str:
    rows = [_criterion_row(found) for found in judged.report.criteria]
    arms = [
        (
            row.label,
            row.people,
            f"{row.liked:.0%}",
            f"{row.super_liked:.0%}",
            f"{row.dont_know:.0%}",
        )
        for row in judged.report.arms
    ]
    players = judged.report.players
    return "\n\n".join(
        [
            judged.verdict.reason,
            table(["criterion", "people", "estimate", "between", "bar", "because"], rows),
            table(["arm", "people", "liked", "super-liked", "don't know"], arms),
            f"{players.dealt} decks dealt, {players.closed} closed, {players.counted} counted.",
        ]
    )


def _criterion_row(found: CriterionReport) -> list[object]:
    criterion, read = found.criterion, partial(reading, "en", found.criterion.name)
    last = found.run[-1] if found.run else None
    return [
        criterion.name,
        found.estimate.n,
        read(last.mean if last else None),
        f"{read(last.low)} and {read(last.high)}" if last else found.estimate.reason,
        read(criterion.bar),
        criterion.because,
    ]
