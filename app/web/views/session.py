"""What a visit keeps between two runs of a page: no other module reads `st.session_state`."""

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
"""Keys of widgets that code reads or sets as well; Streamlit keeps their values."""


class WantedPage(NamedTuple):
    """A page to go to at the next run."""

    role: str
    page: str
    query: Mapping[str, str]  # parameters of its address


@dataclass(slots=True)
class Session:
    """The values of one visit; it ends with the tab, or when the page is loaded again."""

    visit_name: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    pages: Mapping[str, Page] = field(default_factory=dict)  # those that this person may see
    page_path: str | None = None  # the page that was shown last
    wanted_page: WantedPage | None = None
    logging_out: bool = False
    link_address: tuple[float, str] | None = None  # (monotonic seconds when made, address)
    link_done: bool = False  # the account was linked in the last run

    persona_name: str | None = None  # the persona in the address at the last run
    picked_brands: tuple[str, ...] | None = None  # None until some are picked; the tab keeps them

    stage: Stage = Stage.ARRIVED  # of the game
    pending_deal: PendingDeal | None = None  # the cards that are being dealt
    deck_tokens: dict[str, str] = field(default_factory=dict)  # deck id -> token
    answers_at_arrival: dict[str, int] = field(default_factory=dict)  # deck id -> number
    kept_rejections: dict[str, dict[str, str]] = field(default_factory=dict)  # by deck id
    coffee_code: str | None = None  # shown on the reveal; nothing says whose it was
    story_is_rolling: bool = False
    playground: str | None = None  # hash of the study that simulated colleagues play

    confirms_erasure: bool = False  # the first of two presses was made
    was_forgotten: bool = False

    new_version: str | None = None  # hash of the version that a fit of this visit made
    opened_study: str | None = None  # hash of the study that was opened in this visit
    invitations: tuple[str, InvitationResult] | None = None  # (study hash, its invitation files)
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
    """Begin a visit anew: everything goes, with what widgets and components keep.

    Language and role stay.
    """
    for key in [key for key in st.session_state if key not in (LANGUAGE_KEY, ROLE_KEY)]:
        del st.session_state[key]


def component_value(key: str, name: str) -> Any:
    """Return what a component reported last, before it is drawn anew; None without a report."""
    return (st.session_state.get(key) or {}).get(name)


def _widget_value(key: str) -> str | None:
    value = st.session_state.get(key)
    return None if value is None else str(value)
