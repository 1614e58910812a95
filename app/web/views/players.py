"""The player of a visit: a linked customer, a guest with picked brands, or a persona."""

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
    """Return the line that says why a deck does not count; empty if it counts."""
    borrowed = current_persona()
    if origin is Origin.PERSONA and borrowed is not None:
        return translate(language, "personas.mark", name=borrowed.name)
    text_keys = {Origin.ELICITED: "taster.mark", Origin.PRACTICE: "practice.mark"}
    return translate(language, text_keys[origin]) if origin in text_keys else ""


def leave_persona_button(language: str) -> None:
    """Show the button that stops playing as a persona."""
    if st.button(translate(language, "personas.stop"), key="be_yourself"):
        play_as_self()
        st.rerun()


MAX_PICKED_BRANDS = 5  # maximum number of picked brands
PERSONA_PARAMETER = "as"  # query parameter with the persona


def restore_persona(page: str) -> None:
    """Restore the persona from the URL, so that a reload and a shared link keep it.

    Streamlit clears the query when the page changes; the session then supplies the persona.
    """
    session = current_session()
    page_changed = session.page_path not in (None, page)
    if page_changed and session.persona_name and PERSONA_PARAMETER not in st.query_params:
        st.query_params[PERSONA_PARAMETER] = session.persona_name
    session.page_path, session.persona_name = page, st.query_params.get(PERSONA_PARAMETER)
    if current_player().customer is None:
        _restore_picked_brands()


def _restore_picked_brands() -> None:
    """Restore from the browser tab the brands that a guest picked before a reload."""
    session, owner = current_session(), layout.current_participant()[:16]
    stored_brands = tab_storage(owner, session.picked_brands or ()).brands
    if stored_brands and session.picked_brands is None:
        session.picked_brands = tuple(map(str, stored_brands))[:MAX_PICKED_BRANDS]


def play_as_persona(name: str) -> None:
    """Play as a persona from now on."""
    st.query_params[PERSONA_PARAMETER] = name.lower()


def play_as_self() -> None:
    """Stop playing as a persona."""
    st.query_params.pop(PERSONA_PARAMETER, None)


def session_person() -> Person:
    """Return the person at this browser."""
    return layout.current_person()


def built_the_model() -> bool:
    """Return whether the player may have built the evaluated model: has the login role DS."""
    person = session_person()
    return not person.guest and person.has_any_role([UserRole.DS])


def current_persona() -> Persona | None:
    """Return the persona in the URL, or None if there is none or the person may not use one."""
    name = st.query_params.get(PERSONA_PARAMETER)
    return (
        next((one for one in available_personas() if one.name.lower() == name), None)
        if name
        else None
    )


def available_personas() -> tuple[Persona, ...]:
    """Return the personas that the person may play as; empty for a person with a login."""
    return tuple(planted_personas(runtime.settings().workspace)) if session_person().guest else ()


def current_player() -> Player:
    """Return the player: as persona, as linked customer, or with picked brands."""
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
    """Return a player with only the brands that were picked in this visit."""
    picked_brands = current_session().picked_brands or ()
    return Player(participant, Origin.ELICITED, picked_brands=picked_brands)
