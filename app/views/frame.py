"""What is round every page: language, role, the guest, and a sentence when something fails."""

import logging
import secrets
import time
from collections.abc import Callable

import streamlit as st
from streamlit.errors import StreamlitAPIException

from app import login, runtime
from app.guard import is_here
from app.identity import Role, pseudonym
from app.journal import event, fault
from app.login import Person
from app.settings import Login, who_is_who
from app.views import door, link
from app.visitor import guest_of
from app.words import LANGUAGES, preferred, text
from recsys.errors import BrandswipeError, NotAllowedError

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
        door.way_out(language, runtime.settings())
        found = person()
        link.offer(language, found)
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
        return login.employee(rules, keys, runtime.accounts(), door.claims(settings), time.time())
    chosen = st.session_state.get("role") if chooses_role() else None
    return login.guest(keys, _guest(), Role(chosen or Role.EMPLOYEE))


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
