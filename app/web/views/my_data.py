"""My data: shows all data stored about the user, to download or to erase."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st

from app.presentation.i18n import format_day, translate
from app.study.privacy import AccountLink, forget_person, personal_data
from app.web import runtime
from app.web.components.widgets import file_download
from app.web.views import layout
from app.web.views.session import clear_session, current_session
from app.workspace.planted_shop import planted_personas


def my_data_page() -> None:
    """Show all stored data of the user; erase it after two clicks."""
    language, store, participants = layout.current_language(), runtime.store(), _own_participants()
    account_link = _account_link()
    st.title(translate(language, "my_data.title"))
    st.write(translate(language, "my_data.lead"))
    stored_data = personal_data(store, participants, account_link)
    row_kinds = ("decks", "consents", "steps", "invited_as")
    has_data = bool(any(stored_data[name] for name in row_kinds) or account_link)
    # a page may run twice: show the message as long as it is true
    if current_session().was_forgotten and not has_data:
        st.success(translate(language, "my_data.forgotten"), icon=":material/check:")
    st.caption(translate(language, "my_data.kept"))
    if not has_data:
        st.write(translate(language, "my_data.nothing"))
        return
    if account_link:
        linked_text = translate(
            language,
            f"my_data.linked_{account_link[0]}",
            day=format_day(language, account_link[1] // 1000),
        )
        st.write(linked_text)
    for n, deck in enumerate(stored_data["decks"], start=1):
        _show_deck(language, n, deck)
    # not st.download_button: Streamlit serves its file at a URL that anybody may request
    file_download(
        json.dumps(stored_data, indent=2, ensure_ascii=False),
        name="brandswipe.json",
        label=translate(language, "my_data.download"),
    )
    _offer_erasure(language, participants)


def _own_participants() -> list[str]:
    """Return the user's pseudonyms: current, former, and those used while playing as a persona."""
    person = layout.current_person()
    personas = planted_personas(runtime.settings().workspace) if person.guest else ()
    return [
        person.participant,
        *person.former_pseudonyms,
        *(layout.current_participant(f"as {life.name}") for life in personas),
    ]


def _account_link() -> AccountLink:
    """Return how and when the user's shop account was linked, or None."""
    customer = layout.current_person().customer
    return None if customer is None else runtime.account_links().link_of(customer)


def _erase_everything(participants: list[str]) -> None:
    """Erase the user's rows and the link to the shop account."""
    forget_person(runtime.store(), participants)
    customer = layout.current_person().customer
    if customer is not None:
        runtime.account_links().unlink_customer(customer)


def _show_deck(language: str, n: int, deck: Mapping[str, Any]) -> None:
    answered_cards = [card for card in deck["cards"] if card["answer"]]
    label = translate(
        language,
        "my_data.deck" if deck["closed_at"] else "my_data.deck_open",
        n=n,
        day=format_day(language, round(datetime.fromisoformat(deck["dealt_at"]).timestamp())),
        answered=len(answered_cards),
        cards=len(deck["cards"]),
    )
    with st.expander(label):
        for card in answered_cards:
            with st.container(horizontal=True, horizontal_alignment="distribute"):
                st.text(card["brand"])
                st.text(translate(language, f"swipe.{card['answer']}"))


def _offer_erasure(language: str, participants: list[str]) -> None:
    st.divider()
    st.write(translate(language, "my_data.forget_text", days=runtime.settings().keep_days))
    session = current_session()
    if not session.confirms_erasure:
        if st.button(translate(language, "my_data.forget"), key="forget"):
            session.confirms_erasure = True
            st.rerun()
        return
    with st.container(horizontal=True):
        if st.button(translate(language, "my_data.forget_sure"), key="forget_sure", type="primary"):
            _erase_everything(participants)
            clear_session()  # also erases the values of this page; language and role stay
            current_session().was_forgotten = True
            st.rerun()
        if st.button(translate(language, "my_data.stay"), key="forget_not"):
            session.confirms_erasure = False
            st.rerun()
