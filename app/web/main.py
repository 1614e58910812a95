"""The browser's entry: who is here, in which language and role, and which pages that gives."""

from collections.abc import Callable

import streamlit as st

from app.auth.identity import Role
from app.presentation.i18n import text
from app.presentation.theme import STATIC, page_css
from app.web import runtime
from app.web.middleware import ON_DUTY
from app.web.pages import layout, my_brands, my_data, session
from app.web.pages.play import page as play
from app.web.pages.report import page as report
from app.web.pages.workbench import page as workbench
from recsys.errors import NotAllowedError

# each page with the roles that may see it; what is not in a role's list cannot be reached
PAGES: dict[str, tuple[Callable[[], None], tuple[Role, ...]]] = {
    "play": (play.page, (Role.EMPLOYEE, Role.PM, Role.DS)),
    "carousel": (my_brands.page, (Role.EMPLOYEE, Role.PM, Role.DS)),
    "my_data": (my_data.page, (Role.EMPLOYEE, Role.PM, Role.DS)),
    "report": (report.page, (Role.PM, Role.DS)),
    "workbench": (workbench.page, (Role.DS,)),
}


def main() -> None:
    """Draw the frame and run the page that was asked for."""
    st.set_page_config(
        page_title="Brandswipe", page_icon=str(STATIC / "icon.png"), layout="centered"
    )
    language = layout.language()
    if not ON_DUTY.is_set():  # this file alone was started: nothing checks who comes in
        st.write(text(language, "state.unguarded"))
        return
    st.html(page_css())
    if layout.leaves():
        layout.farewell_page(language, runtime.settings())
        return
    body = st.container()  # the bar comes after the page on a phone, and into the header on a desk
    try:
        person = layout.bar(language)
    except NotAllowedError as why:
        with body:
            layout.way_in(language, why, runtime.settings())
        return
    pages = {
        name: st.Page(
            _checked(page, roles),
            title=text(language, f"app.{name}"),
            url_path=name,
            default=name == "play",
        )
        for name, (page, roles) in PAGES.items()
        if person.may(roles)
    }
    st.session_state["pages"] = pages
    chosen = st.navigation(list(pages.values()), position="top")
    asked = layout.wanted()
    if asked and asked[0] in pages:
        st.switch_page(pages[asked[0]], query_params=asked[1])
    session.settle(chosen.url_path)
    with body:
        layout.collect(language, person)
        layout.guarded(chosen.run, language)


def _checked(page: Callable[[], None], roles: tuple[Role, ...]) -> Callable[[], None]:
    """Check the role again where the page begins: a list of links is no lock."""

    def checked() -> None:
        layout.require(*roles)
        page()

    return checked


main()
