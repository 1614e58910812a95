"""Lanes: a label and a figure, and below them a track from 0 to 100 with parts, dots and a bar."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.palette import Tokens, mix
from app.views.charts import WORDS, Picture, colours, layer, letters
from app.views.figure import Lane, Part

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
