"""/healthz says 200 only while answers can be stored and cards dealt."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from app.storage.study_db.database import migration_names
from app.study.opening import open_study
from app.web import runtime
from app.web.routes import routes
from app.workspace.settings import Settings
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.errors import WorkspaceError
from recsys.study.policy import StudyKind
from tests.support.asgi_client import Answer, call


@pytest.fixture
def server(workspace: Path) -> Iterator[ASGIApp]:
    runtime.use_settings(Settings(workspace=workspace))
    yield Starlette(routes=routes())
    runtime.use_settings(None)


def health(server: ASGIApp) -> Answer:
    return call(server, "GET", "/healthz")


def play(house: Workspace) -> None:
    model = house.version().hash
    open_study(
        house.store, None, StudyKind.LIVE, house.policy, model, DEFAULT_BASELINE, invitation_seed=1
    )


def test_what_is_well_is_named_with_its_versions(server: ASGIApp) -> None:
    assert health(server).json["model"] == "none"
    play(runtime.workspace())
    answer = health(server)
    assert answer.status == 200
    assert answer.json == {
        "schema": 1, "status": "ok", "store": "writable", "model": "loaded",
        "versions": {"brandswipe": "0.1.0", "store": len(migration_names())},
    }  # fmt: skip


def test_it_leaves_nothing_in_the_workspace(server: ASGIApp, workspace: Path) -> None:
    health(server)
    before = sorted(workspace.iterdir())
    health(server)
    assert sorted(workspace.iterdir()) == before


@pytest.mark.parametrize("part", ["store", "disk", "model"])
def test_a_part_that_cannot_work_is_named_and_nothing_else_of_the_house(
    server: ASGIApp,
    workspace: Path,
    part: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    play(runtime.workspace())
    if part == "store":
        monkeypatch.setattr(runtime.store().db, "check_writable", _busy)
    elif part == "disk":
        monkeypatch.setattr(os, "fsync", _full)
    else:
        shutil.rmtree(workspace / "models")
    answer = health(server)
    assert (answer.status, answer.json["error"]) == (503, part)
    assert "brandswipe doctor" in answer.json["message"]
    assert str(workspace) not in answer.body.decode()
    assert f"unwell, the {part}: " in caplog.text


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def _busy() -> None:
    raise WorkspaceError("Another process is writing.")
