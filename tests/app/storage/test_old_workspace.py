"""A workspace that was made before the names moved is read as it was written.

tests/support/old_workspace/make.py made it at commit ffbca3e. Every hash is computed anew from the
values that today's code reads, so that a renamed field cannot change what is stored unnoticed.
"""

import json
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.auth.deck_tokens import DeckTokens
from app.auth.guest_cookie import guest_from_cookies
from app.auth.identity import guest_person
from app.auth.rate_limits import SwipeRateLimits
from app.modeling.batch_export import ExportSpec, export_lists
from app.modeling.comparison import version_parameters
from app.modeling.recommender import load_recommender
from app.operations.archive import read_archive as read_archive
from app.operations.backup import restore
from app.operations.jobs import Jobs
from app.reports.ci_formats import gate_data
from app.reports.exports import report_data
from app.reports.release import check_release
from app.storage.model_registry import ModelRegistry, folder_hash
from app.storage.study_db.account_links import AccountLinks
from app.storage.study_db.database import migration_names
from app.storage.study_db.migrations import account_migrations
from app.storage.study_db.records import study_of
from app.storage.study_db.row_codec import canonical_json, deck_from_row, deck_to_row
from app.storage.study_db.store import StudyStore, find_mismatches
from app.study.results import study_status
from app.web.swipe_route import SwipeClient, receive_swipes
from app.workspace.keys import SecretKeys, read_keys
from app.workspace.planted_shop import planted_personas, planted_truth
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.models.hybrid import HybridModel
from recsys.models.precomputed import PrecomputedModel
from recsys.study.deck import deck_hash
from recsys.study.policy import Policy, Study
from tests.app.storage.test_migrations import shape
from tests.support.paths import ROOT

