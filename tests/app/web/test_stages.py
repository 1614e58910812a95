"""What comes next on the play page, without Streamlit and without a database."""

import pytest

from app.study.dealing import Player
from app.study.eligibility import Eligibility, Ineligible
from app.web.views.play.stages import (
    Stage,
    Step,
    after_deal,
    after_reveal,
    next_step,
    reads_history,
    shows_dealt_deck,
)
from recsys.study.deck import Origin

KNOWN = Player("p", Origin.OWN, customer="c")
GUEST = Player("p", Origin.ELICITED)
COUNTS = Eligibility(KNOWN)
CLOSED = Eligibility(Player("p", Origin.PRACTICE, customer="c"), Ineligible.CLOSED)
PLAYED = Eligibility(Player("p", Origin.PRACTICE, customer="c"), Ineligible.PLAYED)
PICKING = (Stage.PICKS, Stage.PICKS_AGAIN)


@pytest.mark.parametrize("stage", Stage)
def test_a_no_to_reading_is_respected_until_it_is_reconsidered(stage: Stage) -> None:
    asks_again = stage in (Stage.RECONSIDER, Stage.PRACTICE)
    assert reads_history(stage, consent=False) is asks_again
    for consent in (True, None):
        assert reads_history(stage, consent) is (stage not in PICKING)


def test_nothing_is_dealt_before_a_yes() -> None:
    for stage in Stage:
        for eligibility in (COUNTS, CLOSED, PLAYED):
            for consent in (False, None):
                assert next_step(stage, eligibility, consent) is not Step.DEAL


@pytest.mark.parametrize(
    ("stage", "eligibility", "step"),
    [
        (Stage.ARRIVED, COUNTS, Step.ASK_CONSENT),
        (Stage.ARRIVED, Eligibility(GUEST), Step.PICK_BRANDS),
        (Stage.ARRIVED, CLOSED, Step.TELL_PRACTICE),
        (Stage.ARRIVED, PLAYED, Step.ASK_CONSENT),
        (Stage.RECONSIDER, CLOSED, Step.TELL_PRACTICE),
        (Stage.RECONSIDER, COUNTS, Step.ASK_CONSENT),
        (Stage.PRACTICE, CLOSED, Step.ASK_CONSENT),
        (Stage.PICKS, Eligibility(GUEST), Step.PICK_BRANDS),
        (Stage.THIN, COUNTS, Step.TELL_THIN),
        (Stage.THIN, CLOSED, Step.TELL_THIN),
    ],
)
def test_each_stage_has_its_next_step(stage: Stage, eligibility: Eligibility, step: Step) -> None:
    for consent in (True, None):
        assert next_step(stage, eligibility, consent) is step


def test_another_deck_needs_neither_the_same_yes_nor_the_same_notice() -> None:
    for eligibility in (COUNTS, PLAYED, CLOSED):
        assert next_step(Stage.AGAIN, eligibility, consent=True) is Step.DEAL
        assert next_step(Stage.AGAIN, eligibility, consent=None) is Step.ASK_CONSENT


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.THIN])
def test_another_deck_is_begun_once_and_comes_from_where_the_last_one_came(stage: Stage) -> None:
    again = after_reveal(stage)
    assert not shows_dealt_deck(again)
    assert reads_history(again, consent=True) is reads_history(stage, consent=True)
    dealt = after_deal(again)
    assert shows_dealt_deck(dealt)
    assert reads_history(dealt, consent=True) is reads_history(stage, consent=True)


def test_what_was_asked_for_is_done_once_cards_are_dealt() -> None:
    assert after_deal(Stage.RECONSIDER) is Stage.ARRIVED
    assert after_deal(Stage.PRACTICE) is Stage.PRACTICE  # a deal may fail: it is not told again
