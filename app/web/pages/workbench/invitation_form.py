"""Whom a study invites: a list to upload beside its form, and the papers to send afterwards."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import streamlit as st

from app.auth.urls import home
from app.storage.study_db.records import StudyRow
from app.study.invitations import EMAILS, SUBJECT, Invited, Sent, check_link, invite, people_of
from app.web import runtime
from app.web.pages.workbench.formatting import plain, say
from recsys.errors import BadInputError

_PAPERS = "workbench_papers"


@dataclass(frozen=True, slots=True)
class Guests:
    """Whom a study will invite."""

    people: tuple[Invited, ...]
    link: str
    columns: str  # to keep, with commas between


def usable_guests(language: str) -> tuple[Guests | None, bool]:
    """Return whom the form invites, and whether its list may be used; else say why not."""
    try:
        return _guests(language), True
    except BadInputError as error:
        st.error(str(error), icon=":material/info:")
        return None, False


def _guests(language: str) -> Guests | None:
    """Return whom the form invites; None where no list is given: everybody may play.

    Raises BadInputError with a sentence about the list or the link.
    """
    uploaded = st.file_uploader(
        say(language, "invite_list"),
        type="csv",
        help=say(language, "about_invite_list"),
        key="wb_invite_list",
    )
    if uploaded is None:
        return None
    listed_by = runtime.settings().listed_by
    people = tuple(people_of(uploaded.getvalue(), uploaded.name, listed_by))
    left, right = st.columns(2)
    link = left.text_input(
        say(language, "invite_link"),
        value=_here(),
        help=say(language, "about_invite_link"),
        key="wb_invite_link",
    )
    known = [name for name in people[0].row if name.strip().lower() not in (SUBJECT, *EMAILS)]
    columns = right.multiselect(
        say(language, "invite_columns"),
        known,
        help=say(language, "about_invite_columns"),
        key="wb_invite_columns",
    )
    check_link(link)
    st.caption(say(language, "invite_count", n=len(people)))
    return Guests(people, link, ",".join(columns))


def _here() -> str:
    """Where this page's own browser finds the game."""
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}{home()}" if parts.netloc else ""


def send(row: StudyRow, asked: Guests) -> None:
    """Lock the list and keep its papers for this visit."""
    sent = invite(runtime.house(), row, asked.people, asked.link, asked.columns)
    st.session_state[_PAPERS] = (row.hash, sent)


def sent(language: str, study: str) -> None:
    """Offer the papers of a list that was locked in this visit."""
    hash, papers = st.session_state.get(_PAPERS, (None, None))
    if hash != study:
        return
    _tell(language, papers)
    st.download_button(
        say(language, "invite_papers"),
        zipped(papers.papers),
        file_name="invitations.zip",
        mime="application/zip",
        icon=":material/mail:",
        help=say(language, "about_invite_papers"),
        key="wb_invite_papers",
    )


def _tell(language: str, papers: Sent) -> None:
    st.write(say(language, "invite_done", n=papers.people, hash=papers.hash[:8]))
    for name in papers.left_out:
        st.warning(say(language, "invite_left_out", column=plain(name)))
    if papers.warning:
        st.warning(papers.warning)


def zipped(papers: Mapping[str, str]) -> bytes:
    """Return the papers as one file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as whole:
        for name, words in papers.items():
            whole.writestr(name, words)
    return out.getvalue()
