"""Her shop account: the way to the shop's page that links it, and what came back from there."""

import time

import streamlit as st

from app import runtime
from app.accounts import link, link_address
from app.arrivals import LINKED
from app.login import Person
from app.words import text
from recsys.errors import NotAllowedError

_ADDRESS = "link_address"
_KEPT = 1800  # seconds that an address is shown before a new one is made
_DONE = "link_done"


def offer(language: str, person: Person) -> None:
    """The way to the shop, for whoever logged in and is not linked yet."""
    page = runtime.settings().shop_link
    if page and person.badge and person.customer is None:
        st.link_button(text(language, "login.link"), _address(person, page), type="tertiary")


def collect(language: str, person: Person) -> None:
    """Link the account whose note came with this page's address, and say what became of it."""
    handle = st.query_params.get(LINKED)
    if handle:
        del st.query_params[LINKED]
        try:
            link(runtime.accounts(), person, runtime.notes().collect(handle))
        except NotAllowedError as error:
            runtime.store().log("an account was not linked", why=str(error))
            st.error(str(error), icon=":material/info:")
            return
        st.session_state[_DONE] = True
        st.rerun()  # from now on she plays as herself
    if st.session_state.pop(_DONE, False):
        st.success(text(language, "login.linked"), icon=":material/check:")


def _address(person: Person, page: str) -> str:
    """Made once in a while: it is a row each time."""
    known = st.session_state.get(_ADDRESS)
    if known is None or known[0] < time.monotonic() - _KEPT:
        known = time.monotonic(), link_address(runtime.accounts(), person, page)
        st.session_state[_ADDRESS] = known
    return str(known[1])
