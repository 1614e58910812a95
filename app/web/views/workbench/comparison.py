"""Comparison of two versions: parameters, offline metrics, differing lists, rank changes."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import streamlit as st

from app.modeling.comparison import parameter_differences
from app.presentation.i18n import format_percent, format_value
from app.storage.model_registry import ModelVersion
from app.storage.study_db.jobs import JobState
from app.web import runtime
from app.web.views.workbench.formatting import (
    escape_all_markdown,
    format_measured,
    format_setting,
    format_with_interval,
    name_text,
    version_title,
    workbench_text,
)
from app.web.views.workbench.training_form import start_job

MISSING_VALUE = "–"  # not recorded by the version, or not publishable
ComparisonData = dict[str, Any]


def show_comparison(language: str, version: ModelVersion, versions: list[ModelVersion]) -> None:
    """Show the parameters of another version at once, metrics and lists after a job."""
    others = {other.hash: other for other in versions if other.hash != version.hash}
    if not others:
        st.write(workbench_text(language, "nothing_to_compare"))
        return
    aliases = runtime.workspace().registry.aliases()
    other = others[
        st.selectbox(
            workbench_text(language, "compare_with"),
            list(others),
            format_func=lambda hash: version_title(language, others[hash], aliases),
            key="wb_other",
        )
    ]
    _show_parameters(language, version, other)
    comparison = _latest_comparison(other, version)
    if comparison is not None:
        _show_latest(language, comparison, version)
    label = workbench_text(language, "compare_again" if comparison else "compare_start")
    arguments: dict[str, object] = {"first": other.hash, "second": version.hash}
    if st.button(label, key="wb_compare") and start_job(language, "compare", arguments):
        st.rerun()
    if comparison is None:
        st.caption(workbench_text(language, "compare_none"))


def _show_parameters(language: str, version: ModelVersion, other: ModelVersion) -> None:
    rows = [
        (
            name_text(language, "option", name),
            _parameter_text(language, one),
            _parameter_text(language, two),
        )
        for name, one, two in parameter_differences(version, other)
    ]
    if not rows:
        st.write(workbench_text(language, "no_difference"))
        return
    header = [workbench_text(language, "column_differs"), version.name, other.name]
    st.table(
        pd.DataFrame(rows, columns=header),
        border="horizontal",
        hide_index=True,
        alt=workbench_text(language, "alt_compare"),
    )


def _parameter_text(language: str, value: Any) -> str:
    if value is None:
        return MISSING_VALUE
    if isinstance(value, str):
        return escape_all_markdown(value[:12])
    return (
        format_value(language, value)
        if isinstance(value, int)
        else format_setting(language, round(value, 4))
    )


def _latest_comparison(first: ModelVersion, second: ModelVersion) -> ComparisonData | None:
    jobs, job_message = runtime.jobs(), f"{first.hash} {second.hash}"
    for job in jobs.jobs():
        if (job.kind, job.state, job.message) == ("compare", JobState.DONE, job_message):
            return jobs.result(job.id)
    return None


def _show_latest(language: str, comparison: ComparisonData, version: ModelVersion) -> None:
    overlap = comparison["shared"]
    if overlap["value"] is not None:
        values = {
            name: format_percent(language, overlap[name]) for name in ("value", "low", "high")
        }
        st.markdown(
            workbench_text(language, "compare_shared", people=comparison["people"], **values)
        )
    if comparison["why_none"]:
        st.caption(workbench_text(language, "offline_lists"))
    else:
        _show_differences(language, comparison["differences"], version)
    columns = st.columns(2)
    for column, direction in zip(columns, ("rising", "falling"), strict=True):
        with column:
            _show_rank_changes(language, direction, comparison[direction])
    st.caption(workbench_text(language, "compare_note"))


def _show_differences(
    language: str, differences: list[ComparisonData], version: ModelVersion
) -> None:
    rows = [
        {
            workbench_text(language, "column_task"): name_text(language, "task", line["task"]),
            workbench_text(language, "column_metric"): f"{_METRIC_NAMES[line['metric']]}@10",
            workbench_text(language, "column_ahead_of", version=version.name): _difference_text(
                language, line["ahead"]
            ),
        }
        for line in differences
    ]
    st.table(
        pd.DataFrame(rows),
        border="horizontal",
        hide_index=True,
        alt=workbench_text(language, "alt_differences"),
    )


_METRIC_NAMES = {"recall": "Recall", "ndcg": "NDCG", "mrr": "MRR"}


def _difference_text(language: str, estimate: ComparisonData) -> str:
    if estimate["value"] is None:
        return workbench_text(language, "unknown")
    value, low, high = (
        format_measured(language, estimate[name]) for name in ("value", "low", "high")
    )
    return format_with_interval(language, value, low, high)


def _show_rank_changes(language: str, direction: str, changes: list[ComparisonData]) -> None:
    st.markdown(f"**{workbench_text(language, direction)}**")
    if not changes:
        st.caption(workbench_text(language, "moves_none"))
        return
    rows = list(_rank_change_rows(language, changes[:6]))
    st.table(
        pd.DataFrame(rows),
        border="horizontal",
        hide_index=True,
        alt=workbench_text(language, f"alt_{direction}"),
    )


def _rank_change_rows(language: str, changes: list[ComparisonData]) -> Iterator[dict[str, str]]:
    for change in changes:
        people = (
            MISSING_VALUE if n is None else format_value(language, n)
            for n in (change["first"], change["second"])
        )
        yield {
            workbench_text(language, "column_brand"): escape_all_markdown(change["brand"]),
            workbench_text(language, "column_lists"): " → ".join(people),
        }
