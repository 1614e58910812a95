"""My data: everything that is stored about whoever is here, hers to take along or to erase."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st

from app.presentation.i18n import day, text
from app.study.privacy import Link, about, forget
from app.web import runtime
from app.web.components.widgets import save_file
from app.web.pages import layout
from app.workspace.planted_shop import personas_of

_SURE = "sure_to_forget"
_GONE = "forgotten"


def page() -> None:
    """Show all of it; erase it at two presses."""
    language, store, hers = layout.language(), runtime.store(), _pseudonyms()
    account = _account()
    st.title(text(language, "my_data.title"))
    st.write(text(language, "my_data.lead"))
    known = about(store, hers, account)
    rows = ("decks", "consents", "steps", "invited_as")
    kept = bool(any(known[name] for name in rows) or account)
    if st.session_state.get(_GONE) and not kept:  # a page may run twice: it is said as long as true
        st.success(text(language, "my_data.forgotten"), icon=":material/check:")
    st.caption(text(language, "my_data.kept"))
    if not kept:
        st.write(text(language, "my_data.nothing"))
        return
    if account:
        said = text(language, f"my_data.linked_{account[0]}", day=day(language, account[1] // 1000))
        st.write(said)
    for n, deck in enumerate(known["decks"], start=1):
        _deck(language, n, deck)
    # a file of Streamlit's own would lie at an address that anybody may ask for
    save_file(
        json.dumps(known, indent=2, ensure_ascii=False),
        name="brandswipe.json",
        label=text(language, "my_data.download"),
    )
    _offer_to_forget(language, hers)


def _pseudonyms() -> list[str]:
    """Hers, and those of the lives that she may have borrowed."""
    who = layout.person()
    lives = personas_of(runtime.settings().workspace) if who.guest else ()
    return [
        who.participant,
        *who.former,
        *(layout.participant(f"as {life.name}") for life in lives),
    ]


def _account() -> Link:
    """How her shop account was linked, if one is."""
    customer = layout.person().customer
    return None if customer is None else runtime.accounts().linked_by(customer)


def _forget(hers: list[str]) -> None:
    """Erase her rows, and the link to her shop account."""
    forget(runtime.store(), hers)
    customer = layout.person().customer
    if customer is not None:
        runtime.accounts().unlink_customer(customer)


def _deck(language: str, n: int, deck: Mapping[str, Any]) -> None:
    answered = [card for card in deck["cards"] if card["answer"]]
    line = text(
        language,
        "my_data.deck" if deck["closed_at"] else "my_data.deck_open",
        n=n,
        day=day(language, round(datetime.fromisoformat(deck["dealt_at"]).timestamp())),
        answered=len(answered),
        cards=len(deck["cards"]),
    )
    with st.expander(line):
        for card in answered:
            with st.container(horizontal=True, horizontal_alignment="distribute"):
                st.text(card["brand"])
                st.text(text(language, f"swipe.{card['answer']}"))


def _forget_the_visit() -> None:
    """What this page was told goes too; the frame round it stays."""
    for key in [key for key in st.session_state if key not in ("language", "role")]:
        del st.session_state[key]
    st.session_state[_GONE] = True


def _offer_to_forget(language: str, hers: list[str]) -> None:
    st.divider()
    st.write(text(language, "my_data.forget_text", days=runtime.settings().keep_days))
    if not st.session_state.get(_SURE):
        if st.button(text(language, "my_data.forget"), key="forget"):
            st.session_state[_SURE] = True
            st.rerun()
        return
    with st.container(horizontal=True):
        if st.button(text(language, "my_data.forget_sure"), key="forget_sure", type="primary"):
            _forget(hers)
            _forget_the_visit()
            st.rerun()
        if st.button(text(language, "my_data.stay"), key="forget_not"):
            del st.session_state[_SURE]
            st.rerun()
