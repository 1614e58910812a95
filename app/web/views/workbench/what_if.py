"""What-if: ranks a typed history or a persona with one or two versions; similar brands."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.modeling.recommender import Recommender, Stopwatch, load_recommender
from app.modeling.what_if import read_typed_history, similar_to, trained_model
from app.presentation.explanations import explanation_text
from app.storage.model_registry import ModelVersion
from app.web import runtime
from app.web.views import layout
from app.web.views.workbench.formatting import (
    escape_all_markdown,
    format_measured,
    stage_text,
    version_title,
    workbench_text,
)
from app.workspace.planted_shop import planted_personas
from recsys.dataset.events import OUR_KINDS
from recsys.dataset.evidence import Evidence
from recsys.dataset.history import HistoryItem, Price
from recsys.models.base import BrandScore, explanation_to_row
from recsys.progress import WorkStage
from recsys.simulation.personas import Persona

LIST_LENGTH = 10
TYPED, PERSONA = "typed", "persona"
_KINDS = {kind: name for name, kind in OUR_KINDS.items()}


def show_what_if(language: str, version: ModelVersion, versions: Sequence[ModelVersion]) -> None:
    """Show the what-if form and its lists as a fragment, which reruns alone."""
    st.fragment(_what_if_fragment)(language, version.hash, [one.hash for one in versions])


def _what_if_fragment(language: str, version: str, versions: Sequence[str]) -> None:
    layout.run_guarded(lambda: _what_if_form(language, version, versions), language)
    st.subheader(workbench_text(language, "similar_title"))
    layout.run_guarded(lambda: _show_similar_brands(language, version), language)


def _what_if_form(language: str, version: str, versions: Sequence[str]) -> None:
    personas = {persona.name: persona for persona in planted_personas(runtime.settings().workspace)}
    input_kinds = [TYPED, PERSONA] if personas else [TYPED]
    left_column, right_column = st.columns(2, vertical_alignment="bottom")
    with left_column:
        input_kind = st.segmented_control(
            workbench_text(language, "trial_way"),
            input_kinds,
            default=input_kinds[0],
            required=True,
            format_func=lambda name: workbench_text(language, f"trial_{name}"),
            key="wb_trial_way",
            label_visibility="collapsed",
        )
    with right_column:
        second_version = _second_version_picker(language, version, versions)
    recommenders = [
        load_recommender(runtime.workspace(), name) for name in (version, second_version) if name
    ]
    if input_kind == PERSONA:
        _rank_persona(language, recommenders, personas)
    else:
        _rank_typed_history(language, recommenders)


def _second_version_picker(language: str, version: str, versions: Sequence[str]) -> str | None:
    registry = runtime.workspace().registry
    others = {name: registry.version(name) for name in versions if name != version}
    aliases = registry.aliases()
    chosen = st.selectbox(
        workbench_text(language, "trial_beside"),
        list(others),
        index=None,
        placeholder=workbench_text(language, "trial_beside_none"),
        format_func=lambda name: version_title(language, others[name], aliases),
        key="wb_beside",
    )
    return None if chosen is None else str(chosen)


def _rank_typed_history(language: str, recommenders: Sequence[Recommender]) -> None:
    history = st.text_area(
        workbench_text(language, "trial_history"),
        placeholder=workbench_text(language, "trial_history_hint"),
        help=workbench_text(language, "about_history"),
        max_chars=500,
        key="wb_history",
        height=80,
    )
    if not history.strip():
        st.caption(workbench_text(language, "trial_nothing"))
        return
    requests, history_items = list[tuple[Recommender, Evidence, Stopwatch]](), list[HistoryItem]()
    for recommender in recommenders:
        trained_model(recommender)
        stopwatch = Stopwatch()
        with stopwatch.stage(WorkStage.SUMMING_UP):
            history_items, evidence = read_typed_history(recommender, history)
        requests.append((recommender, evidence, stopwatch))
    st.caption(workbench_text(language, "trial_read", deeds=_history_text(language, history_items)))
    _show_lists(language, requests)


def _history_text(language: str, history_items: Sequence[HistoryItem]) -> str:
    """Return the parsed history as text, so that the user sees a parsing error."""
    descriptions = [
        " ".join(
            part
            for part in (
                f"{deed.times} ×",
                workbench_text(language, f"deed_{_KINDS[deed.kind]}"),
                escape_all_markdown(deed.brand),
                ""
                if deed.price is Price.UNKNOWN
                else workbench_text(language, f"price_{deed.price.value}"),
                workbench_text(language, "deed_fresh") if deed.new_release else "",
            )
            if part
        )
        for deed in history_items
    ]
    return "; ".join(descriptions)


def _rank_persona(
    language: str, recommenders: Sequence[Recommender], personas: dict[str, Persona]
) -> None:
    name = st.selectbox(
        workbench_text(language, "trial_persona"), list(personas), key="wb_trial_persona"
    )
    persona = personas[name]
    st.write(persona.nl if language == "nl" else persona.en)
    requests = []
    for recommender in recommenders:
        stopwatch = Stopwatch()
        requests.append(
            (recommender, recommender.evidence_of(persona.customer_id, stopwatch), stopwatch)
        )
    _show_lists(language, requests)


def _show_lists(language: str, requests: Sequence[tuple[Recommender, Evidence, Stopwatch]]) -> None:
    """Show one list with its score parts, or two lists side by side with names and reasons."""
    is_single = len(requests) == 1
    for column, (recommender, evidence, stopwatch) in zip(
        st.columns(len(requests)), requests, strict=True
    ):
        with stopwatch.stage(WorkStage.RANKING):
            scores = recommender.rank(evidence, LIST_LENGTH)
        with column:
            if not is_single:
                st.markdown(f"**{recommender.version[:8]}**")
            rows = [_score_row(language, score, is_single) for score in scores]
            st.table(
                pd.DataFrame(rows),
                border="horizontal",
                hide_index=True,
                alt=workbench_text(language, "alt_trial"),
            )
            st.caption(_timing_text(language, recommender, stopwatch))
    if is_single:
        st.caption(workbench_text(language, "trial_parts"))


def _score_row(language: str, score: BrandScore, with_parts: bool) -> dict[str, str]:
    explanation = score.explanation
    row = {
        workbench_text(language, "column_rank"): str(score.rank),
        workbench_text(language, "column_brand"): f"**{escape_all_markdown(score.brand)}**",
        workbench_text(language, "column_why"): explanation_text(language, explanation),
    }
    if with_parts:
        for name in ("own", "collaborative", "popularity"):
            row[workbench_text(language, f"option_{name}")] = format_measured(
                language, explanation_to_row(explanation)[name]
            )
    return row


def _timing_text(language: str, recommender: Recommender, stopwatch: Stopwatch) -> str:
    def words(name: str) -> str:
        if name == WorkStage.RANKING:
            return workbench_text(language, "stage_ranking", brands=len(recommender.catalog.brands))
        return stage_text(language, name)

    parts = [
        f"{words(name)} {format_measured(language, ms, 1)} ms"
        for name, ms in stopwatch.stages.items()
    ]
    return f"{', '.join(parts).capitalize()}."


def _show_similar_brands(language: str, version: str) -> None:
    recommender = load_recommender(runtime.workspace(), version)
    trained_model(recommender)
    brand_pool = recommender.brand_pool
    codes = sorted(range(len(brand_pool.names)), key=lambda code: -int(brand_pool.buyers[code]))
    brand = st.selectbox(
        workbench_text(language, "similar_brand"),
        [str(brand_pool.names[code]) for code in codes if brand_pool.allowed[code]],
        index=None,
        placeholder=workbench_text(language, "similar_hint"),
        key="wb_similar",
    )
    if brand is None:
        return
    similar_brands = similar_to(recommender, brand)
    if not similar_brands:
        st.caption(workbench_text(language, "similar_none"))
        return
    header = (workbench_text(language, "column_brand"), workbench_text(language, "column_likeness"))
    rows = [
        dict(zip(header, (escape_all_markdown(n), format_measured(language, x, 2)), strict=True))
        for n, x in similar_brands
    ]
    st.table(
        pd.DataFrame(rows),
        border="horizontal",
        hide_index=True,
        alt=workbench_text(language, "alt_similar"),
    )
