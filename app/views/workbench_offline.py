"""Offline evaluation of a version: its parameters, learnt on the first part of the log."""

from typing import Any

import pandas as pd
import streamlit as st

from app import runtime
from app.jobs import Job
from app.registry import Version
from app.rows.job_rows import State
from app.views.workbench_form import start
from app.views.workbench_shown import interval, named, say, when
from app.words import shown

Found = dict[str, Any]  # an Estimate as plain data


def offline(language: str, version: Version) -> None:
    """The button, and the table of the last evaluation of this version."""
    st.write(say(language, "offline_lead"))
    done = _latest(version)
    label = say(language, "offline_again" if done else "offline_start")
    pressed = st.button(label, key="wb_evaluate", type="secondary" if done else "primary")
    if pressed and start(language, "evaluate", {"model": version.hash}):
        st.rerun()
    if done is None:
        st.caption(say(language, "offline_none"))
        return
    job, result = done
    rows = [_row(language, line) for line in result["lines"]]
    st.table(
        pd.DataFrame(rows), border="horizontal", hide_index=True, alt=say(language, "alt_offline")
    )
    st.caption(
        say(
            language,
            "offline_note",
            customers=result["customers"],
            cut=when(language, result["cut"] * 1000),
            when=when(language, job.ended_at),
        )
    )


def _latest(version: Version) -> tuple[Job, dict[str, Any]] | None:
    jobs = runtime.jobs()
    for job in jobs.jobs():
        same = job.kind == "evaluate" and job.args.get("model") == version.hash
        if same and job.state is State.DONE and (result := jobs.result(job.id)):
            return job, result
    return None


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
