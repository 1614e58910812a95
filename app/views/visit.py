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
