"""What the page says of a deck that does not count, and the way back to oneself."""

import streamlit as st

from app.views import visit
from app.words import text
from recsys.study.deck import Origin

_AGAIN = "again"


def mark(language: str, origin: Origin) -> str:
    """Return the line that says why a deck does not count; empty where it does."""
    borrowed = visit.persona()
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
        visit.give_back()
        st.rerun()
