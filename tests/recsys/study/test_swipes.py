"""What stands on a card, and what a deck does not allow."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import IllegalSwipeError
from recsys.study.swipes import Answer, Swipe, SwipeKind, check_swipe, current_answers
from tests.recsys.study.test_deck import A_DECK

ONE = Swipe(
    id="a",
    deck="d1",
    position=3,
    kind=SwipeKind.ANSWER,
    answer=Answer.FAVOURITE,
    tab="t",
    tab_seq=1,
    server_seq=1,
    shown_ms=900,
    input="key",
    device_class="desk",
    client_at=None,
    received_at=0,
)


def test_the_last_answer_stands_and_an_undo_takes_it_back() -> None:
    log = [
        (1, 3, Answer.FAVOURITE),
        (2, 3, Answer.SUPER_LIKE),
        (3, 4, Answer.FAVOURITE),
        (4, 4, None),
    ]
    assert current_answers(log) == {3: Answer.SUPER_LIKE}
    assert current_answers(reversed(log)) == {3: Answer.SUPER_LIKE}


@given(st.permutations(range(6)))
def test_the_order_of_reading_does_not_matter(order: list[int]) -> None:
    log = [(i, 1 + i % 2, list(Answer)[i % 4]) for i in range(6)]
    assert current_answers(log[i] for i in order) == current_answers(log)


def test_only_favourite_and_super_like_are_liked() -> None:
    assert [answer for answer in Answer if answer.liked] == [Answer.FAVOURITE, Answer.SUPER_LIKE]


def test_a_legal_swipe_passes() -> None:
    check_swipe(ONE, A_DECK.id, len(A_DECK.cards))
    check_swipe(
        dataclasses.replace(ONE, kind=SwipeKind.UNDO, answer=None), A_DECK.id, len(A_DECK.cards)
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"deck": "another"}, "another deck"),
        ({"position": 0}, "Card 0 is not in this deck of 20"),
        ({"position": 21}, "Card 21"),
        ({"answer": None}, "An answer needs a value"),
        ({"kind": SwipeKind.UNDO}, "an undo has none"),
    ],
)
def test_an_illegal_swipe_is_refused_in_one_sentence(change: dict[str, object], says: str) -> None:
    with pytest.raises(IllegalSwipeError, match=says):
        check_swipe(dataclasses.replace(ONE, **change), A_DECK.id, len(A_DECK.cards))
