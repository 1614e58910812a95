"""report: the accuracy report of a study, for people and for machines."""

import json
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import click

from app.cli.common import opened, progress, say, table, workspace_option
from app.cli.study.manage import study_option
from app.modeling.user_coverage import Audience, audience_of
from app.presentation.i18n import LANGUAGES
from app.reports.ci_formats import as_junit, as_summary, gate_data
from app.reports.exports import KINDS, written
from app.reports.unknown_charts import value_or_unknown
from app.reports.wording import reading
from app.storage.study_db.records import StudyRow
from app.storage.study_db.store import parts_that_differ, what_differs
from app.study.game import load_game
from app.study.results import Judged, close_overdue, judge, newest
from app.study.simulation import Colleagues
from app.workspace.workspace import House
from recsys.errors import BadInputError, IntegrityError, UnknownNameError, WorkspaceError
from recsys.report.evaluate import CriterionReport
from recsys.report.gate import Outcome
from recsys.simulation.raters import PANELS, panel
from recsys.study.policy import StudyKind


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
        colleagues, game = Colleagues.of(house.workspace), load_game(house, row)
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


@click.command()
@study_option
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", *KINDS]),
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
def report(study: str | None, shape: str, language: str, workspace: Path | None) -> None:
    """Print the accuracy report of a study, from its published batches.

    Example: brandswipe report --format html --lang nl > report.html
    """
    with opened(workspace) as house:
        judged = judged_now(house, study)
        audience = _audience(house, judged) if shape == "html" else None
    if shape == "text":
        click.echo(_report_text(judged))
    else:
        click.echo(written(shape, language, judged, audience), nl=False)


def _audience(house: House, judged: Judged) -> Audience | None:
    """For whom the model speaks; None where the shop's events are not here."""
    with suppress(WorkspaceError):
        warehouse, rule = house.warehouse, judged.report.policy
        return value_or_unknown("audience", partial(audience_of, warehouse, rule), None)
    return None


def judged_now(house: House, name: str | None) -> Judged:
    """What a study says after its overdue decks were closed."""
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
            f"{players.counted} decks counted, of {players.dealt} dealt or a few more"
            + ("." if judged.invited is None else f"; {judged.invited} people are invited."),
            *_not_computed(judged),
            *(f"Overridden by {o.role}: {o.outcome}. {o.reason}" for o in judged.overrides),
        ]
    )


def _not_computed(judged: Judged) -> list[str]:
    names = [failure.measure for failure in judged.report.failures]
    return [f"Unknown, as it could not be computed: {', '.join(names)}."] if names else []


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
