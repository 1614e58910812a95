"""The cards turn over: what was guessed, what was a decoy, and why each pick was made."""

from collections.abc import Sequence

import streamlit as st

from app.game import Game, Player, Turned
from app.reasons import reason
from app.rows.records import DealtDeck
from app.swipe_cards import Revealed, reveal
from app.views import borrowed, colleagues, visit
from app.words import section, text
from recsys.deck import Arm, Stratum
from recsys.policy import StudyKind
from recsys.swipes import Answer


def show(language: str, game: Game, player: Player, dealt: DealtDeck) -> None:
    """Turn the cards of a closed deck over, and offer what comes next."""
    turned = game.reveal(dealt.deck.id, player)
    reveal(
        [_shown(language, card, bool(player.named)) for card in turned],
        deck_id=dealt.deck.id,
        headline=_headline(language, turned),
        texts=section(language, "reveal"),
        lead=borrowed.mark(language, dealt.deck.origin),
        key=f"reveal_{dealt.deck.id}",
    )
    with st.container(horizontal=True):
        _again(language)
    if game.row.kind is StudyKind.PLAYGROUND:
        colleagues.section(language)


def _again(language: str) -> None:
    persona = visit.persona()
    if persona is not None:
        label = text(language, "personas.again", name=persona.name)
        if st.button(label, key="persona_again"):
            borrowed.play_again()
        borrowed.offer_oneself(language)
    elif st.button(text(language, "taster.again"), key="again_button"):
        borrowed.play_again()


def _shown(language: str, card: Turned, named: bool) -> Revealed:
    is_pick = Arm.PICK in card.card.arms
    why = reason(language, card.why.why, named) if is_pick and card.why else ""
    return Revealed(card.face, card.card.arms, card.answer, why)


def _headline(language: str, turned: Sequence[Turned]) -> str:
    picks = [t for t in turned if t.card.stratum is Stratum.PICK]
    decoys = [t for t in turned if Arm.DECOY in t.card.arms]
    hits = sum(t.answer is not None and t.answer.liked for t in picks)
    unmasked = sum(t.answer is Answer.NOT_FAVOURITE for t in decoys)
    return text(
        language,
        "reveal.headline" if decoys else "reveal.headline_no_decoys",
        hits=hits,
        picks=len(picks),
        unmasked=unmasked,
        decoys=len(decoys),
    )
