"""The closed deck: its cards turned over, in groups, best news first."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.storage.study_db.records import Refusal
from app.web.components.base import component, nothing, shown
from recsys.study.deck import Arm, Face
from recsys.study.swipes import Answer

TONES = ("pick", "decoy", "popular")
_NEWS = (Answer.SUPER_LIKE, Answer.FAVOURITE, Answer.NOT_FAVOURITE, Answer.DONT_KNOW, None)


class Said(Protocol):
    """What the turned cards told."""

    refusals: dict[str, str] | None  # position -> reason, of every card that she tapped here


@dataclass(frozen=True, slots=True)
class Revealed:
    """One card of a closed deck. Exists only after the close: it names arms."""

    face: Face
    arms: Collection[Arm]
    answer: Answer | None
    why: str = ""  # words, in her language; empty where there is no reason to give
    asks: bool = False  # she may say why she refused it
    refused: Refusal | None = None


def reveal(
    cards: Sequence[Revealed],
    *,
    deck_id: str,
    headline: str,
    texts: Mapping[str, str],
    lead: str = "",
    news: str = "",
    key: str = "reveal",
) -> Said:
    """Turn the cards of a closed deck over.

    `texts` is `words.section(language, "reveal")`; `lead` says whether the deck counts, `news`
    which decoys were liked.
    """
    data = {
        "deck": deck_id,
        "headline": headline,
        "lead": lead,
        "news": news,
        "groups": [group for name in TONES if (group := _group(name, cards, texts))],
        "refused": {str(card.face.position): card.refused for card in cards if card.refused},
        "reasons": [[why, texts[f"refused_{why}"]] for why in Refusal if f"refused_{why}" in texts],
        "texts": {name: texts[name] for name in ("ask", "ask_label", "kept", "taken_back")},
    }
    return _REVEAL(key=key, data=data, on_refusals_change=nothing)  # type: ignore[no-any-return]


def tone(arms: Collection[Arm]) -> str:
    """Return which arm gives a turned card its colour: a pick before all, then a decoy."""
    if Arm.PICK in arms:
        return "pick"
    return "decoy" if Arm.DECOY in arms else "popular"


def _group(
    name: str, cards: Sequence[Revealed], texts: Mapping[str, str]
) -> dict[str, object] | None:
    """The cards of one tone, those that she likes first."""
    own = sorted((c for c in cards if tone(c.arms) == name), key=lambda c: _NEWS.index(c.answer))
    if not own:
        return None
    return {
        "tone": name,
        "title": texts[f"group_{name}"],
        "about": texts[f"about_{name}"],
        "cards": [_turned(card, texts) for card in own],
    }


def _turned(card: Revealed, texts: Mapping[str, str]) -> dict[str, object]:
    colour = tone(card.arms)
    both = colour == "pick" and Arm.BASELINE in card.arms
    return {
        **shown(card.face),
        "tone": colour,
        "right": _right(colour, card.answer),
        "arm_words": texts["arm_both" if both else f"arm_{colour}"],
        "outcome": texts[f"outcome_{_outcome(colour, card.answer)}"],
        "answer": card.answer,
        "answer_words": texts[card.answer or "no_answer"],
        "why": card.why,
        "asks": card.asks,
    }


def _outcome(colour: str, answer: Answer | None) -> str:
    if answer is None:
        return "none"
    if answer is Answer.DONT_KNOW:
        return "unknown"
    return f"{colour}_{'liked' if answer.liked else 'not'}"


def _right(colour: str, answer: Answer | None) -> bool:
    return _outcome(colour, answer) in ("pick_liked", "decoy_not")


_REVEAL = component("reveal", "reveal/reveal")
