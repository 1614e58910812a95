"""A planted shop is a folder that `data ingest` reads as a whole."""

import errno
import json
from pathlib import Path

import pandas as pd
import pytest

from app.storage.ingest.pipeline import ingest
from app.workspace.planted_shop import (
    SHOP_FILE,
    planted_personas,
    planted_truth,
    write_planted_shop,
)
from recsys.errors import WorkspaceError
from recsys.simulation.shop import TruthCol
from tests.support.planted_shops import silent


def test_it_holds_events_products_brands_truth_and_its_own_story(tmp_path: Path) -> None:
    told: list[float] = []
    events = write_planted_shop(tmp_path / "shop", 300, 2, lambda _, share: told.append(share))
    assert {file.name for file in (tmp_path / "shop").iterdir()} == {
        "events.parquet",
        "products.parquet",
        "brands.csv",
        "truth.parquet",
        SHOP_FILE,
    }
    assert len(pd.read_parquet(tmp_path / "shop" / "events.parquet")) == events
    said = json.loads((tmp_path / "shop" / SHOP_FILE).read_text(encoding="utf-8"))
    assert (said["planted"], said["customers"], said["seed"]) == (True, 300, 2)
    assert told == sorted(told)
    assert told[-1] <= 1


def test_the_same_seed_plants_the_same_shop_over_an_earlier_one(tmp_path: Path) -> None:
    for out, seed in (("a", 3), ("b", 4), ("b", 3)):
        write_planted_shop(tmp_path / out, 200, seed, silent)
    frames = [pd.read_parquet(tmp_path / out / "events.parquet") for out in ("a", "b")]
    pd.testing.assert_frame_equal(*frames)


def test_a_folder_with_other_files_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "events.parquet").write_text("mine")
    with pytest.raises(WorkspaceError, match="other files: choose an empty folder with --out"):
        write_planted_shop(tmp_path, 100, 1, silent)
    assert [file.name for file in tmp_path.iterdir()] == ["events.parquet"]
    assert (tmp_path / "events.parquet").read_text() == "mine"


def test_a_planting_that_was_stopped_can_be_done_again(tmp_path: Path) -> None:
    def stop(_stage: str, _share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_planted_shop(tmp_path / "shop", 200, 1, stop)
    assert write_planted_shop(tmp_path / "shop", 200, 1, silent) > 0


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("app.workspace.planted_shop.pq.ParquetWriter.write_table", full)
    with pytest.raises(WorkspaceError, match=r"No space left on device.*make room"):
        write_planted_shop(tmp_path / "shop", 100, 1, silent)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="could not be written"):
        write_planted_shop(tmp_path / "file" / "shop", 100, 1, silent)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_planted_shop(folder / "shop", 300, 2, silent)
    assert ingest(folder / "ws", str(folder / "shop")).planted
    return folder


def test_a_planted_workspace_knows_its_four_personas(made: Path) -> None:
    personas = planted_personas(made / "ws")
    assert len(personas) == 4
    assert all(persona.en and persona.nl and persona.name for persona in personas)


def test_a_planted_workspace_knows_what_everybody_loves(made: Path) -> None:
    tastes, brands = planted_truth(made / "ws")
    truth = pd.read_parquet(made / "shop" / "truth.parquet")
    assert len(tastes) == truth[TruthCol.CUSTOMER].nunique() >= 300
    assert {b for taste in tastes.values() for b in taste.favourites} <= set(brands["name"])


def test_any_other_workspace_knows_neither(tmp_path: Path) -> None:
    assert planted_personas(tmp_path) == []
    with pytest.raises(WorkspaceError, match="planted shop only"):
        planted_truth(tmp_path)
