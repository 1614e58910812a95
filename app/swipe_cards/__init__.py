"""What the browser shows of the game: the deck, the wall, the reveal, the carousel, the crawl.

Each is a thin wrapper beside plain html, css and js. A swipe never travels through Streamlit: the
deck posts it to a route of ours and a rerun happens once, when the deck is done.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import streamlit as st

from app.address import home
from recsys.deck import Arm, Face
from recsys.swipes import Answer

_HERE = Path(__file__).parent


class Played(Protocol):
    """What the deck told: each is None unless it happened just now."""

    finished: str | None  # the deck's id: she asks for her result and every answer is stored
    renew: str | None  # the token has expired and answers wait: sign a new one


class Parted(Protocol):
    """What the farewell told."""

    unsent: int | None  # so many answers could not be sent; this browser keeps none of them now


class Picked(Protocol):
    """What the wall told."""

    picked: list[str] | None  # brand names, in the order of picking


class Chosen(Protocol):
    """What the carousel told."""

    chosen: str | None  # a brand's name


class Ended(Protocol):
    """What the crawl told."""

    ended: bool | None  # it was skipped, or it is over


@dataclass(frozen=True, slots=True)
class Revealed:
    """One card of a closed deck. Exists only after the close: it names arms."""

    face: Face
    arms: Collection[Arm]
    answer: Answer | None
    why: str = ""  # words, in her language; empty where there is no reason to give


def swipe_cards(
    faces: Sequence[Face],
    deck_id: str,
    token: str,
    *,
    texts: Mapping[str, str],
    standing: Mapping[int, Answer] | None = None,
    api: str = "/api/swipes",
    namespace: str = "",
    note: str = "",
    key: str = "swipe_cards",
) -> Played:
    """Show a deck and let her answer.

    `texts` is `words.section(language, "swipe")`; `standing` are the answers the server already
    has; `namespace` keeps people apart who share a browser (unsaved answers of another namespace
    are dropped from it); `note` is a line above the cards, such as "This deck does not count".
    Sign `token` once a deck, not once a run: each new value of it starts the script again.
    """
    data = {
        "deck": deck_id,
        "token": token,
        "api": api,
        "namespace": namespace,
        "faces": [_shown(face) for face in faces],
        "standing": {str(p): str(a) for p, a in (standing or {}).items()},
        "note": note,
        "texts": dict(texts),
    }
    return _SWIPE(  # type: ignore[no-any-return]
        key=key, data=data, on_finished_change=_nothing, on_renew_change=_nothing
    )


def farewell(words: str, *, key: str = "farewell") -> Parted:
    """Post what still waits in this browser once more, then clear it of everybody's answers.

    Show it before a logout, on a run of its own, and log out once `unsent` is a number: within
    five seconds. `words` are shown meanwhile.
    """
    data = {"words": words}
    return _FAREWELL(key=key, data=data, on_unsent_change=_nothing)  # type: ignore[no-any-return]


def brand_wall(
    brands: Sequence[tuple[str, str]],
    *,
    texts: Mapping[str, str],
    least: int = 3,
    most: int = 5,
    key: str = "brand_wall",
) -> Picked:
    """Let her pick `most` brands, or at least `least`, from (brand, category) pairs."""
    data = {
        "brands": [list(pair) for pair in brands],
        "texts": dict(texts),
        "least": least,
        "most": most,
    }
    return _WALL(key=key, data=data, on_picked_change=_nothing)  # type: ignore[no-any-return]


def practice_card(*, texts: Mapping[str, str], key: str = "practice") -> None:
    """Show one card to try the four ways on. `texts` is `words.section(language, "practice")`."""
    _PRACTICE(key=key, data={"texts": dict(texts)})


def reveal(
    cards: Sequence[Revealed],
    *,
    deck_id: str,
    headline: str,
    texts: Mapping[str, str],
    lead: str = "",
    key: str = "reveal",
) -> None:
    """Turn the cards of a closed deck over. `texts` is `words.section(language, "reveal")`."""
    data = {
        "deck": deck_id,
        "headline": headline,
        "lead": lead,
        "cards": [_turned(card, texts) for card in cards],
    }
    _REVEAL(key=key, data=data)


def crawl(
    lines: Sequence[str], *, texts: Mapping[str, str], seconds: float = 24, key: str = "crawl"
) -> Ended:
    """Roll a story over the sky for `seconds`; the first line is its title."""
    data = {"lines": list(lines), "texts": dict(texts), "seconds": seconds}
    return _CRAWL(key=key, data=data, on_ended_change=_nothing)  # type: ignore[no-any-return]


def carousel(
    brands: Sequence[Face], *, label: str, chosen: str | None = None, key: str = "carousel"
) -> Chosen:
    """Show brands in a row and let her choose one."""
    tiles = [_shown(face) for face in brands]
    data = {"brands": tiles, "label": label, "chosen": chosen}
    return _CAROUSEL(key=key, data=data, on_chosen_change=_nothing)  # type: ignore[no-any-return]


def tone(arms: Collection[Arm]) -> str:
    """Return which arm gives a turned card its colour: a pick before all, then a decoy."""
    if Arm.PICK in arms:
        return "pick"
    return "decoy" if Arm.DECOY in arms else "popular"


def _shown(face: Face) -> dict[str, object]:
    """Return a face with the address of its picture."""
    picture = face.picture and f"{home()}pictures/{face.picture}.webp"
    return asdict(face) | {"picture": picture}


def _turned(card: Revealed, texts: Mapping[str, str]) -> dict[str, object]:
    colour = tone(card.arms)
    both = colour == "pick" and Arm.BASELINE in card.arms
    return {
        **_shown(card.face),
        "tone": colour,
        "right": _right(colour, card.answer),
        "arm_words": texts["arm_both" if both else f"arm_{colour}"],
        "outcome": texts[f"outcome_{colour}_{_kind(card.answer)}"],
        "answer": card.answer,
        "answer_words": texts[card.answer or "no_answer"],
        "why": card.why,
    }


def _kind(answer: Answer | None) -> str:
    if answer is None or answer is Answer.DONT_KNOW:
        return "unknown"
    return "liked" if answer.liked else "not"


def _right(colour: str, answer: Answer | None) -> bool:
    return (colour, _kind(answer)) in {("pick", "liked"), ("decoy", "not")}


def _nothing() -> None:
    """Make Streamlit give the result its attribute even before the first event."""


def _text(kind: str, *names: str) -> str:
    """Return files as one, without what only their readers need: indentation, lines of comment."""
    whole = "\n".join((_HERE / f"{name}.{kind}").read_text("utf-8") for name in names)
    lines = (line.strip() for line in whole.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*")))


def _component(name: str, *scripts: str, styles: Sequence[str] = ()) -> Any:
    return st.components.v2.component(
        f"brandswipe_{name}",
        html=_text("html", name),
        css=_text("css", "tile", *styles, name),
        js=_text("js", "tile", *scripts, name),
    )


_SWIPE = _component("swipe", "outbox", "saved", "gesture", "cards", "overview", styles=["card"])
_FAREWELL = _component("farewell", "outbox")
_WALL = _component("wall")
_PRACTICE = _component("practice", "gesture", "cards", styles=["card"])
_REVEAL = _component("reveal")
_CRAWL = _component("crawl")
_CAROUSEL = _component("carousel")
