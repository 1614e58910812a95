"""The deck in play: the cards, her pass for the route, and the end of it."""

import streamlit as st

from app.auth.deck_tokens import binding_of
from app.auth.urls import home
from app.presentation.i18n import section, text
from app.storage.study_db.records import DealtDeck
from app.study.dealing import Player
from app.study.game import Game
from app.web import runtime
from app.web.components.game import latecomers, swipe_cards
from app.web.pages import layout, session
from app.web.pages.play import loading

COFFEE = "coffee_code"  # shown once, on the reveal; nothing says whose it was


def show(language: str, game: Game, player: Player, dealt: DealtDeck) -> None:
    """Let her answer; the database alone knows how far she is."""
    deck = dealt.deck
    standing = game.store.answers_of(deck.id)
    if not _comes_back(language, deck.id, len(standing)):
        loading.how_fast(language, game, dealt)
    said = swipe_cards(
        game.faces(deck),
        deck.id,
        _token(player, deck.id),
        texts=section(language, "swipe") | {"question": question(language, game)},
        standing=standing,
        api=f"{home()}api/swipes",
        namespace=layout.participant()[:16],  # one person, whosever life she borrows
        note=session.mark(language, deck.origin),
        key=f"deck_{deck.id}",
    )
    if said.renew:
        st.session_state.pop(f"token_{deck.id}", None)
        st.rerun()
    if said.finished == deck.id:
        st.session_state[COFFEE] = game.end(deck.id)
        st.rerun()
    if session.persona():
        with st.container(horizontal_alignment="center"):
            session.offer_oneself(language)


def send_rest(language: str, player: Player, deck: str) -> None:
    """Send what her browser still keeps for a deck that was closed meanwhile, and tell her."""
    latecomers(
        deck,
        _token(player, deck),
        words=section(language, "swipe")["saved_late"],
        api=f"{home()}api/swipes",
        namespace=layout.participant()[:16],
        key=f"late_{deck}",
    )


def question(language: str, game: Game) -> str:
    """Return the question as the study wrote it down."""
    asked = game.study.policy.question
    return asked.nl if language == "nl" else asked.en


def _comes_back(language: str, deck: str, answered: int) -> bool:
    """Greet whoever left in the middle, for as long as this visit lasts."""
    found = st.session_state.setdefault(f"found_{deck}", answered)
    if found:
        st.caption(text(language, "state.resumed", n=found), text_alignment="center")
    return bool(found)


def _token(player: Player, deck: str) -> str:
    """Sign once a deck and visit: a new value would start the cards' script again."""
    key = f"token_{deck}"
    if key not in st.session_state:
        here = binding_of(st.context.headers)
        st.session_state[key] = runtime.tokens().sign(player.participant, deck, here)
    return str(st.session_state[key])
