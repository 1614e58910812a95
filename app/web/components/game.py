"""Components of the game: the deck, the brand picker, practice, and what sends late answers.

Each is a thin wrapper beside plain html, css and js. A swipe never travels through Streamlit: the
deck posts it to a route of ours and a rerun happens once, when the deck is done.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from app.web.components.base import face_data, no_callback, register_component
from recsys.study.deck import Face
from recsys.study.swipes import Answer


class DeckState(Protocol):
    """What the deck told: each is None unless it happened just now."""

    finished: str | None  # the deck's id: she asks for her result and every answer is stored
    renew: str | None  # the token has expired and answers wait: sign a new one


class LogoutFlushState(Protocol):
    """What the farewell told."""

    unsent: int | None  # so many answers could not be sent; this browser keeps none of them now


class BrandPickerState(Protocol):
    """What the wall told."""

    picked: list[str] | None  # brand names, in the order of picking


def swipe_deck(
    faces: Sequence[Face],
    deck_id: str,
    token: str,
    *,
    texts: Mapping[str, str],
    current_answers: Mapping[int, Answer] | None = None,
    api: str = "/api/swipes",
    namespace: str = "",
    note: str = "",
    key: str = "swipe_cards",
) -> DeckState:
    """Show a deck and let her answer.

    `texts` is `words.section(language, "swipe")`; `current_answers` are the answers the server
    already has; `namespace` keeps people apart who share a browser (unsaved answers of another
    namespace are dropped from it); `note` is a line above the cards, such as "This deck does not
    count". Sign `token` once a deck, not once a run: each new value of it starts the script again.
    """
    data = {
        "deck": deck_id,
        "token": token,
        "api": api,
        "namespace": namespace,
        "faces": [face_data(face) for face in faces],
        "standing": {str(p): str(a) for p, a in (current_answers or {}).items()},
        "note": note,
        "texts": dict(texts),
    }
    return _DECK(  # type: ignore[no-any-return]
        key=key, data=data, on_finished_change=no_callback, on_renew_change=no_callback
    )


def late_answers(
    deck_id: str, token: str, *, message: str, api: str, namespace: str, key: str = "latecomers"
) -> None:
    """Send what this browser still keeps for a closed deck; say `message` of what came too late."""
    data = {"deck": deck_id, "token": token, "words": message, "api": api, "namespace": namespace}
    _LATE_ANSWERS(key=key, data=data)


def logout_flush(message: str, *, redirect: str = "", key: str = "farewell") -> LogoutFlushState:
    """Post what still waits in this browser once more, then clear it of everybody's answers.

    Show it before a logout, on a run of its own, and log out once `unsent` is a number: within
    five seconds. `message` are shown meanwhile; then the browser goes `redirect` an address, if
    there is one.
    """
    data = {"words": message, "to": redirect}
    return _LOGOUT_FLUSH(key=key, data=data, on_unsent_change=no_callback)  # type: ignore[no-any-return]


def brand_picker(
    brands: Sequence[tuple[str, str]],
    *,
    texts: Mapping[str, str],
    minimum: int = 3,
    maximum: int = 5,
    key: str = "brand_wall",
) -> BrandPickerState:
    """Let her pick `maximum` brands, or at least `minimum`, from (brand, category) pairs."""
    data = {
        "brands": [list(pair) for pair in brands],
        "texts": dict(texts),
        "least": minimum,
        "most": maximum,
    }
    return _BRAND_PICKER(key=key, data=data, on_picked_change=no_callback)  # type: ignore[no-any-return]


def practice_card(*, texts: Mapping[str, str], key: str = "practice") -> None:
    """Show one card to try the four ways on. `texts` is `words.section(language, "practice")`."""
    _PRACTICE(key=key, data={"texts": dict(texts)})


_DECK = register_component(
    "swipe",
    "deck/deck",
    "shared/outbox",
    "deck/save_indicator",
    "shared/gestures",
    "shared/cards",
    "deck/overview",
    styles=["shared/card"],
)
_LATE_ANSWERS = register_component("late", "small/late_answers", "shared/outbox")
_LOGOUT_FLUSH = register_component("farewell", "small/logout_flush", "shared/outbox")
_BRAND_PICKER = register_component("wall", "brand_picker/brand_picker")
_PRACTICE = register_component(
    "practice",
    "practice/practice",
    "shared/gestures",
    "shared/cards",
    styles=["shared/card"],
)
