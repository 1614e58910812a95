"""A clock that jumps a day back or on between any two steps: order, closing and lateness hold."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.storage.study_db.records import ClosedBy, StudyRow
from app.storage.study_db.store import StudyStore, find_mismatches
from tests.app.storage.test_study_db import a_deck, swipe
from tests.support.closed_decks import POLICY
from tests.support.closed_decks import STUDY as PLAYED

DAY = 24 * 3_600_000  # milliseconds
NOON = 1_760_000_000_000
STUDY = PLAYED.hash


class Wild:
    """A clock that shows what it is set to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Wild:
    return Wild()


@pytest.fixture
def store(tmp_path: Path, clock: Wild) -> Iterator[StudyStore]:
    """A store with a study, on the wild clock; its decks are open for a day."""
    made = StudyStore(tmp_path / "study.db", clock)
    made.studies.open(
        StudyRow(STUDY, "test", PLAYED.kind, POLICY.to_dict(), PLAYED.model, PLAYED.baseline, 7, 1)
    )
    yield made
    made.close()


def dealt(store: StudyStore, id: str = "deck") -> None:
    store.decks.add(a_deck(id, study=STUDY), "events-1", {})


@pytest.mark.parametrize("jump", [-DAY, DAY - 1, -365 * DAY])
def test_rows_keep_the_order_in_which_they_came_whatever_their_times(
    store: StudyStore, clock: Wild, jump: int
) -> None:
    dealt(store)
    store.swipes.add("deck", [swipe(0)])
    clock.now += jump
    store.swipes.add("deck", [swipe(8)])  # the same card again: the later row stands
    clock.now = NOON
    store.swipes.add("deck", [swipe(16), swipe(1)])
    said = store.swipes.of_deck("deck")
    assert [one.id for one in said] == ["s0", "s8", "s16", "s1"]
    assert [one.server_seq for one in said] == [1, 2, 3, 4]
    assert find_mismatches(store) == []


def test_a_clock_that_falls_a_day_back_makes_nobody_late(store: StudyStore, clock: Wild) -> None:
    dealt(store)
    clock.now -= DAY
    receipt = store.swipes.add("deck", [swipe(0)])
    assert (receipt.late, receipt.closed) == ((), False)
    assert store.decks.overdue(STUDY) == []
    first = store.decks.close("deck", ClosedBy.PLAYER, {"hit_rate": 1.0})
    assert first.closed_at < NOON
    assert store.swipes.add("deck", [swipe(1)]).late == ("s1",)  # closed is closed by its row


def test_a_clock_that_leaps_a_day_on_keeps_what_comes_as_late_and_loses_none(
    store: StudyStore, clock: Wild
) -> None:
    dealt(store)
    store.swipes.add("deck", [swipe(0)])
    clock.now += DAY
    assert store.swipes.add("deck", [swipe(1)]).acknowledged == ("s1",)
    assert [one.id for one in store.swipes.of_deck("deck", late=True)] == ["s1"]
    assert [one.deck.id for one in store.decks.overdue(STUDY)] == ["deck"]
    clock.now = NOON  # mended before anybody closed the deck: it is open again, the late row late
    assert store.decks.overdue(STUDY) == []
    assert store.swipes.add("deck", [swipe(2)]).late == ()
    assert [one.id for one in store.swipes.of_deck("deck")] == ["s0", "s2"]


def test_a_deck_that_a_leap_closed_stays_closed_with_its_first_score(
    store: StudyStore, clock: Wild
) -> None:
    dealt(store)
    clock.now += DAY
    first = store.decks.close("deck", ClosedBy.TIME, None, "less than two blocks")
    clock.now -= 2 * DAY
    again = store.decks.close("deck", ClosedBy.PLAYER, {"hit_rate": 1.0})
    assert again == first
    assert store.swipes.add("deck", [swipe(0)]).late == ("s0",)


def test_a_hundred_wild_days_leave_order_closings_and_links_as_they_were_made(
    store: StudyStore, clock: Wild
) -> None:
    rng, told = random.Random(5), dict[str, list[str]]()
    for number in range(100):
        deck = f"deck{number}"
        clock.now = NOON + rng.choice((-DAY, 0, DAY))
        dealt(store, deck)
        told[deck] = []
        for n in range(4):
            clock.now += rng.choice((-DAY, 0, DAY))
            told[deck] += store.swipes.add(deck, [swipe(n)]).acknowledged
        clock.now += rng.choice((-DAY, 0, DAY))
        store.decks.close(deck, ClosedBy.PLAYER, {"hit_rate": 1.0})
    for deck, ids in told.items():
        kept = store.swipes.of_deck(deck) + store.swipes.of_deck(deck, late=True)
        assert [one.id for one in sorted(kept, key=lambda one: one.server_seq)] == ids
        assert sorted(one.server_seq for one in kept) == [1, 2, 3, 4]
    assert [closing.number for closing in store.decks.closings(STUDY)] == list(range(1, 101))
    assert [closing.deck for closing in store.decks.closings(STUDY)] == list(told)
    assert find_mismatches(store) == []