HERE = ROOT / "tests" / "support" / "old_workspace"
EXPECTED: dict[str, Any] = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
STUDIES: list[str] = sorted(EXPECTED["studies"])
MODELS: list[str] = sorted(EXPECTED["models"])


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A copy of the old workspace, to write in."""
    with tarfile.open(HERE / "workspace.tar.xz") as tar:
        tar.extractall(tmp_path / "old", filter="data")
    return tmp_path / "old"


@pytest.fixture
def store(old: Path) -> Iterator[StudyStore]:
    """Its studies, at the moment when what is expected was noted."""
    opened = StudyStore(old / "study.db", clock=lambda: int(EXPECTED["now"]))
    yield opened
    opened.close()


@pytest.fixture
def house(old: Path) -> Iterator[Workspace]:
    """The whole of it."""
    opened = Workspace(Settings(workspace=old))
    yield opened
    opened.close()


def keys() -> SecretKeys:
    """The keys that it was made with."""
    return read_keys(Path("no folder"), EXPECTED["environ"])


def silent(_stage: str, _fraction: float) -> None:
    """Nobody watches."""


def plain(value: object) -> Any:
    """A value as JSON gives it back."""
    return json.loads(json.dumps(value))


def test_the_fixture_is_small_and_holds_no_key() -> None:
    assert (HERE / "workspace.tar.xz").stat().st_size <= 200_000
    with tarfile.open(HERE / "workspace.tar.xz") as tar:
        assert not [name for name in tar.getnames() if "secrets" in name]


def test_everything_in_the_old_store_is_what_was_written(store: StudyStore) -> None:
    head = store.db.head()
    assert {"seq": head.seq, "commitment": head.commitment} == EXPECTED["head"]
    assert store.db.broken_links() == []
    assert find_mismatches(store) == []
    store.db.check_pages(thorough=True)


def test_the_migrations_keep_the_names_that_stand_in_old_stores() -> None:
    before: list[str] = EXPECTED["migrations"]
    assert migration_names()[: len(before)] == before
    before = EXPECTED["account_migrations"]
    assert migration_names(account_migrations)[: len(before)] == before


@pytest.mark.parametrize(
    ("file", "kind"), [("study.db", StudyStore), ("accounts.db", AccountLinks)]
)
def test_a_store_made_today_has_the_tables_of_an_old_one_and_perhaps_more(
    old: Path, tmp_path: Path, file: str, kind: type[StudyStore] | type[AccountLinks]
) -> None:
    before = shape(old / file)
    kind(tmp_path / file).close()
    today = shape(tmp_path / file)
    assert {name: today.get(name) for name in before} == before


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_and_its_policy_have_the_hashes_of_before(store: StudyStore, name: str) -> None:
    said, row = EXPECTED["studies"][name], store.studies.get(name)
    study = study_of(row)
    assert row.hash == study.hash == said["hash"]
    assert study.policy.hash == said["policy_hash"]
    assert plain(study.policy.to_dict()) == said["policy"]
    assert Policy.from_dict(said["policy"]).hash == said["policy_hash"]
    assert Study.from_dict(study.to_dict()) == study
    assert (row.kind.value, row.plays_from, row.plays_until) == (
        said["kind"], said["plays_from"], said["plays_until"],
    )  # fmt: skip
    assert store.invitations.list_hash(row.hash) == said["invitations"]


@pytest.mark.parametrize("name", STUDIES)
def test_the_gate_and_the_report_of_an_old_study_are_what_they_were(
    store: StudyStore, name: str
) -> None:
    said = EXPECTED["studies"][name]
    judged = study_status(store, store.studies.get(name))
    assert plain(gate_data(judged)) == said["gate"]
    later = {"not_computed": []}  # what the published form says since
    assert plain(report_data(judged)) == said["report"] | later


@pytest.mark.parametrize("name", STUDIES)
def test_the_scores_of_an_old_study_are_read_back(store: StudyStore, name: str) -> None:
    said = EXPECTED["studies"][name]
    found = store.decks.closings(said["hash"])
    assert [[c.number, c.why_not, c.score] for c in found] == said["scores"]


def test_every_old_deck_has_its_hash_and_is_written_as_it_was(store: StudyStore) -> None:
    stored = {row["id"]: row for row in store.db.query("select * from decks")}
    assert stored.keys() == EXPECTED["decks"].keys()
    for id, said in EXPECTED["decks"].items():
        deck = store.decks.get(id).deck
        assert deck_hash(deck) == deck.hash == said["hash"]
        assert (deck.origin.value, deck.participant) == (said["origin"], said["participant"])
        assert [swipe.id for swipe in store.swipes.of_deck(id, late=True)] == said["late"]
        again = deck_to_row(deck)
        assert again == {name: stored[id][name] for name in again}
        assert deck_from_row(again) == deck


def test_an_old_deck_is_read_back_card_by_card(store: StudyStore) -> None:
    whole = {id: said for id, said in EXPECTED["decks"].items() if "cards" in said}
    assert len(whole) == len(STUDIES)
    for id, said in whole.items():
        dealt = store.decks.get(id)
        cards = json.loads(deck_to_row(dealt.deck)["cards"])
        assert cards == said["cards"]
        assert [card.brand for card in dealt.deck.cards] == [card["brand"] for card in cards]
        answers = {
            str(place): answer.value for place, answer in store.swipes.current_answers(id).items()
        }
        refusals = {str(place): why.value for place, why in store.swipes.rejections(id).items()}
        assert (answers, refusals) == (said["answers"], said["refusals"])
        assert dealt.event_store_version == said["event_store_version"]
        assert (dealt.closes_at, dealt.language) == (said["closes_at"], said["language"])


@pytest.mark.parametrize("version", MODELS)
def test_an_old_model_has_its_hash_and_is_restored_whole(old: Path, version: str) -> None:
    registry, said = ModelRegistry(old / "models"), EXPECTED["models"][version]
    assert folder_hash(old / "models" / version) == said["files"] == version
    arrays, meta = registry.load(version)
    model: HybridModel | PrecomputedModel
    if meta.get("kind") == "lists":
        model = PrecomputedModel.restore(arrays, meta)
    else:
        model = HybridModel.restore(arrays, meta)
    assert plain(model.meta()) == meta
    again = model.arrays()
    assert again.keys() == arrays.keys()
    for name, array in arrays.items():
        assert again[name].dtype == array.dtype, name
        np.testing.assert_array_equal(again[name], array)
    assert version_parameters(registry.version(version)) == said["parameters"]
    assert registry.version(version).made_at == said["made_at"]


@pytest.mark.parametrize("version", MODELS)
def test_an_old_model_ranks_as_it_did(house: Workspace, version: str) -> None:
    brain = load_recommender(house, version)
    for customer, brands in EXPECTED["models"][version]["ranks"].items():
        ranked = brain.rank(brain.evidence_of(customer), len(brands))
        assert [score.brand for score in ranked] == brands


def test_aliases_tags_and_notes_of_old_versions_still_name_them(old: Path) -> None:
    registry = ModelRegistry(old / "models")
    assert registry.aliases() == EXPECTED["aliases"]
    first = EXPECTED["aliases"]["champion"]
    assert registry.annotations.tags(first) == ["spring"]
    assert [note.text for note in registry.annotations.notes(first)] == [
        "The first one, from a test."
    ]
    assert registry.annotations.tags(EXPECTED["lists"]) == ["theirs"]


def test_the_old_events_have_their_version_and_the_planted_truth_is_there(house: Workspace) -> None:
    assert house.event_store.version == EXPECTED["event_store"]
    tastes, brands = planted_truth(house.folder)
    assert len(tastes) >= house.event_store.customers
    assert len(brands) >= len(house.event_store.catalog.brands) - 1
    names = [persona.name for persona in planted_personas(house.folder)]
    assert names == ["Noor", "Daan", "Samira", "Henk"]


def test_jobs_that_ended_are_read_and_one_without_an_end_is_interrupted(
    old: Path, store: StudyStore
) -> None:
    jobs = Jobs(Settings(workspace=old), store)
    found = {job.id: job for job in jobs.jobs()}
    assert found.keys() == EXPECTED["jobs"].keys()
    for id, said in EXPECTED["jobs"].items():
        job = found[id]
        assert job.kind == said["kind"]
        assert job.state.value == said["outcome"] or (
            said["outcome"] is None and job.state.value == "interrupted"
        )
        result = jobs.result(id)
        assert sha256(canonical_json(result).encode()).hexdigest() == said["result"]
    unfinished = found["feedfacefeedface"]
    assert (unfinished.stage, unfinished.fraction) == ("learning the brands", 0.5)
    assert unfinished.notes == {"iteration": 1, "loss": 0.5}
    assert {job.kind for job in found.values()} == {"fit", "evaluate", "compare", "power"}


def test_an_old_deck_token_is_read_and_what_an_old_tab_holds_is_stored(store: StudyStore) -> None:
    said = EXPECTED["pass"]
    tokens = DeckTokens(keys(), clock=lambda: EXPECTED["now"] / 1000)
    claim = tokens.read(said["token"], said["binding"])
    assert (claim.participant, claim.deck) == (said["participant"], said["deck"])
    assert claim.binding_digest == said["bound"]
    body = json.dumps(said["body"]).encode()
    status, reply = receive_swipes(
        store, tokens, SwipeRateLimits(), body, SwipeClient("127.0.0.1", said["binding"])
    )
    assert (status, reply) == (
        200,
        {
            "schema": 1,
            "deck": said["deck"],
            "acknowledged": ["unsent-1", "unsent-2"],
            "late": [],
            "closed": False,
            "standing": {"1": "favourite", "2": "favourite"},
            "refused": [],
        },
    )
    assert store.db.broken_links() == []


def test_an_old_guest_is_known_by_the_cookie(store: StudyStore) -> None:
    said = EXPECTED["guest"]
    name = guest_from_cookies(said["cookie"])
    assert name is not None
    assert guest_person(keys(), name).participant == said["participant"]
    assert [dealt.deck.id for dealt in store.decks.of_participant(said["participant"])] == [
        said["deck"]
    ]


def test_old_links_of_employees_and_customers_are_read(old: Path) -> None:
    accounts = AccountLinks(old / "accounts.db")
    found = {badge: accounts.customer_of([badge]) for badge in EXPECTED["accounts"]}
    accounts.close()
    assert found == EXPECTED["accounts"]


def test_an_old_release_is_still_what_was_certified(old: Path) -> None:
    assert check_release(old / "release") == EXPECTED["certificate"]


def test_carousels_of_before_are_gone_on_with(house: Workspace) -> None:
    out = house.folder / "carousels"
    said = json.loads((out / "carousels.json").read_text(encoding="utf-8"))
    assert said == EXPECTED["carousels"]
    fields = ("model", "policy", "n", "products", "arms", "seed", "part", "evidence")
    assert said.keys() == {*fields, "events", "customers"}
    order = ExportSpec(*(said[name] for name in fields))
    assert export_lists(house, order, out, 1, silent) == said["customers"]


def test_an_old_backup_is_restored_and_verified(old: Path, tmp_path: Path) -> None:
    said = EXPECTED["backup"]
    contents = read_archive(old / "backup.tar")
    assert (contents.made_at, contents.version, contents.keys, contents.files, contents.schema) == (
        said["made_at"], said["version"], said["keys"], said["files"], said["schema"],
    )  # fmt: skip
    new = tmp_path / "new"
    new.mkdir()
    restored = restore(new, old / "backup.tar", keys(), EXPECTED["now"])
    assert restored.same_keys
    assert restored.mismatches == ()
    opened = StudyStore(new / "study.db")
    head = opened.db.head()
    opened.close()
    assert {"seq": head.seq, "commitment": head.commitment} == EXPECTED["head"]
