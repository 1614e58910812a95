"""Pictures as inline SVG. Places along a line are percents, so letters keep their size on a phone.

Colours are the variables of the page that holds the picture; names are escaped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

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
) -> str:
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
    return svg_root("".join(elements), PLOT_TOP + PLOT_HEIGHT + PLOT_FOOT, alt_text)


def _plot_scale(points: Sequence[tuple[int, ...]], bar: int, signed: bool) -> _PlotScale:
    least, most = (-100, 100) if signed else (0, 100)
    low = min(bar, *(point[2] for point in points)) // 10 * 10
    high = -(-(max(bar, *(point[3] for point in points)) + 1) // 10) * 10
    return _PlotScale(max(20, points[-1][0]), max(least, low), min(most, high))


def _tick_step(span: int, max_lines: int) -> int:
    return next((step for step in _TICK_STEPS if span / step <= max_lines), _TICK_STEPS[-1])


def _grid_lines(scale: _PlotScale, bar: int, name: str) -> list[str]:
    """Level lines, each with its figure above its left end; the bar's own says it where it is."""
    step = max(10, _tick_step(scale.high - scale.low, 5))
    levels = range(-(-scale.low // step) * step, scale.high + 1, step)
    lines = [
        f'<line x1="0" x2="100%" y1="{scale.y(at)}" y2="{scale.y(at)}" class="grid"/>'
        for at in levels
    ]
    labeled_levels = [at for at in levels if abs(scale.y(at) - scale.y(bar)) > 20]
    labels = [
        svg_text(_level_label(at, name), 0, scale.y(at) - 5, "start", "quiet", "small")
        for at in labeled_levels
    ]
    return lines + labels


def _level_label(value: int, name: str) -> str:
    """Write a figure of the upright axis: whole percents, or points with their sign."""
    if name not in DIFFERENCES:
        return f"{value}%"
    return f"{value:+d}".replace("-", "−") if value else "0"


def _curves(scale: _PlotScale, points: Sequence[tuple[int, ...]]) -> str:
    """The band and the line, stretched to the plot; their strokes keep their width."""
    upper = [f"{n},{scale.y(high) - PLOT_TOP}" for n, _, _, high in points]
    lower = [f"{n},{scale.y(low) - PLOT_TOP}" for n, _, low, _ in reversed(points)]
    line = [f"{n},{scale.y(mean) - PLOT_TOP}" for n, mean, _, _ in points]
    return (
        f'<svg x="0" y="{PLOT_TOP}" width="100%" height="{PLOT_HEIGHT}" '
        f'viewBox="0 0 {scale.max_people} {PLOT_HEIGHT}" preserveAspectRatio="none">'
        f'<polygon class="band" points="{" ".join(upper + lower)}"/>'
        f'<polyline class="curve" points="{" ".join(line)}"/></svg>'
    )


def _point_svg(scale: _PlotScale, people: int, mean: int) -> str:
    return f'<circle cx="{scale.x(people)}%" cy="{scale.y(mean)}" r="3.5" class="point"/>'


def _bar_line_svg(scale: _PlotScale, bar: int, label: str) -> tuple[str, str]:
    y = scale.y(bar)
    line = f'<line x1="0" x2="100%" y1="{y}" y2="{y}" class="bar dashed"/>'
    return line, svg_text(label, 0, y - 6, "start", "ink", "small strong")


def _decision_svg(scale: _PlotScale, decision: DecisionMark) -> tuple[str, str]:
    x = scale.x(decision.people)
    line = (
        f'<line x1="{x}%" x2="{x}%" y1="{PLOT_TOP - 8}" y2="{PLOT_TOP + PLOT_HEIGHT}" '
        'class="moment" '
        f'style="stroke:var(--bs-{decision.outcome})"/>'
    )
    return line, svg_text(decision.label, x, PLOT_TOP - 12, "end", decision.outcome, "strong")


def _people_axis_svg(scale: _PlotScale, language: str) -> list[str]:
    step = _tick_step(scale.max_people, 6)
    y = PLOT_TOP + PLOT_HEIGHT + 18
    return [
        svg_text(
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


def chart_svg(rows: Sequence[ChartRow], alt_text: str) -> str:
    """Return lanes, one under the other."""
    row_height = ROW_HEIGHT + BAR_LABEL_HEIGHT * any(row.bar is not None for row in rows)
    content = "".join(_row_svg(row, i * row_height) for i, row in enumerate(rows))
    return svg_root(content, row_height * len(rows), alt_text)


def svg_root(content: str, height: int, alt_text: str) -> str:
    """Return the picture as a whole, as wide as its place."""
    return (
        f'<svg class="picture" role="img" aria-label="{escape(alt_text)}" width="100%" '
        f'height="{height}">{content}</svg>'
    )


def _row_svg(row: ChartRow, top: int) -> str:
    parts = [
        svg_text(row.label, 0, top + 18),
        svg_text(row.value_text, 100, top + 18, "end", row.value_color, "strong"),
        _span_svg(ChartSpan(0, 100, "line"), top, "track"),
        *(_span_svg(part, top) for part in row.spans),
        *(_bar_svg(row.bar, row.bar_label, top) if row.bar is not None else ()),
        *(_dot_svg(dot, top) for dot in row.dots),
    ]
    return "".join(parts)


def svg_text(
    content: str, x: float, y: float, anchor: str = "start", color: str = "ink", css_class: str = ""
) -> str:
    """Return words that begin, end or stand in the middle at x per cent."""
    return (
        f'<text x="{x:g}%" y="{y:g}" text-anchor="{anchor}" class="{css_class}" '
        f'style="fill:var(--bs-{color})">{escape(content)}</text>'
    )


def _span_svg(span: ChartSpan, top: int, css_class: str = "") -> str:
    opacity = ";fill-opacity:.4" if span.pale else ""
    return (
        f'<rect x="{span.start:g}%" width="{span.end - span.start:g}%" y="{top + _TRACK_TOP}" '
        f'height="{_TRACK_HEIGHT}" rx="6" class="{css_class}" '
        f'style="fill:var(--bs-{span.color}){opacity}"/>'
    )


def _dot_svg(dot: ChartSpan, top: int) -> str:
    return (
        f'<circle cx="{dot.start:g}%" cy="{top + _TRACK_MIDDLE}" r="8" class="dot" '
        f'style="fill:var(--bs-{dot.color})"/>'
    )


def _bar_svg(position: float, label: str, top: int) -> tuple[str, str]:
    anchor = "start" if position < 12 else "end" if position > 88 else "middle"
    tick = (
        f'<line x1="{position:g}%" x2="{position:g}%" y1="{top + _TRACK_TOP - 7}" '
        f'y2="{top + _TRACK_TOP + _TRACK_HEIGHT + 7}" '
        'class="bar"/>'
    )
    return tick, svg_text(label, position, top + _TRACK_TOP + 33, anchor, "ink", "small")
