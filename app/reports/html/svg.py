"""Pictures as inline SVG. Places along a line are percents, so letters keep their size on a phone.

Colours are the variables of the page that holds the picture; ElementTree escapes names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, tostring

from markupsafe import Markup

from app.presentation.i18n import format_value, translate
from app.reports.charts import ChartRow, ChartSpan
from app.reports.wording import format_criterion_value, percent_or_points
from recsys.report.report_data import CriterionReport
from recsys.study.criteria import DIFFERENCES

PLOT_HEIGHT, PLOT_TOP, PLOT_FOOT = 190, 26, 26  # pixels of the plot, above it and below it
_TICK_STEPS = (5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)


@dataclass(frozen=True, slots=True)
class DecisionMark:
    """When a study was decided."""

    people: int
    label: str
    outcome: str  # names its colour


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


def confidence_sequence_svg(
    criterion_report: CriterionReport, language: str, alt_text: str, decision: DecisionMark | None
) -> Markup:
    """Return the run of one criterion; it has a point at least."""
    name = criterion_report.criterion.name
    points = [
        (p.n, *(percent_or_points(name, x) for x in (p.mean, p.low, p.high)))
        for p in criterion_report.run
    ]
    bar = percent_or_points(name, criterion_report.criterion.bar)
    scale = _plot_scale(points, bar, signed=name in DIFFERENCES)
    elements = [
        *_grid_lines(scale, bar, name),
        _curves(scale, points),
        *_bar_line_svg(
            scale,
            bar,
            translate(
                language,
                "report.bar_at",
                bar=format_criterion_value(language, name, criterion_report.criterion.bar),
            ),
        ),
        *(_decision_svg(scale, decision) if decision else ()),
        *(_point_svg(scale, n, mean) for n, mean, _, _ in points),
        *_people_axis_svg(scale, language),
    ]
    return _picture(elements, PLOT_TOP + PLOT_HEIGHT + PLOT_FOOT, alt_text)


def _plot_scale(points: Sequence[tuple[int, ...]], bar: int, signed: bool) -> _PlotScale:
    least, most = (-100, 100) if signed else (0, 100)
    low = min(bar, *(point[2] for point in points)) // 10 * 10
    high = -(-(max(bar, *(point[3] for point in points)) + 1) // 10) * 10
    return _PlotScale(max(20, points[-1][0]), max(least, low), min(most, high))


def _tick_step(span: int, max_lines: int) -> int:
    return next((step for step in _TICK_STEPS if span / step <= max_lines), _TICK_STEPS[-1])


def _grid_lines(scale: _PlotScale, bar: int, name: str) -> list[Element]:
    """Level lines, each with its figure above its left end; the bar's own says it where it is."""
    step = max(10, _tick_step(scale.high - scale.low, 5))
    levels = range(-(-scale.low // step) * step, scale.high + 1, step)
    lines = [_level_line(scale.y(at), "grid") for at in levels]
    labeled_levels = [at for at in levels if abs(scale.y(at) - scale.y(bar)) > 20]
    labels = [
        _words(_level_label(at, name), 0, scale.y(at) - 5, "start", "quiet", "small")
        for at in labeled_levels
    ]
    return lines + labels


def _level_line(y: float, css_class: str) -> Element:
    return _element("line", x1=0, x2="100%", y1=y, y2=y, class_=css_class)


def _level_label(value: int, name: str) -> str:
    """Write a figure of the upright axis: whole percents, or points with their sign."""
    if name not in DIFFERENCES:
        return f"{value}%"
    return f"{value:+d}".replace("-", "−") if value else "0"


def _curves(scale: _PlotScale, points: Sequence[tuple[int, ...]]) -> Element:
    """The band and the line, stretched to the plot; their strokes keep their width."""
    upper = [f"{n},{scale.y(high) - PLOT_TOP}" for n, _, _, high in points]
    lower = [f"{n},{scale.y(low) - PLOT_TOP}" for n, _, low, _ in reversed(points)]
    line = [f"{n},{scale.y(mean) - PLOT_TOP}" for n, mean, _, _ in points]
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


def _people_axis_svg(scale: _PlotScale, language: str) -> list[Element]:
    step = _tick_step(scale.max_people, 6)
    y = PLOT_TOP + PLOT_HEIGHT + 18
    return [
        _words(
            format_value(language, n) if n else translate(language, "report.people"),
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
