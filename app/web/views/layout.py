"""Shared parts of all pages: login, logout, top bar, language, role and error messages."""

import logging
import time
from collections.abc import Callable

import streamlit as st
from streamlit.errors import StreamlitAPIException

from app.auth import identity
from app.auth.account_linking import link_account, link_url
from app.auth.guest_cookie import guest_from_cookies
from app.auth.identity import LoginClaims, Person, UserRole, pseudonym
from app.auth.urls import base_path
from app.presentation.i18n import LANGUAGES, language_of_locale, translate
from app.web import runtime
from app.web.auth_routes import LINKED_PARAMETER
from app.web.components.game import logout_flush
from app.web.middleware import is_local_request
from app.web.views.session import LANGUAGE_KEY, ROLE_KEY, WantedPage, current_session
from app.workspace.json_log import describe_error, log_extra
from app.workspace.settings import Login, Settings, with_current_roles
from recsys.errors import BrandswipeError, LoginNeededError, NotAllowedError

_ADDRESS_SECONDS = 1800  # seconds for which a link address is reused


def offer_account_link(language: str, person: Person) -> None:
    """Show the link to the shop's account page to a logged-in employee without linked account."""
    shop_page = runtime.settings().shop_link
    if shop_page and person.badge and person.customer is None:
        st.link_button(
            translate(language, "login.link"),
            _cached_link_address(person, shop_page),
            type="tertiary",
        )


def collect_account_link(language: str, person: Person) -> None:
    """Link the account of the shop statement in the page's URL, and show the outcome."""
    session, handle = current_session(), st.query_params.get(LINKED_PARAMETER)
    if handle:
        del st.query_params[LINKED_PARAMETER]
        try:
            link_account(runtime.account_links(), person, runtime.shop_statements().collect(handle))
        except NotAllowedError as error:
            runtime.store().log_event("an account was not linked", why=str(error))
            st.error(str(error), icon=":material/info:")
            return
        session.link_done = True
        st.rerun()  # the employee now plays from the linked purchase history
    if session.link_done:
        session.link_done = False
        st.success(translate(language, "login.linked"), icon=":material/check:")


def _cached_link_address(person: Person, shop_page: str) -> str:
    """Return a link address, reused for a while: each new one is a row in the database."""
    session, now = current_session(), time.monotonic()
    if session.link_address is None or session.link_address[0] < now - _ADDRESS_SECONDS:
        session.link_address = now, link_url(runtime.account_links(), person, shop_page)
    return session.link_address[1]


def login_claims(settings: Settings) -> LoginClaims:
    """Return the claims of the current login. Raises LoginNeededError if there is no login."""
    if settings.login is Login.PROXY:
        from app.auth.jwt import verify_proxy_header

        return verify_proxy_header(
            settings, st.context.headers.get(settings.proxy_header), time.time()
        )
    if not st.user.is_logged_in:
        raise LoginNeededError
    return st.user.to_dict()


def sign_in_page(language: str, refusal: NotAllowedError, settings: Settings) -> None:
    """Show the page of a user without access: login needed, expired or refused."""
    if not isinstance(refusal, LoginNeededError):
        st.title(translate(language, "login.refused_title"))
        st.write(str(refusal))
        return
    st.title(translate(language, "login.over_title" if refusal.expired else "login.title"))
    st.write(translate(language, "login.over" if refusal.expired else "login.lead"))
    if settings.login is Login.OIDC:
        st.button(translate(language, "app.sign_in"), type="primary", on_click=st.login)
    else:
        st.link_button(translate(language, "login.reload"), base_path(), type="primary")


def sign_out_button(language: str, settings: Settings) -> None:
    """Show the logout button if the user has a login that can be ended."""
    signed_in_by_oidc = settings.login is Login.OIDC and st.user.is_logged_in
    if signed_in_by_oidc or (settings.login is Login.PROXY and settings.logout_url):
        st.button(
            translate(language, "app.sign_out"),
            key="sign_out",
            type="tertiary",
            on_click=_begin_logout,
        )


def _begin_logout() -> None:
    current_session().logging_out = True


