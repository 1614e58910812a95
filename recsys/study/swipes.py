"""The swipe log, the current answers of a deck, and a closed deck with its answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from recsys.errors import IllegalSwipeError
from recsys.study.deck import Deck


class Answer(StrEnum):
    """An employee's answer about a brand."""

    NOT_FAVOURITE = "not_favourite"
    FAVOURITE = "favourite"
    SUPER_LIKE = "super_like"
    DONT_KNOW = "dont_know"

    @property
    def liked(self) -> bool:
        """Whether the answer counts as a like; *don't know* does not."""
        return self in (Answer.FAVOURITE, Answer.SUPER_LIKE)


class SwipeKind(StrEnum):
    """What a row does: answer a card, or take its answer back."""

    ANSWER = "answer"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Swipe:
    """One row of the swipe log, which is append-only."""

    id: str  # made by the browser, unique in the deck
    deck: str  # id of the deck
    position: int  # of the card, from 1
    kind: SwipeKind
    answer: Answer | None  # None for an undo
    tab: str  # id of one page load
    tab_seq: int  # increases within the tab
    server_seq: int  # increases within the deck, set by the server
    shown_ms: int | None  # milliseconds for which the card was shown
    input: str  # "key", "touch", "mouse", "button", "simulated"
    device_class: str  # "phone", "tablet", "desk", "simulated"
    client_at: int | None  # milliseconds since 1970 by the browser's clock; never trusted
    received_at: int  # milliseconds since 1970 by the server's clock


def current_answers(swipes: Iterable[tuple[int, int, str | None]]) -> dict[int, Answer]:
    """Return the current answer on each position of a deck.

    swipes: (server_seq, position, answer) of each swipe; an undo has the answer None. The swipe
    with the highest server_seq decides about its position.
    """
    latest = {
        position: answer for _, position, answer in sorted(swipes, key=lambda swipe: swipe[0])
    }
    return {position: Answer(answer) for position, answer in latest.items() if answer}


@dataclass(frozen=True, slots=True)
class CompletedDeck:
    """A closed deck with the answers that stood when it closed."""

    deck: Deck
    answers: Mapping[int, Answer]  # by position; cards without an answer are absent
    shown_ms: Mapping[int, int]  # by position: milliseconds for which the card was shown
    dealt_at: int  # milliseconds since 1970, by the server's clock
    closed_at: int  # milliseconds since 1970, by the server's clock
    language: str | None = None  # of the page on which the deck was dealt
    device: str | None = None  # phone, tablet or desk; from the first answer


def check_swipe(swipe: Swipe, deck: str, cards: int) -> None:
    """Raise IllegalSwipeError if the swipe does not fit a deck id and its number of cards."""
    if swipe.deck != deck:
        raise IllegalSwipeError("This swipe belongs to another deck. Reload the page.")
    if not 1 <= swipe.position <= cards:
        raise IllegalSwipeError(
            f"Card {swipe.position} is not in this deck of {cards}. Reload the page."
        )
    if (swipe.kind is SwipeKind.ANSWER) != (swipe.answer is not None):
        raise IllegalSwipeError("An answer needs a value and an undo has none. Reload the page.")
