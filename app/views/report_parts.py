"""The parts of the report page below the verdict: each a picture, its sentence and its table."""

import pandas as pd
import streamlit as st

from app.studies import Judged
from app.views import charts
from app.views import report_tables as tables
from app.views.charts import Lane, Part
from app.views.report_export import plain
from app.views.report_numbers import (
    estimate_with_bounds,
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
from app.words import percent, shown, text
from recsys.report import CriterionReport
from recsys.stats import Estimate
from recsys.tables import ShareRow


def _picture(
    language: str, lanes: list[Lane], sentence: str, table: pd.DataFrame, alt: str | None = None
) -> None:
    charts.show(charts.lanes(lanes), alt_text=alt or sentence)
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
            (Part(100 * c.low, 100 * c.high, charts.pale(t.glow)),),
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
    _picture(language, lanes, sentence, tables.criteria(language, judged), spoken)
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
    picture = charts.run_so_far(found, language, decided=_moment(language, judged))
    charts.show(picture, key=f"run_{chosen}", alt_text=sentence)
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
        _said_of_cards(text(language, f"report.arm_{row.label}"), row, tints[row.label], language)
        for row in report.arms
    ]
    sentence = f"{_arms_said(language, judged)} {text(language, 'report.arms_key')}"
    _picture(language, lanes, sentence, tables.arms(language, report))


def _said_of_cards(label: str, row: ShareRow, colour: str, language: str) -> Lane:
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
    _picture(language, lanes, f"{lead} {sentence}", tables.rival(language, report))


def _against(language: str, name: str, mine: Estimate, theirs: Estimate) -> Lane:
    t = charts.colours()
    ours, other = whole("share", mine.value or 0.0), whole("share", theirs.value or 0.0)
    return Lane(
        text(language, f"report.rival_{name}"),
        f"{percent(language, mine.value or 0.0)} / {percent(language, theirs.value or 0.0)}",
        (Part(min(ours, other), max(ours, other), charts.pale(t.quiet)),),
        (Part(other, 0, t.sand), Part(ours, 0, t.glow)),
    )


def funnel(language: str, judged: Judged) -> None:
    """How many decks came how far, and why some do not count."""
    st.subheader(text(language, "report.funnel_title"))
    players, t = judged.report.players, charts.colours()
    counts = {step: getattr(players, step) for step in tables.FUNNEL}
    top = max(counts.values())
    lanes = [
        Lane(
            text(language, f"report.funnel_{step}"),
            shown(language, count),
            (Part(0, 100 * count / top, t.glow if step == "counted" else charts.pale(t.glow)),),
        )
        for step, count in counts.items()
    ]
    table = tables.funnel(language, judged.report)
    _picture(language, lanes, _funnel_said(language, judged), table)


def _funnel_said(language: str, judged: Judged) -> str:
    players = judged.report.players
    if players.completion is None:
        return text(language, "report.funnel_unknown", counted=players.counted)
    return text(
        language,
        "report.funnel_said",
        counted=players.counted,
        dealt=players.dealt,
        completion=percent(language, players.completion),
        bar=percent(language, judged.report.policy.completion),
    )


def left_out(language: str, judged: Judged) -> None:
    """Why closed decks do not count, and how answers of one person hang together."""
    st.subheader(text(language, "report.left_out_title"))
    if all(found == 0 for found in judged.report.excluded.values()):
        st.write(text(language, "report.left_out_none"))
    else:
        st.table(
            tables.left_out(language, judged.report).map(plain),
            border="horizontal",
            hide_index=True,
        )
    cards = judged.report.cards
    if cards is not None:
        st.caption(
            text(
                language,
                "report.unclean_said",
                icc=shown(language, round(max(cards.icc, 0.0), 2)),
                effect=shown(language, round(max(cards.design_effect, 1.0), 1)),
            )
        )


def brands(language: str, judged: Judged) -> None:
    """Brands loved and brands refused, of those that enough people saw."""
    report = judged.report
    loved, refused = tables.loved_and_refused(report.brands)
    both = (("loved", loved, "glow"), ("refused", refused, "slate"))
    for place, (name, rows, colour) in zip(st.columns(2, gap="large"), both, strict=True):
        with place:
            st.subheader(text(language, f"report.{name}_title"))
            _shares(language, rows, colour, report.policy.cell)


def _shares(language: str, rows: list[ShareRow], colour: str, cell: int) -> None:
    if not rows:
        st.write(text(language, "report.brands_few", n=cell))
        return
    tint = getattr(charts.colours(), colour)
    lanes = [_said_of_cards(_with_people(language, row), row, tint, language) for row in rows]
    share = percent(language, rows[0].liked)
    sentence = text(language, "report.brands_said", brand=rows[0].label, share=share, n=cell)
    _picture(language, lanes, sentence, tables.shares(language, rows, "brand"))


def _with_people(language: str, row: ShareRow) -> str:
    return f"{row.label} · {text(language, 'report.fact_people', n=row.people)}"


def categories(language: str, judged: Judged) -> None:
    """How the picks of each category were liked."""
    st.subheader(text(language, "report.category_title"))
    rows, t = judged.report.categories, charts.colours()
    if not rows:
        st.write(text(language, "report.category_few", n=judged.report.policy.cell))
        return
    by_share = sorted(rows, key=lambda row: -row.liked)
    sentence = text(
        language,
        "report.category_said",
        best=by_share[0].label,
        best_share=percent(language, by_share[0].liked),
        worst=by_share[-1].label,
        worst_share=percent(language, by_share[-1].liked),
    )
    lanes = [
        _said_of_cards(_with_people(language, row), row, t.glow, language)
        for row in rows[: tables.TOP]
    ]
    _picture(language, lanes, sentence, tables.shares(language, rows, "category"))


def halves(language: str, judged: Judged) -> None:
    """The early half against the late one, and what one look alone would have said."""
    st.subheader(text(language, "report.halves_title"))
    known = tables.known_halves(judged.report)
    if [who for who, _ in known[:2]] != ["early", "late"]:
        st.write(text(language, "report.halves_few"))
        return
    bar = next(c.bar for c in judged.report.policy.criteria if c.name == "hit_rate")
    lanes = [_reading_of_all(language, who, found.published(), bar) for who, found in known]
    sentence = f"{text(language, 'report.halves_said')} {text(language, 'report.halves_once_said')}"
    _picture(language, lanes, sentence, tables.halves(language, judged.report))


def _reading_of_all(language: str, who: str, found: Estimate, bar: float) -> Lane:
    t = charts.colours()
    tint = t.quiet if who in ("once", "careless") else t.glow
    return Lane(
        text(language, f"report.halves_{who}"),
        estimate_with_bounds(language, found),
        (Part(100 * (found.low or 0.0), 100 * (found.high or 0.0), charts.pale(tint)),),
        (Part(whole("share", found.value or 0.0), 0, tint),),
        whole("share", bar),
        text(language, "report.bar_at", bar=percent(language, bar)),
    )
