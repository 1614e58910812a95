"""Whatever a study holds, report, gate and release answer with a sentence; no pass comes of it."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from app.storage.study_db.hash_chain import read_head
from app.storage.study_db.migrations import migrations
from app.storage.study_db.records import study_of
from app.storage.study_db.store import StudyStore, find_mismatches
from app.study.opening import open_study
from app.workspace.policies import default_policy
from recsys.study.deck import CardRole, Source
from recsys.study.policy import StudyKind
from recsys.study.swipes import Answer, CompletedDeck
from tests.support.cli_runner import Said, brandswipe
from tests.support.closed_decks import D, F, N, S, panel
from tests.support.report_workspace import HONEST, open_one, play

SHAPES = ("text", "json", "md", "csv")


def everybody_says(answer: Answer) -> list[CompletedDeck]:
    return [replace(d, answers=dict.fromkeys(d.answers, answer)) for d in panel(40)]


def without(*strata: CardRole) -> list[CompletedDeck]:
    """Decks whose cards of these strata became decoys that are never scored."""
    decks = []
    for d in panel(40, **HONEST):
        cards = [
            replace(c, role=CardRole.FILLER, sources=frozenset({Source.DECOY}), partner=None)
            if c.role in strata
            else replace(c, partner=None if CardRole.MATCHED_DECOY in strata else c.partner)
            for c in d.deck.cards
        ]
        decks.append(replace(d, deck=replace(d.deck, cards=tuple(cards))))
    return decks


def identical_lists() -> list[CompletedDeck]:
    decks = []
    for d in without(CardRole.BASELINE_ONLY):
        cards = [
            replace(c, sources=c.sources | {Source.BASELINE}) if c.role is CardRole.PICK else c
            for c in d.deck.cards
        ]
        decks.append(replace(d, deck=replace(d.deck, cards=tuple(cards))))
    return decks


def one_category() -> list[CompletedDeck]:
    return [
        replace(d, deck=replace(d.deck, cards=tuple(
            replace(c, category="all") for c in d.deck.cards
        )))
        for d in panel(40, **HONEST)
    ]  # fmt: skip


WORLDS: dict[str, tuple[Callable[[], list[CompletedDeck]], set[int]]] = {
    "nobody": (list, {3}),
    "one": (lambda: panel(1), {3}),
    "two": (lambda: panel(2), {3}),
    "all like": (lambda: everybody_says(F), {1}),
    "all super like": (lambda: everybody_says(S), {1}),
    "none like": (lambda: everybody_says(N), {1}),
    "all don't know": (lambda: everybody_says(D), {1}),
    "no decoys": (lambda: without(CardRole.MATCHED_DECOY, CardRole.FAMILIAR_DECOY), {1, 3}),
    "no baseline": (lambda: without(CardRole.BASELINE_ONLY), {1, 3}),
    "identical lists": (identical_lists, {1, 3}),
    "one category": (one_category, {0, 3}),
}


@pytest.mark.parametrize("name", WORLDS)
def test_every_command_answers(name: str, tmp_path: Path) -> None:
    make, codes = WORLDS[name]
    store = StudyStore(tmp_path / "ws" / "study.db")
    play(store, open_one(store, "s"), make())
    store.close()
    workspace = tmp_path / "ws"
    for shape in SHAPES:
        said = brandswipe("study", "report", "--format", shape, workspace=workspace)
        assert (said.code, said.err) == (0, "")
        assert "nan" not in said.out.lower().replace("finance", "")
    codes_said = {
        brandswipe("study", "gate", "--format", shape, workspace=workspace).code
        for shape in ("text", "json", "md", "junit")
    }
    assert codes_said <= codes
    assert len(codes_said) == 1
    json.loads(brandswipe("study", "report", "--format", "json", workspace=workspace).out)


class TestAStudyWithoutItsModel:
    @pytest.fixture
    def workspace(self, tmp_path: Path) -> Path:
        store = StudyStore(tmp_path / "ws" / "study.db")
        row = open_one(store, "s")
        play(store, row, panel(20, pick=1.0, rival=0.0, decoy=0.0))
        store.close()
        return tmp_path / "ws"

    def test_is_reported_and_judged_from_its_answers(self, workspace: Path) -> None:
        assert brandswipe("study", "report", workspace=workspace).code == 0
        assert brandswipe("study", "gate", workspace=workspace).code == 0

    def test_cannot_be_packed(self, workspace: Path, tmp_path: Path) -> None:
        said = brandswipe("release", "create", "--out", str(tmp_path / "r"), workspace=workspace)
        assert (said.code, said.out) == (2, "")
        assert "No model version is called" in said.err
        assert not (tmp_path / "r").exists()

    def test_cannot_be_opened(self, tmp_path: Path) -> None:
        (tmp_path / "new").mkdir()
        said: Said = brandswipe("study", "open", workspace=tmp_path / "new")
        assert (said.code, said.out) == (2, "")
        assert said.err.count("\n") == 1


STEPS = [step.name for step in migrations._migrations]


@pytest.mark.parametrize("stop", [*STEPS[1:], None])
def test_a_store_of_every_past_schema_is_migrated_and_whole(
    stop: str | None, tmp_path: Path
) -> None:
    """From each step on: what it held is there, and a study can be opened and played."""
    path = tmp_path / "study.db"
    db = Database(path)
    migrations.apply(db, stop_before=stop)
    known = set(db.table_names())
    db.conn.close()
    store = StudyStore(path)
    assert known <= {r["name"] for r in store.db.query("select name from sqlite_master")}
    assert find_mismatches(store) == []
    row = open_study(store, "new", StudyKind.SIMULATED, default_policy(), "m", "popularity", 1)
    play(store, row, panel(3))
    store.studies.add_override(row.hash, "hold", "pm", "why")
    assert find_mismatches(store) == []
    assert read_head(tmp_path / "chain.head") == store.db.head()
    store.close()


def test_a_study_from_before_papers_is_whole_and_goes_on(tmp_path: Path) -> None:
    """The last schema before hashes of parts: its study has none, and is checked by its own."""
    path = tmp_path / "study.db"
    store = StudyStore(path)
    row = open_one(store, "old")
    play(store, row, panel(10))
    store.close()
    with sqlite3.connect(path) as db:
        for (name,) in db.execute("select name from sqlite_master where type = 'trigger'"):
            db.execute(f"drop trigger {name}")
        db.execute("update studies set model = 'x'")
        db.execute("delete from papers")
    db.close()
    store = StudyStore(path)
    assert any(
        "policy, model, baseline or invitations differ" in said for said in find_mismatches(store)
    )
    assert study_of(store.studies.get("old")).hash != row.hash
    store.close()
