"""The demo is built whole, gone on with where it was stopped, and replaces nobody's shop."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.storage.study_db.records import StudyKind
from app.storage.study_db.store import StudyStore
from app.study import demo
from app.study.demo import (
    DEMO_STUDIES,
    PLAYGROUND_NAME,
    DemoStudy,
    build_demo,
    build_workspace,
    is_built,
)
from app.study.game import study_to_play
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.errors import WorkspaceError
from tests.support.cli_runner import brandswipe
from tests.support.planted_shops import silent

CUSTOMERS = 400
SHORT = tuple(replace(story, players=7) for story in DEMO_STUDIES[:2])


@pytest.fixture(scope="module", autouse=True)
def _short() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "DEMO_STUDIES", SHORT)
        yield


@pytest.fixture(scope="module")
def whole(_short: None, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A demo that was built without a stop. Do not write."""
    settings = Settings(workspace=tmp_path_factory.mktemp("whole") / "ws")
    assert not is_built(settings)
    build_demo(settings, CUSTOMERS, 1, silent)
    return settings


def told(store: StudyStore, story: DemoStudy) -> list[tuple[object, ...]]:
    """The decks and answers of a story, without the ids that are random."""
    row = store.studies.get(story.name)
    decks = store.decks.of_study(row.hash)
    standing = store.swipes.current(*(dealt.deck.id for dealt in decks))
    return [
        (tuple(c.brand for c in dealt.deck.cards), dict(standing[dealt.deck.id].answers))
        for dealt in decks
        if dealt.deck.id in standing
    ]


def test_it_holds_a_model_finished_stories_and_an_open_playground(whole: Settings) -> None:
    assert is_built(whole)
    house = Workspace(whole)
    rows = {row.name: row for row in house.store.studies.all()}
    for story in SHORT:
        row = rows[story.name]
        assert row.kind is StudyKind.SIMULATED
        assert row.closed_at is not None
        assert len(house.store.decks.of_study(row.hash)) == 7
    assert rows[PLAYGROUND_NAME].closed_at is None
    assert study_to_play(house.store) == rows[PLAYGROUND_NAME]
    assert house.registry.aliases()["champion"] == house.version().hash
    assert not (whole.workspace / "shop").exists()


@pytest.mark.parametrize("where", ["learning the brands", f"{SHORT[1].name}: colleagues play"])
def test_one_that_was_stopped_is_gone_on_with_to_the_same_end(
    whole: Settings, tmp_path: Path, where: str
) -> None:
    def stop(stage: str, share: float) -> None:
        if stage == where and share > 0.5:
            raise KeyboardInterrupt

    stopped = Settings(workspace=tmp_path / "stopped")
    with pytest.raises(KeyboardInterrupt):
        build_workspace(stopped, CUSTOMERS, 1, stop)
    assert not is_built(stopped)
    build_workspace(stopped, CUSTOMERS, 1, silent)
    assert is_built(stopped)
    stores = [Workspace(settings).store for settings in (whole, stopped)]
    for story in SHORT:
        assert told(stores[0], story) == told(stores[1], story)


def test_a_shops_own_events_are_never_replaced(tmp_path: Path) -> None:
    settings = Settings(workspace=tmp_path / "ws")
    (tmp_path / "own.csv").write_text("customer_id,brand\nann,Lego\n")
    said = brandswipe("data", "ingest", str(tmp_path / "own.csv"), workspace=settings.workspace)
    assert said.code == 0
    before = Workspace(settings).event_store.version
    with pytest.raises(WorkspaceError, match="own events, which the demo would replace"):
        build_demo(settings, CUSTOMERS, 1, silent)
    assert Workspace(settings).event_store.version == before


def test_the_command_builds_once(tmp_path: Path) -> None:
    command = ("demo", "--only-build", "--customers", str(CUSTOMERS))
    first = brandswipe(*command, workspace=tmp_path / "ws")
    before = Workspace(Settings(workspace=tmp_path / "ws")).version().hash
    again = brandswipe(*command, workspace=tmp_path / "ws")
    assert (first.code, again.code) == (0, 0)
    assert "The demo is ready" in again.err
    assert Workspace(Settings(workspace=tmp_path / "ws")).version().hash == before
