"""What is round every page: language, role, the guest, and a sentence when something fails."""

import logging
import secrets
import time
from collections.abc import Callable

import streamlit as st
from streamlit.errors import StreamlitAPIException

from app.auth import identity
from app.auth.account_linking import link, link_address
from app.auth.guest_cookie import guest_of
from app.auth.identity import Claims, Person, Role, pseudonym
from app.auth.urls import home
from app.presentation.i18n import LANGUAGES, preferred, text
from app.web import runtime
from app.web.components.game import farewell
from app.web.middleware import is_here
from app.web.routes import LINKED
from app.workspace.json_log import event, fault
from app.workspace.settings import Login, Settings, who_is_who
from recsys.errors import BrandswipeError, LoginNeededError, NotAllowedError

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


LEAVING = "leaving"


def claims(settings: Settings) -> Claims:
    """What the login says of whoever is here. Raises LoginNeededError where it says nothing."""
    if settings.login is Login.PROXY:
        from app.auth.jwt import of_proxy

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


_WANTED = "wanted_page"
_log = logging.getLogger("brandswipe")


def language() -> str:
    """The language: the one in the address, else the browser's."""
    asked = st.query_params.get("lang", "")
    chosen = st.session_state.get("language")
    if chosen is None:
        chosen = asked if asked in LANGUAGES else preferred(st.context.locale)
        st.session_state["language"] = chosen
    return str(chosen)


def at_home() -> bool:
    """Whether the browser runs on the computer that serves it, and no proxy stands between."""
    return is_here(st.context.ip_address or "localhost", list(st.context.headers))


def chooses_role() -> bool:
    """Whether whoever sits here may choose a role: in local mode, and never from a phone."""
    return runtime.settings().login is Login.LOCAL and at_home()


def bar(language: str) -> Person:
    """Draw the line with role (where it may be chosen), language and the way out; return who it is.

    Raises as `person` does, after the line was drawn.
    """
    with st.container(horizontal=True, vertical_alignment="center", key="frame_bar"):
        if chooses_role():
            _choose_role(language)
        st.segmented_control(
            text(language, "app.language"),
            list(LANGUAGES),
            format_func=str.upper,
            key="language",
            required=True,
            label_visibility="collapsed",
        )
        way_out(language, runtime.settings())
        found = person()
        offer(language, found)
    return found


def _choose_role(language: str) -> None:
    asked = st.query_params.get("role", "")
    if _WANTED in st.session_state:
        st.session_state["role"] = st.session_state[_WANTED][0]
    if "role" not in st.session_state:
        known = asked in [role.value for role in Role]
        st.session_state["role"] = asked if known else Role.EMPLOYEE.value
    st.segmented_control(
        text(language, "app.role"),
        [role.value for role in Role],
        format_func=lambda name: text(language, f"app.role_{name}"),
        key="role",
        required=True,
        label_visibility="collapsed",
    )


def person() -> Person:
    """Whoever sits at this browser, looked up now.

    Raises LoginNeededError where nobody vouches for her and somebody must, NotAllowedError for a
    login that may not come in.
    """
    settings, keys = runtime.settings(), runtime.keys()
    if settings.login.is_real:
        rules = who_is_who(settings)
        return identity.employee(rules, keys, runtime.accounts(), claims(settings), time.time())
    chosen = st.session_state.get("role") if chooses_role() else None
    return identity.guest(keys, _guest(), Role(chosen or Role.EMPLOYEE))


def require(*roles: Role) -> Person:
    """Return whoever is here. Raises NotAllowedError unless she has one of these roles."""
    found = person()
    if not found.may(roles):
        wanted = " or ".join(roles)
        _log.warning("a page was refused: it is for %s", wanted, extra=event("page_refused"))
        raise NotAllowedError("This page is for other colleagues: open your own page.")
    return found


def participant(part: str = "") -> str:
    """The pseudonym of whoever sits at this browser, in a part that she plays."""
    if not part:
        return person().participant
    return pseudonym(runtime.keys(), f"guest {_guest()} {part}")


def _guest() -> str:
    header = "; ".join(f"{name}={value}" for name, value in st.context.cookies.items())
    name = guest_of(header)
    if name is None:  # cookies are refused: this visit alone is remembered
        name = st.session_state.setdefault("visit", secrets.token_urlsafe(16))
    return str(name)


def guarded(page: Callable[[], None], language: str) -> None:
    """Run a page; what goes wrong becomes a sentence."""
    try:
        page()
    except BrandswipeError as error:
        st.error(str(error), icon=":material/info:")
    except StreamlitAPIException:
        raise
    except Exception as error:
        _log.error("a page failed: %s", fault(error), extra=event("page_failed"))
        st.error(text(language, "error.generic"), icon=":material/info:")


def visit(role: str, page: str, **address: str) -> None:
    """Go to a page in a role, as a press on the bar and the navigation would."""
    st.session_state[_WANTED] = role, page, address
    st.rerun()


def wanted() -> tuple[str, dict[str, str]] | None:
    """The page that `visit` asked for, with what its address must say; asked once."""
    asked = st.session_state.pop(_WANTED, None)
    return None if asked is None else asked[1:]
