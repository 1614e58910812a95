"""The page for picking favourite brands, or a persona to play as instead."""

from collections.abc import Callable

import streamlit as st

from app.presentation.i18n import section_texts, translate
from app.study.game import Game
from app.web.components.game import brand_picker
from app.web.views import players
from app.web.views.play import phone_invitation
from app.web.views.play.stages import Stage
from app.web.views.session import current_session
from recsys.simulation.personas import Persona

MAX_BRANDS = 420  # number of brands to pick from: the most bought


def show_brand_picker(language: str, game: Game, on_picked: Callable[[], None]) -> None:
    """Let the player pick brands or a persona. `on_picked` is called after brands are picked."""
    st.title(translate(language, "wall.title"))
    st.write(translate(language, "wall.lead"))
    picked = brand_picker(_pickable_brands(game), texts=section_texts(language, "wall")).picked
    if picked:
        current_session().picked_brands = tuple(picked)
        on_picked()
    _offer_personas(language)
    phone_invitation.phone_section(language)


def _pickable_brands(game: Game) -> list[tuple[str, str]]:
    brand_pool = game.recommender.brand_pool
    codes = sorted(range(len(brand_pool.names)), key=lambda code: -int(brand_pool.buyers[code]))
    return [
        (str(brand_pool.names[code]), str(brand_pool.category_names[brand_pool.category[code]]))
        for code in codes
        if brand_pool.allowed[code]
    ][:MAX_BRANDS]


def _offer_personas(language: str) -> None:
    personas = players.available_personas()
    if not personas:
        return
    st.header(translate(language, "personas.title"))
    st.write(translate(language, "personas.lead"))
    for first, second in zip(personas[::2], personas[1::2], strict=False):
        for column, persona in zip(st.columns(2), (first, second), strict=True):
            key = f"panel_{persona.name}"
            with column.container(
                border=True, height="stretch", vertical_alignment="distribute", key=key
            ):
                _persona_panel(language, persona)


def _persona_panel(language: str, persona: Persona) -> None:
    with st.container():
        st.subheader(persona.name, anchor=False)
        st.write(persona.nl if language == "nl" else persona.en)
    label = translate(language, "personas.choose", name=persona.name)
    if st.button(label, key=f"persona_{persona.name}"):
        players.play_as_persona(persona.name)
        current_session().stage = Stage.ARRIVED
        st.rerun()
