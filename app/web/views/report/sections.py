"""Sections of the report page: each chart with its caption and its table."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from app.presentation.i18n import translate
from app.reports import charts as report_figures
from app.reports import tables
from app.reports.charts import Chart
from app.reports.exports import escape_markdown_line
from app.reports.html.blocks import criterion_reasons_html
from app.reports.sequence_chart import sequence_chart
from app.reports.unknown_charts import value_or_unknown
from app.study.results import StudyStatus
from app.web.views.report import charts
from app.web.views.report.charts import interval_chart as draw


def show_criteria(language: str, result: StudyStatus) -> None:
    """Show the intervals of the criteria against their bars, and the reasons for the bars."""
    chart = report_figures.criteria_chart(language, result)
    st.header(chart.title)
    _show_chart(language, chart)
    st.html(criterion_reasons_html(language, result))


@st.fragment
def show_confidence_sequence(language: str, result: StudyStatus) -> None:
    """Show the confidence sequence of one criterion, with the time of the decision."""
    st.header(translate(language, "report.run_title"))
    reports_by_name = {c.criterion.name: c for c in result.report.criteria if c.run}
    requested = st.query_params.get("criterion", "")
    chosen = st.segmented_control(
        translate(language, "report.run_criterion"),
        list(reports_by_name),
        default=requested if requested in reports_by_name else next(iter(reports_by_name)),
        format_func=lambda name: translate(language, f"report.{name}"),
        required=True,
        label_visibility="collapsed",
        key=f"criterion_{result.row.hash}",
    )
    st.query_params["criterion"] = chosen
    criterion_report = reports_by_name[chosen]
    chart = sequence_chart(language, result, criterion_report)
    charts.show_chart(charts.sequence_spec(chart), key=f"run_{chosen}")
    _caption_and_table(
        language, chart.alt_text, tables.confidence_sequence_table(language, criterion_report)
    )


def show_side_by_side(language: str, row: Sequence[Chart]) -> None:
    """Show charts side by side; on a phone they are stacked."""
    for column, chart in zip(st.columns(len(row), gap="large"), row, strict=True):
        with column:
            st.subheader(chart.title)
            if not value_or_unknown(
                "drawing", partial(_show_chart, language, chart), unknown=False
            ):
                st.caption(translate(language, "report.not_computed"))


def _show_chart(language: str, chart: Chart) -> bool:
    """Draw a chart, its caption and its table; return True when all is drawn."""
    if chart.rows:
        charts.show_chart(draw(chart.rows), alt_text=chart.alt_text)
    elif chart.table is not None:
        _show_table(chart.table)
    if chart.rows and chart.table is not None:
        _caption_and_table(language, chart.caption, chart.table)
    elif chart.caption:
        st.caption(escape_markdown_line(chart.caption))
    return True


def _caption_and_table(language: str, caption: str, table: pd.DataFrame) -> None:
    st.caption(escape_markdown_line(caption))
    with st.expander(translate(language, "report.table")):
        _show_table(table)


def _show_table(table: pd.DataFrame) -> None:
    st.table(table.map(escape_markdown_line), border="horizontal", hide_index=True)
