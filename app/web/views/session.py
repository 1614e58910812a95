"""State of a visit between page runs. No other module reads `st.session_state`."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import streamlit as st
from streamlit.navigation.page import Page

from app.study.deal_queue import PendingDeal
from app.study.invitations import InvitationResult
from app.web.views.play.stages import Stage
from recsys.evaluation.behavioral_tests import BehaviorResult
from recsys.report.rejections import RejectedBrand

SESSION_KEY = "session"
LANGUAGE_KEY, ROLE_KEY, VERSION_KEY = "language", "role", "wb_version"
"""Keys of widgets that code also reads or sets; Streamlit stores their values."""


class WantedPage(NamedTuple):
    """A page to go to at the next run."""

    role: str
    page: str
    query: Mapping[str, str]  # query parameters of the URL


@dataclass(slots=True)
class Session:
    """The values of one visit. A visit ends when the tab is closed or the page is reloaded."""

    visit_name: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    pages: Mapping[str, Page] = field(default_factory=dict)  # pages that the person may open
    page_path: str | None = None  # the page that was shown last
    wanted_page: WantedPage | None = None
    logging_out: bool = False
    link_address: tuple[float, str] | None = None  # (monotonic seconds when made, address)
    link_done: bool = False  # the account was linked in the last run

    persona_name: str | None = None  # the persona in the address at the last run
    picked_brands: tuple[str, ...] | None = None  # None until picked; the tab stores them

    stage: Stage = Stage.ARRIVED  # stage of the play page
    pending_deal: PendingDeal | None = None  # deck that is being dealt
    deck_tokens: dict[str, str] = field(default_factory=dict)  # deck id -> token
    answers_at_arrival: dict[str, int] = field(default_factory=dict)  # deck id -> answers
    kept_rejections: dict[str, dict[str, str]] = field(default_factory=dict)  # by deck and position
    coffee_code: str | None = None  # shown on the reveal; not linked to a person
    story_is_rolling: bool = False
    playground: str | None = None  # hash of the study of the simulated players

    confirms_erasure: bool = False  # the first of two clicks was made
    was_forgotten: bool = False

    new_version: str | None = None  # hash of the version fitted in this visit
    opened_study: str | None = None  # hash of the study opened in this visit
    invitations: tuple[str, InvitationResult] | None = None  # (study hash, invitations)
    behavior_results: tuple[str, list[BehaviorResult]] | None = None  # (version hash, results)
    rejected_brands: tuple[str, list[RejectedBrand]] | None = None  # (version hash, brands)

    @property
    def language(self) -> str | None:
        """The language of the widget in the top bar; None until one is chosen."""
        return _widget_value(LANGUAGE_KEY)

    @language.setter
    def language(self, language: str) -> None:
        st.session_state[LANGUAGE_KEY] = language

    @property
    def role(self) -> str | None:
        """The role of the widget in the top bar; None until one is chosen."""
        return _widget_value(ROLE_KEY)

    @role.setter
    def role(self, role: str) -> None:
        st.session_state[ROLE_KEY] = role

    @property
    def chosen_version(self) -> str | None:
        """The hash of the model version that the workbench shows."""
        return _widget_value(VERSION_KEY)

    @chosen_version.setter
    def chosen_version(self, version: str) -> None:
        st.session_state[VERSION_KEY] = version


def current_session() -> Session:
    """Return the session of the visit that this script runs for."""
    if SESSION_KEY not in st.session_state:
        st.session_state[SESSION_KEY] = Session()
    session: Session = st.session_state[SESSION_KEY]
    return session


def clear_session() -> None:
    """Delete all values of the visit, including those of widgets and components.

    Language and role stay.
    """
    for key in [key for key in st.session_state if key not in (LANGUAGE_KEY, ROLE_KEY)]:
        del st.session_state[key]


def component_value(key: str, name: str) -> Any:
    """Return the last value of a component before it is drawn again, or None."""
    return (st.session_state.get(key) or {}).get(name)


def _widget_value(key: str) -> str | None:
    value = st.session_state.get(key)
    return None if value is None else str(value)
