"""The way in and the way out: what a login says of whoever is here, and the pages round it."""

import time

import streamlit as st

from app.address import home
from app.login import Claims
from app.settings import Login, Settings
from app.swipe_cards import farewell
from app.words import text
from recsys.errors import LoginNeededError, NotAllowedError

LEAVING = "leaving"


def claims(settings: Settings) -> Claims:
    """What the login says of whoever is here. Raises LoginNeededError where it says nothing."""
    if settings.login is Login.PROXY:
        from app.claims import of_proxy

        return of_proxy(settings, st.context.headers.get(settings.proxy_header), time.time())
    if not st.user.is_logged_in:
        raise LoginNeededError
    return st.user.to_dict()


def way_in(language: str, why: NotAllowedError, settings: Settings) -> None:
    """The page of somebody who is not let in, or not yet."""
    if not isinstance(why, LoginNeededError):
        st.title(text(language, "login.refused_title"))
        st.write(str(why))
        return
    st.title(text(language, "login.over_title" if why.expired else "login.title"))
    st.write(text(language, "login.over" if why.expired else "login.lead"))
    if settings.login is Login.OIDC:
        st.button(text(language, "app.sign_in"), type="primary", on_click=st.login)
    else:
        st.link_button(text(language, "login.reload"), home(), type="primary")


def way_out(language: str, settings: Settings) -> None:
    """The button that ends a login, for whoever has one."""
    by_us = settings.login is Login.OIDC and st.user.is_logged_in
    if by_us or (settings.login is Login.PROXY and settings.logout_url):
        st.button(
            text(language, "app.sign_out"),
            key="sign_out",
            type="tertiary",
            on_click=lambda: st.session_state.update({LEAVING: True}),
        )


def leaves() -> bool:
    """Whether whoever is here has asked to go."""
    return bool(st.session_state.get(LEAVING))


def farewell_page(language: str, settings: Settings) -> None:
    """Let her answers out before she goes, then end the login."""
    at_proxy = settings.login is Login.PROXY
    gone = farewell(text(language, "swipe.leaving"), to=f"{home()}leave" if at_proxy else "")
    if gone.unsent is not None:
        del st.session_state[LEAVING]
        if not at_proxy:
            st.logout()
