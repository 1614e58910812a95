"""Let 40 colleagues play: simulated ones, in a playground, while the doubt shrinks before her."""

import secrets
import time
from collections.abc import Iterator

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.presentation.i18n import text
from app.storage.study_db.records import StudyRow, study_of
from app.study.game import load_game, study_to_play
from app.study.opening import open_study
from app.study.results import Judged, judge
from app.study.simulation import Colleagues
from app.web import runtime
from app.web.pages import layout
from app.web.pages.report import charts
from app.workspace.workspace import BASELINE, House
from recsys.simulation.raters import KEEN
from recsys.study.policy import StudyKind

PLAYERS = 40
MORE = 20  # where 40 leave it undecided
PAUSE = 0.45  # seconds a batch stays on the screen, so that the narrowing can be seen
_KEY = "colleagues_study"


def section(language: str) -> None:
    """The button, the run it starts, and what it ended in."""
    st.divider()
    st.subheader(text(language, "taster.after"))
    place = st.container()
    judged = _judged()
    if judged is None or judged.decision is None:
        more = PLAYERS if judged is None else MORE
        label = text(language, "colleagues.button" if judged is None else "colleagues.more", n=more)
        button = st.empty()
        if button.button(label, type="primary", key="colleagues_button"):
            button.empty()  # a second press would break the run off
            judged = _watch(language, place.empty(), judged, more)
            st.rerun()
    st.caption(text(language, "colleagues.explain"))
    if judged is not None:
        with place:
            _picture(language, judged)
        _report_link(language, judged)


def _judged() -> Judged | None:
    done = st.session_state.get(_KEY)
    return judge(runtime.store(), runtime.store().study(done)) if done else None


def _watch(
    language: str, place: DeltaGenerator, judged: Judged | None, players: int
) -> Judged | None:
    row = judged.row if judged else _open(runtime.house())
    st.session_state[_KEY] = row.hash
    for n, now in _play(runtime.house(), row, players):
        with place.container():
            st.progress(n / players, text(language, "colleagues.running", n=n, total=players))
            _picture(language, now)
        time.sleep(PAUSE)
        judged = now
    return judged


def _open(house: House) -> StudyRow:
    """A study of its own for this look: named by chance, closed to everybody else."""
    shown = study_to_play(house.store)
    return open_study(
        house.store,
        f"playground {secrets.token_hex(4)}",
        StudyKind.PLAYGROUND,
        house.policy,
        house.version(shown.model if shown else None).hash,
        shown.baseline if shown else BASELINE,
        secrets.randbits(31),
    )


def _play(house: House, row: StudyRow, players: int) -> Iterator[tuple[int, Judged]]:
    """Let colleagues play; yield what the study says after each batch, until it is decided."""
    colleagues, game = Colleagues.of(house.workspace), load_game(house, row)
    batch, seed = study_of(row).policy.batch, row.invitation_seed
    for n in colleagues.play(game, house.keys, players, seed, KEEN):
        if n % batch == 0:
            judged = judge(house.store, row)
            yield n, judged
            if judged.decision is not None:
                return


def _picture(language: str, judged: Judged) -> None:
    verdict = judged.verdict
    st.markdown(f"**{verdict.reason_nl if language == 'nl' else verdict.reason}**")
    shown = [c for c in judged.report.criteria if c.run]
    if shown:
        most = max(PLAYERS, judged.report.players.counted)
        charts.show(charts.run_so_far(shown[0], language, most=most))


def _report_link(language: str, judged: Judged) -> None:
    st.caption(text(language, "colleagues.done", total=judged.report.players.closed))
    if not layout.chooses_role():
        return  # a phone has no report to go to
    if st.button(text(language, "colleagues.report"), key="colleagues_report"):
        layout.visit("pm", "report", study=judged.row.name)
