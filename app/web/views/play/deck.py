"""The open deck: shows the cards, signs the token of the swipe route, closes the deck."""

import streamlit as st

from app.auth.deck_tokens import binding_of
from app.auth.urls import base_path
from app.presentation.i18n import section_texts, translate
from app.storage.study_db.records import DealtDeck
from app.study.dealing import Player
from app.study.game import Game
from app.web import runtime
from app.web.components.game import late_answers, swipe_deck
from app.web.views import layout, players
from app.web.views.play import loading
from app.web.views.session import current_session


def show_deck(language: str, game: Game, player: Player, dealt_deck: DealtDeck) -> None:
    """Show the cards of an open deck. Progress is stored in the database only."""
    deck = dealt_deck.deck
    current_answers = game.store.swipes.current_answers(deck.id)
    if not _greet_returning(language, deck.id, len(current_answers)):
        loading.show_timing(language, game, dealt_deck)
    deck_state = swipe_deck(
        game.faces(deck),
        deck.id,
        _deck_token(player, deck.id),
        texts=section_texts(language, "swipe") | {"question": question_text(language, game)},
        current_answers=current_answers,
        api=f"{base_path()}api/swipes",
        namespace=layout.current_participant()[:16],  # the same for the person and all personas
        note=players.deck_note(language, deck.origin),
        key=f"deck_{deck.id}",
    )
    if deck_state.renew:
        current_session().deck_tokens.pop(deck.id, None)
        st.rerun()
    if deck_state.finished == deck.id:
        current_session().coffee_code = game.finish_by_player(deck.id)
        st.rerun()
    if players.current_persona():
        with st.container(horizontal_alignment="center"):
            players.leave_persona_button(language)


def send_late_answers(language: str, player: Player, deck_id: str) -> None:
    """Send the browser's unsent answers of a closed deck, and say so to the player."""
    late_answers(
        deck_id,
        _deck_token(player, deck_id),
        message=section_texts(language, "swipe")["saved_late"],
        api=f"{base_path()}api/swipes",
        namespace=layout.current_participant()[:16],
        key=f"late_{deck_id}",
    )


def question_text(language: str, game: Game) -> str:
    """Return the question in the policy of the study."""
    question = game.study.policy.question
    return question.nl if language == "nl" else question.en


def _greet_returning(language: str, deck_id: str, answered_count: int) -> bool:
    """Greet a player who resumes a deck, throughout this visit; return whether one resumes."""
    answered_before = current_session().answers_at_arrival.setdefault(deck_id, answered_count)
    if answered_before:
        st.caption(translate(language, "state.resumed", n=answered_before), text_alignment="center")
    return bool(answered_before)


def _deck_token(player: Player, deck_id: str) -> str:
    """Return a token, signed once per deck and visit: a new value would restart the script."""
    tokens = current_session().deck_tokens
    if deck_id not in tokens:
        binding = binding_of(st.context.headers)
        tokens[deck_id] = runtime.deck_tokens().sign(player.participant, deck_id, binding)
    return tokens[deck_id]
