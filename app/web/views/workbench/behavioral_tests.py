"""Tests of a model version before a study: behavioral tests and power simulation."""

from typing import Any

import pandas as pd
import streamlit as st

from app.modeling.recommender import load_recommender
from app.modeling.what_if import trained_model
from app.presentation.i18n import format_percent, format_value
from app.storage.model_registry import ModelVersion
from app.storage.study_db.jobs import JobState
from app.study.power import DEFAULT_PLAYERS
from app.web import runtime
from app.web.views import layout
from app.web.views.session import current_session
from app.web.views.workbench.formatting import (
    NO_BREAK_SPACE,
    escape_all_markdown,
    name_text,
    workbench_text,
)
from app.web.views.workbench.training_form import start_job
from recsys.evaluation.behavioral_tests import BehaviorResult, run_behavioral_tests
from recsys.simulation.raters import PANELS

TEST_SEED = 0


def show_model_tests(language: str, version: ModelVersion) -> None:
    """Show the behavioral tests (take seconds), then the power simulation (takes a minute)."""
    st.subheader(workbench_text(language, "behave_title"))
    st.fragment(_behavior_fragment)(language, version.hash)
    st.subheader(workbench_text(language, "power_title"))
    _show_power(language, version)


def _behavior_fragment(language: str, version: str) -> None:
    layout.run_guarded(lambda: _show_behavior(language, version), language)


def _show_behavior(language: str, version: str) -> None:
    session = current_session()
    st.write(workbench_text(language, "behave_lead"))
    if st.button(workbench_text(language, "behave_ask"), key="wb_behave"):
        recommender = load_recommender(runtime.workspace(), version)
        results = run_behavioral_tests(
            trained_model(recommender),
            recommender.catalog,
            recommender.event_store.as_of,
            TEST_SEED,
        )
        session.behavior_results = version, results
    cached = session.behavior_results
    if cached is None or cached[0] != version:
        return
    rows = [_behavior_row(language, one) for one in cached[1]]
    st.table(
        pd.DataFrame(rows),
        border="horizontal",
        hide_index=True,
        alt=workbench_text(language, "alt_behave"),
    )
    st.caption(workbench_text(language, "behave_note"))


def _behavior_row(language: str, behavior_result: BehaviorResult) -> dict[str, str]:
    color, word = ("green", "holds") if behavior_result.passed else ("orange", "holds_not")
    return {
        workbench_text(language, "column_question"): workbench_text(
            language, f"ask_{behavior_result.question}"
        ),
        workbench_text(
            language, "column_holds"
        ): f":{color}-badge[{workbench_text(language, word)}]",
        workbench_text(language, "column_often"): workbench_text(
            language, "often", held=behavior_result.held, asked=behavior_result.asked
        ).replace(" ", NO_BREAK_SPACE),
        workbench_text(language, "column_not_for"): escape_all_markdown(
            ", ".join(behavior_result.broken)
        )
        or "–",
    }


def _show_power(language: str, version: ModelVersion) -> None:
    if not runtime.event_store().planted:
        st.caption(workbench_text(language, "power_live"))
        return
    st.write(workbench_text(language, "power_lead", players=DEFAULT_PLAYERS))
    panel = st.selectbox(
        workbench_text(language, "power_panel"),
        list(PANELS),
        format_func=lambda name: workbench_text(language, f"panel_{name}"),
        key="wb_panel",
    )
    arguments: dict[str, object] = {
        "model": version.hash, "panel": panel, "players": DEFAULT_PLAYERS, "seed": 1,
    }  # fmt: skip
    if st.button(workbench_text(language, "power_start"), key="wb_power") and start_job(
        language, "power", arguments
    ):
        st.rerun()
    simulation = _latest_power(version, str(panel))
    if simulation is not None:
        _show_decision_rates(language, simulation)


def _latest_power(version: ModelVersion, panel: str) -> dict[str, Any] | None:
    jobs = runtime.jobs()
    for job in jobs.jobs():
        is_same = job.kind == "power" and job.message == version.hash and job.args["panel"] == panel
        if is_same and job.state is JobState.DONE:
            return jobs.result(job.id)
    return None


def _show_decision_rates(language: str, simulation: dict[str, Any]) -> None:
    power = simulation["power"]
    precision = format_percent(language, simulation["hit_rate"])
    lead = workbench_text(language, "power_found", players=simulation["players"], rate=precision)
    st.markdown(f"{lead} {_decision_time_text(language, power)}")
    rows = [
        {
            workbench_text(language, "column_by"): format_value(language, look["people"]),
            name_text(language, "outcome", "release"): format_percent(language, look["released"]),
            name_text(language, "outcome", "hold"): format_percent(language, look["held"]),
        }
        for look in power["looks"]
    ]
    st.table(
        pd.DataFrame(rows),
        border="horizontal",
        hide_index=True,
        alt=workbench_text(language, "alt_power"),
    )
    st.caption(workbench_text(language, "power_note"))


def _decision_time_text(language: str, power: dict[str, Any]) -> str:
    if power["median"] is None:
        return workbench_text(language, "power_late", people=power["horizon"])
    if power["most"] is None:
        return workbench_text(
            language, "power_half", people=power["median"], horizon=power["horizon"]
        )
    return workbench_text(language, "power_when", people=power["median"], most=power["most"])
