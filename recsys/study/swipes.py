"""Answers and swipes: which answer is current, and a deck with its answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from recsys.errors import IllegalSwipeError
from recsys.study.deck import Deck


class Answer(StrEnum):
    """What an employee may say of a brand."""

    NOT_FAVOURITE = "not_favourite"
    FAVOURITE = "favourite"
    SUPER_LIKE = "super_like"
    DONT_KNOW = "dont_know"

    @property
    def liked(self) -> bool:
        """Whether this counts as a favourite; *don't know* does not."""
        return self in (Answer.FAVOURITE, Answer.SUPER_LIKE)


class SwipeKind(StrEnum):
    """A row answers a card or takes its answer back."""

    ANSWER = "answer"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Swipe:
    """One row of the swipe log: added, never changed."""

    id: str  # made by the browser, unique in the deck
    deck: str
    position: int
    kind: SwipeKind
    answer: Answer | None  # None for an undo
    tab: str  # one page load
    tab_seq: int  # counts up within the tab
    server_seq: int  # counts up within the deck, given by the server
    shown_ms: int | None  # how long the card lay open
    input: str  # "key", "touch", "mouse", "button", "simulated"
    device_class: str  # "phone", "tablet", "desk", "simulated"
    client_at: int | None  # milliseconds since 1970 by the browser's clock; never trusted
    received_at: int  # milliseconds since 1970 by the server's clock


def current_answers(swipes: Iterable[tuple[int, int, str | None]]) -> dict[int, Answer]:
    """Return the current answer on each position of a deck.

    `swipes` holds server_seq, position and answer of each swipe; an undo has no answer. On each
    position the swipe with the highest server_seq holds.
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
    shown_ms: Mapping[int, int]  # by position: how long the card lay open
    dealt_at: int  # milliseconds since 1970, by the server's clock
    closed_at: int
    language: str | None = None  # of the page it was dealt on
    device: str | None = None  # phone, tablet or desk, by its first answer


def check_swipe(swipe: Swipe, deck: str, cards: int) -> None:
    """Raise IllegalSwipeError unless the swipe fits a deck of so many cards and says something."""
    if swipe.deck != deck:
        raise IllegalSwipeError("This swipe belongs to another deck. Reload the page.")
    if not 1 <= swipe.position <= cards:
        raise IllegalSwipeError(
            f"Card {swipe.position} is not in this deck of {cards}. Reload the page."
        )
    if (swipe.kind is SwipeKind.ANSWER) != (swipe.answer is not None):
        raise IllegalSwipeError("An answer needs a value and an undo has none. Reload the page.")
