"""study simulate and power: employees are simulated, in a study or before one."""

from pathlib import Path

import click

from app.cli.common import (
    format_option,
    model_option,
    open_workspace,
    print_message,
    print_output,
    progress_reporter,
    study_option,
    text_table,
    workspace_option,
)
from app.presentation.verdict_text import verdict_text
from app.storage.study_db.records import StudyRow
from app.study.game import load_game
from app.study.power import DEFAULT_PLAYERS, powered_to_row, simulate_power
from app.study.results import latest_study, study_status
from app.study.simulation import RaterPool
from app.workspace.workspace import Workspace
from recsys.errors import BadInputError
from recsys.progress import WorkStage
from recsys.simulation.raters import PANELS, rater_panel
from recsys.study.policy import StudyKind

panel_option = click.option(
    "--panel",
    type=click.Choice(sorted(PANELS)),
    default="honest",
    show_default=True,
    help="Behavior of the simulated employees.",
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Random seed of the simulated employees.",
)


@click.command()
@click.option(
    "--players",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="Number of simulated employees.",
)
@seed_option
@panel_option
@study_option
@workspace_option
def simulate_command(
    players: int, seed: int, panel: str, study: str | None, workspace: Path | None
) -> None:
    """Let simulated employees of a generated shop play until the study decides.

    Example: brandswipe study simulate --players 100 --seed 1
    """
    played_count = 0
    with open_workspace(workspace) as ws, progress_reporter() as report_progress:
        row = _study_to_simulate(ws, study)
        raters, game = RaterPool.of(ws.folder), load_game(ws, row)
        for played_count in raters.play(game, ws.keys, players, seed, rater_panel(panel)):
            report_progress(WorkStage.COLLEAGUES_PLAY, played_count / players)
            if ws.store.studies.decision(row.hash) is not None:
                break
        result = study_status(ws.store, row)
    print_message(
        f"{played_count} simulated colleagues played in {row.name!r}. "
        + verdict_text("en", result.verdict)
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


@click.command()
@model_option
@panel_option
@click.option(
    "--players",
    type=click.IntRange(20, 20_000),
    default=DEFAULT_PLAYERS,
    show_default=True,
    help="Number of simulated employees.",
)
@seed_option
@format_option
@workspace_option
def power_command(
    model: str | None,
    panel: str,
    players: int,
    seed: int,
    output_format: str,
    workspace: Path | None,
) -> None:
    """Let simulated employees judge a version, and say after how many people the gate decides.

    Example: brandswipe study power --players 2000 --panel honest
    """
    with open_workspace(workspace) as ws, progress_reporter() as report_progress:
        result = simulate_power(ws, ws.version(model), panel, players, seed, report_progress)
    decision_rates = result.power.looks
    rows = [(look.people, f"{look.released:.0%}", f"{look.held:.0%}") for look in decision_rates]
    print_output(
        output_format,
        powered_to_row(result),
        text_table(("people", "released by then", "held by then"), rows),
    )
    print_message(f"{result.players:,} simulated employees ({panel}): {result.reason}")
    print_message(_decision_time_text(result.power.median, result.power.most, result.power.horizon))


def _decision_time_text(median: int | None, most: int | None, horizon: int) -> str:
    if median is None:
        return f"Fewer than half of the studies decide within {horizon} people."
    nine_in_ten = (
        f"nine of ten after {most}" if most else f"fewer than nine of ten within {horizon}"
    )
    return f"Half of the studies decide after {median} people, {nine_in_ten}."
