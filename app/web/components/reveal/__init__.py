"""Component that shows the cards of a closed deck by source: picks, decoys, popular."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.storage.study_db.records import RejectionReason
from app.web.components.base import face_data, no_callback, register_component
from recsys.study.deck import Face, Source
from recsys.study.swipes import Answer

TONES = ("pick", "decoy", "popular")
_ANSWER_ORDER = (Answer.SUPER_LIKE, Answer.FAVOURITE, Answer.NOT_FAVOURITE, Answer.DONT_KNOW, None)


class RevealState(Protocol):
    """Result of the reveal component."""

    refusals: dict[str, str] | None  # card position -> reason tapped in this visit


@dataclass(frozen=True, slots=True)
class RevealedCardView:
    """One card of a closed deck. Never make it for an open deck: it names the sources."""

    face: Face
    sources: Collection[Source]
    answer: Answer | None
    explanation: str = ""  # in the language of the page; empty if there is none
    asks_reason: bool = False  # whether the player may give a reason for a rejection
    rejection: RejectionReason | None = None


def reveal_deck(
    cards: Sequence[RevealedCardView],
    *,
    deck_id: str,
    headline: str,
    texts: Mapping[str, str],
    lead: str = "",
    news: str = "",
    key: str = "reveal",
) -> RevealState:
    """Show the cards of a closed deck with their sources.

    `texts` is `section_texts(language, "reveal")`. `lead` says whether the deck counts. `news`
    names the decoys that the player liked.
    """
    data = {
        "deck": deck_id,
        "headline": headline,
        "lead": lead,
        "news": news,
        "groups": [group for name in TONES if (group := _group_data(name, cards, texts))],
        "refused": {str(card.face.position): card.rejection for card in cards if card.rejection},
        "reasons": [
            [why, texts[f"refused_{why}"]] for why in RejectionReason if f"refused_{why}" in texts
        ],
        "texts": {name: texts[name] for name in ("ask", "ask_label", "kept", "taken_back")},
    }
    return _REVEAL(key=key, data=data, on_refusals_change=no_callback)  # type: ignore[no-any-return]


def card_tone(sources: Collection[Source]) -> str:
    """Return the source that sets the colour of a card: pick before decoy before popular."""
    if Source.PICK in sources:
        return "pick"
    return "decoy" if Source.DECOY in sources else "popular"


def _group_data(
    name: str, cards: Sequence[RevealedCardView], texts: Mapping[str, str]
) -> dict[str, object] | None:
    """Return the cards of one tone, liked cards first, or None if there are none."""
    group_cards = sorted(
        (c for c in cards if card_tone(c.sources) == name),
        key=lambda c: _ANSWER_ORDER.index(c.answer),
    )
    if not group_cards:
        return None
    return {
        "tone": name,
        "title": texts[f"group_{name}"],
        "about": texts[f"about_{name}"],
        "cards": [_revealed_card_data(card, texts) for card in group_cards],
    }


def _revealed_card_data(card: RevealedCardView, texts: Mapping[str, str]) -> dict[str, object]:
    tone = card_tone(card.sources)
    in_both = tone == "pick" and Source.BASELINE in card.sources
    return {
        **face_data(card.face),
        "tone": tone,
        "right": _is_right(tone, card.answer),
        "arm_words": texts["arm_both" if in_both else f"arm_{tone}"],
        "outcome": texts[f"outcome_{_outcome_key(tone, card.answer)}"],
        "answer": card.answer,
        "answer_words": texts[card.answer or "no_answer"],
        "why": card.explanation,
        "asks": card.asks_reason,
    }


def _outcome_key(tone: str, answer: Answer | None) -> str:
    if answer is None:
        return "none"
    if answer is Answer.DONT_KNOW:
        return "unknown"
    return f"{tone}_{'liked' if answer.liked else 'not'}"


def _is_right(tone: str, answer: Answer | None) -> bool:
    return _outcome_key(tone, answer) in ("pick_liked", "decoy_not")


_REVEAL = register_component("reveal", "reveal/reveal")
