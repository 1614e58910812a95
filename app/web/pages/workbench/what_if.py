"""What if: a typed history, or a persona, and what one or two versions make of it; brands alike."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.modeling.recommender import Brain, Stopwatch, load_brain
from app.modeling.what_if import alike, learnt, typed
from app.presentation.explanations import reason
from app.storage.model_registry import Version
from app.web import runtime
from app.web.pages import layout
from app.web.pages.workbench.formatting import measured, plain, say, stage, title
from app.workspace.planted_shop import personas_of
from recsys.dataset.events import OUR_KINDS
from recsys.dataset.evidence import Evidence
from recsys.dataset.history import Deed, Price
from recsys.models.base import BrandScore, why_to_row
from recsys.simulation.personas import Persona

TOP = 10
RANKING = "ranking"
TYPED, PERSONA = "typed", "persona"
_KINDS = {kind: name for name, kind in OUR_KINDS.items()}


def trial(language: str, version: Version, versions: Sequence[Version]) -> None:
    """Ask who it is about, and show her list; a rerun of its own, away from the rest."""
    st.fragment(_guarded)(language, version.hash, [one.hash for one in versions])


def _guarded(language: str, version: str, versions: Sequence[str]) -> None:
    layout.guarded(lambda: _trial(language, version, versions), language)
    st.subheader(say(language, "similar_title"))
    layout.guarded(lambda: _similar(language, version), language)


def _trial(language: str, version: str, versions: Sequence[str]) -> None:
    personas = {persona.name: persona for persona in personas_of(runtime.settings().workspace)}
    ways = [TYPED, PERSONA] if personas else [TYPED]
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        way = st.segmented_control(
            say(language, "trial_way"),
            ways,
            default=ways[0],
            required=True,
            format_func=lambda name: say(language, f"trial_{name}"),
            key="wb_trial_way",
            label_visibility="collapsed",
        )
    with right:
        beside = _beside(language, version, versions)
    brains = [load_brain(runtime.house(), name) for name in (version, beside) if name]
    if way == PERSONA:
        _of_persona(language, brains, personas)
    else:
        _of_history(language, brains)


def _beside(language: str, version: str, versions: Sequence[str]) -> str | None:
    registry = runtime.house().registry
    known = {name: registry.version(name) for name in versions if name != version}
    aliases = registry.aliases()
    found = st.selectbox(
        say(language, "trial_beside"),
        list(known),
        index=None,
        placeholder=say(language, "trial_beside_none"),
        format_func=lambda name: title(language, known[name], aliases),
        key="wb_beside",
    )
    return None if found is None else str(found)


def _of_history(language: str, brains: Sequence[Brain]) -> None:
    text = st.text_area(
        say(language, "trial_history"),
        placeholder=say(language, "trial_history_hint"),
        help=say(language, "about_history"),
        max_chars=500,
        key="wb_history",
        height=80,
    )
    if not text.strip():
        st.caption(say(language, "trial_nothing"))
        return
    asked, deeds = list[tuple[Brain, Evidence, Stopwatch]](), list[Deed]()
    for brain in brains:
        learnt(brain)
        watch = Stopwatch()
        with watch.stage("summing up"):
            deeds, evidence = typed(brain, text)
        asked.append((brain, evidence, watch))
    st.caption(say(language, "trial_read", deeds=_read(language, deeds)))
    _beside_each_other(language, asked)


def _read(language: str, deeds: Sequence[Deed]) -> str:
    """What was understood, so that a slip is seen."""
    said = [
        " ".join(
            part
            for part in (
                f"{deed.times} ×",
                say(language, f"deed_{_KINDS[deed.kind]}"),
                plain(deed.brand),
                "" if deed.price is Price.UNSAID else say(language, f"price_{deed.price.value}"),
                say(language, "deed_fresh") if deed.fresh else "",
            )
            if part
        )
        for deed in deeds
    ]
    return "; ".join(said)


def _of_persona(language: str, brains: Sequence[Brain], personas: dict[str, Persona]) -> None:
    name = st.selectbox(say(language, "trial_persona"), list(personas), key="wb_trial_persona")
    persona = personas[name]
    st.write(persona.nl if language == "nl" else persona.en)
    asked = []
    for brain in brains:
        watch = Stopwatch()
        asked.append((brain, brain.evidence_of(persona.customer_id, watch), watch))
    _beside_each_other(language, asked)


def _beside_each_other(language: str, asked: Sequence[tuple[Brain, Evidence, Stopwatch]]) -> None:
    """One list with its parts; of two their names and reasons, side by side."""
    alone = len(asked) == 1
    for column, (brain, evidence, watch) in zip(st.columns(len(asked)), asked, strict=True):
        with watch.stage(RANKING):
            scores = brain.rank(evidence, TOP)
        with column:
            if not alone:
                st.markdown(f"**{brain.version[:8]}**")
            rows = [_row(language, score, alone) for score in scores]
            st.table(
                pd.DataFrame(rows),
                border="horizontal",
                hide_index=True,
                alt=say(language, "alt_trial"),
            )
            st.caption(_how_fast(language, brain, watch))
    if alone:
        st.caption(say(language, "trial_parts"))


def _row(language: str, score: BrandScore, parts: bool) -> dict[str, str]:
    why = score.why
    row = {
        say(language, "column_rank"): str(score.rank),
        say(language, "column_brand"): f"**{plain(score.brand)}**",
        say(language, "column_why"): reason(language, why),
    }
    if parts:
        for name in ("own", "collaborative", "popularity"):
            row[say(language, f"option_{name}")] = measured(language, why_to_row(why)[name])
    return row


def _how_fast(language: str, brain: Brain, watch: Stopwatch) -> str:
    def words(name: str) -> str:
        if name == RANKING:
            return say(language, "stage_ranking", brands=len(brain.catalogue.brands))
        return stage(language, name)

    parts = [f"{words(name)} {measured(language, ms, 1)} ms" for name, ms in watch.stages.items()]
    return f"{', '.join(parts).capitalize()}."


def _similar(language: str, version: str) -> None:
    brain = load_brain(runtime.house(), version)
    learnt(brain)
    shelf = brain.shelf
    order = sorted(range(len(shelf.names)), key=lambda code: -int(shelf.buyers[code]))
    brand = st.selectbox(
        say(language, "similar_brand"),
        [str(shelf.names[code]) for code in order if shelf.allowed[code]],
        index=None,
        placeholder=say(language, "similar_hint"),
        key="wb_similar",
    )
    if brand is None:
        return
    found = alike(brain, brand)
    if not found:
        st.caption(say(language, "similar_none"))
        return
    head = (say(language, "column_brand"), say(language, "column_likeness"))
    rows = [dict(zip(head, (plain(n), measured(language, x, 2)), strict=True)) for n, x in found]
    st.table(
        pd.DataFrame(rows), border="horizontal", hide_index=True, alt=say(language, "alt_similar")
    )
