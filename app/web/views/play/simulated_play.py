"""Simulated play: 40 simulated colleagues play a playground study; the interval narrows live."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.presentation.i18n import translate
from app.presentation.verdict_text import verdict_text
from app.reports.sequence_chart import sequence_chart
from app.storage.study_db.records import StudyRow, study_of
from app.study.game import load_game, study_to_play
from app.study.opening import open_study
from app.study.results import StudyStatus, study_status
from app.study.simulation import RaterPool
from app.web import runtime
from app.web.views import layout
from app.web.views.report import charts
from app.web.views.session import current_session
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.simulation.raters import KEEN
from recsys.study.policy import StudyKind

FIRST_PLAYERS = 40
MORE_PLAYERS = 20  # if 40 give no decision
PAUSE_SECONDS = 0.45  # seconds that a batch is shown, so that the narrowing is visible


def show_simulated_play(language: str) -> None:
    """Show the button, run the simulation after a click, and show the result."""
    st.divider()
    st.subheader(translate(language, "taster.after"))
    container = st.container()
    result = _current_result()
    if result is None or result.decision is None:
        players = FIRST_PLAYERS if result is None else MORE_PLAYERS
        label = translate(
            language, "colleagues.button" if result is None else "colleagues.more", n=players
        )
        button = st.empty()
        if button.button(label, type="primary", key="colleagues_button"):
            button.empty()  # a second click would interrupt the run
            result = _play_and_show(language, container.empty(), result, players)
            st.rerun()
    st.caption(translate(language, "colleagues.explain"))
    if result is not None:
        with container:
            _show_result(language, result)
        _report_link(language, result)


def _current_result() -> StudyStatus | None:
    study_hash = current_session().playground
    return (
        study_status(runtime.store(), runtime.store().studies.get(study_hash))
        if study_hash
        else None
    )


def _play_and_show(
    language: str, container: DeltaGenerator, result: StudyStatus | None, players: int
) -> StudyStatus | None:
    row = result.row if result else _open_playground(runtime.workspace())
    current_session().playground = row.hash
    for n, batch_result in _simulate(runtime.workspace(), row, players):
        with container.container():
            st.progress(n / players, translate(language, "colleagues.running", n=n, total=players))
            _show_result(language, batch_result)
        time.sleep(PAUSE_SECONDS)
        result = batch_result
    return result


def _open_playground(workspace: Workspace) -> StudyRow:
    """Open a playground study for this visit, with a random name, closed to other people."""
    current_study = study_to_play(workspace.store)
    return open_study(
        workspace.store,
        f"playground {secrets.token_hex(4)}",
        StudyKind.PLAYGROUND,
        workspace.policy,
        workspace.version(current_study.model if current_study else None).hash,
        current_study.baseline if current_study else DEFAULT_BASELINE,
        secrets.randbits(31),
    )


def _simulate(
    workspace: Workspace, row: StudyRow, players: int
) -> Iterator[tuple[int, StudyStatus]]:
    """Yield (players, study status) after each batch of simulated players, until a decision."""
    raters, game = RaterPool.of(workspace.folder), load_game(workspace, row)
    batch_size, seed = study_of(row).policy.batch, row.invitation_seed
    for n in raters.play(game, workspace.keys, players, seed, KEEN):
        if n % batch_size == 0:
            result = study_status(workspace.store, row)
            yield n, result
            if result.decision is not None:
                return


def _show_result(language: str, result: StudyStatus) -> None:
    verdict = result.verdict
    st.markdown(f"**{verdict_text(language, verdict)}**")
    started_criteria = [c for c in result.report.criteria if c.run]
    if started_criteria:
        max_people = max(FIRST_PLAYERS, result.report.players.counted)
        chart = sequence_chart(language, result, started_criteria[0], max_people)
        charts.show_chart(charts.sequence_spec(replace(chart, decision=None)))


def _report_link(language: str, result: StudyStatus) -> None:
    st.caption(translate(language, "colleagues.done", total=result.report.players.closed))
    if not layout.may_choose_role():
        return  # phones have no report page
    if st.button(translate(language, "colleagues.report"), key="colleagues_report"):
        layout.go_to_page("pm", "report", study=result.row.name)
