"""Pictures of a report, in the tokens of the theme, each with words for who cannot see it.

What is drawn is published data: whole percents, or whole points. A picture is a Vega-Lite
specification written out: building one through Altair's classes takes 100 ms, and the report has
nine.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app.presentation.i18n import text
from app.presentation.palette import Tokens, mix
from app.presentation.theme import HEADING_FONT, TEXT_FONT, altair_theme, tokens
from app.reports.charts import Lane, Part
from app.reports.wording import reading, whole
from recsys.report.evaluate import CriterionReport
from recsys.study.policy import DIFFERENCES

Picture = dict[str, Any]
"""A Vega-Lite specification."""

WORDS = {"field": "words", "type": "nominal"}
"""The encoding of written words."""


def show(picture: Picture, key: str | None = None, alt_text: str | None = None) -> None:
    """Draw a picture in the theme of the page."""
    dressed = {"config": altair_theme(st.context.theme.type), "padding": _PADDING, **picture}
    said = alt_text or picture.get("description")
    st.vega_lite_chart(dressed, theme=None, key=key, width="stretch", alt=said)


_PADDING = {"left": 2, "right": 2, "top": 2, "bottom": 6}


def colours() -> Tokens:
    """The tokens of the theme in force."""
    return tokens(st.context.theme.type)


def layer(mark: Mapping[str, Any], values: Sequence[Mapping[str, Any]], **encoding: Any) -> Picture:
    """Return one layer of a picture, with data of its own."""
    quiet = {"tooltip": None}  # it would name our fields; the table behind says it in words
    return {"mark": dict(mark) | quiet, "data": {"values": list(values)}, "encoding": encoding}


def letters(colour: str, size: int) -> dict[str, Any]:
    """Return a mark that writes."""
    return {"type": "text", "color": colour, "fontSize": size, "font": TEXT_FONT}


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
    t, points = colours(), run_points(found)
    x = _people(most or max(20, int(points["n"].max())), text(language, "report.people"))
    y = _share_axis(found, points, fixed=most is not None)
    values = [{str(k): v for k, v in row.items()} for row in points.to_dict("records")]
    line = {"type": "line", "color": t.glow, "strokeWidth": 3}
    line |= {"point": {"color": t.glow, "size": 55, "filled": True}}
    layers = [
        layer(
            {"type": "area", "opacity": 0.24, "color": t.glow},
            values,
            x=x,
            y=y | {"field": "low"},
            y2={"field": "high"},
        ),
        *_bar_line(found, language, t, x, y),
        *(_moment(decided, x) if decided else []),
        layer(line, values, x=x, y=y | {"field": "mean"}),
    ]
    return {"description": _run_said(found, language), "height": 320, "layer": layers}


def run_points(found: CriterionReport) -> pd.DataFrame:
    """The run of a criterion in whole percents or points."""
    name = found.criterion.name
    rows = [(p.n, *(whole(name, share) for share in (p.mean, p.low, p.high))) for p in found.run]
    return pd.DataFrame(rows, columns=["n", "mean", "low", "high"])


def _people(reach: int, title: str) -> dict[str, Any]:
    axis = {"grid": False, "tickMinStep": 5, "tickCount": min(8, reach // 5), "title": title}
    scale = {"domain": [0, reach], "nice": False}
    return {"field": "n", "type": "quantitative", "scale": scale, "axis": axis}


def _share_axis(found: CriterionReport, points: pd.DataFrame, fixed: bool) -> dict[str, Any]:
    """Return the upright axis, near the figures unless it is fixed."""
    signed = found.criterion.name in DIFFERENCES
    bar = whole(found.criterion.name, found.criterion.bar)
    least, top = (-100, 100) if signed else (0, 100)
    if not fixed:
        least = max(least, int(min(points["low"].min(), bar)) // 10 * 10)
        top = min(top, -(-int(max(points["high"].max(), bar) + 1) // 10) * 10)
    shown = "(datum.value > 0 ? '+' : '') + datum.value" if signed else "datum.value + '%'"
    axis = {"labelExpr": shown, "tickCount": 5, "title": None}
    scale = {"domain": [least, top], "nice": False}
    return {"type": "quantitative", "scale": scale, "axis": axis}


def _bar_line(
    found: CriterionReport, language: str, t: Tokens, x: dict[str, Any], y: dict[str, Any]
) -> list[Picture]:
    """The bar, with its name at the left, where no estimate is yet."""
    name, bar = found.criterion.name, found.criterion.bar
    words = text(language, "report.bar_at", bar=reading(language, name, bar))
    values = [{"n": 0, "bar": whole(name, bar), "words": words}]
    rule = {"type": "rule", "color": t.ink, "strokeWidth": 2, "strokeDash": [6, 4]}
    named = letters(t.ink, 12) | {"align": "left", "dx": 6, "dy": -9}
    at = y | {"field": "bar"}
    return [layer(rule, values, y=at), layer(named, values, x=x, y=at, text=WORDS)]


def _moment(decided: tuple[int, str, str], x: dict[str, Any]) -> list[Picture]:
    people, words, colour = decided
    values = [{"n": people, "words": words}]
    rule = {"type": "rule", "color": colour, "strokeWidth": 2}
    named = letters(colour, 14) | {"align": "right", "dx": -8, "dy": 10, "y": 0}
    named |= {"fontWeight": 600, "font": HEADING_FONT}
    return [layer(rule, values, x=x), layer(named, values, x=x, text=WORDS)]


def _run_said(found: CriterionReport, language: str) -> str:
    name = found.criterion.name
    words = text(language, f"report.{name}")
    if not found.run:
        return text(language, "report.unknown_said", name=words)
    last = found.run[-1]
    shares = {"value": last.mean, "low": last.low, "high": last.high, "bar": found.criterion.bar}
    read = {key: reading(language, name, share) for key, share in shares.items()}
    return text(language, "report.interval_said", name=words, **read)


LANE = 58  # pixels from one lane to the next
LABEL = 260  # pixels that a label may take, so that the figure has its place on a phone
BAR_ROOM = 18  # more of them where bars carry their names
_BELOW = 9  # pixels from the middle of a lane down to its track


def lanes(rows: Sequence[Lane], t: Tokens | None = None) -> Picture:
    """Draw lanes, one under the other."""
    t = t or colours()
    has_bars = any(row.bar is not None for row in rows)
    layers = [
        _tracks(rows, t),
        _parts(rows, t),
        *(_bars(rows, t) if has_bars else []),
        _dots(rows, t),
        _words(rows, t),
        _figures(rows, t),
    ]
    return {"height": (LANE + BAR_ROOM * has_bars) * max(len(rows), 1), "layer": layers}


def tint(part: Part, t: Tokens) -> str:
    """Return the colour of a part; a pale one is a stretch behind a dot of that colour."""
    colour: str = getattr(t, part.colour)
    return mix(t.surface, colour, 0.4) if part.pale else colour


def _lane_layer(
    mark: Mapping[str, Any], values: Sequence[Mapping[str, Any]], **more: Any
) -> Picture:
    scale = {"domain": [0, 100], "nice": False, "padding": 0}
    x = {"field": "x", "type": "quantitative", "axis": None, "scale": scale}
    y = {"field": "row", "type": "ordinal", "axis": None, "scale": {"padding": 0}}
    return layer(mark, values, x=x, y=y, **more)


_COLOUR = {"field": "colour", "type": "nominal", "scale": None, "legend": None}


def _tracks(rows: Sequence[Lane], t: Tokens) -> Picture:
    mark = _STRETCH | {"color": t.line, "opacity": 0.6}
    values = [{"row": row, "x": 0, "end": 100} for row in range(len(rows))]
    return _lane_layer(mark, values, x2={"field": "end"})


_STRETCH = {"type": "bar", "height": 12, "cornerRadius": 6, "yOffset": _BELOW}


def _parts(rows: Sequence[Lane], t: Tokens) -> Picture:
    values = [
        {"row": i, "x": part.start, "end": part.end, "colour": tint(part, t)}
        for i, row in enumerate(rows)
        for part in row.parts
    ]
    return _lane_layer(_STRETCH, values, x2={"field": "end"}, color=_COLOUR)


def _dots(rows: Sequence[Lane], t: Tokens) -> Picture:
    mark = {"type": "circle", "size": 240, "opacity": 1, "stroke": t.paper, "strokeWidth": 2}
    values = [
        {"row": i, "x": dot.start, "colour": tint(dot, t)}
        for i, row in enumerate(rows)
        for dot in row.dots
    ]
    return _lane_layer(mark | {"yOffset": _BELOW}, values, color=_COLOUR)


def _bars(rows: Sequence[Lane], t: Tokens) -> list[Picture]:
    values = [
        {"row": i, "x": row.bar, "words": row.bar_label}
        for i, row in enumerate(rows)
        if row.bar is not None
    ]
    tick = {"type": "tick", "color": t.ink, "thickness": 3, "size": 26, "opacity": 1}
    named = letters(t.ink, 12) | {"dy": _BELOW + 23}
    return [
        _lane_layer(tick | {"yOffset": _BELOW}, values),
        _lane_layer(named, values, text=WORDS),
    ]


def _words(rows: Sequence[Lane], t: Tokens) -> Picture:
    values = [{"row": i, "x": 0, "words": row.label} for i, row in enumerate(rows)]
    mark = letters(t.ink, 14) | {"align": "left", "dy": _BELOW - 23, "limit": LABEL}
    return _lane_layer(mark, values, text=WORDS)


def _figures(rows: Sequence[Lane], t: Tokens) -> Picture:
    values = [
        {"row": i, "x": 100, "words": row.shown, "colour": getattr(t, row.tone)}
        for i, row in enumerate(rows)
    ]
    mark = letters(t.ink, 14) | {"align": "right", "dy": _BELOW - 23, "fontWeight": 600}
    return _lane_layer(mark, values, text=WORDS, color=_COLOUR)
