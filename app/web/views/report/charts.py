"""Vega-Lite charts of a report, in the theme colours, each with an alternative text.

The charts show published data only: whole percents or whole points. The specifications are plain
dicts: building one with Altair's classes takes 100 ms, and the report has nine.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app.presentation.palette import ColorTokens, mix_colors
from app.presentation.theme import HEADING_FONT, TEXT_FONT, altair_theme, color_tokens
from app.reports.charts import ChartRow, ChartSpan
from app.reports.sequence_chart import DecisionMark, SequenceChart

VegaLiteSpec = dict[str, Any]
"""A Vega-Lite specification."""

TEXT_ENCODING = {"field": "words", "type": "nominal"}
"""The encoding of text marks."""


def show_chart(spec: VegaLiteSpec, key: str | None = None, alt_text: str | None = None) -> None:
    """Draw a chart in the theme of the page."""
    themed_spec = {"config": altair_theme(st.context.theme.type), "padding": _PADDING, **spec}
    alt = alt_text or spec.get("description")
    st.vega_lite_chart(themed_spec, theme=None, key=key, width="stretch", alt=alt)


_PADDING = {"left": 2, "right": 2, "top": 2, "bottom": 6}


def current_colors() -> ColorTokens:
    """Return the colours of the current theme."""
    return color_tokens(st.context.theme.type)


def chart_layer(
    mark: Mapping[str, Any], values: Sequence[Mapping[str, Any]], **encoding: Any
) -> VegaLiteSpec:
    """Return one chart layer with its own data."""
    no_tooltip = {"tooltip": None}  # it would show internal field names; the table has the values
    return {"mark": dict(mark) | no_tooltip, "data": {"values": list(values)}, "encoding": encoding}


def text_mark(color: str, size: int) -> dict[str, Any]:
    """Return a text mark."""
    return {"type": "text", "color": color, "fontSize": size, "font": TEXT_FONT}


def sequence_spec(chart: SequenceChart) -> VegaLiteSpec:
    """Return the chart of a criterion's estimate and confidence sequence, batch by batch."""
    colors = current_colors()
    x, y = _people_axis(chart), _share_axis(chart)
    values = [
        {"n": point.people, "mean": point.mean, "low": point.low, "high": point.high}
        for point in chart.points
    ]
    line = {"type": "line", "color": colors.glow, "strokeWidth": 3}
    line |= {"point": {"color": colors.glow, "size": 55, "filled": True}}
    layers = [
        chart_layer(
            {"type": "area", "opacity": 0.24, "color": colors.glow},
            values,
            x=x,
            y=y | {"field": "low"},
            y2={"field": "high"},
        ),
        *_bar_line_layers(chart, colors, x, y),
        *(_decision_layers(chart.decision, colors, x) if chart.decision else []),
        chart_layer(line, values, x=x, y=y | {"field": "mean"}),
    ]
    return {"description": chart.alt_text, "height": 320, "layer": layers}