def sign_out_page(language: str, settings: Settings) -> None:
    """Send the user's unsent answers, then log out."""
    at_proxy = settings.login is Login.PROXY
    flush_state = logout_flush(
        translate(language, "swipe.leaving"), redirect=f"{base_path()}leave" if at_proxy else ""
    )
    if flush_state.unsent is not None:
        current_session().logging_out = False
        if not at_proxy:
            st.logout()


_log = logging.getLogger("brandswipe")


def current_language() -> str:
    """Return the chosen language, else the one in the URL, else the browser's."""
    session, requested = current_session(), st.query_params.get("lang", "")
    language = session.language
    if language is None:
        language = requested if requested in LANGUAGES else language_of_locale(st.context.locale)
        session.language = language
    return language


def is_local_browser() -> bool:
    """Return whether the browser runs on the server's computer and not through a proxy."""
    return is_local_request(st.context.ip_address or "localhost", list(st.context.headers))


def may_choose_role() -> bool:
    """Return whether the user may choose a role: only in local mode, never from a phone."""
    return runtime.settings().login is Login.LOCAL and is_local_browser()


def top_bar(language: str) -> Person:
    """Draw the bar with role (if it may be chosen), language and logout; return the person.

    Raises as `current_person` does, after the bar is drawn.
    """
    with st.container(horizontal=True, vertical_alignment="center", key="frame_bar"):
        if may_choose_role():
            _choose_role(language)
        st.segmented_control(
            translate(language, "app.language"),
            list(LANGUAGES),
            format_func=str.upper,
            key=LANGUAGE_KEY,
            required=True,
            label_visibility="collapsed",
        )
        sign_out_button(language, runtime.settings())
        person = current_person()
        offer_account_link(language, person)
    return person


def _choose_role(language: str) -> None:
    session, requested = current_session(), st.query_params.get("role", "")
    if session.wanted_page is not None:
        session.role = session.wanted_page.role
    if session.role is None:
        is_known = requested in [role.value for role in UserRole]
        session.role = requested if is_known else UserRole.EMPLOYEE.value
    st.segmented_control(
        translate(language, "app.role"),
        [role.value for role in UserRole],
        format_func=lambda name: translate(language, f"app.role_{name}"),
        key=ROLE_KEY,
        required=True,
        label_visibility="collapsed",
    )


def current_person() -> Person:
    """Return the person at this browser, looked up now.

    Raises LoginNeededError if a login is required and missing, and NotAllowedError if the login has
    no access.
    """
    settings, keys = runtime.settings(), runtime.secret_keys()
    if settings.login.is_real:
        identity_rules = with_current_roles(settings)
        return identity.employee_person(
            identity_rules, keys, runtime.account_links(), login_claims(settings), time.time()
        )
    chosen_role = current_session().role if may_choose_role() else None
    return identity.guest_person(keys, _guest_name(), UserRole(chosen_role or UserRole.EMPLOYEE))


def require_role(*roles: UserRole) -> Person:
    """Return the current person. Raises NotAllowedError without one of these roles."""
    person = current_person()
    if not person.has_any_role(roles):
        role_names = " or ".join(roles)
        _log.warning(
            "a page was refused: it is for %s", role_names, extra=log_extra("page_refused")
        )
        raise NotAllowedError("This page is for other colleagues: open your own page.")
    return person


def current_participant(part: str = "") -> str:
    """Return the pseudonym of the current person; `part` gives a separate one per persona."""
    if not part:
        return current_person().participant
    return pseudonym(runtime.secret_keys(), f"guest {_guest_name()} {part}")


def _guest_name() -> str:
    header = "; ".join(f"{name}={value}" for name, value in st.context.cookies.items())
    # without cookies, the guest is remembered for this visit only
    return guest_from_cookies(header) or current_session().visit_name


def run_guarded(page: Callable[[], None], language: str) -> None:
    """Run a page; show errors as one sentence and log unexpected ones."""
    try:
        page()
    except BrandswipeError as error:
        st.error(str(error), icon=":material/info:")
    except StreamlitAPIException:
        raise
    except Exception as error:
        _log.error("a page failed: %s", describe_error(error), extra=log_extra("page_failed"))
        st.error(translate(language, "error.generic"), icon=":material/info:")


def go_to_page(role: str, page: str, **query: str) -> None:
    """Go to a page in a role, as if both were chosen in the top bar."""
    current_session().wanted_page = WantedPage(role, page, query)
    st.rerun()
