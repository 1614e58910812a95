"""The consent page. No purchase history is read before the player clicks yes."""

import streamlit as st

from app.presentation.i18n import format_day, section_texts, translate
from app.study import privacy
from app.study.dealing import Player
from app.study.game import Game
from app.web.components.game import practice_card
from app.web.views import players
from app.web.views.play.deck import question_text
from recsys.study.deck import Origin

ANSWER_TEXTS = ("favourite", "not_favourite", "super_like", "dont_know", "answers_label")


def show_consent(language: str, game: Game, player: Player) -> bool | None:
    """Ask for consent; return the answer in the run of the click, else None."""
    note = players.deck_note(language, player.origin)
    if note:
        st.caption(note)
    st.title(translate(language, "welcome.title"))
    st.write(translate(language, "welcome.lead"))
    text_column, practice_column = st.columns([1, 1], gap="large")
    with text_column:
        answer = _consent_buttons(language, game, player)
    with practice_column:
        st.caption(translate(language, "welcome.practice"), text_alignment="center")
        practice_card(texts=section_texts(language, "practice") | _answer_texts(language))
    if player.origin is Origin.PERSONA:
        with st.container(horizontal_alignment="center"):
            players.leave_persona_button(language)
    return answer


def _consent_buttons(language: str, game: Game, player: Player) -> bool | None:
    st.write(f"**{translate(language, 'welcome.promise')}**")
    newest_day = format_day(language, game.recommender.event_store.as_of)
    st.write(translate(language, "welcome.read", date=newest_day))
    st.write(translate(language, "welcome.kept"))
    earlier_answer = privacy.has_consented(game.store, player.participant)
    yes_label = translate(language, "welcome.ready" if earlier_answer else "welcome.yes")
    answer = None
    if st.button(yes_label, type="primary", key="welcome_yes", width="stretch"):
        answer = True
    if st.button(translate(language, "welcome.no"), key="welcome_no", width="stretch"):
        answer = False
    st.write(f"**{translate(language, 'swipe.question_label')}**")
    st.caption(question_text(language, game))
    st.caption(translate(language, "welcome.why"))
    return answer


def _answer_texts(language: str) -> dict[str, str]:
    texts = section_texts(language, "swipe")
    return {key: texts[key] for key in ANSWER_TEXTS}
