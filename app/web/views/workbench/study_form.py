"""Form to open a study on a version, with a confirmation dialog; list of all studies."""

from dataclasses import dataclass
from datetime import date

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.storage.model_registry import ModelVersion
from app.storage.study_db.records import StudyRow
from app.study.opening import open_study, play_dates
from app.web import runtime
from app.web.views import layout
from app.web.views.session import current_session
from app.web.views.workbench.formatting import (
    escape_all_markdown,
    format_setting,
    format_time,
    name_text,
    study_kind_text,
    study_state_text,
    workbench_text,
)
from app.web.views.workbench.invitation_form import (
    InvitationRequest,
    invitation_input,
    offer_invitation_files,
    send_invitations,
)
from app.web.views.workbench.study_policy import (
    policy_picker,
    show_balance_warning,
    show_policy,
    show_policy_differences,
)
from app.workspace.workspace import DEFAULT_BASELINE
from recsys.errors import BrandswipeError
from recsys.models.baselines import BASELINES
from recsys.study.policy import Policy, StudyKind

INVITATION_SEED = 1  # default random seed of the invitations, as in the CLI
MAX_NAME_LENGTH = 60  # characters


@dataclass(frozen=True, slots=True)
class StudyDraft:
    """A study that is not opened yet."""

    name: str
    kind: StudyKind
    version: ModelVersion
    baseline: str
    policy: Policy
    challenger: str | None  # hash of the second version in a paired comparison
    seed: int  # random seed of the invitations
    play_days: tuple[date | None, date | None]  # first and last day of play; None: no limit
    invitation: InvitationRequest | None  # None: everybody may play


def study_form(language: str, version: ModelVersion) -> None:
    """Show the form, the policy and its warnings; open the confirmation dialog on click."""
    workspace = runtime.workspace()
    kind = StudyKind.SIMULATED if workspace.event_store.planted else StudyKind.LIVE
    st.write(workbench_text(language, f"study_lead_{kind.value}"))
    left_column, right_column = st.columns(2)
    name = left_column.text_input(
        workbench_text(language, "study_name"),
        max_chars=MAX_NAME_LENGTH,
        placeholder=workbench_text(language, "study_name_hint"),
        key="wb_study_name",
    )
    baseline = right_column.selectbox(
        workbench_text(language, "baseline"),
        list(BASELINES),
        index=list(BASELINES).index(DEFAULT_BASELINE),
        format_func=lambda name: name_text(language, "baseline", name.replace("-", "_")),
        help=workbench_text(language, "about_baseline"),
        key="wb_baseline",
    )
    policy = policy_picker(language, left_column)
    challenger = (
        _challenger_picker(language, left_column, version) if policy.is_paired_comparison else None
    )
    play_days = (
        _play_day(language, right_column, "first_day"),
        _play_day(language, right_column, "last_day"),
    )
    seed = left_column.number_input(
        workbench_text(language, "study_seed"),
        value=INVITATION_SEED,
        min_value=0,
        max_value=2**31 - 1,
        help=workbench_text(language, "about_study_seed"),
        key="wb_study_seed",
    )
    show_policy(language, policy)
    show_policy_differences(language, workspace.policy, policy)
    show_balance_warning(language, version, policy)
    is_live = kind is StudyKind.LIVE
    invitation, usable = invitation_input(language) if is_live else (None, True)
    review_label = workbench_text(language, "study_review")
    if st.button(review_label, type="primary", key="wb_study_review", disabled=not usable):
        study_name = " ".join(name.split())
        draft = StudyDraft(
            study_name,
            kind,
            version,
            baseline,
            policy,
            challenger,
            int(seed),
            play_days,
            invitation,
        )
        st.dialog(workbench_text(language, "study_confirm_title"))(_confirm_dialog)(language, draft)
    _show_opened_study(language)


def _play_day(language: str, column: DeltaGenerator, which: str) -> date | None:
    chosen = column.date_input(
        workbench_text(language, f"study_{which}"),
        value=None,
        format="YYYY-MM-DD",
        help=workbench_text(language, f"about_{which}"),
        key=f"wb_study_{which}",
    )
    return chosen if isinstance(chosen, date) else None


