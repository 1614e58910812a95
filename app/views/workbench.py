"""The workbench: rerun the model, look at its versions, try them, and open the next study."""

import streamlit as st

from app import runtime
from app.registry import Version
from app.views import frame
from app.views.workbench_compare import compare
from app.views.workbench_evidence import evidence
from app.views.workbench_form import form
from app.views.workbench_job import current, past
from app.views.workbench_shown import say, when
from app.views.workbench_study import listed, opening
from app.views.workbench_tests import tests
from app.views.workbench_trial import trial
from app.views.workbench_versions import choose, overview

TABS = ("evidence", "trial", "tests", "compare", "study", "past")


def page() -> None:
    """The form beside the page; what runs; the versions; what can be done with the chosen one."""
    language = frame.language()
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
    frame.guarded(lambda: form(language), language)


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
