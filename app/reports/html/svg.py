"""Pictures as inline SVG. Places along a line are percents, so letters keep their size on a phone.

Colours are the variables of the page that holds the picture; ElementTree escapes names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, tostring

from markupsafe import Markup

from app.presentation.i18n import format_value
from app.reports.charts import ChartRow, ChartSpan
from app.reports.sequence_chart import DecisionMark, SequenceChart, SequencePoint

PLOT_HEIGHT, PLOT_TOP, PLOT_FOOT = 190, 26, 26  # pixels of the plot, above it and below it
_TICK_STEPS = (5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)


@dataclass(frozen=True, slots=True)
class _PlotScale:
    """Where people and figures stand in the plot."""

    max_people: int
    low: int
    high: int

    def x(self, people: float) -> float:
        return round(100 * people / self.max_people, 2)

    def y(self, value: float) -> float:
        return round(PLOT_TOP + PLOT_HEIGHT * (self.high - value) / (self.high - self.low), 1)


def sequence_svg(chart: SequenceChart) -> Markup:
    """Draw the confidence sequence of one criterion."""
    scale = _PlotScale(chart.max_people, chart.lowest, chart.highest)
    elements = [
        *_grid_lines(scale, chart),
        _curves(scale, chart.points),
        *_bar_line_svg(scale, chart.bar, chart.bar_label),
        *(_decision_svg(scale, chart.decision) if chart.decision else ()),
        *(_point_svg(scale, point.people, point.mean) for point in chart.points),
        *_people_axis_svg(scale, chart),
    ]
    return _picture(elements, PLOT_TOP + PLOT_HEIGHT + PLOT_FOOT, chart.alt_text)


def _tick_step(span: int, max_lines: int) -> int:
    return next((step for step in _TICK_STEPS if span / step <= max_lines), _TICK_STEPS[-1])


def _grid_lines(scale: _PlotScale, chart: SequenceChart) -> list[Element]:
    """Level lines, each with its figure above its left end; the bar's own says it where it is."""
    step = max(10, _tick_step(scale.high - scale.low, 5))
    levels = range(-(-scale.low // step) * step, scale.high + 1, step)
    lines = [_level_line(scale.y(at), "grid") for at in levels]
    labeled_levels = [at for at in levels if abs(scale.y(at) - scale.y(chart.bar)) > 20]
    labels = [
        _words(chart.level_label(at), 0, scale.y(at) - 5, "start", "quiet", "small")
        for at in labeled_levels
    ]
    return lines + labels


def _level_line(y: float, css_class: str) -> Element:
    return _element("line", x1=0, x2="100%", y1=y, y2=y, class_=css_class)


def _curves(scale: _PlotScale, points: Sequence[SequencePoint]) -> Element:
    """The band and the line, stretched to the plot; their strokes keep their width."""
    upper = [f"{p.people},{scale.y(p.high) - PLOT_TOP}" for p in points]
    lower = [f"{p.people},{scale.y(p.low) - PLOT_TOP}" for p in reversed(points)]
    line = [f"{p.people},{scale.y(p.mean) - PLOT_TOP}" for p in points]
    return _element(
        "svg",
        _element("polygon", class_="band", points=" ".join(upper + lower)),
        _element("polyline", class_="curve", points=" ".join(line)),
        x=0,
        y=PLOT_TOP,
        width="100%",
        height=PLOT_HEIGHT,
        viewBox=f"0 0 {scale.max_people} {PLOT_HEIGHT}",
        preserveAspectRatio="none",
    )


def _point_svg(scale: _PlotScale, people: int, mean: int) -> Element:
    return _element("circle", cx=f"{scale.x(people)}%", cy=scale.y(mean), r=3.5, class_="point")


def _bar_line_svg(scale: _PlotScale, bar: int, label: str) -> tuple[Element, Element]:
    y = scale.y(bar)
    return _level_line(y, "bar dashed"), _words(label, 0, y - 6, "start", "ink", "small strong")


def _decision_svg(scale: _PlotScale, decision: DecisionMark) -> tuple[Element, Element]:
    x = scale.x(decision.people)
    line = _element(
        "line",
        x1=f"{x}%",
        x2=f"{x}%",
        y1=PLOT_TOP - 8,
        y2=PLOT_TOP + PLOT_HEIGHT,
        class_="moment",
        style=f"stroke:var(--bs-{decision.outcome})",
    )
    return line, _words(decision.label, x, PLOT_TOP - 12, "end", decision.outcome, "strong")


def _people_axis_svg(scale: _PlotScale, chart: SequenceChart) -> list[Element]:
    step = _tick_step(scale.max_people, 6)
    y = PLOT_TOP + PLOT_HEIGHT + 18
    return [
        _words(
            format_value(chart.language, n) if n else chart.people_label,
            scale.x(n),
            y,
            "start" if n == 0 else "end" if n == scale.max_people else "middle",
            "quiet",
            "small",
        )
        for n in range(0, scale.max_people + 1, step)
    ]


ROW_HEIGHT = 58  # pixels from one lane to the next
BAR_LABEL_HEIGHT = 18  # more of them where bars carry their names
_TRACK_TOP, _TRACK_HEIGHT = 28, 12  # where a track begins, and how high it is
_TRACK_MIDDLE = _TRACK_TOP + _TRACK_HEIGHT // 2


def chart_svg(rows: Sequence[ChartRow], alt_text: str) -> Markup:
    """Return lanes, one under the other."""
    row_height = ROW_HEIGHT + BAR_LABEL_HEIGHT * any(row.bar is not None for row in rows)
    elements = [element for i, row in enumerate(rows) for element in _row_svg(row, i * row_height)]
    return _picture(elements, row_height * len(rows), alt_text)


def _picture(elements: Sequence[Element], height: int, alt_text: str) -> Markup:
    """Return the picture as a whole, as wide as its place."""
    picture = _element(
        "svg",
        *elements,
        class_="picture",
        role="img",
        aria_label=alt_text,
        width="100%",
        height=height,
    )
    return Markup(tostring(picture, encoding="unicode"))


def _element(tag: str, *children: Element, **attributes: object) -> Element:
    """Return an element; `class_` is its attribute class, `aria_label` its aria-label."""
    element = Element(
        tag, {name.rstrip("_").replace("_", "-"): str(x) for name, x in attributes.items()}
    )
    element.extend(children)
    return element


def _row_svg(row: ChartRow, top: int) -> list[Element]:
    return [
        _words(row.label, 0, top + 18),
        _words(row.value_text, 100, top + 18, "end", row.value_color, "strong"),
        _span_svg(ChartSpan(0, 100, "line"), top, "track"),
        *(_span_svg(part, top) for part in row.spans),
        *(_bar_svg(row.bar, row.bar_label, top) if row.bar is not None else ()),
        *(_dot_svg(dot, top) for dot in row.dots),
    ]


def _words(
    content: str, x: float, y: float, anchor: str = "start", color: str = "ink", css_class: str = ""
) -> Element:
    """Return words that begin, end or stand in the middle at x per cent."""
    words = _element(
        "text",
        x=f"{x:g}%",
        y=f"{y:g}",
        text_anchor=anchor,
        class_=css_class,
        style=f"fill:var(--bs-{color})",
    )
    words.text = content
    return words


def _span_svg(span: ChartSpan, top: int, css_class: str = "") -> Element:
    opacity = ";fill-opacity:.4" if span.pale else ""
    return _element(
        "rect",
        x=f"{span.start:g}%",
        width=f"{span.end - span.start:g}%",
        y=top + _TRACK_TOP,
        height=_TRACK_HEIGHT,
        rx=6,
        class_=css_class,
        style=f"fill:var(--bs-{span.color}){opacity}",
    )


def _dot_svg(dot: ChartSpan, top: int) -> Element:
    return _element(
        "circle",
        cx=f"{dot.start:g}%",
        cy=top + _TRACK_MIDDLE,
        r=8,
        class_="dot",
        style=f"fill:var(--bs-{dot.color})",
    )


def _bar_svg(position: float, label: str, top: int) -> tuple[Element, Element]:
    anchor = "start" if position < 12 else "end" if position > 88 else "middle"
    tick = _element(
        "line",
        x1=f"{position:g}%",
        x2=f"{position:g}%",
        y1=top + _TRACK_TOP - 7,
        y2=top + _TRACK_TOP + _TRACK_HEIGHT + 7,
        class_="bar",
    )
    return tick, _words(label, position, top + _TRACK_TOP + 33, anchor, "ink", "small")
