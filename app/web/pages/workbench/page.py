"""The model versions: which there are, which one is looked at, and what is written beside it."""

from typing import Any

import pandas as pd
import streamlit as st

from app.modeling.comparison import parameters
from app.presentation.i18n import percent, shown
from app.reports.model_card import model_card
from app.storage.annotations import LONGEST
from app.storage.model_registry import ALIASES, Version
from app.web import runtime
from app.web.pages import layout
from app.web.pages.workbench.behavioral_tests import tests
from app.web.pages.workbench.comparison import compare
from app.web.pages.workbench.formatting import measured, named, number, plain, say, title, when
from app.web.pages.workbench.jobs import NEW, current, past
from app.web.pages.workbench.results import evidence
from app.web.pages.workbench.study_form import listed, opening
from app.web.pages.workbench.training_form import form
from app.web.pages.workbench.what_if import trial
from recsys.errors import BrandswipeError

TABS = ("evidence", "trial", "tests", "compare", "study", "past")


def page() -> None:
    """The form beside the page; what runs; the versions; what can be done with the chosen one."""
    language = layout.language()
    with st.sidebar:
        st.fragment(_form)(language)
    st.title(say(language, "title"))
    _facts(language)
    current(language)
    versions = runtime.house().registry.versions()
    if not versions:
        st.info(say(language, "no_version"), icon=":material/arrow_back:")
        past(language)
        return
    st.header(say(language, "versions"))
    overview(language, versions)
    _rooms(language, choose(language, versions), versions)


def _form(language: str) -> None:
    layout.guarded(lambda: form(language), language)


def _facts(language: str) -> None:
    warehouse = runtime.warehouse()
    facts = say(
        language,
        "facts",
        customers=warehouse.customers,
        events=warehouse.events,
        brands=len(warehouse.catalogue.brands),
        until=when(language, warehouse.as_of * 1000),
    )
    st.caption(facts)


def _rooms(language: str, version: Version, versions: list[Version]) -> None:
    names = [say(language, f"tab_{tab}") for tab in TABS]
    known, tried, tested, compared, study, done = st.tabs(names)
    with known:
        evidence(language, version)
    with tried:
        trial(language, version, versions)
    with tested:
        tests(language, version)
    with compared:
        compare(language, version, versions)
    with study:
        opening(language, version)
        st.subheader(say(language, "studies"))
        listed(language)
    with done:
        past(language)


CHOSEN = "wb_version"
NOTHING = "–"  # a fact that a version did not write down


def overview(language: str, versions: list[Version]) -> None:
    """All versions as a table."""
    aliases = runtime.house().registry.aliases()
    rows = [_row(language, version, aliases) for version in versions]
    st.table(
        pd.DataFrame(rows), border="horizontal", hide_index=True, alt=say(language, "alt_versions")
    )
    st.caption(say(language, "about_balance"))


def choose(language: str, versions: list[Version]) -> Version:
    """Let one version be chosen; a fit that has just ended chooses its own."""
    registry = runtime.house().registry
    known = {version.hash: version for version in versions}
    new = st.session_state.pop(NEW, None)
    if new in known:
        st.session_state[CHOSEN] = new
    elif st.session_state.get(CHOSEN) not in known:
        st.session_state[CHOSEN] = registry.aliases().get("candidate", versions[0].hash)
    aliases = registry.aliases()
    chosen = st.selectbox(
        say(language, "version"),
        list(known),
        format_func=lambda hash: title(language, known[hash], aliases),
        key=CHOSEN,
    )
    _point(language, known[chosen])
    return known[chosen]


def _point(language: str, version: Version) -> None:
    registry = runtime.house().registry
    now = registry.aliases()
    with st.container(horizontal=True):
        for alias in ALIASES:
            is_now = now.get(alias) == version.hash
            pressed = st.button(
                say(language, f"is_{alias}" if is_now else f"make_{alias}"),
                help=say(language, f"about_{alias}"),
                disabled=is_now,
                key=f"wb_{alias}",
            )
            if pressed:
                registry.point(alias, version.hash)
                st.rerun()
        with st.popover(say(language, "remarks")):
            remarks(language, version)
        st.download_button(
            say(language, "card"),
            lambda: model_card(runtime.house(), version),
            f"model-card-{version.name}.md",
            "text/markdown",
            on_click="ignore",
            key="wb_card",
        )


def remarks(language: str, version: Version) -> None:
    """Notes and tags of a version: read, and written."""
    kept = runtime.house().registry.remarks
    for note in kept.notes(version.hash):
        st.markdown(f"{plain(note.text)}  \n:gray[{when(language, note.at)}]")
    with st.form("wb_remark", clear_on_submit=True, border=False):
        words = st.text_area(say(language, "note"), max_chars=LONGEST, key="wb_note")
        tag = st.text_input(say(language, "tag"), max_chars=40, key="wb_tag")
        pressed = st.form_submit_button(say(language, "remark_keep"), type="primary")
    if pressed:
        _remarked(version, words, tag)
    tags = kept.tags(version.hash)
    off = st.pills(say(language, "tags_off"), tags, key="wb_untag") if tags else None
    if off:
        kept.untag(version.hash, off)
        st.rerun()


def _remarked(version: Version, words: str, tag: str) -> None:
    kept = runtime.house().registry.remarks
    try:
        if tag.strip():
            kept.tag(version.hash, tag.strip())
        if words.strip():
            kept.note(version.hash, words)
    except BrandswipeError as error:
        st.error(str(error), icon=":material/info:")
        return
    st.rerun()


def _row(language: str, version: Version, aliases: dict[str, str]) -> dict[str, str]:
    facts, options = version.facts, parameters(version)
    called = [alias for alias, hash in aliases.items() if hash == version.hash]
    badges = " ".join(f":violet-badge[{named(language, 'alias', name)}]" for name in called)
    tags = runtime.house().registry.remarks.tags(version.hash)
    badges += "".join(f" :gray-badge[{plain(tag)}]" for tag in tags)
    row = {
        "name": f"**{version.name}** {badges}",
        "made": when(language, version.made_at),
        "customers": _fact(facts.get("customers"), lambda value: shown(language, value)),
        "factors": _fact(options.get("factors"), lambda value: number(language, value)),
        "alpha": _fact(options.get("alpha"), lambda value: number(language, value)),
        "sample": _fact(options.get("sample"), lambda value: percent(language, value)),
        "seconds": _fact(facts.get("fit_seconds"), lambda value: measured(language, value, 1)),
        "balance": _fact(facts.get("balance"), lambda value: measured(language, value, 2)),
    }
    return {say(language, f"column_{name}"): value for name, value in row.items()}


def _fact(value: Any, write: Any) -> str:
    return NOTHING if value is None else str(write(value))