def _challenger_picker(language: str, column: DeltaGenerator, champion: ModelVersion) -> str | None:
    """Return the hash of the version to compare with the chosen one, or None."""
    others = [v for v in runtime.workspace().registry.versions() if v.hash != champion.hash]
    chosen = column.selectbox(
        workbench_text(language, "challenger"),
        others,
        format_func=lambda version: version.name,
        help=workbench_text(language, "about_challenger"),
        key="wb_study_challenger",
    )
    return None if chosen is None else chosen.hash


def _confirm_dialog(language: str, draft: StudyDraft) -> None:
    layout.run_guarded(lambda: _show_confirmation(language, draft), language)


def _show_confirmation(language: str, draft: StudyDraft) -> None:
    """Show the summary and the lock button. A confirmed study can never be changed."""
    policy = draft.policy
    lines = {
        "study_name": draft.name or workbench_text(language, "study_name_hint"),
        "column_kind": study_kind_text(language, draft.kind),
        "version": draft.version.name,
        "baseline": name_text(language, "baseline", draft.baseline.replace("-", "_")),
        "policy": f"{policy.name}, {policy.hash[:8]}",
        "study_first_day": str(draft.play_days[0] or workbench_text(language, "at_once")),
        "study_last_day": str(draft.play_days[1] or workbench_text(language, "no_last_day")),
        "study_seed": str(draft.seed),
    }
    if draft.challenger is not None:
        lines["challenger"] = runtime.workspace().version(draft.challenger).name
    if draft.invitation is not None:
        lines["invited"] = format_setting(language, len(draft.invitation.invitees))
    st.markdown(
        "  \n".join(
            f"{workbench_text(language, k)}: **{escape_all_markdown(v)}**" for k, v in lines.items()
        )
    )
    show_balance_warning(language, draft.version, policy)
    st.write(workbench_text(language, "study_lock_text"))
    with st.container(horizontal=True):
        if st.button(workbench_text(language, "study_lock"), type="primary", key="wb_study_lock"):
            _open_study(draft)
        if st.button(workbench_text(language, "not_yet"), key="wb_study_not_yet"):
            st.rerun()


def _open_study(draft: StudyDraft) -> None:
    workspace = runtime.workspace()
    try:
        row = open_study(
            workspace.store,
            draft.name or None,
            draft.kind,
            draft.policy,
            workspace.registry.check(draft.version.hash),
            draft.baseline,
            draft.seed,
            draft.challenger and workspace.registry.check(draft.challenger),
            play_dates(*draft.play_days),
        )
        if draft.invitation is not None:
            send_invitations(row, draft.invitation)
    except BrandswipeError as error:
        st.error(str(error), icon=":material/info:")
        return
    current_session().opened_study = row.hash
    st.rerun()


def _show_opened_study(language: str) -> None:
    study_hash = current_session().opened_study
    if study_hash is None:
        return
    row = runtime.store().studies.get(study_hash)
    opened_text = workbench_text(
        language, "study_is_open", name=escape_all_markdown(row.name), hash=row.hash[:8]
    )
    next_step = (
        row.kind.value if runtime.store().invitations.count(study_hash) is None else "invited"
    )
    st.success(
        f"{opened_text} {workbench_text(language, f'study_next_{next_step}')}",
        icon=":material/lock:",
    )
    offer_invitation_files(language, study_hash)


def show_studies(language: str) -> None:
    """Show all studies except playgrounds, newest first."""
    store = runtime.store()
    rows = [row for row in store.studies.all() if row.kind is not StudyKind.PLAYGROUND]
    if not rows:
        st.caption(workbench_text(language, "no_studies"))
        return
    st.table(
        pd.DataFrame([_study_row(language, row) for row in rows]),
        border="horizontal",
        hide_index=True,
        alt=workbench_text(language, "alt_studies"),
    )


def _study_row(language: str, row: StudyRow) -> dict[str, str]:
    decision = runtime.store().studies.decision(row.hash)
    return {
        workbench_text(language, "column_study"): f"**{escape_all_markdown(row.name)}**",
        workbench_text(language, "column_kind"): study_kind_text(language, row.kind),
        workbench_text(language, "version"): row.model[:8],
        workbench_text(language, "column_opened"): format_time(language, row.opened_at),
        workbench_text(language, "column_state"): study_state_text(
            language, row, decision.outcome if decision else None
        ),
    }
