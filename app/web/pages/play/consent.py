"""The welcome: what this is, what is read, who sees what; nothing is read before a clear yes."""

import streamlit as st

from app.presentation.i18n import day, section, text
from app.study import privacy
from app.study.dealing import Player
from app.study.game import Game
from app.web.components.game import practice_card
from app.web.pages import session
from app.web.pages.play.deck import question
from recsys.study.deck import Origin

ANSWERS = ("favourite", "not_favourite", "super_like", "dont_know", "answers_label")


def show(language: str, game: Game, player: Player) -> bool | None:
    """Ask; return her word at the moment she gives it."""
    mark = session.mark(language, player.origin)
    if mark:
        st.caption(mark)
    st.title(text(language, "welcome.title"))
    st.write(text(language, "welcome.lead"))
    words, hand = st.columns([1, 1], gap="large")
    with words:
        said = _ask(language, game, player)
    with hand:
        st.caption(text(language, "welcome.practice"), text_alignment="center")
        practice_card(texts=section(language, "practice") | _answers(language))
    if player.origin is Origin.PERSONA:
        with st.container(horizontal_alignment="center"):
            session.offer_oneself(language)
    return said


def _ask(language: str, game: Game, player: Player) -> bool | None:
    st.write(f"**{text(language, 'welcome.promise')}**")
    until = day(language, game.brain.warehouse.as_of)
    st.write(text(language, "welcome.read", date=until))
    st.write(text(language, "welcome.kept"))
    asked = privacy.said(game.store, player.participant)
    yes = text(language, "welcome.ready" if asked else "welcome.yes")
    said = None
    if st.button(yes, type="primary", key="welcome_yes", width="stretch"):
        said = True
    if st.button(text(language, "welcome.no"), key="welcome_no", width="stretch"):
        said = False
    st.write(f"**{text(language, 'swipe.question_label')}**")
    st.caption(question(language, game))
    st.caption(text(language, "welcome.why"))
    return said


def _answers(language: str) -> dict[str, str]:
    words = section(language, "swipe")
    return {key: words[key] for key in ANSWERS}
