"""Pictures as inline SVG. Places along a line are percents, so letters keep their size on a phone.

Colours are the variables of the page that holds the picture; names are escaped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from app.presentation.i18n import shown, text
from app.reports.charts import Lane, Part
from app.reports.wording import reading, whole
from recsys.report.evaluate import CriterionReport
from recsys.study.policy import DIFFERENCES

HIGH, TOP, FOOT = 190, 26, 26  # pixels of the plot, above it and below it
_STEPS = (5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a study was decided."""

    people: int
    words: str
    outcome: str  # names its colour


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where people and figures stand in the plot."""

    reach: int
    low: int
    high: int

    def x(self, people: float) -> float:
        return round(100 * people / self.reach, 2)

    def y(self, figure: float) -> float:
        return round(TOP + HIGH * (self.high - figure) / (self.high - self.low), 1)


def run(found: CriterionReport, language: str, said: str, moment: Moment | None) -> str:
    """Return the run of one criterion; it has a point at least."""
    name = found.criterion.name
    points = [(p.n, *(whole(name, x) for x in (p.mean, p.low, p.high))) for p in found.run]
    bar = whole(name, found.criterion.bar)
    frame = _frame(points, bar, signed=name in DIFFERENCES)
    drawn = [
        *_grid(frame, bar, name),
        _curves(frame, points),
        *_threshold(
            frame,
            bar,
            text(language, "report.bar_at", bar=reading(language, name, found.criterion.bar)),
        ),
        *(_moment(frame, moment) if moment else ()),
        *(_point(frame, n, mean) for n, mean, _, _ in points),
        *_people(frame, language),
    ]
    return framed("".join(drawn), TOP + HIGH + FOOT, said)


def _frame(points: Sequence[tuple[int, ...]], bar: int, signed: bool) -> _Frame:
    least, most = (-100, 100) if signed else (0, 100)
    low = min(bar, *(point[2] for point in points)) // 10 * 10
    high = -(-(max(bar, *(point[3] for point in points)) + 1) // 10) * 10
    return _Frame(max(20, points[-1][0]), max(least, low), min(most, high))


def _step(span: int, lines: int) -> int:
    return next((step for step in _STEPS if span / step <= lines), _STEPS[-1])


def _grid(frame: _Frame, bar: int, name: str) -> list[str]:
    """Level lines, each with its figure above its left end; the bar's own says it where it is."""
    step = max(10, _step(frame.high - frame.low, 5))
    levels = range(-(-frame.low // step) * step, frame.high + 1, step)
    lines = [
        f'<line x1="0" x2="100%" y1="{frame.y(at)}" y2="{frame.y(at)}" class="grid"/>'
        for at in levels
    ]
    named = [at for at in levels if abs(frame.y(at) - frame.y(bar)) > 20]
    names = [
        written(_level(at, name), 0, frame.y(at) - 5, "start", "quiet", "small") for at in named
    ]
    return lines + names


def _level(figure: int, name: str) -> str:
    """Write a figure of the upright axis: whole percents, or points with their sign."""
    if name not in DIFFERENCES:
        return f"{figure}%"
    return f"{figure:+d}".replace("-", "−") if figure else "0"


def _curves(frame: _Frame, points: Sequence[tuple[int, ...]]) -> str:
    """The band and the line, stretched to the plot; their strokes keep their width."""
    upper = [f"{n},{frame.y(high) - TOP}" for n, _, _, high in points]
    lower = [f"{n},{frame.y(low) - TOP}" for n, _, low, _ in reversed(points)]
    line = [f"{n},{frame.y(mean) - TOP}" for n, mean, _, _ in points]
    return (
        f'<svg x="0" y="{TOP}" width="100%" height="{HIGH}" '
        f'viewBox="0 0 {frame.reach} {HIGH}" preserveAspectRatio="none">'
        f'<polygon class="band" points="{" ".join(upper + lower)}"/>'
        f'<polyline class="curve" points="{" ".join(line)}"/></svg>'
    )


def _point(frame: _Frame, people: int, mean: int) -> str:
    return f'<circle cx="{frame.x(people)}%" cy="{frame.y(mean)}" r="3.5" class="point"/>'


def _threshold(frame: _Frame, bar: int, words: str) -> tuple[str, str]:
    y = frame.y(bar)
    line = f'<line x1="0" x2="100%" y1="{y}" y2="{y}" class="bar dashed"/>'
    return line, written(words, 0, y - 6, "start", "ink", "small strong")


def _moment(frame: _Frame, moment: Moment) -> tuple[str, str]:
    x = frame.x(moment.people)
    line = (
        f'<line x1="{x}%" x2="{x}%" y1="{TOP - 8}" y2="{TOP + HIGH}" class="moment" '
        f'style="stroke:var(--bs-{moment.outcome})"/>'
    )
    return line, written(moment.words, x, TOP - 12, "end", moment.outcome, "strong")


def _people(frame: _Frame, language: str) -> list[str]:
    step = _step(frame.reach, 6)
    y = TOP + HIGH + 18
    return [
        written(
            shown(language, n) if n else text(language, "report.people"),
            frame.x(n),
            y,
            "start" if n == 0 else "end" if n == frame.reach else "middle",
            "quiet",
            "small",
        )
        for n in range(0, frame.reach + 1, step)
    ]


LANE = 58  # pixels from one lane to the next
BAR_ROOM = 18  # more of them where bars carry their names
_TRACK, _HIGH = 28, 12  # where a track begins, and how high it is
_MIDDLE = _TRACK + _HIGH // 2


def lanes(rows: Sequence[Lane], alternative: str) -> str:
    """Return lanes, one under the other."""
    step = LANE + BAR_ROOM * any(row.bar is not None for row in rows)
    drawn = "".join(_lane(row, i * step) for i, row in enumerate(rows))
    return framed(drawn, step * len(rows), alternative)


def framed(drawn: str, height: int, alternative: str) -> str:
    """Return the picture as a whole, as wide as its place."""
    return (
        f'<svg class="picture" role="img" aria-label="{escape(alternative)}" width="100%" '
        f'height="{height}">{drawn}</svg>'
    )


def _lane(row: Lane, top: int) -> str:
    parts = [
        written(row.label, 0, top + 18),
        written(row.shown, 100, top + 18, "end", row.tone, "strong"),
        _stretch(Part(0, 100, "line"), top, "track"),
        *(_stretch(part, top) for part in row.parts),
        *(_bar_mark(row.bar, row.bar_label, top) if row.bar is not None else ()),
        *(_dot(dot, top) for dot in row.dots),
    ]
    return "".join(parts)


def written(
    words: str, x: float, y: float, anchor: str = "start", tone: str = "ink", kind: str = ""
) -> str:
    """Return words that begin, end or stand in the middle at x per cent."""
    return (
        f'<text x="{x:g}%" y="{y:g}" text-anchor="{anchor}" class="{kind}" '
        f'style="fill:var(--bs-{tone})">{escape(words)}</text>'
    )


def _stretch(part: Part, top: int, kind: str = "") -> str:
    pale = ";fill-opacity:.4" if part.pale else ""
    return (
        f'<rect x="{part.start:g}%" width="{part.end - part.start:g}%" y="{top + _TRACK}" '
        f'height="{_HIGH}" rx="6" class="{kind}" style="fill:var(--bs-{part.colour}){pale}"/>'
    )


def _dot(dot: Part, top: int) -> str:
    return (
        f'<circle cx="{dot.start:g}%" cy="{top + _MIDDLE}" r="8" class="dot" '
        f'style="fill:var(--bs-{dot.colour})"/>'
    )


def _bar_mark(at: float, words: str, top: int) -> tuple[str, str]:
    anchor = "start" if at < 12 else "end" if at > 88 else "middle"
    tick = (
        f'<line x1="{at:g}%" x2="{at:g}%" y1="{top + _TRACK - 7}" y2="{top + _TRACK + _HIGH + 7}" '
        'class="bar"/>'
    )
    return tick, written(words, at, top + _TRACK + 33, anchor, "ink", "small")
