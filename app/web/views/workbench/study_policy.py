"""The policy of a new study: picker, bars, and differences from the default policy."""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.presentation.i18n import format_percent, translate
from app.reports.wording import format_criterion_value
from app.storage.model_registry import ModelVersion
from app.web.views.workbench.formatting import (
    escape_all_markdown,
    format_measured,
    format_setting,
    workbench_text,
)
from app.workspace.policies import BUNDLED_POLICIES, bundled_policy, policy_differences
from recsys.study.policy import Policy


def policy_picker(language: str, column: DeltaGenerator) -> Policy:
    """Show a picker of the bundled policies and return the chosen one."""
    name = column.selectbox(
        workbench_text(language, "policy"),
        list(BUNDLED_POLICIES),
        format_func=lambda name: workbench_text(language, f"policy_{name.replace('-', '_')}"),
        help=workbench_text(language, "about_policy"),
        key="wb_study_policy",
    )
    return bundled_policy(name)


def show_policy_differences(language: str, default_policy: Policy, policy: Policy) -> None:
    """Show the differences between a policy and the default policy."""
    rows = [
        {
            workbench_text(language, "column_differs"): escape_all_markdown(name),
            workbench_text(language, "column_usual"): escape_all_markdown(before),
            workbench_text(language, "column_here"): escape_all_markdown(here),
        }
        for name, before, here in policy_differences(default_policy, policy)
    ]
    if not rows:
        st.caption(workbench_text(language, "policy_usual"))
        return
    st.table(
        pd.DataFrame(rows),
        border="horizontal",
        hide_index=True,
        alt=workbench_text(language, "alt_policy_differences"),
    )


def show_policy(language: str, policy: Policy) -> None:
    """Show the bar of each criterion and its reason."""
    rows = [
        {
            workbench_text(language, "column_criterion"): translate(
                language, f"report.{criterion.name}"
            ),
            workbench_text(language, "column_bar"): format_criterion_value(
                language, criterion.name, criterion.bar
            ),
            workbench_text(language, "column_because"): escape_all_markdown(criterion.because),
        }
        for criterion in policy.criteria
    ]
    st.table(
        pd.DataFrame(rows),
        border="horizontal",
        hide_index=True,
        alt=workbench_text(language, "alt_policy"),
    )
    st.caption(
        workbench_text(
            language,
            "policy_rest",
            alpha=format_percent(language, policy.alpha),
            players=policy.least_players,
            hash=policy.hash[:8],
        )
    )


def show_balance_warning(language: str, version: ModelVersion, policy: Policy) -> None:
    if policy.is_paired_comparison:  # its decks have no decoys
        return
    balance = version.facts.get("balance")
    limit = format_setting(language, policy.balance)
    if balance is None:
        st.warning(workbench_text(language, "balance_unknown"), icon=":material/balance:")
    elif abs(balance) > policy.balance:
        formatted = format_measured(language, balance, 2)
        st.warning(
            workbench_text(language, "balance_off", value=formatted, limit=limit),
            icon=":material/balance:",
        )
