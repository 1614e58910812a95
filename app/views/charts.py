"""Pictures of a report, in the tokens of the theme, each with words for who cannot see it.

Two kinds are enough: lanes (a label, a figure, and below them a track from 0 to 100 with parts,
dots and a bar) and the run of one criterion over people. What is drawn is published data: whole
percents, or whole points.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from app.look import HEADING_FONT, TEXT_FONT, Tokens, altair_theme, tokens
from app.palette import mix
from app.views.report_numbers import reading, whole
from app.words import text
from recsys.report import CriterionReport

Picture = alt.LayerChart | alt.FacetChart
"""What altair makes of layers."""

LANE = 58  # pixels from one lane to the next


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a track."""

    start: float
    end: float
    colour: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of a picture, on a track from 0 to 100."""

    label: str
    shown: str  # the figure at the right
    parts: tuple[Part, ...] = ()
    dots: tuple[Part, ...] = ()  # at their `start`
    bar: float | None = None
    bar_label: str = ""
    tone: str | None = None  # the figure's colour


def show(chart: Picture, key: str | None = None, alt_text: str | None = None) -> None:
    """Draw a chart in the theme of the page."""
    theme: Any = altair_theme(st.context.theme.type)
    styled = chart.configure(**theme).properties(
        padding={"left": 2, "right": 2, "top": 2, "bottom": 0}
    )
    st.altair_chart(styled, theme=None, key=key, width="stretch", alt=alt_text)


def colours() -> Tokens:
    """The tokens of the theme in force."""
    return tokens(st.context.theme.type)


def pale(colour: str) -> str:
    """A colour for the stretch behind a dot of that colour."""
    return mix(colours().surface, colour, 0.4)


def lanes(rows: Sequence[Lane], t: Tokens | None = None) -> Picture:
    """Draw lanes, one under the other."""
    t = t or colours()
    has_bars = any(row.bar is not None for row in rows)
    step = LANE + 18 if has_bars else LANE
    layers = [
        _tracks(rows, t),
        _parts(rows),
        *([_bars(rows, t), _bar_labels(rows, t)] if has_bars else []),
        _dots(rows, t),
        _labels(rows, t),
        _figures(rows, t),
    ]
    return alt.layer(*layers).properties(height=step * max(len(rows), 1))


_BELOW = 9  # pixels from the middle of a lane down to its track


def _y() -> Any:
    return alt.Y("row:O", axis=None, scale=alt.Scale(padding=0))


def _x(field: str) -> Any:
    scale = alt.Scale(domain=[0, 100], nice=False, padding=0)
    return alt.X(f"{field}:Q", axis=None, scale=scale)


def _frame(rows: Sequence[tuple[object, ...]], *columns: str) -> alt.Chart:
    return alt.Chart(pd.DataFrame(rows, columns=list(columns)))


def _tracks(rows: Sequence[Lane], t: Tokens) -> Any:
    ends = [(row, 0, 100) for row in range(len(rows))]
    mark = _frame(ends, "row", "start", "end").mark_bar(
        height=12, cornerRadius=6, color=t.line, opacity=0.6, yOffset=_BELOW
    )
    return mark.encode(y=_y(), x=_x("start"), x2="end:Q")


def _parts(rows: Sequence[Lane]) -> Any:
    parts = [(i, p.start, p.end, p.colour) for i, row in enumerate(rows) for p in row.parts]
    mark = _frame(parts, "row", "start", "end", "colour").mark_bar(
        height=12, cornerRadius=6, yOffset=_BELOW
    )
    return mark.encode(y=_y(), x=_x("start"), x2="end:Q", color=_literal("colour"))


def _dots(rows: Sequence[Lane], t: Tokens) -> Any:
    dots = [(i, p.start, p.colour) for i, row in enumerate(rows) for p in row.dots]
    mark = _frame(dots, "row", "start", "colour").mark_circle(
        size=240, opacity=1, stroke=t.paper, strokeWidth=2, yOffset=_BELOW
    )
    return mark.encode(y=_y(), x=_x("start"), color=_literal("colour"))


def _bars(rows: Sequence[Lane], t: Tokens) -> Any:
    mark = _frame(_with_bar(rows), "row", "bar", "words").mark_tick(
        color=t.ink, thickness=3, size=26, opacity=1, yOffset=_BELOW
    )
    return mark.encode(y=_y(), x=_x("bar"))


def _bar_labels(rows: Sequence[Lane], t: Tokens) -> Any:
    mark = _frame(_with_bar(rows), "row", "bar", "words").mark_text(
        color=t.ink, fontSize=12, font=TEXT_FONT, dy=_BELOW + 23
    )
    return mark.encode(y=_y(), x=_x("bar"), text="words:N")


def _with_bar(rows: Sequence[Lane]) -> list[tuple[object, ...]]:
    return [(i, row.bar, row.bar_label) for i, row in enumerate(rows) if row.bar is not None]


def _labels(rows: Sequence[Lane], t: Tokens) -> Any:
    words = [(i, 0, row.label) for i, row in enumerate(rows)]
    mark = _frame(words, "row", "start", "words").mark_text(
        align="left", color=t.ink, fontSize=14, font=TEXT_FONT, dy=_BELOW - 23
    )
    return mark.encode(y=_y(), x=_x("start"), text="words:N")


def _figures(rows: Sequence[Lane], t: Tokens) -> Any:
    words = [(i, 100, row.shown, row.tone or t.ink) for i, row in enumerate(rows)]
    mark = _frame(words, "row", "start", "words", "colour").mark_text(
        align="right", fontSize=14, fontWeight=600, font=TEXT_FONT, dy=_BELOW - 23
    )
    return mark.encode(y=_y(), x=_x("start"), text="words:N", color=_literal("colour"))


def _literal(field: str) -> Any:
    return alt.Color(f"{field}:N", scale=None, legend=None)


def run_so_far(
    found: CriterionReport,
    language: str,
    most: int | None = None,
    decided: tuple[int, str, str] | None = None,
) -> Picture:
    """Estimate and deciding bounds of one criterion, batch by batch, against its bar.

    `most` fixes both axes, so that the picture does not jump while it grows. `decided` marks the
    moment of decision: people, words, colour.
    """
    t, name = colours(), found.criterion.name
    points = run_points(found)
    reach = most or max(20, int(points["n"].max()))
    x = alt.X(
        "n:Q",
        title=text(language, "report.people"),
        scale=alt.Scale(domain=[0, reach], nice=False),
        axis=alt.Axis(grid=False, tickMinStep=5, tickCount=min(8, reach // 5)),
    )
    y = _run_axis(found, points, fixed=most is not None)
    base = alt.Chart(points, description=_run_said(found, language))
    layers = [
        base.mark_area(opacity=0.24, color=t.glow).encode(x=x, y=y("low"), y2="high:Q"),
        *_bar_line(whole(name, found.criterion.bar), _bar_words(found, language), t, x, y),
        *(_moment(decided, x) if decided else []),
        base.mark_line(
            color=t.glow, strokeWidth=3, point={"color": t.glow, "size": 55, "filled": True}
        ).encode(x=x, y=y("mean")),
    ]
    return alt.layer(*layers).properties(height=320)


def run_points(found: CriterionReport) -> pd.DataFrame:
    """The run of a criterion in whole percents or points."""
    name = found.criterion.name
    rows = [(p.n, *(whole(name, share) for share in (p.mean, p.low, p.high))) for p in found.run]
    return pd.DataFrame(rows, columns=["n", "mean", "low", "high"])


def _run_axis(found: CriterionReport, points: pd.DataFrame, fixed: bool) -> Any:
    """Return a maker of the upright axis, near the figures unless it is fixed."""
    lift = found.criterion.name == "lift"
    bar = whole(found.criterion.name, found.criterion.bar)
    least, top = (-100, 100) if lift else (0, 100)
    if not fixed:
        least = max(least, int(min(points["low"].min(), bar)) // 10 * 10)
        top = min(top, -(-int(max(points["high"].max(), bar) + 1) // 10) * 10)
    shown = "(datum.value > 0 ? '+' : '') + datum.value" if lift else "datum.value + '%'"
    axis = alt.Axis(labelExpr=shown, tickCount=5, titlePadding=8)
    scale = alt.Scale(domain=[least, top], nice=False)
    return lambda field: alt.Y(f"{field}:Q", title=None, scale=scale, axis=axis)


def _bar_line(bar: int, words: str, t: Tokens, x: Any, y: Any) -> list[Any]:  # altair loses types
    """The bar with its name at the left, where no estimate is yet."""
    rule = _frame([(bar, 0, words)], "bar", "n", "words")
    named = rule.mark_text(align="left", dx=6, dy=-9, color=t.ink, fontSize=12, font=TEXT_FONT)
    line = rule.mark_rule(color=t.ink, strokeWidth=2, strokeDash=[6, 4])
    return [line.encode(y=y("bar")), named.encode(x=x, y=y("bar"), text="words:N")]


def _moment(decided: tuple[int, str, str], x: Any) -> list[Any]:
    people, words, colour = decided
    base = _frame([(people, words)], "n", "words")
    line = base.mark_rule(color=colour, strokeWidth=2)
    named = base.mark_text(
        align="right", dx=-8, dy=10, y=0, color=colour, fontSize=14, fontWeight=600,
        font=HEADING_FONT,
    )  # fmt: skip
    return [line.encode(x=x), named.encode(x=x, text="words:N")]


def _bar_words(found: CriterionReport, language: str) -> str:
    bar = reading(language, found.criterion.name, found.criterion.bar)
    return text(language, "report.bar_at", bar=bar)


def _run_said(found: CriterionReport, language: str) -> str:
    name = found.criterion.name
    if not found.run:
        return text(language, "report.unknown_said", name=text(language, f"report.{name}"))
    last = found.run[-1]
    shares = {"value": last.mean, "low": last.low, "high": last.high, "bar": found.criterion.bar}
    read = {key: reading(language, name, share) for key, share in shares.items()}
    return text(language, "report.interval_said", name=text(language, f"report.{name}"), **read)
