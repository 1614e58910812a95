"""How the page draws what a report shows: each picture with its sentence and its table."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from app.presentation.i18n import text
from app.reports import charts as report_figures
from app.reports import tables
from app.reports.charts import Figure
from app.reports.exports import plain
from app.reports.html.blocks import reasons
from app.reports.unknown_charts import value_or_unknown
from app.reports.wording import said_of
from app.study.results import Judged
from app.web.pages.report import charts
from app.web.pages.report.charts import lanes as draw


def criteria(language: str, judged: Judged) -> None:
    """Three intervals against their bars, and why the bars stand there."""
    figure = report_figures.criteria(language, judged)
    st.header(figure.title)
    _drawn(language, figure)
    st.html(reasons(language, judged))


@st.fragment
def run(language: str, judged: Judged) -> None:
    """One criterion batch by batch, with the moment of decision."""
    st.header(text(language, "report.run_title"))
    known = {c.criterion.name: c for c in judged.report.criteria if c.run}
    asked = st.query_params.get("criterion", "")
    chosen = st.segmented_control(
        text(language, "report.run_criterion"),
        list(known),
        default=asked if asked in known else next(iter(known)),
        format_func=lambda name: text(language, f"report.{name}"),
        required=True,
        label_visibility="collapsed",
        key=f"criterion_{judged.row.hash}",
    )
    st.query_params["criterion"] = chosen
    found = known[chosen]
    sentence = report_figures.run_said(language, judged, found)
    drawn = charts.run_so_far(found, language, decided=_moment(language, judged))
    charts.show(drawn, key=f"run_{chosen}", alt_text=sentence)
    _below(language, sentence, tables.run(language, found))


def _moment(language: str, judged: Judged) -> tuple[int, str, str] | None:
    if judged.decision is None:
        return None
    outcome = judged.verdict.outcome.value
    colour = getattr(charts.colours(), outcome)
    return judged.verdict.n, said_of(language, judged.report.policy, outcome), colour


def beside(language: str, pair: Sequence[Figure]) -> None:
    """Pictures beside each other; one under the other on a phone."""
    for place, figure in zip(st.columns(len(pair), gap="large"), pair, strict=True):
        with place:
            st.subheader(figure.title)
            if not value_or_unknown("drawing", partial(_drawn, language, figure), unknown=False):
                st.caption(text(language, "report.not_computed"))


def _drawn(language: str, figure: Figure) -> bool:
    """Draw a picture, its sentence and its table; return True when all of it is there."""
    if figure.lanes:
        charts.show(draw(figure.lanes), alt_text=figure.alternative)
    elif figure.table is not None:
        _table(figure.table)
    if figure.lanes and figure.table is not None:
        _below(language, figure.sentence, figure.table)
    elif figure.sentence:
        st.caption(plain(figure.sentence))
    return True


def _below(language: str, sentence: str, table: pd.DataFrame) -> None:
    st.caption(plain(sentence))
    with st.expander(text(language, "report.table")):
        _table(table)


def _table(table: pd.DataFrame) -> None:
    st.table(table.map(plain), border="horizontal", hide_index=True)
