"""What is written today has the form of what was written before the names moved.

test_old_workspace.py reads the old workspace; here its work is done again, and what is written anew
must have the same keys, and the same values where they do not depend on the hour.
"""

import json
import tarfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from app.modeling.batch_export import export_lists
from app.modeling.batch_part import ExportSpec
from app.operations.backup import back_up
from app.operations.job_tasks import compare, evaluate, fit, power
from app.reports.release import pack_release
from app.storage.model_registry import ModelVersion
from app.storage.study_db.jobs import JobResult
from app.storage.study_db.records import IncomingSwipe
from app.storage.study_db.row_codec import canonical_json
from app.storage.study_db.store import StudyStore
from app.study.closing import close_deck
from app.study.feedback import learn_from_study
from app.study.results import study_status
from app.workspace.planted_shop import write_planted_shop
from app.workspace.settings import Settings, data_file
from app.workspace.workspace import Workspace
from recsys.study.swipes import Answer, SwipeKind
from tests.app.storage.test_old_workspace import EXPECTED, HERE, keys
from tests.support.planted_shops import silent

JOBS = {"evaluate": evaluate, "compare": compare, "power": power}
OF_THE_HOUR = {"fit_seconds", "stages", "peak_megabytes", "code_version"}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A copy of the old workspace, to write in."""
    with tarfile.open(HERE / "workspace.tar.xz") as tar:
        tar.extractall(tmp_path / "old", filter="data")
    return tmp_path / "old"


@pytest.fixture
def house(old: Path) -> Iterator[Workspace]:
    """The whole of it, with the keys that it was made with."""
    opened = Workspace(Settings(workspace=old))
    opened.keys = keys()
    yield opened
    opened.close()


def same(found: Any, before: Any, where: str = "") -> None:
    """Hold two values of JSON together: keys and texts to the letter, numbers but for rounding."""
    if isinstance(before, float) and isinstance(found, int | float):
        assert found == pytest.approx(before, abs=1e-5), where
    elif isinstance(before, dict):
        assert found.keys() == before.keys(), where
        for key, value in before.items():
            same(found[key], value, f"{where}.{key}")
    elif isinstance(before, list):
        assert len(found) == len(before), where
        for n, value in enumerate(before):
            same(found[n], value, f"{where}[{n}]")
    else:
        assert found == before, where


def without(facts: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Facts less these; what is left goes through JSON."""
    kept = {name: value for name, value in facts.items() if name not in names}
    plain: dict[str, Any] = json.loads(json.dumps(kept))
    return plain


def facts_of(version: ModelVersion) -> dict[str, Any]:
    """The facts of a version that do not depend on the hour or the machine."""
    return without(version.facts, *OF_THE_HOUR)


@pytest.mark.parametrize("kind", JOBS)
def test_a_job_finds_what_it_found(old: Path, kind: str) -> None:
    store = StudyStore(old / "study.db")
    row = next(row for row in store.jobs.all() if row.kind == kind)
    store.close()
    ended = JOBS[kind](Settings(workspace=old), row.args, silent)
    assert isinstance(ended, JobResult)
    assert ended.message == row.message
    before = json.loads((old / "jobs" / f"{row.id}.result.json").read_text(encoding="utf-8"))
    same(json.loads(json.dumps(ended.result)), before)


def test_a_fit_writes_the_meta_and_the_facts_that_it_wrote(house: Workspace) -> None:
    row = next(row for row in house.store.jobs.all() if row.kind == "fit" and row.outcome == "done")
    again = house.version(fit(house.settings, row.args, silent))
    before = house.version(row.message)
    same(dict(again.meta), dict(before.meta))
    same(facts_of(again), facts_of(before))
    assert again.facts.keys() == before.facts.keys()


def test_a_version_that_learns_writes_what_it_wrote(house: Workspace) -> None:
    before = house.version(EXPECTED["learnt"])
    row = house.store.studies.get("Old simulated")
    again = learn_from_study(house, house.version(before.facts["parent"]), row, silent)
    same(dict(again.meta), dict(before.meta))
    same(facts_of(again), facts_of(before))


