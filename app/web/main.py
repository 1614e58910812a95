"""Entry script of Streamlit: finds person, role and language, and runs the requested page."""

from collections.abc import Callable

import streamlit as st

from app.auth.identity import UserRole
from app.presentation.i18n import translate
from app.presentation.theme import STATIC_FOLDER, page_css
from app.web import runtime
from app.web.views import layout, my_brands, my_data, players
from app.web.views.play import page as play
from app.web.views.report import page as report
from app.web.views.session import current_session
from app.web.views.workbench import page as workbench
from recsys.errors import NotAllowedError

# each page with the roles that may open it; other roles have no route to the page
PAGES: dict[str, tuple[Callable[[], None], tuple[UserRole, ...]]] = {
    "play": (play.play_page, (UserRole.EMPLOYEE, UserRole.PM, UserRole.DS)),
    "carousel": (my_brands.my_brands_page, (UserRole.EMPLOYEE, UserRole.PM, UserRole.DS)),
    "my_data": (my_data.my_data_page, (UserRole.EMPLOYEE, UserRole.PM, UserRole.DS)),
    "report": (report.report_page, (UserRole.PM, UserRole.DS)),
    "workbench": (workbench.workbench_page, (UserRole.DS,)),
}


def main() -> None:
    """Draw the layout and run the requested page."""
    st.set_page_config(
        page_title="Brandswipe", page_icon=str(STATIC_FOLDER / "icon.png"), layout="centered"
    )
    language = layout.current_language()
    if not runtime.is_guarded():  # started without the server: no middleware checks access
        st.write(translate(language, "state.unguarded"))
        return
    st.html(page_css())
    session = current_session()
    if session.logging_out:
        layout.sign_out_page(language, runtime.settings())
        return
    body = st.container()  # the top bar is below the page on phones, in the header on desktops
    try:
        person = layout.top_bar(language)
    except NotAllowedError as refusal:
        with body:
            layout.sign_in_page(language, refusal, runtime.settings())
        return
    pages = {
        name: st.Page(
            _with_role_check(page, roles),
            title=translate(language, f"app.{name}"),
            url_path=name,
            default=name == "play",
        )
        for name, (page, roles) in PAGES.items()
        if person.has_any_role(roles)
    }
    session.pages = pages
    current_page = st.navigation(list(pages.values()), position="top")
    wanted_page, session.wanted_page = session.wanted_page, None  # used once
    if wanted_page and wanted_page.page in pages:
        st.switch_page(pages[wanted_page.page], query_params=wanted_page.query)
    players.restore_persona(current_page.url_path)
    with body:
        layout.collect_account_link(language, person)
        layout.run_guarded(current_page.run, language)


def _with_role_check(page: Callable[[], None], roles: tuple[UserRole, ...]) -> Callable[[], None]:
    """Check the role again when the page runs: hiding a link is no access control."""

    def checked() -> None:
        layout.require_role(*roles)
        page()

    return checked


main()
