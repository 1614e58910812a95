"""Pictures as inline SVG. Places along a line are percents, so letters keep their size on a phone.

Colours are the variables of the page that holds the picture; names are escaped.
"""

from collections.abc import Sequence
from html import escape

from app.views.figure import Lane, Part

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
