"""Pictures of a report, in the tokens of the theme, each with words for who cannot see it.

What is drawn is published data: whole percents, or whole points. A picture is a Vega-Lite
specification written out: building one through Altair's classes takes 100 ms, and the report has
nine.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app.presentation.i18n import translate
from app.presentation.palette import ColorTokens, mix_colors
from app.presentation.theme import HEADING_FONT, TEXT_FONT, altair_theme, color_tokens
from app.reports.charts import ChartRow, ChartSpan
from app.reports.wording import format_criterion_value, percent_or_points
from recsys.report.report_data import CriterionReport
from recsys.study.criteria import DIFFERENCES

VegaLiteSpec = dict[str, Any]
"""A Vega-Lite specification."""

TEXT_ENCODING = {"field": "words", "type": "nominal"}
"""The encoding of written words."""


def show_chart(spec: VegaLiteSpec, key: str | None = None, alt_text: str | None = None) -> None:
    """Draw a picture in the theme of the page."""
    themed_spec = {"config": altair_theme(st.context.theme.type), "padding": _PADDING, **spec}
    alt = alt_text or spec.get("description")
    st.vega_lite_chart(themed_spec, theme=None, key=key, width="stretch", alt=alt)


_PADDING = {"left": 2, "right": 2, "top": 2, "bottom": 6}


def current_colors() -> ColorTokens:
    """The tokens of the theme in force."""
    return color_tokens(st.context.theme.type)


def chart_layer(
    mark: Mapping[str, Any], values: Sequence[Mapping[str, Any]], **encoding: Any
) -> VegaLiteSpec:
    """Return one layer of a picture, with data of its own."""
    no_tooltip = {"tooltip": None}  # it would name our fields; the table behind says it in words
    return {"mark": dict(mark) | no_tooltip, "data": {"values": list(values)}, "encoding": encoding}


def text_mark(color: str, size: int) -> dict[str, Any]:
    """Return a mark that writes."""
    return {"type": "text", "color": color, "fontSize": size, "font": TEXT_FONT}


def confidence_sequence_chart(
    criterion_report: CriterionReport,
    language: str,
    max_people: int | None = None,
    decision: tuple[int, str, str] | None = None,
) -> VegaLiteSpec:
    """Estimate and deciding bounds of one criterion, batch by batch, against its bar.

    `max_people` fixes both axes, so that the picture does not jump while it grows. `decision` marks
    the moment of decision: people, words, colour.
    """
    colors, points = current_colors(), sequence_points(criterion_report)
    x = _people_axis(
        max_people or max(20, int(points["n"].max())), translate(language, "report.people")
    )
    y = _share_axis(criterion_report, points, fixed=max_people is not None)
    values = [{str(k): v for k, v in row.items()} for row in points.to_dict("records")]
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
        *_bar_line_layers(criterion_report, language, colors, x, y),
        *(_decision_layers(decision, x) if decision else []),
        chart_layer(line, values, x=x, y=y | {"field": "mean"}),
    ]
    return {
        "description": _sequence_alt_text(criterion_report, language),
        "height": 320,
        "layer": layers,
    }


def sequence_points(criterion_report: CriterionReport) -> pd.DataFrame:
    """The run of a criterion in whole percents or points."""
    name = criterion_report.criterion.name
    rows = [
        (p.n, *(percent_or_points(name, share) for share in (p.mean, p.low, p.high)))
        for p in criterion_report.run
    ]
    return pd.DataFrame(rows, columns=["n", "mean", "low", "high"])


def _people_axis(max_people: int, title: str) -> dict[str, Any]:
    axis = {"grid": False, "tickMinStep": 5, "tickCount": min(8, max_people // 5), "title": title}
    scale = {"domain": [0, max_people], "nice": False}
    return {"field": "n", "type": "quantitative", "scale": scale, "axis": axis}


def _share_axis(
    criterion_report: CriterionReport, points: pd.DataFrame, fixed: bool
) -> dict[str, Any]:
    """Return the upright axis, near the figures unless it is fixed."""
    signed = criterion_report.criterion.name in DIFFERENCES
    bar = percent_or_points(criterion_report.criterion.name, criterion_report.criterion.bar)
    lowest, highest = (-100, 100) if signed else (0, 100)
    if not fixed:
        lowest = max(lowest, int(min(points["low"].min(), bar)) // 10 * 10)
        highest = min(highest, -(-int(max(points["high"].max(), bar) + 1) // 10) * 10)
    label_expression = (
        "(datum.value > 0 ? '+' : '') + datum.value" if signed else "datum.value + '%'"
    )
    axis = {"labelExpr": label_expression, "tickCount": 5, "title": None}
    scale = {"domain": [lowest, highest], "nice": False}
    return {"type": "quantitative", "scale": scale, "axis": axis}


def _bar_line_layers(
    criterion_report: CriterionReport,
    language: str,
    colors: ColorTokens,
    x: dict[str, Any],
    y: dict[str, Any],
) -> list[VegaLiteSpec]:
    """The bar, with its name at the left, where no estimate is yet."""
    name, bar = criterion_report.criterion.name, criterion_report.criterion.bar
    label = translate(language, "report.bar_at", bar=format_criterion_value(language, name, bar))
    values = [{"n": 0, "bar": percent_or_points(name, bar), "words": label}]
    rule_mark = {"type": "rule", "color": colors.ink, "strokeWidth": 2, "strokeDash": [6, 4]}
    label_mark = text_mark(colors.ink, 12) | {"align": "left", "dx": 6, "dy": -9}
    bar_axis = y | {"field": "bar"}
    return [
        chart_layer(rule_mark, values, y=bar_axis),
        chart_layer(label_mark, values, x=x, y=bar_axis, text=TEXT_ENCODING),
    ]


def _decision_layers(decision: tuple[int, str, str], x: dict[str, Any]) -> list[VegaLiteSpec]:
    people, label, color = decision
    values = [{"n": people, "words": label}]
    rule_mark = {"type": "rule", "color": color, "strokeWidth": 2}
    label_mark = text_mark(color, 14) | {"align": "right", "dx": -8, "dy": 10, "y": 0}
    label_mark |= {"fontWeight": 600, "font": HEADING_FONT}
    return [
        chart_layer(rule_mark, values, x=x),
        chart_layer(label_mark, values, x=x, text=TEXT_ENCODING),
    ]


def _sequence_alt_text(criterion_report: CriterionReport, language: str) -> str:
    name = criterion_report.criterion.name
    criterion_name = translate(language, f"report.{name}")
    if not criterion_report.run:
        return translate(language, "report.unknown_said", name=criterion_name)
    last_point = criterion_report.run[-1]
    shares = {
        "value": last_point.mean,
        "low": last_point.low,
        "high": last_point.high,
        "bar": criterion_report.criterion.bar,
    }
    formatted = {
        key: format_criterion_value(language, name, share) for key, share in shares.items()
    }
    return translate(language, "report.interval_said", name=criterion_name, **formatted)


ROW_HEIGHT = 58  # pixels from one lane to the next
LABEL_WIDTH = 260  # pixels that a label may take, so that the figure has its place on a phone
BAR_LABEL_HEIGHT = 18  # more of them where bars carry their names
_TRACK_OFFSET = 9  # pixels from the middle of a lane down to its track


def interval_chart(rows: Sequence[ChartRow], colors: ColorTokens | None = None) -> VegaLiteSpec:
    """Draw lanes, one under the other."""
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
    """Return the colour of a part; a pale one is a stretch behind a dot of that colour."""
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
