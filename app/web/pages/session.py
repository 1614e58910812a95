"""Who this visit is: a customer we know, somebody with picked brands, or a borrowed life."""

import streamlit as st

from app.auth.identity import Person, Role
from app.presentation.i18n import text
from app.study.dealing import Player
from app.web import runtime
from app.web.components.widgets import tab_memory
from app.web.pages import layout
from app.workspace.planted_shop import personas_of
from recsys.simulation.personas import Persona
from recsys.study.deck import Origin

_AGAIN = "again"


def mark(language: str, origin: Origin) -> str:
    """Return the line that says why a deck does not count; empty where it does."""
    borrowed = persona()
    if origin is Origin.PERSONA and borrowed is not None:
        return text(language, "personas.mark", name=borrowed.name)
    notes = {Origin.ELICITED: "taster.mark", Origin.PRACTICE: "practice.mark"}
    return text(language, notes[origin]) if origin in notes else ""


def play_again() -> None:
    """Begin anew at the next run of the page."""
    st.session_state[_AGAIN] = True
    st.rerun()


def plays_again(ended: bool = False) -> bool:
    """Whether she asked to begin anew; `ended` when that has happened."""
    if ended:
        st.session_state.pop(_AGAIN, None)
    return bool(st.session_state.get(_AGAIN))


def offer_oneself(language: str) -> None:
    """Offer the way out of a borrowed life."""
    if st.button(text(language, "personas.stop"), key="be_yourself"):
        give_back()
        st.rerun()


NAMED = "named"  # brands that the guest picked; her browser's tab keeps them, and nobody else
MOST = 5  # brands that can be picked
AS = "as"  # the persona in the address
_HELD = "borrowed"
_PAGE = "page_shown"


def settle(page: str) -> None:
    """Find out whose life is played: the address says it, so that a reload and a link keep it.

    Streamlit empties the address when the page changes; the life that was borrowed is kept then.
    """
    moved = st.session_state.get(_PAGE) not in (None, page)
    held = st.session_state.get(_HELD)
    if moved and held and AS not in st.query_params:
        st.query_params[AS] = held
    st.session_state[_PAGE], st.session_state[_HELD] = page, st.query_params.get(AS)
    if player().customer is None:
        _remember()


def _remember() -> None:
    """Ask the browser's tab for the brands that a guest picked before she reloaded."""
    told = tab_memory(layout.participant()[:16], st.session_state.get(NAMED, ())).brands
    if told and NAMED not in st.session_state:
        st.session_state[NAMED] = tuple(map(str, told))[:MOST]


def borrow(name: str) -> None:
    """Play as a persona from now on."""
    st.query_params[AS] = name.lower()


def give_back() -> None:
    """Play as oneself again."""
    st.query_params.pop(AS, None)


def person() -> Person:
    """Whoever sits at this browser."""
    return layout.person()


def built_it() -> bool:
    """Whether she made what is judged: a data scientist by her login."""
    who = person()
    return not who.guest and who.may([Role.DS])


def persona() -> Persona | None:
    """The persona that the address names, if there is one and whoever is here may borrow a life."""
    name = st.query_params.get(AS)
    return next((one for one in personas() if one.name.lower() == name), None) if name else None


def personas() -> tuple[Persona, ...]:
    """Lives that whoever is here may borrow: none, once somebody vouches for who she is."""
    return tuple(personas_of(runtime.settings().workspace)) if person().guest else ()


def player() -> Player:
    """Whoever plays at this browser: as the customer that she is, if we know it."""
    borrowed, who = persona(), person()
    if borrowed is not None:
        own = layout.participant(f"as {borrowed.name}")
        return Player(
            own, Origin.PERSONA, customer=borrowed.customer_id, language=layout.language()
        )
    if who.customer is not None:
        return Player(
            who.participant, Origin.OWN, customer=who.customer, language=layout.language()
        )
    return Player(who.participant, Origin.ELICITED, named=tuple(st.session_state.get(NAMED, ())))