def test_a_release_is_certified_as_it_was(house: Workspace, tmp_path: Path) -> None:
    judged = study_status(house.store, house.store.studies.get("Old simulated"))
    pack_release(house, judged, tmp_path / "release")
    said = json.loads((tmp_path / "release" / "certificate.json").read_text(encoding="utf-8"))
    before = EXPECTED["certificate"]
    assert list(said) == list(
        json.loads((house.folder / "release" / "certificate.json").read_text())
    )
    # `lists` is the hash of the schema, whose title names the command of today
    moved = ("made_at", "hash", "chain_head", "cards", "code_version", "lists")
    same(without(said, *moved), without(before, *moved))
    assert said["chain_head"].keys() == before["chain_head"].keys()
    assert said["cards"].keys() == before["cards"].keys()
    assert said["lists"] == sha256(data_file("lists.schema.json").read_bytes()).hexdigest()


def test_carousels_are_claimed_as_they_were(house: Workspace, tmp_path: Path) -> None:
    said = EXPECTED["carousels"]
    order = ExportSpec(
        said["model"], said["policy"], said["n"], arms=said["arms"], seed=said["seed"]
    )
    export_lists(house, order, tmp_path / "carousels", 1, silent)
    before = house.folder / "carousels" / "carousels.json"
    now = tmp_path / "carousels" / "carousels.json"
    assert now.read_bytes() == before.read_bytes()


def test_a_backup_says_what_it_said(house: Workspace, tmp_path: Path) -> None:
    house.close()
    path, _ = back_up(house.folder, tmp_path / "new.tar", keys(), 1, events=False)
    listed = []
    for each in (path, house.folder / "backup.tar"):
        with tarfile.open(each) as tar:
            listed.append(json.load(tar.extractfile("backup.json") or tar))
    assert list(listed[0]) == list(listed[1])
    assert listed[0]["keys"] == listed[1]["keys"]
    assert listed[1]["files"].keys() <= listed[0]["files"].keys()


def test_a_remark_is_a_line_of_the_same_keys(house: Workspace) -> None:
    remarks = house.registry.annotations
    before = remarks.path.read_text(encoding="utf-8").splitlines()
    remarks.add_note(EXPECTED["second"], "One more.")
    after = remarks.path.read_text(encoding="utf-8").splitlines()
    assert after[:-1] == before
    assert list(json.loads(after[-1])) == list(json.loads(before[0]))


def test_a_planted_shop_is_marked_as_it_was(old: Path, tmp_path: Path) -> None:
    write_planted_shop(tmp_path / "shop", 5, 7, silent)
    said, before = (
        json.loads((folder / "shop.json").read_text(encoding="utf-8"))
        for folder in (tmp_path / "shop", old / "planted")
    )
    assert list(said) == list(before)
    assert [list(each) for each in said["personas"]] == [list(each) for each in before["personas"]]


def test_a_deck_that_closes_is_scored_in_the_same_words(old: Path) -> None:
    store = StudyStore(old / "study.db", clock=lambda: int(EXPECTED["now"]))
    deck = store.decks.get(EXPECTED["pass"]["deck"]).deck
    swipes = [
        IncomingSwipe(
            f"s{c.position}", c.position, SwipeKind.ANSWER, Answer.FAVOURITE, "tab", c.position,
            900, "key", "desk", None,
        )
        for c in deck.cards
    ]  # fmt: skip
    store.swipes.add(deck.id, swipes)
    closing = close_deck(store, store.studies.get("Old live"), deck.id)
    (row,) = store.db.query("select score from scores order by seq desc limit 1")
    assert row["score"] == canonical_json(dict(closing.score or {}))
    stored = json.loads(row["score"])
    assert stored.keys() == {"hit_rate", "discrimination", "lift", "challenger"}
    assert stored["hit_rate"] == 1.0
    assert store.db.broken_links() == []
    store.close()
