"""The way in and the way out: what a login says of whoever is here, and the pages round it."""

import time

import streamlit as st

from app.address import home
from app.login import Claims
from app.settings import Login, Settings
from app.words import text
from recsys.errors import LoginNeededError, NotAllowedError

LEAVING = "leaving"  # the page of the cards sends what waits, then the browser's queue is cleared


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
    if settings.login is Login.OIDC and st.user.is_logged_in:
        if st.button(text(language, "app.sign_out"), key="sign_out", type="tertiary"):
            st.session_state[LEAVING] = True
            st.logout()
    elif settings.login is Login.PROXY and settings.logout_url:
        said = text(language, "app.sign_out")
        st.html(f'<a href="{home()}leave">{said}</a>', width="content")  # in this tab, not another
