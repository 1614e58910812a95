"""The workbench page: list of model versions, version picker, aliases, notes and tags."""

from typing import Any

import pandas as pd
import streamlit as st

from app.modeling.comparison import version_parameters
from app.presentation.i18n import format_percent, format_value
from app.reports.model_card import model_card
from app.storage.annotations import MAX_NOTE_LENGTH
from app.storage.model_registry import ALIASES, ModelVersion
from app.web import runtime
from app.web.views import layout
from app.web.views.session import VERSION_KEY, current_session
from app.web.views.workbench.behavioral_tests import show_model_tests
from app.web.views.workbench.comparison import show_comparison
from app.web.views.workbench.formatting import (
    escape_all_markdown,
    format_measured,
    format_setting,
    format_time,
    name_text,
    version_title,
    workbench_text,
)
from app.web.views.workbench.jobs import show_current_job, show_past_jobs
from app.web.views.workbench.results import show_results
from app.web.views.workbench.study_form import show_studies, study_form
from app.web.views.workbench.training_form import training_form
from app.web.views.workbench.what_if import show_what_if
from recsys.errors import BrandswipeError

TABS = ("evidence", "trial", "tests", "compare", "study", "past")


def workbench_page() -> None:
    """Show the training form, the current job, the versions, and the tabs of the chosen one."""
    language = layout.current_language()
    with st.sidebar:
        st.fragment(_training_form_fragment)(language)
    st.title(workbench_text(language, "title"))
    _show_shop_facts(language)
    show_current_job(language)
    versions = runtime.workspace().registry.versions()
    if not versions:
        st.info(workbench_text(language, "no_version"), icon=":material/arrow_back:")
        show_past_jobs(language)
        return
    st.header(workbench_text(language, "versions"))
    show_versions(language, versions)
    _version_tabs(language, choose_version(language, versions), versions)


def _training_form_fragment(language: str) -> None:
    layout.run_guarded(lambda: training_form(language), language)


def _show_shop_facts(language: str) -> None:
    event_store = runtime.event_store()
    facts = workbench_text(
        language,
        "facts",
        customers=event_store.customers,
        events=event_store.events,
        brands=len(event_store.catalog.brands),
        until=format_time(language, event_store.as_of * 1000),
    )
    st.caption(facts)


def _version_tabs(language: str, version: ModelVersion, versions: list[ModelVersion]) -> None:
    names = [workbench_text(language, f"tab_{tab}") for tab in TABS]
    results_tab, what_if_tab, tests_tab, comparison_tab, study_tab, past_tab = st.tabs(names)
    with results_tab:
        show_results(language, version)
    with what_if_tab:
        show_what_if(language, version, versions)
    with tests_tab:
        show_model_tests(language, version)
    with comparison_tab:
        show_comparison(language, version, versions)
    with study_tab:
        study_form(language, version)
        st.subheader(workbench_text(language, "studies"))
        show_studies(language)
    with past_tab:
        show_past_jobs(language)


MISSING_FACT = "–"  # a fact that the version did not record


def show_versions(language: str, versions: list[ModelVersion]) -> None:
    """Show all versions as a table."""
    aliases = runtime.workspace().registry.aliases()
    rows = [_version_row(language, version, aliases) for version in versions]
    st.table(
        pd.DataFrame(rows),
        border="horizontal",
        hide_index=True,
        alt=workbench_text(language, "alt_versions"),
    )
    st.caption(workbench_text(language, "about_balance"))


def choose_version(language: str, versions: list[ModelVersion]) -> ModelVersion:
    """Show the version picker and return the choice; a fit that has just ended is preselected."""
    registry = runtime.workspace().registry
    versions_by_hash = {version.hash: version for version in versions}
    session = current_session()
    new_version, session.new_version = session.new_version, None  # preselected once
    if new_version in versions_by_hash:
        session.chosen_version = new_version
    elif session.chosen_version not in versions_by_hash:
        session.chosen_version = registry.aliases().get("candidate", versions[0].hash)
    aliases = registry.aliases()
    chosen = st.selectbox(
        workbench_text(language, "version"),
        list(versions_by_hash),
        format_func=lambda hash: version_title(language, versions_by_hash[hash], aliases),
        key=VERSION_KEY,
    )
    _alias_buttons(language, versions_by_hash[chosen])
    return versions_by_hash[chosen]


