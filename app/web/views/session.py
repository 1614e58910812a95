"""Who this visit is: a customer we know, somebody with picked brands, or a borrowed life."""

import streamlit as st

from app.auth.identity import Person, UserRole
from app.presentation.i18n import translate
from app.study.dealing import Player
from app.web import runtime
from app.web.components.widgets import tab_storage
from app.web.views import layout
from app.workspace.planted_shop import planted_personas
from recsys.simulation.personas import Persona
from recsys.study.deck import Origin

_PLAY_AGAIN = "again"


def deck_note(language: str, origin: Origin) -> str:
    """Return the line that says why a deck does not count; empty where it does."""
    borrowed = current_persona()
    if origin is Origin.PERSONA and borrowed is not None:
        return translate(language, "personas.mark", name=borrowed.name)
    text_keys = {Origin.ELICITED: "taster.mark", Origin.PRACTICE: "practice.mark"}
    return translate(language, text_keys[origin]) if origin in text_keys else ""


def request_play_again() -> None:
    """Begin anew at the next run of the page."""
    st.session_state[_PLAY_AGAIN] = True
    st.rerun()


def wants_to_play_again(clear: bool = False) -> bool:
    """Whether she asked to begin anew; `clear` when that has happened."""
    if clear:
        st.session_state.pop(_PLAY_AGAIN, None)
    return bool(st.session_state.get(_PLAY_AGAIN))


def leave_persona_button(language: str) -> None:
    """Offer the way out of a borrowed life."""
    if st.button(translate(language, "personas.stop"), key="be_yourself"):
        play_as_self()
        st.rerun()


PICKED_BRANDS = (
    "named"  # brands that the guest picked; her browser's tab keeps them, and nobody else
)
MAX_PICKED_BRANDS = 5  # brands that can be picked
PERSONA_PARAMETER = "as"  # the persona in the address
_PERSONA_KEY = "borrowed"
_PAGE_KEY = "page_shown"


def restore_persona(page: str) -> None:
    """Find out whose life is played: the address says it, so that a reload and a link keep it.

    Streamlit empties the address when the page changes; the life that was borrowed is kept then.
    """
    page_changed = st.session_state.get(_PAGE_KEY) not in (None, page)
    persona_name = st.session_state.get(_PERSONA_KEY)
    if page_changed and persona_name and PERSONA_PARAMETER not in st.query_params:
        st.query_params[PERSONA_PARAMETER] = persona_name
    st.session_state[_PAGE_KEY], st.session_state[_PERSONA_KEY] = (
        page,
        st.query_params.get(PERSONA_PARAMETER),
    )
    if current_player().customer is None:
        _restore_picked_brands()


def _restore_picked_brands() -> None:
    """Ask the browser's tab for the brands that a guest picked before she reloaded."""
    stored_brands = tab_storage(
        layout.current_participant()[:16], st.session_state.get(PICKED_BRANDS, ())
    ).brands
    if stored_brands and PICKED_BRANDS not in st.session_state:
        st.session_state[PICKED_BRANDS] = tuple(map(str, stored_brands))[:MAX_PICKED_BRANDS]


def play_as_persona(name: str) -> None:
    """Play as a persona from now on."""
    st.query_params[PERSONA_PARAMETER] = name.lower()


def play_as_self() -> None:
    """Play as oneself again."""
    st.query_params.pop(PERSONA_PARAMETER, None)


def session_person() -> Person:
    """Whoever sits at this browser."""
    return layout.current_person()


def built_the_model() -> bool:
    """Whether she made what is judged: a data scientist by her login."""
    person = session_person()
    return not person.guest and person.has_any_role([UserRole.DS])


def current_persona() -> Persona | None:
    """The persona that the address names, if there is one and whoever is here may borrow a life."""
    name = st.query_params.get(PERSONA_PARAMETER)
    return (
        next((one for one in available_personas() if one.name.lower() == name), None)
        if name
        else None
    )


def available_personas() -> tuple[Persona, ...]:
    """Lives that whoever is here may borrow: none, once somebody vouches for who she is."""
    return tuple(planted_personas(runtime.settings().workspace)) if session_person().guest else ()


def current_player() -> Player:
    """Whoever plays at this browser: as the customer that she is, if we know it."""
    persona, person = current_persona(), session_person()
    if persona is not None:
        participant = layout.current_participant(f"as {persona.name}")
        return Player(
            participant,
            Origin.PERSONA,
            customer=persona.customer_id,
            language=layout.current_language(),
        )
    if person.customer is not None:
        return Player(
            person.participant,
            Origin.OWN,
            customer=person.customer,
            language=layout.current_language(),
        )
    return Player(
        person.participant,
        Origin.ELICITED,
        picked_brands=tuple(st.session_state.get(PICKED_BRANDS, ())),
    )
