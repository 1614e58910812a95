"""What if: a few named brands, or a persona, and what the chosen version makes of them."""

import pandas as pd
import streamlit as st

from app import runtime
from app.brain import Brain, Stopwatch
from app.planting import personas_of
from app.reasons import reason
from app.registry import Version
from app.views import frame
from app.views.workbench_shown import measured, plain, say, stage
from recsys.evidence import Evidence
from recsys.personas import Persona
from recsys.ranking import BrandScore

TOP = 10
RANKING = "ranking"


def trial(language: str, version: Version) -> None:
    """Ask who it is about, and show her list; a rerun of its own, away from the rest."""
    st.fragment(_guarded)(language, version.hash)


def _guarded(language: str, version: str) -> None:
    frame.guarded(lambda: _trial(language, version), language)


def _trial(language: str, version: str) -> None:
    brain = runtime.house().brain(version)
    personas = {persona.name: persona for persona in personas_of(runtime.settings().workspace)}
    ways = ["brands", "persona"] if personas else ["brands"]
    way = st.segmented_control(
        say(language, "trial_way"),
        ways,
        default=ways[0],
        required=True,
        format_func=lambda name: say(language, f"trial_{name}"),
        key="wb_trial_way",
        label_visibility="collapsed",
    )
    if way == "persona":
        _of_persona(language, brain, personas)
    else:
        _of_brands(language, brain)


def _of_brands(language: str, brain: Brain) -> None:
    shelf = brain.shelf
    order = sorted(range(len(shelf.names)), key=lambda code: -int(shelf.buyers[code]))
    picked = st.multiselect(
        say(language, "trial_pick"),
        [str(shelf.names[code]) for code in order if shelf.allowed[code]],
        placeholder=say(language, "trial_pick_hint"),
        key="wb_trial_brands",
    )
    if not picked:
        st.caption(say(language, "trial_nothing"))
        return
    watch = Stopwatch()
    with watch.stage("summing up"):
        evidence = brain.evidence_for(tuple(picked))
    _ranked(language, brain, evidence, watch, without=tuple(picked))


def _of_persona(language: str, brain: Brain, personas: dict[str, Persona]) -> None:
    name = st.selectbox(say(language, "trial_persona"), list(personas), key="wb_trial_persona")
    persona = personas[name]
    st.write(persona.nl if language == "nl" else persona.en)
    watch = Stopwatch()
    evidence = brain.evidence_of(persona.customer_id, watch)
    _ranked(language, brain, evidence, watch)


def _ranked(
    language: str,
    brain: Brain,
    evidence: Evidence,
    watch: Stopwatch,
    without: tuple[str, ...] = (),
) -> None:
    with watch.stage(RANKING):
        scores = brain.rank(evidence, TOP, without)
    if not scores:
        st.write(say(language, "trial_none"))
        return
    rows = [_row(language, score, bool(without)) for score in scores]
    st.table(
        pd.DataFrame(rows), border="horizontal", hide_index=True, alt=say(language, "alt_trial")
    )
    st.caption(f"{_how_fast(language, brain, watch)} {say(language, 'trial_parts')}")


def _row(language: str, score: BrandScore, named: bool) -> dict[str, str]:
    why = score.why
    return {
        say(language, "column_rank"): str(score.rank),
        say(language, "column_brand"): f"**{plain(score.brand)}**",
        say(language, "column_why"): reason(language, why, named),
        say(language, "option_own"): measured(language, why.own),
        say(language, "option_collaborative"): measured(language, why.collaborative),
        say(language, "option_popularity"): measured(language, why.popularity),
    }


def _how_fast(language: str, brain: Brain, watch: Stopwatch) -> str:
    def words(name: str) -> str:
        if name == RANKING:
            return say(language, "stage_ranking", brands=len(brain.catalogue.brands))
        return stage(language, name)

    parts = [f"{words(name)} {measured(language, ms, 1)} ms" for name, ms in watch.stages.items()]
    return f"{', '.join(parts).capitalize()}."
