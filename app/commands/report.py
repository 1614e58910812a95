"""report: the accuracy report of a study, for people and for machines."""

from contextlib import suppress
from functools import partial
from pathlib import Path

import click

from app.audience import Audience, audience_of
from app.commands.common import opened, table, workspace_option
from app.commands.study import study_option
from app.house import House
from app.studies import Judged, close_overdue, judge, newest
from app.views.report_export import KINDS, written
from app.views.report_numbers import reading
from app.views.report_unknown import shown
from app.words import LANGUAGES
from recsys.errors import WorkspaceError
from recsys.report import CriterionReport


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
        return shown("audience", partial(audience_of, warehouse, rule), None)
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
