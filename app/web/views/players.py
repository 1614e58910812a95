"""Who plays in this visit: a customer we know, somebody with picked brands, or a borrowed life."""

import streamlit as st

from app.auth.identity import Person, UserRole
from app.presentation.i18n import translate
from app.study.dealing import Player
from app.web import runtime
from app.web.components.widgets import tab_storage
from app.web.views import layout
from app.web.views.session import current_session
from app.workspace.planted_shop import planted_personas
from recsys.simulation.personas import Persona
from recsys.study.deck import Origin


def deck_note(language: str, origin: Origin) -> str:
    """Return the line that says why a deck does not count; empty where it does."""
    borrowed = current_persona()
    if origin is Origin.PERSONA and borrowed is not None:
        return translate(language, "personas.mark", name=borrowed.name)
    text_keys = {Origin.ELICITED: "taster.mark", Origin.PRACTICE: "practice.mark"}
    return translate(language, text_keys[origin]) if origin in text_keys else ""


def leave_persona_button(language: str) -> None:
    """Offer the way out of a borrowed life."""
    if st.button(translate(language, "personas.stop"), key="be_yourself"):
        play_as_self()
        st.rerun()


MAX_PICKED_BRANDS = 5  # brands that can be picked
PERSONA_PARAMETER = "as"  # the persona in the address


def restore_persona(page: str) -> None:
    """Find out whose life is played: the address says it, so that a reload and a link keep it.

    Streamlit empties the address when the page changes; the life that was borrowed is kept then.
    """
    session = current_session()
    page_changed = session.page_path not in (None, page)
    if page_changed and session.persona_name and PERSONA_PARAMETER not in st.query_params:
        st.query_params[PERSONA_PARAMETER] = session.persona_name
    session.page_path, session.persona_name = page, st.query_params.get(PERSONA_PARAMETER)
    if current_player().customer is None:
        _restore_picked_brands()


def _restore_picked_brands() -> None:
    """Ask the browser's tab for the brands that a guest picked before she reloaded."""
    session, owner = current_session(), layout.current_participant()[:16]
    stored_brands = tab_storage(owner, session.picked_brands or ()).brands
    if stored_brands and session.picked_brands is None:
        session.picked_brands = tuple(map(str, stored_brands))[:MAX_PICKED_BRANDS]


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
    return player_with_picks(person.participant)


def player_with_picks(participant: str) -> Player:
    """A player of whom we know the brands that were picked in this visit, and nothing else."""
    picked_brands = current_session().picked_brands or ()
    return Player(participant, Origin.ELICITED, picked_brands=picked_brands)