def _alias_buttons(language: str, version: ModelVersion) -> None:
    registry = runtime.workspace().registry
    aliases = registry.aliases()
    with st.container(horizontal=True):
        for alias in ALIASES:
            is_current = aliases.get(alias) == version.hash
            pressed = st.button(
                workbench_text(language, f"is_{alias}" if is_current else f"make_{alias}"),
                help=workbench_text(language, f"about_{alias}"),
                disabled=is_current,
                key=f"wb_{alias}",
            )
            if pressed:
                registry.set_alias(alias, version.hash)
                st.rerun()
        with st.popover(workbench_text(language, "remarks")):
            show_annotations(language, version)
        st.download_button(
            workbench_text(language, "card"),
            lambda: model_card(runtime.workspace(), version),
            f"model-card-{version.name}.md",
            "text/markdown",
            on_click="ignore",
            key="wb_card",
        )


def show_annotations(language: str, version: ModelVersion) -> None:
    """Show the notes and tags of a version, with a form to add and remove them."""
    annotations = runtime.workspace().registry.annotations
    for note in annotations.notes(version.hash):
        st.markdown(f"{escape_all_markdown(note.text)}  \n:gray[{format_time(language, note.at)}]")
    with st.form("wb_remark", clear_on_submit=True, border=False):
        note_text = st.text_area(
            workbench_text(language, "note"), max_chars=MAX_NOTE_LENGTH, key="wb_note"
        )
        tag = st.text_input(workbench_text(language, "tag"), max_chars=40, key="wb_tag")
        pressed = st.form_submit_button(workbench_text(language, "remark_keep"), type="primary")
    if pressed:
        _save_annotations(version, note_text, tag)
    tags = annotations.tags(version.hash)
    removed_tag = (
        st.pills(workbench_text(language, "tags_off"), tags, key="wb_untag") if tags else None
    )
    if removed_tag:
        annotations.remove_tag(version.hash, removed_tag)
        st.rerun()


def _save_annotations(version: ModelVersion, note_text: str, tag: str) -> None:
    annotations = runtime.workspace().registry.annotations
    try:
        if tag.strip():
            annotations.add_tag(version.hash, tag.strip())
        if note_text.strip():
            annotations.add_note(version.hash, note_text)
    except BrandswipeError as error:
        st.error(str(error), icon=":material/info:")
        return
    st.rerun()


def _version_row(language: str, version: ModelVersion, aliases: dict[str, str]) -> dict[str, str]:
    facts, options = version.facts, version_parameters(version)
    version_aliases = [alias for alias, hash in aliases.items() if hash == version.hash]
    badges = " ".join(
        f":violet-badge[{name_text(language, 'alias', name)}]" for name in version_aliases
    )
    tags = runtime.workspace().registry.annotations.tags(version.hash)
    badges += "".join(f" :gray-badge[{escape_all_markdown(tag)}]" for tag in tags)
    row = {
        "name": f"**{version.name}** {badges}",
        "made": format_time(language, version.made_at),
        "customers": _fact_text(
            facts.get("customers"), lambda value: format_value(language, value)
        ),
        "factors": _fact_text(
            options.get("factors"), lambda value: format_setting(language, value)
        ),
        "alpha": _fact_text(options.get("alpha"), lambda value: format_setting(language, value)),
        "sample": _fact_text(options.get("sample"), lambda value: format_percent(language, value)),
        "seconds": _fact_text(
            facts.get("fit_seconds"), lambda value: format_measured(language, value, 1)
        ),
        "balance": _fact_text(
            facts.get("balance"), lambda value: format_measured(language, value, 2)
        ),
    }
    return {workbench_text(language, f"column_{name}"): value for name, value in row.items()}


def _fact_text(value: Any, formatter: Any) -> str:
    return MISSING_FACT if value is None else str(formatter(value))
