"""The wall: brands to pick from, and four lives to borrow instead."""

from collections.abc import Callable

import streamlit as st

from app.presentation.i18n import section, text
from app.study.game import Game
from app.web.components.game import brand_wall
from app.web.pages import session
from app.web.pages.play import phone_invitation
from recsys.simulation.personas import Persona

WALL = 420  # brands on the wall: the most bought


def show(language: str, game: Game, deal: Callable[[], None]) -> None:
    """Let her pick brands, or somebody to be; `deal` is called when brands were picked."""
    st.title(text(language, "wall.title"))
    st.write(text(language, "wall.lead"))
    picked = brand_wall(_brands(game), texts=section(language, "wall")).picked
    if picked:
        st.session_state[session.NAMED] = tuple(picked)
        deal()
    _offer_personas(language)
    phone_invitation.phone_section(language)


def _brands(game: Game) -> list[tuple[str, str]]:
    shelf = game.brain.shelf
    order = sorted(range(len(shelf.names)), key=lambda code: -int(shelf.buyers[code]))
    return [
        (str(shelf.names[code]), str(shelf.category_names[shelf.category[code]]))
        for code in order
        if shelf.allowed[code]
    ][:WALL]


def _offer_personas(language: str) -> None:
    known = session.personas()
    if not known:
        return
    st.header(text(language, "personas.title"))
    st.write(text(language, "personas.lead"))
    for left, right in zip(known[::2], known[1::2], strict=False):
        for column, persona in zip(st.columns(2), (left, right), strict=True):
            key = f"panel_{persona.name}"
            with column.container(
                border=True, height="stretch", vertical_alignment="distribute", key=key
            ):
                _offer(language, persona)


def _offer(language: str, persona: Persona) -> None:
    with st.container():
        st.subheader(persona.name, anchor=False)
        st.write(persona.nl if language == "nl" else persona.en)
    label = text(language, "personas.choose", name=persona.name)
    if st.button(label, key=f"persona_{persona.name}"):
        session.borrow(persona.name)
        session.plays_again(ended=True)
        st.rerun()
