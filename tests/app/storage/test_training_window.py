"""Which events a fit reads: a version of the store, a window of its log, and what is refused."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from app.modeling.recommender import load_recommender
from app.modeling.training import fit_version
from app.storage.event_store.window import TrainingWindow, open_window, store_versions
from app.workspace.settings import Settings
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.errors import BadInputError, NotEnoughError, UnknownNameError
from tests.support.cli_runner import brandswipe
from tests.support.event_files import write
from tests.support.planted_shops import QUICK, silent

START = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())
DAY = 86_400


def bought(day: int, who: int) -> dict[str, object]:
    brand = f"brand {(day * 7 + who) % 30}"
    at = START + day * DAY
    return {"customer_id": f"c{who}", "ts": at, "event": "purchase", "brand": brand}


@pytest.fixture
def twice(tmp_path: Path) -> Workspace:
    """A store of two imports: ten days in March, then ten more."""
    for name, days in (("one", range(10)), ("two", range(10, 20))):
        (tmp_path / name).mkdir()
        rows = [bought(day, who) for day in days for who in range(12)]
        file = write(rows, tmp_path / name / "events.csv")
        assert brandswipe("data", "ingest", str(file), workspace=tmp_path / "ws").code == 0
    return Workspace(Settings(workspace=tmp_path / "ws"))


def test_the_store_as_it_was_after_each_import_has_the_version_it_had_then(
    twice: Workspace, tmp_path: Path
) -> None:
    newest, older = store_versions(twice.event_store)
    assert newest is twice.event_store
    assert (older.events, newest.events) == (120, 240)
    assert older.as_of == START + 9 * DAY
    brandswipe("data", "ingest", str(tmp_path / "one" / "events.csv"), workspace=tmp_path / "again")
    assert older.version == Workspace(Settings(workspace=tmp_path / "again")).event_store.version


def test_a_window_holds_its_first_and_last_day_and_nothing_else(twice: Workspace) -> None:
    part = open_window(twice.event_store, TrainingWindow(since="2026-03-03", until="2026-03-05"))
    times = np.concatenate([rows["ts"] for _, rows in part.scan()])
    assert sorted(set(times.tolist())) == [START + day * DAY for day in (2, 3, 4)]
    assert part.as_of == START + 5 * DAY - 1
    assert open_window(twice.event_store, TrainingWindow()) is twice.event_store


def test_a_fit_says_which_version_and_window_it_read(twice: Workspace) -> None:
    older = store_versions(twice.event_store)[1]
    version = fit_version(
        twice.registry,
        twice.event_store,
        twice.policy,
        QUICK,
        DEFAULT_BASELINE,
        silent,
        TrainingWindow(older.version[:8], since="2026-03-02"),
    )
    facts = version.facts
    assert facts["data_version"] == older.version
    assert facts["window"] == {"since": "2026-03-02", "until": ""}
    assert facts["data_as_of"] == older.as_of
    assert facts["peak_megabytes"] > 10
    assert set(facts["stages"]) >= {"reading the sample", "learning the brands"}
    assert sum(facts["stages"].values()) >= facts["fit_seconds"] - 0.1


@pytest.mark.parametrize(
    ("source", "error", "said"),
    [
        (
            TrainingWindow(since="2027-01-01"),
            NotEnoughError,
            "no event from 2027-01-01: the log ends on",
        ),
        (TrainingWindow(until="2020-01-01"), NotEnoughError, "no event to 2020-01-01"),
        (TrainingWindow(since="soon"), BadInputError, "`since` is 'soon': write a day like"),
        (
            TrainingWindow(since="2026-03-05", until="2026-03-01"),
            BadInputError,
            "swap the two days",
        ),
        (
            TrainingWindow(events="ffff0000"),
            UnknownNameError,
            "No version of the event store is called",
        ),
        (TrainingWindow(events="x"), UnknownNameError, "Known: "),
    ],
)
def test_a_source_that_has_nothing_is_refused_in_a_sentence(
    twice: Workspace, source: TrainingWindow, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        open_window(twice.event_store, source)


def test_the_terminal_refuses_a_window_without_events_and_saves_nothing(twice: Workspace) -> None:
    said = brandswipe("model", "fit", "--until", "2020-01-01", workspace=twice.folder)
    assert (said.code, "There is no event to 2020-01-01" in said.err) == (2, True)
    assert twice.registry.versions() == []


def test_an_import_during_a_fit_leaves_it_what_it_began_with(
    twice: Workspace, tmp_path: Path
) -> None:
    began, more = twice.event_store.version, tmp_path / "three.csv"
    write([bought(day, who) for day in range(20, 25) for who in range(12)], more)
    imported: list[int] = []

    def importing(stage: str, _share: float) -> None:
        if stage == "learning the brands" and not imported:
            imported.append(brandswipe("data", "ingest", str(more), workspace=twice.folder).code)

    version = fit_version(
        twice.registry, twice.event_store, twice.policy, QUICK, DEFAULT_BASELINE, importing
    )
    assert imported == [0]
    assert version.facts["data_version"] == began != Workspace(twice.settings).event_store.version
    assert load_recommender(Workspace(twice.settings), version.hash).version == version.hash
