"""Two versions side by side: what was set, what the log says, whose lists differ, what moves."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import streamlit as st

from app.modeling.comparison import differing
from app.presentation.i18n import percent, shown
from app.storage.model_registry import Version
from app.storage.study_db.jobs import State
from app.web import runtime
from app.web.pages.workbench.formatting import measured, named, number, plain, say, title, within
from app.web.pages.workbench.training_form import start

NOTHING = "–"  # what a version did not write down, or what may not be shown
Found = dict[str, Any]


def compare(language: str, version: Version, versions: list[Version]) -> None:
    """Choose another version; its parameters at once, figures and lists when they are asked for."""
    others = {other.hash: other for other in versions if other.hash != version.hash}
    if not others:
        st.write(say(language, "nothing_to_compare"))
        return
    aliases = runtime.house().registry.aliases()
    other = others[
        st.selectbox(
            say(language, "compare_with"),
            list(others),
            format_func=lambda hash: title(language, others[hash], aliases),
            key="wb_other",
        )
    ]
    _parameters(language, version, other)
    found = _latest(other, version)
    if found is not None:
        _found(language, found, version)
    label = say(language, "compare_again" if found else "compare_start")
    arguments: dict[str, object] = {"first": other.hash, "second": version.hash}
    if st.button(label, key="wb_compare") and start(language, "compare", arguments):
        st.rerun()
    if found is None:
        st.caption(say(language, "compare_none"))


def _parameters(language: str, version: Version, other: Version) -> None:
    rows = [
        (named(language, "option", name), _written(language, one), _written(language, two))
        for name, one, two in differing(version, other)
    ]
    if not rows:
        st.write(say(language, "no_difference"))
        return
    head = [say(language, "column_differs"), version.name, other.name]
    st.table(
        pd.DataFrame(rows, columns=head),
        border="horizontal",
        hide_index=True,
        alt=say(language, "alt_compare"),
    )


def _written(language: str, value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return plain(value[:12])
    return shown(language, value) if isinstance(value, int) else number(language, round(value, 4))


def _latest(first: Version, second: Version) -> Found | None:
    jobs, wanted = runtime.jobs(), f"{first.hash} {second.hash}"
    for job in jobs.jobs():
        if (job.kind, job.state, job.message) == ("compare", State.DONE, wanted):
            return jobs.result(job.id)
    return None


def _found(language: str, found: Found, version: Version) -> None:
    shared = found["shared"]
    if shared["value"] is not None:
        values = {name: percent(language, shared[name]) for name in ("value", "low", "high")}
        st.markdown(say(language, "compare_shared", people=found["people"], **values))
    if found["why_none"]:
        st.caption(say(language, "offline_lists"))
    else:
        _differences(language, found["differences"], version)
    columns = st.columns(2)
    for column, way in zip(columns, ("rising", "falling"), strict=True):
        with column:
            _moves(language, way, found[way])
    st.caption(say(language, "compare_note"))


def _differences(language: str, found: list[Found], version: Version) -> None:
    rows = [
        {
            say(language, "column_task"): named(language, "task", line["task"]),
            say(language, "column_metric"): f"{_METRICS[line['metric']]}@10",
            say(language, "column_ahead_of", version=version.name): _ahead(language, line["ahead"]),
        }
        for line in found
    ]
    st.table(
        pd.DataFrame(rows),
        border="horizontal",
        hide_index=True,
        alt=say(language, "alt_differences"),
    )


_METRICS = {"recall": "Recall", "ndcg": "NDCG", "mrr": "MRR"}


def _ahead(language: str, found: Found) -> str:
    if found["value"] is None:
        return say(language, "unknown")
    value, low, high = (measured(language, found[name]) for name in ("value", "low", "high"))
    return within(language, value, low, high)


def _moves(language: str, way: str, moves: list[Found]) -> None:
    st.markdown(f"**{say(language, way)}**")
    if not moves:
        st.caption(say(language, "moves_none"))
        return
    rows = list(_rows(language, moves[:6]))
    st.table(
        pd.DataFrame(rows), border="horizontal", hide_index=True, alt=say(language, f"alt_{way}")
    )


def _rows(language: str, moves: list[Found]) -> Iterator[dict[str, str]]:
    for move in moves:
        people = (
            NOTHING if n is None else shown(language, n) for n in (move["first"], move["second"])
        )
        yield {
            say(language, "column_brand"): plain(move["brand"]),
            say(language, "column_lists"): " → ".join(people),
        }
