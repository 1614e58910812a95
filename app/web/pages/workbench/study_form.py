"""Opening a study on a version: what it will be judged by, a summary, and the lock."""

from dataclasses import dataclass
from datetime import date

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.presentation.i18n import percent, text
from app.reports.wording import reading
from app.storage.model_registry import Version
from app.storage.study_db.records import StudyRow
from app.study.opening import open_study, played
from app.web import runtime
from app.web.pages import layout
from app.web.pages.workbench.formatting import (
    kind_of,
    measured,
    named,
    number,
    plain,
    say,
    state_of,
    when,
)
from app.web.pages.workbench.invitation_form import Guests, send, sent, usable_guests
from app.workspace.policies import READY, policy_differences, ready_policy
from app.workspace.workspace import BASELINE
from recsys.errors import BrandswipeError
from recsys.models.baselines import BASELINES
from recsys.study.policy import Policy, StudyKind

INVITATIONS = 1  # seed of the invitations, as in the terminal
LONGEST = 60  # characters of a name
OPENED = "workbench_opened"


@dataclass(frozen=True, slots=True)
class Draft:
    """A study that is not opened yet."""

    name: str
    kind: StudyKind
    version: Version
    baseline: str
    policy: Policy
    challenger: str | None  # hash of a second version, where the policy compares two
    seed: int  # of the invitations
    days: tuple[date | None, date | None]  # the first and the last of play; None: no such limit
    guests: Guests | None  # None: everybody may play


def opening(language: str, version: Version) -> None:
    """The form, the policy, and what is expected of it."""
    house = runtime.house()
    kind = StudyKind.SIMULATED if house.warehouse.planted else StudyKind.LIVE
    st.write(say(language, f"study_lead_{kind.value}"))
    left, right = st.columns(2)
    name = left.text_input(
        say(language, "study_name"),
        max_chars=LONGEST,
        placeholder=say(language, "study_name_hint"),
        key="wb_study_name",
    )
    baseline = right.selectbox(
        say(language, "baseline"),
        list(BASELINES),
        index=list(BASELINES).index(BASELINE),
        format_func=lambda name: named(language, "baseline", name.replace("-", "_")),
        help=say(language, "about_baseline"),
        key="wb_baseline",
    )
    policy = _rule(language, left)
    challenger = _challenger(language, left, version) if policy.is_duel else None
    days = (_day(language, right, "first_day"), _day(language, right, "last_day"))
    seed = left.number_input(
        say(language, "study_seed"),
        value=INVITATIONS,
        min_value=0,
        max_value=2**31 - 1,
        help=say(language, "about_study_seed"),
        key="wb_study_seed",
    )
    _policy(language, policy)
    _against_default(language, house.policy, policy)
    _expect(language, version, policy)
    live = kind is StudyKind.LIVE
    guests, usable = usable_guests(language) if live else (None, True)
    review = say(language, "study_review")
    if st.button(review, type="primary", key="wb_study_review", disabled=not usable):
        called = " ".join(name.split())
        draft = Draft(called, kind, version, baseline, policy, challenger, int(seed), days, guests)
        st.dialog(say(language, "study_confirm_title"))(_confirm)(language, draft)
    _opened(language)


def _day(language: str, column: DeltaGenerator, which: str) -> date | None:
    chosen = column.date_input(
        say(language, f"study_{which}"),
        value=None,
        format="YYYY-MM-DD",
        help=say(language, f"about_{which}"),
        key=f"wb_study_{which}",
    )
    return chosen if isinstance(chosen, date) else None


def _rule(language: str, column: DeltaGenerator) -> Policy:
    """One of the policies that come with the program."""
    name = column.selectbox(
        say(language, "policy"),
        list(READY),
        format_func=lambda name: say(language, f"policy_{name.replace('-', '_')}"),
        help=say(language, "about_policy"),
        key="wb_study_policy",
    )
    return ready_policy(name)


def _challenger(language: str, column: DeltaGenerator, champion: Version) -> str | None:
    """The version that is compared with the chosen one; None where there is no other."""
    others = [v for v in runtime.house().registry.versions() if v.hash != champion.hash]
    chosen = column.selectbox(
        say(language, "challenger"),
        others,
        format_func=lambda version: version.name,
        help=say(language, "about_challenger"),
        key="wb_study_challenger",
    )
    return None if chosen is None else chosen.hash


def _against_default(language: str, usual: Policy, policy: Policy) -> None:
    """In what the policy differs from the one that studies are opened with unless said so."""
    rows = [
        {
            say(language, "column_differs"): plain(name),
            say(language, "column_usual"): plain(before),
            say(language, "column_here"): plain(here),
        }
        for name, before, here in policy_differences(usual, policy)
    ]
    if not rows:
        st.caption(say(language, "policy_usual"))
        return
    st.table(
        pd.DataFrame(rows),
        border="horizontal",
        hide_index=True,
        alt=say(language, "alt_policy_differences"),
    )


