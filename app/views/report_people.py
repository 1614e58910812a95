"""The parts of the report page on whom it speaks for: decks, brands, categories, time."""

import streamlit as st

from app.studies import Judged
from app.views import charts
from app.views import report_tables as tables
from app.views.lanes import Lane, Part
from app.views.report_export import plain
from app.views.report_numbers import estimate_with_bounds, whole
from app.views.report_parts import picture, said_of_cards
from app.words import percent, shown, text
from recsys.stats import Estimate
from recsys.tables import ShareRow


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
            (
                Part(
                    0,
                    round(100 * count / top),
                    t.glow if step == "counted" else charts.pale(t.glow),
                ),
            ),
        )
        for step, count in counts.items()
    ]
    table = tables.funnel(language, judged.report)
    picture(language, lanes, _funnel_said(language, judged), table)


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
    lanes = [said_of_cards(_with_people(language, row), row, tint, language) for row in rows]
    share = percent(language, rows[0].liked)
    sentence = text(language, "report.brands_said", brand=rows[0].label, share=share, n=cell)
    picture(language, lanes, sentence, tables.shares(language, rows, "brand"))


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
        said_of_cards(_with_people(language, row), row, t.glow, language)
        for row in rows[: tables.TOP]
    ]
    picture(language, lanes, sentence, tables.shares(language, rows, "category"))


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
    picture(language, lanes, sentence, tables.halves(language, judged.report))


def _reading_of_all(language: str, who: str, found: Estimate, bar: float) -> Lane:
    t = charts.colours()
    tint = t.quiet if who in ("once", "careless") else t.glow
    return Lane(
        text(language, f"report.halves_{who}"),
        estimate_with_bounds(language, found),
        (
            Part(
                whole("share", found.low or 0.0),
                whole("share", found.high or 0.0),
                charts.pale(tint),
            ),
        ),
        (Part(whole("share", found.value or 0.0), 0, tint),),
        whole("share", bar),
        text(language, "report.bar_at", bar=percent(language, bar)),
    )
