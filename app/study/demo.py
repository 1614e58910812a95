"""The demo: a planted shop, its model, and three finished studies that tell what this is for."""

import shutil
from contextlib import closing
from dataclasses import dataclass

from app.modeling.training import refit
from app.storage.event_store.segment import read_manifest
from app.storage.ingest.pipeline import ingest
from app.storage.study_db.records import StudyRow
from app.study.game import load_game
from app.study.opening import open_study
from app.study.results import judge
from app.study.simulation import Colleagues
from app.workspace.planted_shop import plant_folder
from app.workspace.settings import Settings
from app.workspace.workspace import BASELINE, House
from recsys.errors import WorkspaceError
from recsys.models.hybrid import FitOptions, Progress
from recsys.simulation.raters import HONEST, POLITE, Behaviour
from recsys.study.policy import StudyKind

PLAYGROUND = "Playground"
READY = "demo.ready"


@dataclass(frozen=True, slots=True)
class Story:
    """One finished study of the demo."""

    name: str
    behaviour: Behaviour
    players: int
    seed: int


STORIES = (
    Story("Spring", HONEST, 120, 3),
    Story("Summer", POLITE, 120, 19),
    Story("Autumn", HONEST, 25, 0),
)
"""About 85% of the picks were favourites in the first two: one is released, one is held."""


def is_built(settings: Settings) -> bool:
    """Whether the demo was built to its end in this workspace."""
    return (settings.workspace / READY).is_file()


def build_demo(settings: Settings, customers: int, seed: int, progress: Progress) -> None:
    """Build the demo's workspace.

    Raises WorkspaceError where a shop's own events are.
    """
    manifest = read_manifest(settings.workspace)
    if manifest is not None and not all(part["planted"] for part in manifest["segments"]):
        raise WorkspaceError(
            f"{settings.workspace} holds a shop's own events, which the demo would replace: "
            "choose another folder with --workspace."
        )
    build(settings, customers, seed, progress)


def build(settings: Settings, customers: int, seed: int, progress: Progress) -> None:
    """Plant, import, fit, open and play. What an earlier attempt left half-done is gone on with."""
    settings.workspace.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = settings.workspace / "shop"
    with closing(House(settings)) as house:
        plant_folder(folder, customers, seed, progress)
        ingest(
            house.workspace, str(folder), replace=True, progress=progress, customers=house.customers
        )
        shutil.rmtree(folder)
        version = refit(
            house.registry, house.warehouse, house.policy, FitOptions(), BASELINE, progress
        )
        house.registry.point("champion", version.hash)
        _play(house, version.hash, progress)
    (settings.workspace / READY).write_text("built\n", encoding="ascii")


def _play(house: House, model: str, progress: Progress) -> None:
    """Tell the stories that are not told to their end, and open the playground."""
    colleagues = Colleagues.of(house.workspace)
    known = {row.name: row for row in house.store.studies()}
    for story in STORIES:
        row = known.get(story.name) or _open(house, story.name, StudyKind.SIMULATED, model)
        if row.closed_at is None:
            _tell(house, row, colleagues, story, progress)
    if PLAYGROUND not in known:
        _open(house, PLAYGROUND, StudyKind.PLAYGROUND, model)


def _open(house: House, name: str, kind: StudyKind, model: str) -> StudyRow:
    return open_study(house.store, name, kind, house.policy, model, BASELINE, invitation_seed=1)


def _tell(
    house: House, row: StudyRow, colleagues: Colleagues, story: Story, progress: Progress
) -> None:
    game, before = load_game(house, row), len(house.store.closings(row.hash))
    left = story.players - before
    for done in colleagues.play(game, house.keys, left, story.seed, story.behaviour):
        progress(f"{story.name}: colleagues play", (before + done) / story.players)
        if (before + done) % game.study.policy.batch == 0 and judge(house.store, row).decision:
            break
    house.store.close_study(row.hash, "everybody invited has played")