def _policy(language: str, policy: Policy) -> None:
    """The bars, each with its reason."""
    rows = [
        {
            say(language, "column_criterion"): text(language, f"report.{criterion.name}"),
            say(language, "column_bar"): reading(language, criterion.name, criterion.bar),
            say(language, "column_because"): plain(criterion.because),
        }
        for criterion in policy.criteria
    ]
    st.table(
        pd.DataFrame(rows), border="horizontal", hide_index=True, alt=say(language, "alt_policy")
    )
    st.caption(
        say(
            language,
            "policy_rest",
            alpha=percent(language, policy.alpha),
            players=policy.least_players,
            hash=policy.hash[:8],
        )
    )


def _expect(language: str, version: Version, policy: Policy) -> None:
    if policy.is_duel:  # its deck holds no decoys
        return
    balance = version.facts.get("balance")
    limit = number(language, policy.balance)
    if balance is None:
        st.warning(say(language, "balance_unknown"), icon=":material/balance:")
    elif abs(balance) > policy.balance:
        found = measured(language, balance, 2)
        st.warning(
            say(language, "balance_off", value=found, limit=limit), icon=":material/balance:"
        )


def _confirm(language: str, draft: Draft) -> None:
    layout.guarded(lambda: _locked(language, draft), language)


def _locked(language: str, draft: Draft) -> None:
    """The summary; what is confirmed here can never be changed."""
    policy = draft.policy
    lines = {
        "study_name": draft.name or say(language, "study_name_hint"),
        "column_kind": kind_of(language, draft.kind),
        "version": draft.version.name,
        "baseline": named(language, "baseline", draft.baseline.replace("-", "_")),
        "policy": f"{policy.name}, {policy.hash[:8]}",
        "study_first_day": str(draft.days[0] or say(language, "at_once")),
        "study_last_day": str(draft.days[1] or say(language, "no_last_day")),
        "study_seed": str(draft.seed),
    }
    if draft.challenger is not None:
        lines["challenger"] = runtime.house().version(draft.challenger).name
    if draft.guests is not None:
        lines["invited"] = number(language, len(draft.guests.people))
    st.markdown("  \n".join(f"{say(language, k)}: **{plain(v)}**" for k, v in lines.items()))
    _expect(language, draft.version, policy)
    st.write(say(language, "study_lock_text"))
    with st.container(horizontal=True):
        if st.button(say(language, "study_lock"), type="primary", key="wb_study_lock"):
            _open(draft)
        if st.button(say(language, "not_yet"), key="wb_study_not_yet"):
            st.rerun()


def _open(draft: Draft) -> None:
    house = runtime.house()
    try:
        row = open_study(
            house.store,
            draft.name or None,
            draft.kind,
            draft.policy,
            house.registry.check(draft.version.hash),
            draft.baseline,
            draft.seed,
            draft.challenger and house.registry.check(draft.challenger),
            played(*draft.days),
        )
        if draft.guests is not None:
            send(row, draft.guests)
    except BrandswipeError as error:
        st.error(str(error), icon=":material/info:")
        return
    st.session_state[OPENED] = row.hash
    st.rerun()


def _opened(language: str) -> None:
    hash = st.session_state.get(OPENED)
    if hash is None:
        return
    row = runtime.store().study(hash)
    done = say(language, "study_is_open", name=plain(row.name), hash=row.hash[:8])
    following = row.kind.value if runtime.store().invited(hash) is None else "invited"
    st.success(f"{done} {say(language, f'study_next_{following}')}", icon=":material/lock:")
    sent(language, hash)


def listed(language: str) -> None:
    """All studies that judge something, the newest first."""
    store = runtime.store()
    rows = [row for row in store.studies() if row.kind is not StudyKind.PLAYGROUND]
    if not rows:
        st.caption(say(language, "no_studies"))
        return
    st.table(
        pd.DataFrame([_row(language, row) for row in rows]),
        border="horizontal",
        hide_index=True,
        alt=say(language, "alt_studies"),
    )


def _row(language: str, row: StudyRow) -> dict[str, str]:
    decision = runtime.store().decision(row.hash)
    return {
        say(language, "column_study"): f"**{plain(row.name)}**",
        say(language, "column_kind"): kind_of(language, row.kind),
        say(language, "version"): row.model[:8],
        say(language, "column_opened"): when(language, row.opened_at),
        say(language, "column_state"): state_of(
            language, row, decision.outcome if decision else None
        ),
    }
