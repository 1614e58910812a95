"""Pictures of a report, in the tokens of the theme, each with words for who cannot see it."""

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from app.look import Tokens, altair_theme, tokens
from app.words import text
from recsys.report import CriterionReport


Picture = alt.LayerChart | alt.FacetChart
"""What altair makes of layers."""


def show(chart: Picture, key: str | None = None) -> None:
    """Draw a chart in the theme of the page."""
    theme: Any = altair_theme(st.context.theme.type)
    styled = chart.configure(**theme)
    st.altair_chart(styled, theme=None, key=key, width="stretch")


def colours() -> Tokens:
    """The tokens of the theme in force."""
    return tokens(st.context.theme.type)


def run_so_far(found: CriterionReport, language: str, most: int | None = None) -> Picture:
    """Estimate and deciding bounds of one criterion, batch by batch, against its bar.

    `most` fixes the axis of people, so that the picture does not jump while it grows.
    """
    t, name = colours(), text(language, f"report.{found.criterion.name}")
    points = pd.DataFrame(
        [(p.n, p.mean, p.low, p.high) for p in found.run], columns=["n", "mean", "low", "high"]
    )
    people = alt.Scale(domain=[0, most or max([20, *points["n"]])])
    x = alt.X("n:Q", title=text(language, "report.people"), scale=people)
    share = alt.Scale(domain=[0, 1])
    base = alt.Chart(points, description=_said(found, language))
    band = base.mark_area(opacity=0.22, color=t.glow).encode(
        x=x, y=alt.Y("low:Q", title=name, scale=share, axis=alt.Axis(format="%")), y2="high:Q"
    )
    line = base.mark_line(color=t.glow, strokeWidth=3, point={"color": t.glow, "size": 50}).encode(
        x=x, y=alt.Y("mean:Q", scale=share)
    )
    return alt.layer(band, line, _bar_line(found.criterion.bar, t))


def intervals(criteria: tuple[CriterionReport, ...], language: str) -> Picture:
    """Each criterion as an interval against its own bar."""
    t = colours()
    rows = pd.DataFrame(
        [
            {
                "name": text(language, f"report.{c.criterion.name}"),
                "value": c.estimate.value,
                "low": c.estimate.low,
                "high": c.estimate.high,
                "bar": c.criterion.bar,
            }
            for c in criteria
            if c.estimate.value is not None
        ]
    )
    said = " ".join(_said(c, language) for c in criteria)
    base = alt.Chart(rows, height=62 * max(len(rows), 1), description=said)
    y = alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=220, labelFontSize=14))
    scale = alt.Scale(domain=[0, 1])
    span = base.mark_bar(height=10, cornerRadius=5, color=t.glow, opacity=0.35).encode(
        x=alt.X("low:Q", title=None, scale=scale, axis=alt.Axis(format="%")), x2="high:Q", y=y
    )
    dot = base.mark_circle(size=190, color=t.glow, opacity=1).encode(
        x=alt.X("value:Q", scale=scale), y=y
    )
    bar = base.mark_tick(color=t.ink, thickness=3, size=38).encode(
        x=alt.X("bar:Q", scale=scale), y=y
    )
    return alt.layer(span, dot, bar)


def arms(rows: pd.DataFrame, language: str) -> Picture:
    """What was liked of picks, baseline cards and decoys, side by side."""
    t = colours()
    scale = alt.Scale(domain=["pick", "baseline", "decoy", "near"], range=_arm_range(t))
    said = "; ".join(f"{row.words} {row.liked:.0%}" for row in rows.itertuples())
    base = alt.Chart(rows, height=46 * len(rows), description=said)
    y = alt.Y("words:N", title=None, sort=None, axis=alt.Axis(labelLimit=240, labelFontSize=14))
    bars = base.mark_bar(cornerRadiusEnd=8, height=26).encode(
        x=alt.X("liked:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
        y=y,
        color=alt.Color("label:N", scale=scale, legend=None),
    )
    figures = base.mark_text(align="left", dx=6, color=t.ink, fontSize=14, fontWeight=600).encode(
        x="liked:Q", y=y, text=alt.Text("liked:Q", format=".0%")
    )
    return alt.layer(bars, figures)


def _arm_range(t: Tokens) -> list[str]:
    return [t.glow, t.sand, t.slate, t.quiet]


def _bar_line(bar: float, t: Tokens) -> Any:  # altair's own types lose it
    rule = alt.Chart(pd.DataFrame({"bar": [bar]}))
    return rule.mark_rule(color=t.ink, strokeWidth=2, strokeDash=[6, 4]).encode(y="bar:Q")


def _said(found: CriterionReport, language: str) -> str:
    estimate, name = found.estimate, text(language, f"report.{found.criterion.name}")
    if estimate.value is None:
        return f"{name}: {estimate.reason}."
    return text(
        language,
        "report.interval_said",
        name=name,
        value=round(estimate.value * 100),
        low=round((estimate.low or 0) * 100),
        high=round((estimate.high or 0) * 100),
        bar=round(found.criterion.bar * 100),
    )
