"""Results of a version: studies, offline evaluation, slices and rejected brands."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import streamlit as st

from app.presentation.i18n import format_percent, format_value, translate
from app.reports.model_card import offline_evaluation
from app.reports.wording import format_criterion_value
from app.storage.model_registry import ModelVersion
from app.study.feedback import rejected_brands
from app.study.results import StudyStatus, studies_of_version
from app.web import runtime
from app.web.views import layout
from app.web.views.session import current_session
from app.web.views.workbench.formatting import (
    escape_all_markdown,
    format_interval,
    format_time,
    format_with_interval,
    name_text,
    study_kind_text,
    study_state_text,
    workbench_text,
)
from app.web.views.workbench.training_form import start_job
from recsys.report.rejections import RejectedBrand

EstimateData = dict[str, Any]  # an `Estimate` as a dict


def show_offline_evaluation(language: str, version: ModelVersion) -> None:
    """Show the last offline evaluation of this version, and the button to start one."""
    if "options" not in version.meta:
        st.caption(workbench_text(language, "offline_lists"))
        return
    st.write(workbench_text(language, "offline_lead"))
    evaluation = offline_evaluation(runtime.workspace(), version)
    if evaluation is None:
        st.caption(workbench_text(language, "offline_none"))
    else:
        _show_evaluation(language, evaluation)
    label = workbench_text(language, "offline_again" if evaluation else "offline_start")
    pressed = st.button(label, key="wb_evaluate")
    if pressed and start_job(language, "evaluate", {"model": version.hash}):
        st.rerun()


def _show_evaluation(language: str, evaluation: EstimateData) -> None:
    rows = [_evaluation_row(language, line) for line in evaluation["lines"]]
    st.table(
        pd.DataFrame(rows),
        border="horizontal",
        hide_index=True,
        alt=workbench_text(language, "alt_offline"),
    )
    cut = format_time(language, evaluation["cut"] * 1000)
    st.caption(workbench_text(language, "offline_note", customers=evaluation["customers"], cut=cut))


def _evaluation_row(language: str, line: dict[str, Any]) -> dict[str, str]:
    is_model = line["ranker"] == "favourite"
    ranker = name_text(language, "baseline", line["ranker"].replace("-", "_"))
    return {
        workbench_text(language, "column_task"): name_text(language, "task", line["task"]),
        workbench_text(language, "column_ranker"): f"**{ranker}**" if is_model else ranker,
        workbench_text(language, "column_people"): format_value(language, line["ndcg"]["n"]),
        "Recall@10": _estimate_text(language, line["recall"]),
        "NDCG@10": _estimate_text(language, line["ndcg"]),
        workbench_text(language, "column_ahead"): ""
        if is_model
        else _estimate_text(language, line["ndcg_ahead"]),
    }


def _estimate_text(language: str, estimate: EstimateData) -> str:
    if estimate["value"] is None:
        return workbench_text(language, "unknown")
    return format_interval(language, estimate["value"], estimate["low"], estimate["high"])


def show_results(language: str, version: ModelVersion) -> None:
    """Show studies first (they decide), then offline evaluation, slices and rejected brands."""
    st.subheader(workbench_text(language, "human_title"))
    _show_studies(language, studies_of_version(runtime.workspace(), version.hash))
    st.subheader(workbench_text(language, "offline_title"))
    show_offline_evaluation(language, version)
    _show_slices(language, version)
    st.subheader(workbench_text(language, "refused_title"))
    st.fragment(_rejected_fragment)(language, version.hash)


def _show_studies(language: str, studies: list[StudyStatus]) -> None:
    if not studies:
        st.caption(workbench_text(language, "human_none"))
        return
    rows = [_verdict_row(language, study) for study in studies]
    st.table(
        pd.DataFrame(rows).fillna("–"),  # paired comparison studies have other criteria
        border="horizontal",
        hide_index=True,
        alt=workbench_text(language, "alt_human"),
    )
    st.caption(workbench_text(language, "human_note"))


def _verdict_row(language: str, study: StudyStatus) -> dict[str, str]:
    outcome = study.decision.outcome if study.decision else None
    criteria = {
        translate(language, f"report.{found.criterion.name}"): _criterion_text(language, found)
        for found in study.report.criteria
    }
    return {
        workbench_text(language, "column_study"): f"**{escape_all_markdown(study.row.name)}**",
        workbench_text(language, "column_kind"): study_kind_text(language, study.row.kind),
        workbench_text(language, "column_counted"): format_value(
            language, study.report.players.counted
        ),
        **criteria,
        workbench_text(language, "column_state"): study_state_text(language, study.row, outcome),
    }


def _criterion_text(language: str, criterion_report: Any) -> str:
    estimate = criterion_report.estimate
    if estimate.value is None:
        return workbench_text(language, "unknown")
    name = criterion_report.criterion.name
    value, low, high = (
        format_criterion_value(language, name, number)
        for number in (estimate.value, estimate.low, estimate.high)
    )
    return format_with_interval(language, value, low, high)


def _show_slices(language: str, version: ModelVersion) -> None:
    evaluation = offline_evaluation(runtime.workspace(), version)
    slices = [] if evaluation is None else evaluation.get("slices", [])
    if not slices:
        return
    with st.expander(workbench_text(language, "slices_title")):
        st.write(workbench_text(language, "slices_lead"))
        grouping = st.segmented_control(
            workbench_text(language, "slices_by"),
            list(dict.fromkeys(part["by"] for part in slices)),
            default=slices[0]["by"],
            required=True,
            format_func=lambda name: workbench_text(language, f"by_{name}"),
            key="wb_slices_by",
            label_visibility="collapsed",
        )
        rows = list(_slice_rows(language, slices, str(grouping)))
        st.table(
            pd.DataFrame(rows),
            border="horizontal",
            hide_index=True,
            alt=workbench_text(language, "alt_slices"),
        )
        st.caption(workbench_text(language, "slices_note"))


def _slice_rows(
    language: str, slices: list[dict[str, Any]], grouping: str
) -> Iterator[dict[str, str]]:
    for slice_data in slices:
        if slice_data["by"] != grouping:
            continue
        estimate = slice_data["found"]
        is_known = estimate["value"] is not None
        yield {
            workbench_text(language, f"by_{grouping}"): escape_all_markdown(
                name_text(language, grouping, slice_data["name"])
            ),
            workbench_text(language, "column_people"): format_value(language, estimate["n"])
            if is_known
            else "–",
            "Recall@10": format_interval(
                language, estimate["value"], estimate["low"], estimate["high"]
            )
            if is_known
            else workbench_text(language, "too_few"),
        }


def _rejected_fragment(language: str, version: str) -> None:
    layout.run_guarded(lambda: _show_rejected_brands(language, version), language)


def _show_rejected_brands(language: str, version: str) -> None:
    """Show rejected brands; computed on click only, because it ranks a thousand customers."""
    session = current_session()
    st.write(workbench_text(language, "refused_lead"))
    if st.button(workbench_text(language, "refused_look"), key="wb_refused"):
        session.rejected_brands = version, rejected_brands(runtime.workspace(), version)
    cached = session.rejected_brands
    if cached is None or cached[0] != version:
        return
    if not cached[1]:
        st.caption(workbench_text(language, "refused_none"))
        return
    rows = [_rejected_brand_row(language, brand) for brand in cached[1]]
    st.table(
        pd.DataFrame(rows),
        border="horizontal",
        hide_index=True,
        alt=workbench_text(language, "alt_refused"),
    )
    st.caption(workbench_text(language, "refused_note"))


def _rejected_brand_row(language: str, brand: RejectedBrand) -> dict[str, str]:
    kinds = [
        f"{workbench_text(language, f'kind_of_{kind}')} {format_percent(language, share)}"
        for kind, share in sorted(brand.kinds.items(), key=lambda pair: -pair[1])[:2]
    ]
    reasons = [
        workbench_text(
            language, "reason_people", reason=translate(language, f"reveal.refused_{why}"), n=n
        )
        for why, n in brand.reasons.items()
    ]
    share, people = format_percent(language, brand.share), format_value(language, brand.people)
    return {
        workbench_text(language, "column_brand"): f"**{escape_all_markdown(brand.brand)}**",
        workbench_text(language, "column_refused"): workbench_text(
            language, "refused_of", share=share, people=people
        ),
        workbench_text(language, "column_kinds"): ", ".join(kinds)
        or workbench_text(language, "too_few"),
        workbench_text(language, "column_reasons"): ", ".join(reasons)
        or workbench_text(language, "too_few"),
    }
