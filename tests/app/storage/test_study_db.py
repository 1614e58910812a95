"""The study's store: nothing acknowledged is lost, doubled or changed unnoticed."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from app.storage.study_db.database import now_ms
from app.storage.study_db.records import (
    ClosedBy,
    IncomingSwipe,
    RejectionReason,
    StudyRow,
    study_of,
)
from app.storage.study_db.row_codec import deck_from_row, deck_to_row
from app.storage.study_db.store import StudyStore, find_mismatches
from app.workspace.policies import default_policy
from recsys.errors import (
    BadInputError,
    IllegalSwipeError,
    UnknownNameError,
    WorkspaceError,
)
from recsys.study.deck import (
    Card,
    CardRole,
    Deck,
    HistoryDepth,
    Origin,
    Source,
    with_hash,
)
from recsys.study.decoys import MatchLevel
from recsys.study.policy import StudyKind
from recsys.study.swipes import Answer, SwipeKind, current_answers

POLICY = default_policy().to_dict()
DRAFT = StudyRow("", "spring", StudyKind.LIVE, POLICY, "m", "history", 2**127, 1)
STUDY = study_of(DRAFT).hash


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = now_ms()

    def __call__(self) -> int:
        return self.now

    def hours(self, n: float) -> None:
        self.now += round(n * 3_600_000)


def a_study(**other: object) -> StudyRow:
    return replace(DRAFT, **{"hash": STUDY, **other})


def a_deck(id: str = "deck", participant: str = "p1", study: str = STUDY) -> Deck:
    picks = [
        Card(n, (
            f"Brand {n} ® "
            "<b>"
        ), "pens", frozenset({Source.PICK, Source.BASELINE}), CardRole.PICK,
             None, None, True, 3)
        for n in range(1, 8)
    ]  # fmt: skip
    decoy = Card(
        8,
        "Søren",
        "toys",
        frozenset({Source.DECOY}),
        CardRole.MATCHED_DECOY,
        1,
        MatchLevel.TIER,
        False,
        0,
    )
    deck = Deck(
        id,
        study,
        participant,
        Origin.OWN,
        HistoryDepth.ENOUGH,
        "m",
        2**128 - 1,
        (*picks, decoy),
        "",
    )
    return with_hash(deck)


def swipe(n: int, answer: Answer | None = Answer.FAVOURITE, **other: object) -> IncomingSwipe:
    kind = SwipeKind.UNDO if answer is None else SwipeKind.ANSWER
    said = IncomingSwipe(
        f"s{n}", n % 8 + 1, kind, answer, "tab", n, 700 + n, "key", "desk", 1_600_000_000_000
    )
    return replace(said, **other)


def as_the_core_says(store: StudyStore, deck: str) -> dict[int, Answer]:
    swipes = store.swipes.of_deck(deck)
    return current_answers((one.server_seq, one.position, one.answer) for one in swipes)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> StudyStore:
    store = StudyStore(clock=clock)
    store.studies.open(a_study())
    store.decks.add(a_deck(), "events-1", {"fold in": 0.8})
    return store


@pytest.fixture
def path(tmp_path: Path, clock: Clock) -> Path:
    path = tmp_path / "workspace" / "study.db"
    store = StudyStore(path, clock)
    store.studies.open(a_study())
    store.decks.add(a_deck(), "events-1", {})
    store.swipes.add("deck", [swipe(n) for n in range(5)])
    store.close()
    return path


def tampered(path: Path, *statements: str) -> list[str]:
    """Return what verify says after somebody edited the file by hand."""
    raw = sqlite3.connect(path)
    for (name,) in raw.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        raw.execute(f"drop trigger {name}")
    for statement in statements:
        raw.execute(statement)
    raw.commit()
    raw.close()
    store = StudyStore(path)
    found = find_mismatches(store)
    store.close()
    return found


def test_a_deck_comes_back_as_it_was_dealt(store: StudyStore) -> None:
    dealt = store.decks.get("deck")
    assert dealt.deck == a_deck()
    assert deck_from_row(deck_to_row(a_deck())) == a_deck()
    assert (dealt.event_store_version, dealt.timings) == ("events-1", {"fold in": 0.8})
    assert dealt.closes_at - dealt.dealt_at == 24 * 3_600_000
    assert store.decks.of_study(STUDY) == store.decks.of_participant("p1") == [dealt]


def test_a_participant_is_noted_once_with_her_first_deck(store: StudyStore, clock: Clock) -> None:
    store.decks.add(a_deck("one", "p1"), "events-1", {})
    first = clock()
    clock.now += 5_000
    store.decks.add(a_deck("two", "p1"), "events-1", {})
    noted = store.db.query("select pseudonym, first_seen from participants")
    assert noted == [{"pseudonym": "p1", "first_seen": first}]


def test_a_deck_that_is_not_here_says_reload(store: StudyStore) -> None:
    with pytest.raises(IllegalSwipeError, match="Reload"):
        store.swipes.add("elsewhere", [swipe(1)])


def test_an_acknowledged_swipe_is_stored_with_all_it_said(store: StudyStore, clock: Clock) -> None:
    receipt = store.swipes.add("deck", [swipe(0), swipe(1, None, shown_ms=None, client_at=None)])
    first, second = store.swipes.of_deck("deck")
    assert receipt.acknowledged == ("s0", "s1") == (first.id, second.id)
    assert (first.position, first.answer, first.shown_ms) == (1, Answer.FAVOURITE, 700)
    assert (first.tab, first.tab_seq, first.input, first.device_class) == ("tab", 0, "key", "desk")
    assert (second.kind, second.answer, second.shown_ms) == (SwipeKind.UNDO, None, None)
    assert [first.server_seq, second.server_seq] == [1, 2]
    assert first.received_at == clock.now


def test_a_swipe_sent_again_is_acknowledged_and_not_stored_again(store: StudyStore) -> None:
    store.swipes.add("deck", [swipe(0), swipe(1)])
    again = store.swipes.add("deck", [swipe(1, Answer.SUPER_LIKE), swipe(2), swipe(2)])
    assert again.acknowledged == ("s1", "s2")
    assert [s.id for s in store.swipes.of_deck("deck")] == ["s0", "s1", "s2"]
    assert store.swipes.of_deck("deck")[1].answer is Answer.FAVOURITE


def test_the_same_id_in_two_decks_is_two_swipes(store: StudyStore) -> None:
    store.decks.add(a_deck("other", "p2"), "events-1", {})
    store.swipes.add("deck", [swipe(0)])
    store.swipes.add("other", [swipe(0)])
    assert len(store.swipes.of_deck("deck")) == len(store.swipes.of_deck("other")) == 1


def test_an_empty_post_is_answered(store: StudyStore) -> None:
    assert store.swipes.add("deck", []).acknowledged == ()


def test_a_swipe_after_closing_is_acknowledged_and_not_counted(store: StudyStore) -> None:
    store.swipes.add("deck", [swipe(0)])
    store.decks.close("deck", ClosedBy.PLAYER, {"hit_rate": 0.8})
    receipt = store.swipes.add("deck", [swipe(0), swipe(1)])
    assert receipt.acknowledged == ("s0", "s1")
    assert (receipt.late, receipt.closed) == (("s1",), True)
    assert [s.id for s in store.swipes.of_deck("deck")] == ["s0"]
    assert [s.id for s in store.swipes.of_deck("deck", late=True)] == ["s1"]
    assert list(store.swipes.current_answers("deck")) == [1]


def test_a_deck_closes_after_its_hours_by_the_servers_clock(
    store: StudyStore, clock: Clock
) -> None:
    clock.hours(23.9)
    assert not store.swipes.add("deck", [swipe(0)]).closed
    assert store.decks.overdue(STUDY) == []
    clock.hours(0.1)
    assert store.swipes.add("deck", [swipe(1)]).late == ("s1",)
    assert [dealt.deck.id for dealt in store.decks.overdue(STUDY)] == ["deck"]
    store.decks.close("deck", ClosedBy.TIME, None, "less than two blocks")
    assert store.decks.overdue(STUDY) == []


def test_a_deck_closes_once_and_the_first_score_stands(store: StudyStore) -> None:
    first = store.decks.close("deck", ClosedBy.PLAYER, {"hit_rate": 0.8})
    again = store.decks.close("deck", ClosedBy.TIME, {"hit_rate": 0.1}, "why")
    assert again == first == store.decks.closing("deck")
    assert (first.number, first.score, first.why_not) == (1, {"hit_rate": 0.8}, None)


def test_closings_are_numbered_within_their_study(store: StudyStore) -> None:
    store.studies.open(a_study(hash="6" * 64, name="autumn"))
    for id, study in (("b", STUDY), ("c", "6" * 64)):
        store.decks.add(a_deck(id, id, study), "events-1", {})
    for id in ("b", "c", "deck"):
        store.decks.close(id, ClosedBy.PLAYER, None)
    assert [(c.deck, c.number) for c in store.decks.closings(STUDY)] == [("b", 1), ("deck", 2)]
    assert [(c.deck, c.number) for c in store.decks.closings("6" * 64)] == [("c", 1)]


def test_what_stands_of_a_study_is_what_stands_of_each_deck(store: StudyStore) -> None:
    store.decks.add(a_deck("other", "p2"), "events-1", {})
    answers = [Answer.FAVOURITE, Answer.DONT_KNOW, None, Answer.SUPER_LIKE, Answer.NOT_FAVOURITE]
    for n in range(40):
        deck = ("deck", "other")[n % 2]
        store.swipes.add(deck, [swipe(n, answers[n % 5], position=n * 7 % 8 + 1)])
    current = store.swipes.current("deck", "other")
    for deck in ("deck", "other"):
        assert current[deck].answers == as_the_core_says(store, deck)
    longest = max(s.shown_ms or 0 for s in store.swipes.of_deck("deck") if s.position == 1)
    assert current["deck"].shown_ms[1] == longest


def test_a_study_is_found_by_hash_name_and_start(store: StudyStore, clock: Clock) -> None:
    study = store.studies.get("spring")
    assert study == a_study(opened_at=clock.now)
    assert store.studies.get(STUDY) == store.studies.get(STUDY[:6]) == study
    with pytest.raises(UnknownNameError, match="Did you mean 'spring'"):
        store.studies.get("sprong")
    with pytest.raises(UnknownNameError):
        store.studies.get(STUDY[:3])


def test_a_study_cannot_be_opened_twice(store: StudyStore) -> None:
    with pytest.raises(BadInputError, match="choose another name"):
        store.studies.open(a_study(hash="6" * 64))
    assert len(store.studies.all()) == 1


def test_the_first_decision_and_the_first_closing_of_a_study_stand(store: StudyStore) -> None:
    assert store.studies.decision(STUDY) is None
    first = store.studies.record_decision(STUDY, 4, "release", {"n": 20})
    assert (
        store.studies.record_decision(STUDY, 5, "hold", {"n": 25})
        == first
        == store.studies.decision(STUDY)
    )
    store.studies.close(STUDY, "decided")
    store.studies.close(STUDY, "again")
    assert store.studies.get(STUDY).why_closed == "decided"


def test_the_latest_consent_holds(store: StudyStore) -> None:
    assert store.participants.consent_of("p1") is None
    store.participants.record_consent("p1", "1", True)
    store.participants.record_consent("p1", "2", False)
    consent = store.participants.consent_of("p1")
    assert consent is not None
    assert (consent.text_version, consent.yes) == ("2", False)


def test_eight_threads_lose_no_swipe_and_double_none(path: Path) -> None:
    store = StudyStore(path)
    acknowledged: list[str] = []

    def play(thread: int) -> None:
        for n in range(25):
            # every swipe is sent twice, as a browser that missed the answer does
            sent = [swipe(0, id=f"{thread}-{n}"), swipe(0, id=f"both-{n}")]
            acknowledged.extend(store.swipes.add("deck", sent).acknowledged)
            store.swipes.add("deck", sent)

    threads = [threading.Thread(target=play, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = [s.id for s in store.swipes.of_deck("deck")]
    assert sorted(stored) == sorted({*acknowledged, *(f"s{n}" for n in range(5))})
    assert [s.server_seq for s in store.swipes.of_deck("deck")] == list(range(1, len(stored) + 1))
    assert find_mismatches(store) == []
    store.close()


def test_two_processes_write_one_chain(path: Path) -> None:
    stores = [StudyStore(path), StudyStore(path)]
    for n in range(10):
        stores[n % 2].swipes.add("deck", [swipe(0, id=f"n{n}")])
    for store in stores:
        assert find_mismatches(store) == []
        store.close()


WRITER = """
import sys
from pathlib import Path
from app.storage.study_db.records import IncomingSwipe
from app.storage.study_db.store import StudyStore, find_mismatches
from recsys.study.swipes import Answer, SwipeKind
store = StudyStore(Path(sys.argv[1]))
for n in range(100_000):
    answer = (SwipeKind.ANSWER, Answer.FAVOURITE)
    sent = [IncomingSwipe(f"k{n}", 1, *answer, "t", n, 1, "key", "desk", 1)]
    print(store.swipes.add("deck", sent).acknowledged[0], flush=True)
