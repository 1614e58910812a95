"""simulate: colleagues of the planted shop play."""

from pathlib import Path

import click

from app.commands.common import opened, progress, say, workspace_option
from app.commands.study import study_option
from app.game import load_game
from app.house import House
from app.rows.records import StudyRow
from app.simulation import Colleagues
from app.studies import judge, newest
from recsys.errors import BadInputError
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
