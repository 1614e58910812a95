"""Who this visit is: a guest with picked brands, or somebody whose life was borrowed."""

import streamlit as st

from app import runtime
from app.game import Player
from app.planting import personas_of
from app.views import frame
from recsys.deck import Origin
from recsys.personas import Persona

NAMED = "named"  # brands that the guest picked in this visit; they are stored nowhere
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


def borrow(name: str) -> None:
    """Play as a persona from now on."""
    st.query_params[AS] = name.lower()


def give_back() -> None:
    """Play as oneself again."""
    st.query_params.pop(AS, None)


def persona() -> Persona | None:
    """The persona that the address names, if there is one."""
    name = st.query_params.get(AS, "")
    known = personas_of(runtime.settings().workspace)
    return next((persona for persona in known if persona.name.lower() == name), None)


def player() -> Player:
    """Whoever plays at this browser."""
    borrowed, guest = persona(), frame.participant()
    if borrowed is None:
        return Player(guest, Origin.ELICITED, named=tuple(st.session_state.get(NAMED, ())))
    own = frame.participant(f"as {borrowed.name}")
    return Player(own, Origin.PERSONA, customer=borrowed.customer_id)
