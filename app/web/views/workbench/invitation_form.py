"""Invitations of a study: upload of the invitee list, download of the invitation files."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import streamlit as st

from app.auth.urls import base_path
from app.storage.study_db.records import StudyRow
from app.study.invitations import (
    EMAIL_COLUMNS,
    SUBJECT_COLUMN,
    InvitationResult,
    Invitee,
    check_play_link,
    invite_to_study,
    parse_invitees,
)
from app.web import runtime
from app.web.views.session import current_session
from app.web.views.workbench.formatting import escape_all_markdown, workbench_text
from recsys.errors import BadInputError


@dataclass(frozen=True, slots=True)
class InvitationRequest:
    """The invitees of a study that is not opened yet."""

    invitees: tuple[Invitee, ...]
    link: str
    columns: str  # columns to keep, comma-separated


def invitation_input(language: str) -> tuple[InvitationRequest | None, bool]:
    """Return (invitation request or None, is valid); show the error of an invalid form."""
    try:
        return _invitation_form(language), True
    except BadInputError as error:
        st.error(str(error), icon=":material/info:")
        return None, False


def _invitation_form(language: str) -> InvitationRequest | None:
    """Return the invitation request, or None without a list: everybody may play then.

    Raises BadInputError for an invalid list or link.
    """
    uploaded = st.file_uploader(
        workbench_text(language, "invite_list"),
        type="csv",
        help=workbench_text(language, "about_invite_list"),
        key="wb_invite_list",
    )
    if uploaded is None:
        return None
    listed_by = runtime.settings().invitation_claim
    invitees = tuple(parse_invitees(uploaded.getvalue(), uploaded.name, listed_by))
    left_column, right_column = st.columns(2)
    link = left_column.text_input(
        workbench_text(language, "invite_link"),
        value=_game_address(),
        help=workbench_text(language, "about_invite_link"),
        key="wb_invite_link",
    )
    extra_columns = [
        name
        for name in invitees[0].row
        if name.strip().lower() not in (SUBJECT_COLUMN, *EMAIL_COLUMNS)
    ]
    columns = right_column.multiselect(
        workbench_text(language, "invite_columns"),
        extra_columns,
        help=workbench_text(language, "about_invite_columns"),
        key="wb_invite_columns",
    )
    check_play_link(link)
    st.caption(workbench_text(language, "invite_count", n=len(invitees)))
    return InvitationRequest(invitees, link, ",".join(columns))


def _game_address() -> str:
    """Return the URL of the game as this browser sees it; empty if unknown."""
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}{base_path()}" if parts.netloc else ""


def send_invitations(row: StudyRow, request: InvitationRequest) -> None:
    """Lock the invitee list and keep the invitation files for this visit."""
    invitations = invite_to_study(
        runtime.workspace(), row, request.invitees, request.link, request.columns
    )
    current_session().invitations = row.hash, invitations


def offer_invitation_files(language: str, study: str) -> None:
    """Offer the invitation files of a list that was locked in this visit."""
    locked_study, invitations = current_session().invitations or (None, None)
    if invitations is None or locked_study != study:
        return
    _show_invited(language, invitations)
    st.download_button(
        workbench_text(language, "invite_papers"),
        zip_files(invitations.files),
        file_name="invitations.zip",
        mime="application/zip",
        icon=":material/mail:",
        help=workbench_text(language, "about_invite_papers"),
        key="wb_invite_papers",
    )


def _show_invited(language: str, invitations: InvitationResult) -> None:
    st.write(
        workbench_text(language, "invite_done", n=invitations.people, hash=invitations.hash[:8])
    )
    for name in invitations.dropped_columns:
        st.warning(workbench_text(language, "invite_left_out", column=escape_all_markdown(name)))
    if invitations.warning:
        st.warning(invitations.warning)


def zip_files(files: Mapping[str, str]) -> bytes:
    """Return the invitation files as one ZIP file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
