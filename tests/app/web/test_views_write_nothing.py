"""A page view, a report and a readout write no row, though a decision is due."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.storage.study_db.database import now_ms
from app.storage.study_db.store import StudyStore
from app.study.opening import open_study
from app.study.results import study_status
from app.web import runtime
from app.workspace.policies import default_policy
from app.workspace.settings import Login, Settings
from app.workspace.workspace import DEFAULT_BASELINE
from recsys.report.gate import Outcome
from recsys.study.deck import Origin, with_hash
from recsys.study.policy import StudyKind
from tests.support.cli_runner import brandswipe
from tests.support.closed_decks import panel
from tests.support.planted_shops import fitted, planted
from tests.support.report_workspace import posts_of
from tests.support.stored_rows import row_counts

DUE = "Due"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A live study that decides as soon as somebody writes it."""
    settings = planted(tmp_path_factory.mktemp("due"))
    folder, version = settings.workspace, fitted(settings)
    two_days_ago = now_ms() - 48 * 3_600_000
    with closing(StudyStore(folder / "study.db", clock=lambda: two_days_ago)) as store:
        row = open_study(
            store, DUE, StudyKind.LIVE, default_policy(), version.hash, DEFAULT_BASELINE, 1
        )
        for played in panel(40, pick=0.95, rival=0.5, decoy=0.1):
            deck = replace(played.deck, study=row.hash, origin=Origin.OWN)
            store.decks.add(with_hash(deck), "events-1", {})
            store.swipes.add(deck.id, posts_of(played))
    with closing(StudyStore(folder / "study.db")) as store:
        assert study_status(store, row).verdict.outcome is Outcome.RELEASE
    return folder


@pytest.fixture
def rows(workspace: Path) -> Iterator[dict[str, int]]:
    """The rows before; they are the same afterwards."""
    with closing(StudyStore(workspace / "study.db")) as store:
        before = row_counts(store)
        yield before
        assert row_counts(store) == before
        assert store.studies.decision(store.studies.get(DUE).hash) is None


def report_page() -> None:
    from app.web.views.report import page

    page.report_page()


def workbench_page() -> None:
    from app.web.views.workbench import page

    page.workbench_page()


def participation() -> None:
    from types import SimpleNamespace

    from app.web import runtime
    from app.web.views.play.participation import show_participation
    from recsys.study.policy import Policy

    store = runtime.store()
    row = store.studies.get("Due")
    study = SimpleNamespace(policy=Policy.from_dict(row.policy))
    show_participation("en", SimpleNamespace(store=store, row=row, study=study))  # type: ignore[arg-type]


@pytest.mark.parametrize("page", [report_page, workbench_page, participation])
@pytest.mark.usefixtures("rows")
def test_a_page_view_writes_no_row(workspace: Path, page: Callable[[], None]) -> None:
    runtime.use_settings(Settings(workspace=workspace, login=Login.LOCAL))
    at = AppTest.from_function(page, default_timeout=30)
    at.query_params["study"] = DUE
    at.run()
    assert not at.exception
    runtime.close_all()


@pytest.mark.parametrize("output_format", ["text", "json", "md", "csv", "html"])
@pytest.mark.usefixtures("rows")
def test_a_report_in_the_terminal_writes_no_row(workspace: Path, output_format: str) -> None:
    said = brandswipe(
        "study", "report", "--study", DUE, "--format", output_format, workspace=workspace
    )
    assert said.code == 0
    assert DUE in said.out or "hit_rate" in said.out


def test_the_gate_writes_the_decision_once(tmp_path: Path, workspace: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in workspace.glob("[sca]*"):  # the store, its chain and the accounts
        if file.is_file():
            (copy / file.name).write_bytes(file.read_bytes())
    first = brandswipe("study", "gate", "--study", DUE, workspace=copy)
    with closing(StudyStore(copy / "study.db")) as store:
        decision, rows = store.studies.decision(store.studies.get(DUE).hash), row_counts(store)
    assert (first.code, decision and decision.outcome) == (0, "release")
    assert brandswipe("study", "gate", "--study", DUE, workspace=copy).out == first.out
    with closing(StudyStore(copy / "study.db")) as store:
        assert row_counts(store) == rows
