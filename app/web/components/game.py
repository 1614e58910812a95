"""Components of the game: deck, brand picker, practice card, and two that send unsent answers.

Each is a thin wrapper around plain html, css and js. Swipes do not go through Streamlit: the deck
posts them to `api/swipes`, and the page reruns once, when the deck is finished.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from app.web.components.base import face_data, no_callback, register_component
from recsys.study.deck import Face
from recsys.study.swipes import Answer


class DeckState(Protocol):
    """Events of the deck component; each is None unless it caused this rerun."""

    finished: str | None  # deck id: the player asks for the result; all answers are stored
    renew: str | None  # the token has expired and answers are unsent: sign a new token


class LogoutFlushState(Protocol):
    """Result of `logout_flush`."""

    unsent: int | None  # number of answers that could not be sent; the browser has deleted them


class BrandPickerState(Protocol):
    """Result of the brand picker."""

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
    """Show the cards of a deck; the component posts the player's answers.

    `texts` is `section_texts(language, "swipe")`. `current_answers` are the answers on the server.
    `namespace` separates people who share a browser: the browser deletes unsaved answers of another
    namespace. `note` is a line above the cards, such as "This deck does not count". Sign `token`
    once per deck, not once per run: a new value restarts the script.
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
    """Send the browser's unsent answers of a closed deck; show `message` if some came too late."""
    data = {"deck": deck_id, "token": token, "words": message, "api": api, "namespace": namespace}
    _LATE_ANSWERS(key=key, data=data)


def logout_flush(message: str, *, redirect: str = "", key: str = "farewell") -> LogoutFlushState:
    """Post the browser's unsent answers once more, then delete all stored answers of all users.

    Show it before a logout, alone in its run. Log out when `unsent` is a number (within five
    seconds). Until then it shows `message`; afterwards the browser goes to the URL `redirect`, if
    given.
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
    """Let the player pick `minimum` to `maximum` brands from (brand, category) pairs."""
    data = {
        "brands": [list(pair) for pair in brands],
        "texts": dict(texts),
        "least": minimum,
        "most": maximum,
    }
    return _BRAND_PICKER(key=key, data=data, on_picked_change=no_callback)  # type: ignore[no-any-return]


def practice_card(*, texts: Mapping[str, str], key: str = "practice") -> None:
    """Show one card to practise the four answers.

    `texts` is the section "practice" and the answer labels of the section "swipe".
    """
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
