"""Let 40 colleagues play: simulated ones, in a playground, while the doubt shrinks before her."""

import time
from collections.abc import Iterator

import streamlit as st

from app import runtime
from app.house import House
from app.records import StudyKind
from app.simulation import Colleagues
from app.studies import Judged, judge, open_study, study_of
from app.views import charts
from app.words import text
from recsys.colleagues import KEEN

PLAYERS = 40
PAUSE = 0.45  # seconds a batch stays on the screen, so that the narrowing can be seen
_KEY = "colleagues_study"


def section(language: str) -> None:
    """The button, the run it starts, and what it ended in."""
    st.divider()
    st.write(text(language, "taster.after"))
    place = st.empty()
    if st.button(text(language, "colleagues.button"), type="primary", key="colleagues_button"):
        _run(language, place)
    st.caption(text(language, "colleagues.explain"))
    done = st.session_state.get(_KEY)
    if done:
        with place.container():
            _picture(language, judge(runtime.store(), runtime.store().study(done)))
        st.caption(text(language, "colleagues.done", total=PLAYERS))


def _run(language: str, place: st.delta_generator.DeltaGenerator) -> None:
    st.session_state.pop(_KEY, None)
    for n, judged in _play(runtime.house()):
        with place.container():
            st.progress(n / PLAYERS, text(language, "colleagues.running", n=n, total=PLAYERS))
            _picture(language, judged)
        st.session_state[_KEY] = judged.row.hash
        time.sleep(PAUSE)


def _play(house: House) -> Iterator[tuple[int, Judged]]:
    """Let colleagues play in a study of their own; yield what it says after each batch."""
    model = house.study_to_play()
    seed = int(time.time() * 1000) % 2**31
    row = open_study(
        house.store,
        None,
        StudyKind.PLAYGROUND,
        house.policy,
        house.version(model.model if model else None).hash,
        model.baseline if model else "popularity",
        seed,
    )
    house.store.close_study(row.hash, "a playground for one look")
    colleagues, game = Colleagues.of(house.workspace), house.game(row)
    batch = study_of(row).policy.batch
    for n in colleagues.play(game, house.keys, PLAYERS, seed, KEEN):
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
        charts.show(charts.run_so_far(shown[0], language, most=PLAYERS))
