"""Offline evaluation of a version: its parameters, learnt on the first part of the log."""

from typing import Any

import pandas as pd
import streamlit as st

from app import runtime
from app.offline_table import offline_of
from app.registry import Version
from app.views.workbench_form import start
from app.views.workbench_shown import interval, named, say, when
from app.words import shown

Found = dict[str, Any]  # an Estimate as plain data


def offline(language: str, version: Version) -> None:
    """The table of the last evaluation of this version, and the button for one."""
    if "options" not in version.meta:
        st.caption(say(language, "offline_lists"))
        return
    st.write(say(language, "offline_lead"))
    found = offline_of(runtime.house(), version)
    if found is None:
        st.caption(say(language, "offline_none"))
    else:
        _table(language, found)
    label = say(language, "offline_again" if found else "offline_start")
    pressed = st.button(label, key="wb_evaluate")
    if pressed and start(language, "evaluate", {"model": version.hash}):
        st.rerun()


def _table(language: str, found: Found) -> None:
    rows = [_row(language, line) for line in found["lines"]]
    st.table(
        pd.DataFrame(rows), border="horizontal", hide_index=True, alt=say(language, "alt_offline")
    )
    cut = when(language, found["cut"] * 1000)
    st.caption(say(language, "offline_note", customers=found["customers"], cut=cut))


def _row(language: str, line: dict[str, Any]) -> dict[str, str]:
    is_model = line["ranker"] == "favourite"
    ranker = named(language, "baseline", line["ranker"].replace("-", "_"))
    return {
        say(language, "column_task"): named(language, "task", line["task"]),
        say(language, "column_ranker"): f"**{ranker}**" if is_model else ranker,
        say(language, "column_people"): shown(language, line["ndcg"]["n"]),
        "Recall@10": _estimate(language, line["recall"]),
        "NDCG@10": _estimate(language, line["ndcg"]),
        say(language, "column_ahead"): "" if is_model else _estimate(language, line["ndcg_ahead"]),
    }


def _estimate(language: str, found: Found) -> str:
    if found["value"] is None:
        return say(language, "unknown")
    return interval(language, found["value"], found["low"], found["high"])
