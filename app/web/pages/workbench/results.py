"""What is known of a version: the log and people on one page, groups, and what people refused."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import streamlit as st

from app.presentation.i18n import percent, shown, text
from app.reports.model_card import offline_of
from app.reports.wording import reading
from app.storage.model_registry import Version
from app.study.feedback import refused_brands
from app.study.results import Human, studies_of
from app.web import runtime
from app.web.pages import layout
from app.web.pages.workbench.formatting import (
    interval,
    kind_of,
    named,
    plain,
    say,
    state_of,
    when,
    within,
)
from app.web.pages.workbench.training_form import start
from recsys.report.rejections import RefusedBrand

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


REFUSED = "workbench_refused"


def evidence(language: str, version: Version) -> None:
    """People first, for they decide; then the log, groups of it, and refused picks."""
    st.subheader(say(language, "human_title"))
    _human(language, studies_of(runtime.house(), version.hash))
    st.subheader(say(language, "offline_title"))
    offline(language, version)
    _slices(language, version)
    st.subheader(say(language, "refused_title"))
    st.fragment(_guarded)(language, version.hash)


def _human(language: str, studies: list[Human]) -> None:
    if not studies:
        st.caption(say(language, "human_none"))
        return
    rows = [_study(language, study) for study in studies]
    st.table(
        pd.DataFrame(rows).fillna("–"),  # a comparison of two versions has another criterion
        border="horizontal",
        hide_index=True,
        alt=say(language, "alt_human"),
    )
    st.caption(say(language, "human_note"))


def _study(language: str, study: Human) -> dict[str, str]:
    judged = study.judged
    outcome = judged.decision.outcome if judged.decision else None
    measured = {
        text(language, f"report.{found.criterion.name}"): _criterion(language, found)
        for found in judged.report.criteria
    }
    return {
        say(language, "column_study"): f"**{plain(judged.row.name)}**",
        say(language, "column_kind"): kind_of(language, judged.row.kind),
        say(language, "column_counted"): shown(language, judged.report.players.counted),
        **measured,
        say(language, "column_state"): state_of(language, judged.row, outcome),
    }


def _criterion(language: str, found: Any) -> str:
    estimate = found.estimate
    if estimate.value is None:
        return say(language, "unknown")
    name = found.criterion.name
    value, low, high = (
        reading(language, name, number) for number in (estimate.value, estimate.low, estimate.high)
    )
    return within(language, value, low, high)


def _slices(language: str, version: Version) -> None:
    found = offline_of(runtime.house(), version)
    parts = [] if found is None else found.get("slices", [])
    if not parts:
        return
    with st.expander(say(language, "slices_title")):
        st.write(say(language, "slices_lead"))
        by = st.segmented_control(
            say(language, "slices_by"),
            list(dict.fromkeys(part["by"] for part in parts)),
            default=parts[0]["by"],
            required=True,
            format_func=lambda name: say(language, f"by_{name}"),
            key="wb_slices_by",
            label_visibility="collapsed",
        )
        rows = list(_groups(language, parts, str(by)))
        st.table(
            pd.DataFrame(rows),
            border="horizontal",
            hide_index=True,
            alt=say(language, "alt_slices"),
        )
        st.caption(say(language, "slices_note"))


def _groups(language: str, parts: list[dict[str, Any]], by: str) -> Iterator[dict[str, str]]:
    for part in parts:
        if part["by"] != by:
            continue
        found = part["found"]
        known = found["value"] is not None
        yield {
            say(language, f"by_{by}"): plain(named(language, by, part["name"])),
            say(language, "column_people"): shown(language, found["n"]) if known else "–",
            "Recall@10": interval(language, found["value"], found["low"], found["high"])
            if known
            else say(language, "too_few"),
        }


def _guarded(language: str, version: str) -> None:
    layout.guarded(lambda: _refused(language, version), language)


def _refused(language: str, version: str) -> None:
    """Read when it is asked for: a thousand customers are ranked for it."""
    st.write(say(language, "refused_lead"))
    if st.button(say(language, "refused_look"), key="wb_refused"):
        st.session_state[REFUSED] = version, refused_brands(runtime.house(), version)
    known = st.session_state.get(REFUSED)
    if known is None or known[0] != version:
        return
    if not known[1]:
        st.caption(say(language, "refused_none"))
        return
    rows = [_brand(language, brand) for brand in known[1]]
    st.table(
        pd.DataFrame(rows), border="horizontal", hide_index=True, alt=say(language, "alt_refused")
    )
    st.caption(say(language, "refused_note"))


def _brand(language: str, brand: RefusedBrand) -> dict[str, str]:
    kinds = [
        f"{say(language, f'kind_of_{kind}')} {percent(language, share)}"
        for kind, share in sorted(brand.kinds.items(), key=lambda pair: -pair[1])[:2]
    ]
    reasons = [
        say(language, "reason_people", reason=text(language, f"reveal.refused_{why}"), n=n)
        for why, n in brand.reasons.items()
    ]
    share, people = percent(language, brand.share), shown(language, brand.people)
    return {
        say(language, "column_brand"): f"**{plain(brand.brand)}**",
        say(language, "column_refused"): say(language, "refused_of", share=share, people=people),
        say(language, "column_kinds"): ", ".join(kinds) or say(language, "too_few"),
        say(language, "column_reasons"): ", ".join(reasons) or say(language, "too_few"),
    }
