"""The demo workspace: a planted shop, its model, and three finished studies as examples."""

import shutil
from contextlib import closing
from dataclasses import dataclass

from app.modeling.training import fit_version
from app.storage.event_store.segment import read_manifest
from app.storage.ingest.pipeline import ingest
from app.storage.study_db.records import StudyRow
from app.study.game import load_game
from app.study.opening import open_study
from app.study.simulation import RaterPool
from app.workspace.planted_shop import write_planted_shop
from app.workspace.settings import Settings
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.errors import WorkspaceError
from recsys.models.hybrid import FitOptions
from recsys.progress import ProgressCallback, WorkStage
from recsys.simulation.raters import HONEST, POLITE, RaterBehavior
from recsys.study.policy import StudyKind

PLAYGROUND_NAME = "Playground"
READY_FILE = "demo.ready"


@dataclass(frozen=True, slots=True)
class DemoStudy:
    """One finished study of the demo."""

    name: str
    behavior: RaterBehavior
    players: int
    seed: int


DEMO_STUDIES = (
    DemoStudy("Spring", HONEST, 120, 3),
    DemoStudy("Summer", POLITE, 120, 19),
    DemoStudy("Autumn", HONEST, 25, 0),
)
"""In Spring and in Summer, about 85% of picks are liked. Spring is released and Summer is held."""


def is_built(settings: Settings) -> bool:
    """Return whether the demo in this workspace is complete."""
    return (settings.workspace / READY_FILE).is_file()


def build_demo(settings: Settings, customers: int, seed: int, progress: ProgressCallback) -> None:
    """Build the demo's workspace.

    Raises WorkspaceError if the workspace has events of a real shop.
    """
    manifest = read_manifest(settings.workspace)
    if manifest is not None and not all(part["planted"] for part in manifest["segments"]):
        raise WorkspaceError(
            f"{settings.workspace} holds a shop's own events, which the demo would replace: "
            "choose another folder with --workspace."
        )
    build_workspace(settings, customers, seed, progress)


def build_workspace(
    settings: Settings, customers: int, seed: int, progress: ProgressCallback
) -> None:
    """Generate a shop, ingest it, fit a model, play the studies. Continues unfinished studies."""
    settings.workspace.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = settings.workspace / "shop"
    with closing(Workspace(settings)) as workspace:
        write_planted_shop(folder, customers, seed, progress)
        ingest(
            workspace.folder,
            str(folder),
            replace=True,
            progress=progress,
            customer_ids=workspace.customer_ids,
        )
        shutil.rmtree(folder)
        version = fit_version(
            workspace.registry,
            workspace.event_store,
            workspace.policy,
            FitOptions(),
            DEFAULT_BASELINE,
            progress,
        )
        workspace.registry.set_alias("champion", version.hash)
        _play_studies(workspace, version.hash, progress)
    (settings.workspace / READY_FILE).write_text("built\n", encoding="ascii")


def _play_studies(workspace: Workspace, model: str, progress: ProgressCallback) -> None:
    """Play the demo studies that are not finished, and open the playground."""
    raters = RaterPool.of(workspace.folder)
    existing = {row.name: row for row in workspace.store.studies.all()}
    for demo_study in DEMO_STUDIES:
        row = existing.get(demo_study.name) or _open_demo_study(
            workspace, demo_study.name, StudyKind.SIMULATED, model
        )
        if row.closed_at is None:
            _play_study(workspace, row, raters, demo_study, progress)
    if PLAYGROUND_NAME not in existing:
        _open_demo_study(workspace, PLAYGROUND_NAME, StudyKind.PLAYGROUND, model)


def _open_demo_study(workspace: Workspace, name: str, kind: StudyKind, model: str) -> StudyRow:
    return open_study(
        workspace.store, name, kind, workspace.policy, model, DEFAULT_BASELINE, invitation_seed=1
    )


def _play_study(
    workspace: Workspace,
    row: StudyRow,
    raters: RaterPool,
    demo_study: DemoStudy,
    progress: ProgressCallback,
) -> None:
    game, already_closed = load_game(workspace, row), len(workspace.store.decks.closings(row.hash))
    remaining = demo_study.players - already_closed
    for count in raters.play(game, workspace.keys, remaining, demo_study.seed, demo_study.behavior):
        progress(
            f"{demo_study.name}: {WorkStage.COLLEAGUES_PLAY}",
            (already_closed + count) / demo_study.players,
        )
        if workspace.store.studies.decision(row.hash) is not None:
            break
    workspace.store.studies.close(row.hash, "everybody invited has played")
