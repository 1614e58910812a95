"""The page of a closed deck: revealed cards, brand row, participation and next steps."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.presentation.explanations import explanation_text, list_in_words
from app.presentation.i18n import LANGUAGES, section_texts, translate
from app.storage.study_db.records import Closing, DealtDeck, RejectionReason
from app.study.dealing import Player
from app.study.game import Game, RevealedCard
from app.web import runtime
from app.web.components.reveal import RevealedCardView, reveal_deck
from app.web.components.widgets import share_link
from app.web.views import layout, my_brands, players
from app.web.views.play import participation, simulated_play, story_crawl
from app.web.views.play.stages import after_reveal
from app.web.views.session import component_value, current_session
from recsys.errors import UnknownNameError
from recsys.study.deck import Origin, Source
from recsys.study.exclusions import ExclusionReason
from recsys.study.policy import StudyKind
from recsys.study.swipes import Answer


def show_reveal(language: str, game: Game, player: Player, dealt_deck: DealtDeck) -> None:
    """Show the cards of a closed deck with their sources, and offer the next steps."""
    _cards_fragment(language, game, player, dealt_deck)
    _show_brands(language, game, player)
    if game.row.kind is StudyKind.LIVE:
        participation.show_participation(language, game)
    if game.row.kind is StudyKind.PLAYGROUND:
        simulated_play.show_simulated_play(language)
    st.divider()
    with st.container(horizontal=True):
        _play_again_button(language, dealt_deck.deck.origin)
    if not runtime.settings().share:  # a shared demo needs a pairing code; a link would not work
        _show_share_link(language)


@st.fragment
def _cards_fragment(language: str, game: Game, player: Player, dealt_deck: DealtDeck) -> None:
    """Show the cards as a fragment: a tap on a reason reruns only this part of the page."""
    layout.run_guarded(lambda: _show_cards(language, game, player, dealt_deck), language)


def _show_cards(language: str, game: Game, player: Player, dealt_deck: DealtDeck) -> None:
    deck_id, key = dealt_deck.deck.id, f"reveal_{dealt_deck.deck.id}"
    kept_rejections = current_session().kept_rejections.setdefault(deck_id, {})
    rejections = component_value(key, "refusals") or {}
    keep_rejections(game, player, deck_id, rejections, kept_rejections)
    revealed_cards = game.reveal(deck_id, player)
    reveal_deck(
        [_card_view(language, card, bool(player.picked_brands)) for card in revealed_cards],
        deck_id=deck_id,
        headline=reveal_headline(language, revealed_cards),
        news=liked_decoys_text(language, revealed_cards),
        lead=players.deck_note(language, dealt_deck.deck.origin)
        or deck_status_text(language, game.store.decks.closing(deck_id)),
        texts=section_texts(language, "reveal"),
        key=key,
    )


def keep_rejections(
    game: Game, player: Player, deck_id: str, rejections: Mapping[str, str], kept: dict[str, str]
) -> None:
    """Store the rejection reasons that are new since the last run.

    The page sends all of its taps each time, so that none is lost. `kept` has those that this visit
    has stored; they are not stored again, so a later answer from another tab stays.
    """
    reasons = [reason.value for reason in RejectionReason]
    for position, rejection in rejections.items():
        if kept.get(position) != rejection:
            if rejection not in reasons:
                raise UnknownNameError("reason", rejection, reasons)
            game.reject(deck_id, player, int(position), RejectionReason(rejection))
            kept[position] = rejection


def _show_brands(language: str, game: Game, player: Player) -> None:
    """Show the player's brand row and story; nothing if a guest's picked brands are lost."""
    faces = my_brands.favourite_faces(game, player)
    if faces:
        st.header(translate(language, "carousel.row_title"), anchor=False)
        my_brands.show_carousel(language, game, player)
        story_crawl.show_story(language, [face.brand for face in faces])


def _play_again_button(language: str, origin: Origin) -> None:
    persona = players.current_persona()
    if persona is not None:
        label = translate(language, "personas.again", name=persona.name)
    elif origin is Origin.ELICITED:
        label = translate(language, "taster.again")
    else:
        label = translate(language, "reveal.practice")
    if st.button(label, key="again_button"):
        session = current_session()
        session.stage = after_reveal(session.stage)
        st.rerun()
    if persona is not None:
        players.leave_persona_button(language)


def _show_share_link(language: str) -> None:
    st.header(translate(language, "pass_on.title"), anchor=False)
    st.write(translate(language, "pass_on.lead"))
    sentences = {code: section_texts(code, "pass_on")["sentence"] for code in LANGUAGES}
    share_link(
        {code: (LANGUAGES[code], sentences[code]) for code in LANGUAGES},
        texts=section_texts(language, "pass_on"),
    )


def _card_view(language: str, card: RevealedCard, picks_only: bool) -> RevealedCardView:
    is_pick = card.is_pick
    explanation = (
        explanation_text(language, card.score.explanation, picks_only)
        if is_pick and card.score
        else ""
    )
    return RevealedCardView(
        card.face, card.card.sources, card.answer, explanation, card.asks_reason, card.rejection
    )


def reveal_headline(language: str, revealed_cards: Sequence[RevealedCard]) -> str:
    """Return the sentence with the number of liked picks and of recognized decoys."""
    picks = [t for t in revealed_cards if t.is_pick]
    decoys = [t for t in revealed_cards if Source.DECOY in t.card.sources]
    liked_picks = sum(t.answer is not None and t.answer.liked for t in picks)
    unmasked = sum(t.answer is Answer.NOT_FAVOURITE for t in decoys)
    return translate(
        language,
        "reveal.headline" if decoys else "reveal.headline_no_decoys",
        hits=liked_picks,
        picks=len(picks),
        unmasked=unmasked,
        decoys=len(decoys),
    )


def liked_decoys_text(language: str, revealed_cards: Sequence[RevealedCard]) -> str:
    """Return the sentence that names the liked decoys; empty if the deck had no decoys."""
    decoys = [t for t in revealed_cards if Source.DECOY in t.card.sources]
    liked = [t.card.brand for t in decoys if t.answer is not None and t.answer.liked]
    if liked:
        return translate(
            language, "reveal.fooled", n=len(liked), brands=list_in_words(language, liked)
        )
    return translate(language, "reveal.fooled_none") if decoys else ""


def deck_status_text(language: str, closing: Closing | None) -> str:
    """Return the sentence that says whether a closed deck counts, and if not, why."""
    if closing is None:  # the deck is overdue; the server closes it within a minute
        return translate(language, "reveal.counts_soon")
    if closing.why_not is None and closing.score is None:
        return translate(language, f"reveal.does_not_count_{ExclusionReason.TOO_FEW}")
    if closing.why_not is None:
        return translate(language, "reveal.counts")
    specific_key = f"does_not_count_{closing.why_not}"
    key = (
        "does_not_count" if specific_key not in section_texts(language, "reveal") else specific_key
    )
    return translate(language, f"reveal.{key}")