"""


def test_sigkill_loses_nothing_that_was_acknowledged(path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    heard = [writer.stdout.readline().strip() for _ in range(60)]
    os.kill(writer.pid, signal.SIGKILL)
    heard += [line.strip() for line in writer.stdout if line.endswith("\n")]
    writer.stdout.close()
    assert writer.wait() == -signal.SIGKILL
    store = StudyStore(path)
    stored = [s.id for s in store.swipes.of_deck("deck")]
    assert set(heard) <= set(stored)
    assert len(stored) == len(set(stored))
    assert find_mismatches(store) == []
    store.close()


def test_a_store_that_nobody_touched_verifies(path: Path) -> None:
    assert tampered(path) == []


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("update swipes set answer = 'super_like' where server_seq = 3",
         "row 6 (swipes) was changed"),
        ("update swipes set late = 1 where server_seq = 1", "row 4 (swipes) was changed"),
        ("update chain set commitment = 'f' || substr(commitment, 2) || 'f' where seq = 2",
         "row 2 (papers) was changed"),
        ("delete from swipes where server_seq = 5",
         "1 rows are gone, but withdrawals account for 0"),
        ("delete from chain where seq = 4", "links 4 to 4 are gone"),
        ("delete from chain where seq >= 6", "the end of the chain does not agree with chain.head"),
        ("update decks set cards = replace(cards, 'toys', 'pens')", "deck deck differs"),
        ("update decks set cards = 'x'", "deck deck cannot be read"),
        ("delete from decks", "deck deck is gone, its swipes are there"),
        ("update studies set policy = '{\"bar\":0.5}'",
         "study spring: policy differs"),
        ("update studies set model = 'x', baseline = 'y'",
         "study spring: model and baseline differ"),
        ("update studies set kind = 'x'", "study spring cannot be read"),
        ("insert into swipes select 99, salt, 'new', deck, position, kind, answer, tab, tab_seq, "
         "99, shown_ms, input, device_class, client_at, received_at, late from swipes limit 1",
         "row 99 (swipes) was inserted later"),
    ],
)  # fmt: skip
def test_verify_names_what_somebody_edited(path: Path, statement: str, named: str) -> None:
    assert named in tampered(path, statement)


def test_a_chain_cut_off_with_its_rows_is_noticed_for_ever(path: Path) -> None:
    cut = ("delete from swipes where seq > 5", "delete from chain where seq > 5")
    assert tampered(path, *cut) == ["the end of the chain does not agree with chain.head"]
    store = StudyStore(path)
    store.swipes.add("deck", [swipe(n, id=f"regrown {n}") for n in range(9)])
    store.close()
    assert tampered(path) == ["the end of the chain does not agree with chain.head"]


def test_a_head_file_that_is_gone_is_noticed(path: Path) -> None:
    path.with_name("chain.head").unlink()
    assert tampered(path) == ["chain.head is missing or unreadable"]


@pytest.mark.parametrize("table", ["swipes", "decks", "studies", "chain"])
def test_a_written_row_is_never_changed(path: Path, table: str) -> None:
    raw = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        raw.execute(f"update {table} set seq = seq")
    raw.close()


def test_forgetting_erases_every_byte_and_keeps_score_and_links(path: Path, clock: Clock) -> None:
    store = StudyStore(path, clock)
    store.decks.add(a_deck("hers", "canary-person"), "events-1", {})
    store.participants.record_consent("canary-person", "1", True)
    store.swipes.add("hers", [swipe(n, id=f"canary-{n}") for n in range(3)])
    store.swipes.add_rejection("hers", 1, RejectionReason.GIFT)
    store.decks.close("hers", ClosedBy.PLAYER, {"hit_rate": 1.0})
    assert store.participants.forget("canary-person").swipes == 3
    (left,) = store.decks.closings(STUDY)
    assert (left.score, left.number, left.deck, left.closed_at) == (
        {"hit_rate": 1.0},
        1,
        None,
        None,
    )
    assert store.participants.withdrawn_decks(STUDY) == 1
    assert store.participants.consent_of("canary-person") is None
    assert find_mismatches(store) == []
    with pytest.raises(IllegalSwipeError):
        store.swipes.add("hers", [swipe(9)])
    files = [file.read_bytes() for file in path.parent.rglob("*") if file.is_file()]
    assert not any(b"canary" in data for data in files)
    store.close()


def test_forgetting_a_stranger_changes_nothing(path: Path) -> None:
    store = StudyStore(path)
    forgotten = store.participants.forget("nobody")
    assert (forgotten.decks, forgotten.swipes) == (0, 0)
    assert find_mismatches(store) == []
    store.close()


def test_a_newer_workspace_is_refused_and_left_alone(path: Path) -> None:
    raw = Database(path)
    raw.table("_sqlite_migrations").insert(
        {"migration_set": "brandswipe", "name": "from_the_future", "applied_at": "2099"}
    )
    raw.close()
    before = path.read_bytes()
    with pytest.raises(WorkspaceError, match="newer brandswipe"):
        StudyStore(path)
    assert path.read_bytes() == before


def test_a_full_disk_is_said_and_what_was_stored_is_intact(path: Path) -> None:
    store = StudyStore(path)
    pages = store.db.query("pragma page_count")[0]["page_count"]
    store.db.query(f"pragma max_page_count = {pages}")
    with pytest.raises(WorkspaceError, match=r"disk of .* is full"):
        store.swipes.add("deck", [swipe(0, id=f"{n:064}") for n in range(2000)])
    assert [s.id for s in store.swipes.of_deck("deck")] == [f"s{n}" for n in range(5)]
    assert find_mismatches(store) == []
    store.db.query("pragma max_page_count = 100000")
    assert store.swipes.add("deck", [swipe(0, id="after")]).acknowledged == ("after",)
    store.close()


def test_a_failure_in_the_middle_of_a_post_stores_nothing_of_it(
    store: StudyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = store.db.insert

    def failing(table: str, *rest: object) -> None:
        if table == "swipes":
            raise KeyboardInterrupt
        whole(table, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(store.db, "insert", failing)
    with pytest.raises(KeyboardInterrupt):
        store.swipes.add("deck", [swipe(0)])
    monkeypatch.undo()
    assert store.swipes.of_deck("deck") == []
    assert find_mismatches(store) == []


def test_a_busy_file_is_said_in_words(path: Path) -> None:
    store = StudyStore(path)
    store.db.query("pragma busy_timeout = 50")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(WorkspaceError, match="Another process"):
        store.participants.record_consent("p9", "1", True)
    other.execute("rollback")
    other.close()
    store.participants.record_consent("p9", "1", True)
    store.close()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(b"this was never a database" * 99), "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:6000]), "damaged|refused"),
    ],
)
def test_a_damaged_file_is_said_in_words(
    path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(path)
    with pytest.raises(WorkspaceError, match=said):
        StudyStore(path).studies()


def test_a_place_that_cannot_hold_a_workspace_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="choose another folder"):
        StudyStore(tmp_path / "file" / "study.db")


def test_the_store_is_readable_by_its_owner_alone(path: Path) -> None:
    for name in ("study.db", "chain.head"):
        assert path.with_name(name).stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_the_log_keeps_what_happened(store: StudyStore, clock: Clock) -> None:
    store.log_event("swipes refused", n=3)
    (row,) = store.db.query("select at, what, detail from events_log")
    assert (row["at"], row["what"], json.loads(row["detail"])) == (
        clock.now, "swipes refused", {"n": 3},
    )  # fmt: skip


@given(said=st.lists(st.tuples(st.integers(1, 8), st.sampled_from([None, *Answer])), max_size=30))
def test_what_stands_of_a_deck_is_read_as_the_core_finds_it(
    said: list[tuple[int, Answer | None]],
) -> None:
    store = StudyStore(clock=Clock())
    store.studies.open(a_study())
    store.decks.add(a_deck(), "events-1", {})
    sent = [swipe(n, answer, position=place) for n, (place, answer) in enumerate(said)]
    store.swipes.add("deck", sent)
    assert store.swipes.current_answers("deck") == as_the_core_says(store, "deck")
    assert store.swipes.ids("deck") == {one.id for one in sent}
    store.decks.close("deck", ClosedBy.PLAYER, None)
    store.swipes.add("deck", [swipe(99, Answer.DONT_KNOW)])
    assert store.swipes.current_answers("deck") == as_the_core_says(store, "deck")
    assert store.swipes.ids("deck") == {one.id for one in sent} | {"s99"}


def test_an_outline_says_of_a_deck_what_the_deck_says(store: StudyStore) -> None:
    whole = store.decks.get("deck")
    found = store.decks.outline("deck")
    assert (found.id, found.participant) == (whole.deck.id, whole.deck.participant)
    assert (found.cards, found.dealt_at) == (len(whole.deck.cards), whole.dealt_at)
    with pytest.raises(IllegalSwipeError, match="Reload the page"):
        store.decks.outline("another")


def test_a_store_that_others_hold_is_not_writable(path: Path) -> None:
    store, other = StudyStore(path), sqlite3.connect(path, isolation_level=None)
    store.db.check_writable()
    store.db._db.execute("pragma busy_timeout = 50")
    other.execute("begin immediate")
    with pytest.raises(WorkspaceError, match="Another process"):
        store.db.check_writable()
    other.close()
    store.db.check_writable()
    store.close()
