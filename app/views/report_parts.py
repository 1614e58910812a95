"""The parts of the report page that bear the verdict: each a picture, a sentence and a table."""

import pandas as pd
import streamlit as st

from app.studies import Judged
from app.views import charts
from app.views import report_tables as tables
from app.views.lanes import Lane, Part
from app.views.lanes import lanes as draw
from app.views.report_export import plain
from app.views.report_numbers import (
    liked,
    reading,
    rival_name,
    rival_pairs,
    said,
    state,
    sure,
    whole,
    with_bounds,
)
from app.views.report_story import reasons
from app.words import percent, text
from recsys.report import CriterionReport
from recsys.stats import Estimate
from recsys.tables import ShareRow


def picture(
    language: str, lanes: list[Lane], sentence: str, table: pd.DataFrame, alt: str | None = None
) -> None:
    """Show lanes, the sentence that says what they show, and the table behind them."""
    charts.show(draw(lanes), alt_text=alt or sentence)
    _below(language, sentence, table)


def _below(language: str, sentence: str, table: pd.DataFrame) -> None:
    st.caption(plain(sentence))
    with st.expander(text(language, "report.table")):
        st.table(table.map(plain), border="horizontal", hide_index=True)


def criteria(language: str, judged: Judged) -> None:
    """Three intervals against their bars, and why the bars stand there."""
    st.header(text(language, "report.criteria_title"))
    t = charts.colours()
    tones = {"passed": t.release, "failed": t.hold, "open": t.undecided}
    lanes = [
        Lane(
            text(language, f"report.{c.name}"),
            with_bounds(language, c.name, c.value, c.low, c.high),
            (Part(whole("share", c.low), whole("share", c.high), charts.pale(t.glow)),),
            (Part(whole("share", c.value), 0, t.glow),),
            whole("share", c.bar),
            text(language, "report.bar_at", bar=reading(language, c.name, c.bar)),
            tones[state(c)],
        )
        for c in judged.verdict.criteria
    ]
    sentence = text(
        language,
        "report.criteria_said",
        n=judged.verdict.n,
        sure=percent(language, sure(judged.report)),
    )
    spoken = " ".join(said(language, c) for c in judged.verdict.criteria)
    picture(language, lanes, sentence, tables.criteria(language, judged), spoken)
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
    sentence = f"{_run_said(language, found)} {_moment_said(language, judged)}"
    drawn = charts.run_so_far(found, language, decided=_moment(language, judged))
    charts.show(drawn, key=f"run_{chosen}", alt_text=sentence)
    _below(language, sentence, tables.run(language, found))


def _run_said(language: str, found: CriterionReport) -> str:
    last, name = found.run[-1], found.criterion.name
    shares = {"value": last.mean, "low": last.low, "high": last.high, "bar": found.criterion.bar}
    read = {key: reading(language, name, share) for key, share in shares.items()}
    return text(language, "report.run_said", n=last.n, **read)


def _moment(language: str, judged: Judged) -> tuple[int, str, str] | None:
    if judged.decision is None:
        return None
    outcome = judged.verdict.outcome.value
    colour = getattr(charts.colours(), outcome)
    return judged.verdict.n, text(language, f"report.{outcome}"), colour


def _moment_said(language: str, judged: Judged) -> str:
    if judged.decision is None:
        return text(language, "report.run_open")
    word = text(language, f"report.{judged.verdict.outcome.value}").lower()
    return text(language, "report.run_decided", n=judged.verdict.n, word=word)


def arms(language: str, judged: Judged) -> None:
    """Picks, baseline, decoys and near decoys side by side."""
    st.subheader(text(language, "report.arms_title"))
    report, t = judged.report, charts.colours()
    tints = {"pick": t.glow, "baseline": t.sand, "decoy": t.slate, "near": t.quiet}
    lanes = [
        said_of_cards(text(language, f"report.arm_{row.label}"), row, tints[row.label], language)
        for row in report.arms
    ]
    sentence = f"{_arms_said(language, judged)} {text(language, 'report.arms_key')}"
    picture(language, lanes, sentence, tables.arms(language, report))


def said_of_cards(label: str, row: ShareRow, colour: str, language: str) -> Lane:
    """Super likes, then favourites, then a gap, and at the end the names that said nothing."""
    t, up_to = charts.colours(), whole("share", row.liked)
    loved, unknown = whole("share", row.super_liked), whole("share", row.dont_know)
    parts = [
        Part(0, up_to, colour),
        Part(0, loved, t.violet),
        Part(100 - unknown, 100, charts.pale(t.quiet)),
    ]
    drawn = tuple(part for part in parts if part.end > part.start)
    return Lane(label, percent(language, row.liked), drawn)


def _arms_said(language: str, judged: Judged) -> str:
    picks, decoys = (liked(judged.report, arm) for arm in ("pick", "decoy"))
    if picks is None or decoys is None:
        return text(language, "report.arms_said_picks", picks=reading(language, "pick", picks))
    return text(
        language,
        "report.arms_said",
        picks=percent(language, picks),
        decoys=percent(language, decoys),
        gap=whole("pick", picks) - whole("decoy", decoys),
    )


def rival(language: str, judged: Judged) -> None:
    """What the rival alone would have scored."""
    report, pairs = judged.report, rival_pairs(judged.report)
    st.subheader(text(language, "report.rival_title"))
    lead = text(language, "report.rival_lead", rival=rival_name(language, report.baseline))
    if not pairs:
        st.write(plain(lead))
        st.caption(text(language, "report.rival_none", n=report.policy.cell))
        return
    name, mine, theirs = pairs[0]
    sentence = text(
        language,
        "report.rival_said",
        name=text(language, f"report.rival_{name}"),
        model=percent(language, mine.value or 0.0),
        rival=percent(language, theirs.value or 0.0),
    )
    lanes = [_against(language, *pair) for pair in pairs]
    picture(language, lanes, f"{lead} {sentence}", tables.rival(language, report))


def _against(language: str, name: str, mine: Estimate, theirs: Estimate) -> Lane:
    t = charts.colours()
    ours, other = whole("share", mine.value or 0.0), whole("share", theirs.value or 0.0)
    return Lane(
        text(language, f"report.rival_{name}"),
        f"{percent(language, mine.value or 0.0)} / {percent(language, theirs.value or 0.0)}",
        (Part(min(ours, other), max(ours, other), charts.pale(t.quiet)),),
        (Part(other, 0, t.sand), Part(ours, 0, t.glow)),
    )
