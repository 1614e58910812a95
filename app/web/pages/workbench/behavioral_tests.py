"""A version tried before people try it: what a favourite is to it, and when a gate decides."""

from typing import Any

import pandas as pd
import streamlit as st

from app.modeling.recommender import load_brain
from app.modeling.what_if import learnt
from app.presentation.i18n import percent, shown
from app.storage.model_registry import Version
from app.storage.study_db.jobs import State
from app.study.power import PLAYERS
from app.web import runtime
from app.web.pages import layout
from app.web.pages.workbench.formatting import NO_BREAK, named, plain, say
from app.web.pages.workbench.training_form import start
from recsys.evaluation.behavioral_tests import Behaved, behave
from recsys.simulation.raters import PANELS

BEHAVED = "workbench_behaved"
SEED = 0


def tests(language: str, version: Version) -> None:
    """Behaviour first: it takes seconds. Power below: it takes a minute."""
    st.subheader(say(language, "behave_title"))
    st.fragment(_behaving)(language, version.hash)
    st.subheader(say(language, "power_title"))
    _power(language, version)


def _behaving(language: str, version: str) -> None:
    layout.guarded(lambda: _behaved(language, version), language)


def _behaved(language: str, version: str) -> None:
    st.write(say(language, "behave_lead"))
    if st.button(say(language, "behave_ask"), key="wb_behave"):
        brain = load_brain(runtime.house(), version)
        found = behave(learnt(brain), brain.catalogue, brain.warehouse.as_of, SEED)
        st.session_state[BEHAVED] = version, found
    known = st.session_state.get(BEHAVED)
    if known is None or known[0] != version:
        return
    rows = [_question(language, one) for one in known[1]]
    st.table(
        pd.DataFrame(rows), border="horizontal", hide_index=True, alt=say(language, "alt_behave")
    )
    st.caption(say(language, "behave_note"))


def _question(language: str, found: Behaved) -> dict[str, str]:
    colour, word = ("green", "holds") if found.passed else ("orange", "holds_not")
    return {
        say(language, "column_question"): say(language, f"ask_{found.question}"),
        say(language, "column_holds"): f":{colour}-badge[{say(language, word)}]",
        say(language, "column_often"): say(
            language, "often", held=found.held, asked=found.asked
        ).replace(" ", NO_BREAK),
        say(language, "column_not_for"): plain(", ".join(found.broken)) or "–",
    }


def _power(language: str, version: Version) -> None:
    if not runtime.warehouse().planted:
        st.caption(say(language, "power_live"))
        return
    st.write(say(language, "power_lead", players=PLAYERS))
    panel = st.selectbox(
        say(language, "power_panel"),
        list(PANELS),
        format_func=lambda name: say(language, f"panel_{name}"),
        key="wb_panel",
    )
    arguments: dict[str, object] = {
        "model": version.hash, "panel": panel, "players": PLAYERS, "seed": 1,
    }  # fmt: skip
    if st.button(say(language, "power_start"), key="wb_power") and start(
        language, "power", arguments
    ):
        st.rerun()
    found = _latest(version, str(panel))
    if found is not None:
        _powered(language, found)


def _latest(version: Version, panel: str) -> dict[str, Any] | None:
    jobs = runtime.jobs()
    for job in jobs.jobs():
        same = job.kind == "power" and job.message == version.hash and job.args["panel"] == panel
        if same and job.state is State.DONE:
            return jobs.result(job.id)
    return None


def _powered(language: str, found: dict[str, Any]) -> None:
    power = found["power"]
    rate = percent(language, found["hit_rate"])
    lead = say(language, "power_found", players=found["players"], rate=rate)
    st.markdown(f"{lead} {_when(language, power)}")
    rows = [
        {
            say(language, "column_by"): shown(language, look["people"]),
            named(language, "outcome", "release"): percent(language, look["released"]),
            named(language, "outcome", "hold"): percent(language, look["held"]),
        }
        for look in power["looks"]
    ]
    st.table(
        pd.DataFrame(rows), border="horizontal", hide_index=True, alt=say(language, "alt_power")
    )
    st.caption(say(language, "power_note"))


def _when(language: str, power: dict[str, Any]) -> str:
    if power["median"] is None:
        return say(language, "power_late", people=power["horizon"])
    if power["most"] is None:
        return say(language, "power_half", people=power["median"], horizon=power["horizon"])
    return say(language, "power_when", people=power["median"], most=power["most"])