def _people_axis(chart: SequenceChart) -> dict[str, Any]:
    ticks = min(8, chart.max_people // 5)
    axis = {"grid": False, "tickMinStep": 5, "tickCount": ticks, "title": chart.people_label}
    scale = {"domain": [0, chart.max_people], "nice": False}
    return {"field": "n", "type": "quantitative", "scale": scale, "axis": axis}


def _share_axis(chart: SequenceChart) -> dict[str, Any]:
    label_expression = (
        "(datum.value > 0 ? '+' : '') + datum.value" if chart.signed else "datum.value + '%'"
    )
    axis = {"labelExpr": label_expression, "tickCount": 5, "title": None}
    scale = {"domain": [chart.lowest, chart.highest], "nice": False}
    return {"type": "quantitative", "scale": scale, "axis": axis}


def _bar_line_layers(
    chart: SequenceChart, colors: ColorTokens, x: dict[str, Any], y: dict[str, Any]
) -> list[VegaLiteSpec]:
    """Return the bar (threshold) and its label at the left, where there is no estimate yet."""
    values = [{"n": 0, "bar": chart.bar, "words": chart.bar_label}]
    rule_mark = {"type": "rule", "color": colors.ink, "strokeWidth": 2, "strokeDash": [6, 4]}
    label_mark = text_mark(colors.ink, 12) | {"align": "left", "dx": 6, "dy": -9}
    bar_axis = y | {"field": "bar"}
    return [
        chart_layer(rule_mark, values, y=bar_axis),
        chart_layer(label_mark, values, x=x, y=bar_axis, text=TEXT_ENCODING),
    ]


def _decision_layers(
    decision: DecisionMark, colors: ColorTokens, x: dict[str, Any]
) -> list[VegaLiteSpec]:
    color = getattr(colors, decision.outcome)
    values = [{"n": decision.people, "words": decision.label}]
    rule_mark = {"type": "rule", "color": color, "strokeWidth": 2}
    label_mark = text_mark(color, 14) | {"align": "right", "dx": -8, "dy": 10, "y": 0}
    label_mark |= {"fontWeight": 600, "font": HEADING_FONT}
    return [
        chart_layer(rule_mark, values, x=x),
        chart_layer(label_mark, values, x=x, text=TEXT_ENCODING),
    ]


ROW_HEIGHT = 58  # pixels from one row to the next
LABEL_WIDTH = 260  # pixels; leaves room for the value on a phone
BAR_LABEL_HEIGHT = 18  # extra pixels per row if bars have labels
_TRACK_OFFSET = 9  # pixels from the middle of a row down to its track


def interval_chart(rows: Sequence[ChartRow], colors: ColorTokens | None = None) -> VegaLiteSpec:
    """Return a chart with one row per interval."""
    colors = colors or current_colors()
    has_bars = any(row.bar is not None for row in rows)
    layers = [
        _track_layer(rows, colors),
        _span_layer(rows, colors),
        *(_bar_layers(rows, colors) if has_bars else []),
        _dot_layer(rows, colors),
        _label_layer(rows, colors),
        _value_layer(rows, colors),
    ]
    return {
        "height": (ROW_HEIGHT + BAR_LABEL_HEIGHT * has_bars) * max(len(rows), 1),
        "layer": layers,
    }


def span_color(span: ChartSpan, colors: ColorTokens) -> str:
    """Return the colour of a span; a pale span is an interval behind a dot of the same colour."""
    color: str = getattr(colors, span.color)
    return mix_colors(colors.surface, color, 0.4) if span.pale else color


def _row_layer(
    mark: Mapping[str, Any], values: Sequence[Mapping[str, Any]], **encoding: Any
) -> VegaLiteSpec:
    scale = {"domain": [0, 100], "nice": False, "padding": 0}
    x = {"field": "x", "type": "quantitative", "axis": None, "scale": scale}
    y = {"field": "row", "type": "ordinal", "axis": None, "scale": {"padding": 0}}
    return chart_layer(mark, values, x=x, y=y, **encoding)


_COLOR_ENCODING = {"field": "colour", "type": "nominal", "scale": None, "legend": None}


def _track_layer(rows: Sequence[ChartRow], colors: ColorTokens) -> VegaLiteSpec:
    mark = _SPAN_MARK | {"color": colors.line, "opacity": 0.6}
    values = [{"row": row, "x": 0, "end": 100} for row in range(len(rows))]
    return _row_layer(mark, values, x2={"field": "end"})


_SPAN_MARK = {"type": "bar", "height": 12, "cornerRadius": 6, "yOffset": _TRACK_OFFSET}


def _span_layer(rows: Sequence[ChartRow], colors: ColorTokens) -> VegaLiteSpec:
    values = [
        {"row": i, "x": part.start, "end": part.end, "colour": span_color(part, colors)}
        for i, row in enumerate(rows)
        for part in row.spans
    ]
    return _row_layer(_SPAN_MARK, values, x2={"field": "end"}, color=_COLOR_ENCODING)


def _dot_layer(rows: Sequence[ChartRow], colors: ColorTokens) -> VegaLiteSpec:
    mark = {"type": "circle", "size": 240, "opacity": 1, "stroke": colors.paper, "strokeWidth": 2}
    values = [
        {"row": i, "x": dot.start, "colour": span_color(dot, colors)}
        for i, row in enumerate(rows)
        for dot in row.dots
    ]
    return _row_layer(mark | {"yOffset": _TRACK_OFFSET}, values, color=_COLOR_ENCODING)


def _bar_layers(rows: Sequence[ChartRow], colors: ColorTokens) -> list[VegaLiteSpec]:
    values = [
        {"row": i, "x": row.bar, "words": row.bar_label}
        for i, row in enumerate(rows)
        if row.bar is not None
    ]
    tick_mark = {"type": "tick", "color": colors.ink, "thickness": 3, "size": 26, "opacity": 1}
    label_mark = text_mark(colors.ink, 12) | {"dy": _TRACK_OFFSET + 23}
    return [
        _row_layer(tick_mark | {"yOffset": _TRACK_OFFSET}, values),
        _row_layer(label_mark, values, text=TEXT_ENCODING),
    ]


def _label_layer(rows: Sequence[ChartRow], colors: ColorTokens) -> VegaLiteSpec:
    values = [{"row": i, "x": 0, "words": row.label} for i, row in enumerate(rows)]
    mark = text_mark(colors.ink, 14) | {
        "align": "left",
        "dy": _TRACK_OFFSET - 23,
        "limit": LABEL_WIDTH,
    }
    return _row_layer(mark, values, text=TEXT_ENCODING)


def _value_layer(rows: Sequence[ChartRow], colors: ColorTokens) -> VegaLiteSpec:
    values = [
        {"row": i, "x": 100, "words": row.value_text, "colour": getattr(colors, row.value_color)}
        for i, row in enumerate(rows)
    ]
    mark = text_mark(colors.ink, 14) | {
        "align": "right",
        "dy": _TRACK_OFFSET - 23,
        "fontWeight": 600,
    }
    return _row_layer(mark, values, text=TEXT_ENCODING, color=_COLOR_ENCODING)
