"""Reading writes nothing; closings and decisions are written once, whoever writes them."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from app.storage.study_db.records import ClosedBy, StudyRow
from app.storage.study_db.store import StudyStore, find_mismatches
from app.study.closing import close_deck, settle_studies, settle_study
from app.study.privacy import forget_person
from app.study.results import StudyStatus, study_status
from app.study.snapshot import read_snapshot
from app.web.study_sweep import StudySweep
from recsys.report.gate import Outcome
from recsys.study.deck import Origin, with_hash
from recsys.study.policy import StudyKind
from recsys.study.swipes import CompletedDeck
from tests.support.closed_decks import panel
from tests.support.games import Clock
from tests.support.report_workspace import open_one, play, posts_of
from tests.support.stored_rows import Reads, row_counts

DAY = 24 * 3_600_000
LIKED = {"pick": 0.95, "rival": 0.5, "decoy": 0.1}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[StudyStore]:
    with closing(StudyStore(clock=clock)) as opened:
        yield opened


def live(decks: list[CompletedDeck]) -> list[CompletedDeck]:
    return [replace(d, deck=replace(d.deck, origin=Origin.OWN)) for d in decks]


def answer(store: StudyStore, row: StudyRow, decks: list[CompletedDeck]) -> list[str]:
    """Deal and answer decks, and leave them open."""
    ids = []
    for played in decks:
        deck = with_hash(replace(played.deck, id=f"open-{played.deck.id}", study=row.hash))
        store.decks.add(deck, "events-1", {})
        store.swipes.add(deck.id, posts_of(played))
        ids.append(deck.id)
    return ids


def said(status: StudyStatus) -> tuple[object, ...]:
    return status.report, status.verdict, status.invited


class TestReading:
    def test_it_writes_no_row_though_a_decision_is_due(
        self, store: StudyStore, clock: Clock
    ) -> None:
        row = open_one(store, "Due")
        answer(store, row, panel(40, **LIKED))
        clock.now += DAY
        before = row_counts(store)
        status = study_status(store, row)
        assert (status.verdict.outcome, status.decision) == (Outcome.RELEASE, None)
        assert row_counts(store) == before

    @pytest.mark.parametrize("kind", [StudyKind.LIVE, StudyKind.SIMULATED])
    def test_each_table_is_read_once(self, store: StudyStore, kind: StudyKind) -> None:
        twin, row = open_one(store, "Twin", kind), open_one(store, "Study", kind, seed=2)
        decks = panel(30, **LIKED)
        for study in (twin, row):
            store.invitations.add(study.hash, [deck.deck.participant for deck in decks])
            play(store, study, live(decks) if kind is StudyKind.LIVE else decks)
        with Reads(store) as reads:
            study_status(store, row)
        assert {table: n for table, n in reads.items() if n > 1} == {}
        assert reads.keys() >= {"decks", "swipes", "scores", "closings", "invited", "decisions"}

    def test_it_sees_one_state_of_a_study_while_decks_are_closed(self, tmp_path: Path) -> None:
        """A deck whose score were read without its closing would look like an erased one."""
        path = tmp_path / "study.db"
        with closing(StudyStore(path)) as writer, closing(StudyStore(path)) as reader:
            row = open_one(writer, "Busy", StudyKind.LIVE)
            ids = answer(writer, row, live(panel(40, **LIKED)))
            thread = threading.Thread(target=lambda: [close_deck(writer, row, id) for id in ids])
            thread.start()
            seen = []
            while thread.is_alive():
                seen.append(study_status(reader, row).report.players.withdrawn)
                with reader.reading():
                    snapshot = read_snapshot(reader, row, reader.studies.all())
                assert all(isinstance(deck, CompletedDeck) for deck in snapshot.closed)
                assert len(snapshot.closed) + len(snapshot.open) == 40
            thread.join()
            assert set(seen) <= {0}
            assert study_status(reader, row).report.players.counted == 40


class TestOverdue:
    def test_a_study_says_the_same_before_and_after_its_rows_are_written(
        self, store: StudyStore, clock: Clock
    ) -> None:
        row = open_one(store, "Overdue")
        play(store, row, panel(12, **LIKED))
        for deck in panel(40, **LIKED)[12:]:
            clock.now += 1_000
            answer(store, row, [deck])
        clock.now += DAY - 4_000  # the last four are open still
        unwritten = study_status(store, row)
        assert settle_study(store, row) == 24
        written = study_status(store, row)
        assert said(written) == said(unwritten)
        assert written.decision is not None
        assert written.decision.batch == unwritten.verdict.n

    def test_they_come_before_a_deck_that_is_closed_later(
        self, store: StudyStore, clock: Clock
    ) -> None:
        row = open_one(store, "Order")
        *overdue, last = panel(6, **LIKED)
        answer(store, row, overdue)
        clock.now += DAY - 1
        (mine,) = answer(store, row, [last])
        clock.now += 1
        assert close_deck(store, row, mine).number == 6

    def test_forgetting_takes_no_score_out_that_a_report_showed(
        self, store: StudyStore, clock: Clock
    ) -> None:
        row = open_one(store, "Forgotten")
        answer(store, row, panel(40, **LIKED))
        clock.now += DAY
        before = study_status(store, row)
        assert forget_person(store, [panel(40, **LIKED)[3].deck.participant]).decks == 1
        after = study_status(store, row)
        assert [c.estimate for c in after.report.criteria] == [
            c.estimate for c in before.report.criteria
        ]
        assert after.verdict.outcome is before.verdict.outcome


class TestCommitting:
    def test_the_answer_that_closes_a_deck_writes_the_decision(self, store: StudyStore) -> None:
        row, decided = open_one(store, "Live", StudyKind.LIVE), []
        for deck in answer(store, row, live(panel(40, **LIKED))):
            close_deck(store, row, deck)
            decided.append(store.studies.decision(row.hash) is not None)
        assert True in decided
        decision = store.studies.decision(row.hash)
        assert decision is not None
        assert decided.index(True) + 1 == decision.batch
        assert store.studies.get(row.hash).why_closed == f"decided after {decision.batch} people"

    def test_a_verdict_that_nobody_committed_is_committed_by_the_next_sweep(
        self, store: StudyStore
    ) -> None:
        row = open_one(store, "Old")  # as an earlier version left it
        answer_and_close_without_deciding(store, row)
        assert settle_studies(store) == 0
        assert store.studies.decision(row.hash) is not None
        before = row_counts(store)
        settle_studies(store)
        assert row_counts(store) == before

    def test_of_two_at_once_one_writes_the_decision(self, store: StudyStore) -> None:
        row = open_one(store, "Threads")
        answer_and_close_without_deciding(store, row)
        start = threading.Barrier(4)

        def settle() -> int:
            start.wait()
            return settle_study(store, row)

        with ThreadPoolExecutor(4) as pool:
            assert [f.result() for f in [pool.submit(settle) for _ in range(4)]] == [0] * 4
        assert (
            row_counts(store)["decisions"] == row_counts(store)["study_closings"] == 2
        )  # and its twin

    def test_of_two_processes_one_writes_the_decision(self, tmp_path: Path) -> None:
        path = tmp_path / "study.db"
        with closing(StudyStore(path)) as store:
            row = open_one(store, "Processes")
            answer_and_close_without_deciding(store, row)
        script = (
            "import sys; from pathlib import Path\n"
            "from app.storage.study_db.store import StudyStore\n"
            "from app.study.closing import settle_study\n"
            "store = StudyStore(Path(sys.argv[1])); print('ready', flush=True); input()\n"
            "settle_study(store, store.studies.get('Processes'))\n"
        )
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        workers = [
            subprocess.Popen([sys.executable, "-c", script, str(path)], **pipes)  # type: ignore[call-overload]
            for _ in range(2)
        ]
        for worker in workers:
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            worker.stdin.write("\n")
            worker.stdin.close()
        assert [worker.wait(60) for worker in workers] == [0, 0]
        for worker in workers:
            worker.stdout.close()
        with closing(StudyStore(path)) as store:
            assert row_counts(store)["decisions"] == 2  # and its twin
            assert store.db.broken_links() == []

    def test_a_closing_that_fails_leaves_nothing_and_the_chain_whole(
        self, tmp_path: Path, clock: Clock
    ) -> None:
        with closing(StudyStore(tmp_path / "study.db", clock)) as store:
            row = open_one(store, "Broken")
            (deck,) = answer(store, row, panel(1, **LIKED))
            before = row_counts(store)
            with pytest.raises(RuntimeError):
                close_and_fail(store, row, deck)
            assert row_counts(store) == before
            store.participants.record_consent("somebody", "text", yes=True)
            assert store.db.broken_links() == []


def close_and_fail(store: StudyStore, row: StudyRow, deck: str) -> None:
    with store.transaction():
        close_deck(store, row, deck)
        raise RuntimeError


def answer_and_close_without_deciding(store: StudyStore, row: StudyRow) -> None:
    """Write the closings of decks that decide, and no decision."""
    other = open_one(store, f"{row.name} twin", seed=9)
    play(store, other, panel(40, **LIKED))
    scores = [one.score for one in store.decks.scores(other.hash)]
    for deck, score in zip(answer(store, row, panel(40, **LIKED)), scores, strict=True):
        store.decks.close(deck, ClosedBy.PLAYER, score)


def test_the_server_settles_the_studies_though_nobody_plays(
    store: StudyStore, clock: Clock
) -> None:
    row = open_one(store, "Swept")
    answer(store, row, panel(40, **LIKED))
    clock.now += DAY
    sweep = StudySweep(store, seconds=0.01)
    waited = threading.Event()
    for _ in range(1_000):
        if store.studies.decision(row.hash) is not None or waited.wait(0.01):
            break
    sweep.close()
    assert store.studies.decision(row.hash) is not None
    assert find_mismatches(store) == []
