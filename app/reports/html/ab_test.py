"""The readout of an A/B test: one sentence, one picture, its table; for the terminal and the board.

Figures are per cent of customers with one digit, differences in points of them.
"""

from collections.abc import Iterator
from html import escape

import pandas as pd

from app.presentation.i18n import shown, text
from app.reports.ab_test import Told
from app.reports.charts import Lane, Part
from app.reports.html.page import framed, sheet
from app.reports.html.svg import lanes
from recsys.ab_test.analysis import ENGAGED, MEASURES, OURS, ArmSeen, Readout
from recsys.stats import Estimate


def as_html(language: str, told: Told) -> str:
    """Return the readout as one file, in English or Dutch."""
    title = text(language, "readout.title")
    said = "".join(f'<p class="bs-said">{escape(line)}</p>' for line in sentences(language, told))
    way = _way(told.readout)
    head = (
        f'<p class="eyebrow"><b>{escape(title)}</b></p>'
        f'<section class="bs bs-panel bs-verdict bs-{way}">'
        f'<h1 class="bs-word bs-{way}">{escape(text(language, f"readout.{way}"))}</h1>{said}'
        "</section>"
    )
    return sheet(language, title, head + _pictures(language, told))


def _pictures(language: str, told: Told) -> str:
    arms, apart = _arm_lanes(language, told.readout), _difference_lanes(language, told.readout)
    figures = (
        ("arms_title", arms, "arms_said", arm_table(language, told.readout)),
        ("apart_title", apart, "apart_said", difference_table(language, told.readout)),
    )
    drawn = "".join(
        framed(
            language,
            text(language, f"readout.{title}"),
            lanes(rows, "; ".join(f"{row.label}: {row.shown}" for row in rows)),
            text(language, f"readout.{said}"),
            table,
        )
        for title, rows, said, table in figures
    )
    foot = escape(text(language, "readout.foot"))
    return f'<div class="pair">{drawn}</div><footer>{foot}</footer>'


def sentences(language: str, told: Told) -> list[str]:
    """Return what was found, whether to believe it, and how well it was foretold."""
    return [*_found(language, told), *_doubts(language, told), *_before(language, told)]


def _main(said: Readout) -> Estimate:
    """The comparison that comes first: with the rival where there is one."""
    first = "baseline" if "baseline" in said.differences else next(iter(said.differences))
    return said.differences[first][ENGAGED]


def _way(said: Readout) -> str:
    """Return the outcome whose colours are worn; figures nobody should believe decide nothing."""
    found = _main(said)
    if said.ratio is not None and said.ratio.off:
        return "undecided"
    if found.low is not None and found.low > 0:
        return "release"
    return "hold" if found.high is not None and found.high < 0 else "undecided"


def _found(language: str, told: Told) -> Iterator[str]:
    arms = {arm.name: arm for arm in told.readout.arms}
    for name, measures in told.readout.differences.items():
        found = measures[ENGAGED]
        if found.value is None:
            yield text(language, f"readout.{_why(arms[name])}", arm=name, n=arms[name].customers)
            continue
        yield text(
            language,
            "readout.found",
            ours=percents(language, arms[OURS].shares[ENGAGED]),
            theirs=percents(language, arms[name].shares[ENGAGED]),
            arm=name,
            difference=points(language, found.value),
            low=points(language, found.low),
            high=points(language, found.high),
        )


def _why(arm: ArmSeen) -> str:
    """Why nothing is said of an arm."""
    if not arm.customers:
        return "nobody"
    return "unknown" if arm.shares else "blank"


def _doubts(language: str, told: Told) -> Iterator[str]:
    ratio = told.readout.ratio
    if ratio is None:
        yield text(language, "readout.ratio_unknown")
    else:
        sizes = ", ".join(
            f"{arm.name} {shown(language, arm.customers)} "
            f"({percents(language, ratio.planned[arm.name])})"
            for arm in told.readout.arms
        )
        yield text(language, "readout.ratio_off" if ratio.off else "readout.ratio_kept", arms=sizes)
    if told.twice:
        yield text(language, "readout.twice", n=told.twice)
    if told.others:
        yield text(language, "readout.others", n=told.others)


def _before(language: str, told: Told) -> Iterator[str]:
    if told.study is None:
        return
    if told.foretold is None:
        yield text(language, "readout.foretold_nothing", study=told.study)
        return
    value, low, high = (points(language, x) for x in told.foretold.lift)
    key = {None: "open", True: "right", False: "wrong"}[told.foretold.agrees]
    said = text(
        language, "readout.foretold", study=told.study, difference=value, low=low, high=high
    )
    yield f"{said} {text(language, f'readout.foretold_{key}')}"


def percents(language: str, share: float) -> str:
    """Write a share as per cent with one digit."""
    return _local(language, f"{100 * share:.1f}%")


def points(language: str, share: float | None) -> str:
    """Write a difference in points with its sign and one digit; a dash where it is not known."""
    return "–" if share is None else _local(language, f"{100 * share:+.1f}").replace("-", "−")


def _local(language: str, number: str) -> str:
    return number.replace(".", ",") if language == "nl" else number


def _arm_lanes(language: str, said: Readout) -> list[Lane]:
    known = [arm for arm in said.arms if arm.shares]
    most = max(arm.shares[ENGAGED] for arm in known) or 1.0
    return [
        Lane(
            text(language, "readout.lane", arm=arm.name, customers=arm.customers),
            percents(language, arm.shares[ENGAGED]),
            (Part(0, 90 * arm.shares[ENGAGED] / most, "glow" if arm.name == OURS else "sand"),),
        )
        for arm in known
    ]


def _difference_lanes(language: str, said: Readout) -> list[Lane]:
    every = {name: found[ENGAGED] for name, found in said.differences.items()}
    most = max(max(-(e.low or 0.0), e.high or 0.0) for e in every.values())
    return [_lane(language, name, found, most or 1.0) for name, found in every.items()]


def _lane(language: str, name: str, found: Estimate, most: float) -> Lane:
    label = text(language, "readout.against", arm=name)
    if found.value is None or found.low is None or found.high is None:
        return Lane(label, "–")
    low, value, high = (50 + 45 * x / most for x in (found.low, found.value, found.high))
    shown_ = text(language, "readout.points", points=points(language, found.value))
    zero = text(language, "readout.zero")
    dots = (Part(value, value, "glow"),)
    return Lane(label, shown_, (Part(low, high, "glow", pale=True),), dots, 50, zero)


def arm_table(language: str, said: Readout) -> pd.DataFrame:
    """Return a row an arm: its customers and what share of them did each thing."""
    head = ["arm", "customers", *MEASURES]
    rows = [
        [
            arm.name,
            shown(language, arm.customers),
            *(percents(language, arm.shares[m]) if arm.shares else "–" for m in MEASURES),
        ]
        for arm in said.arms
    ]
    return pd.DataFrame(rows, columns=[text(language, f"readout.{name}") for name in head])


def difference_table(language: str, said: Readout) -> pd.DataFrame:
    """Return a row an arm and measure: ours less theirs, in points."""
    head = ["arm", "measure", "apart", "low", "high"]
    rows = [
        [name, text(language, f"readout.{m}"), *(points(language, x) for x in _bounds(found))]
        for name, measures in said.differences.items()
        for m, found in measures.items()
    ]
    return pd.DataFrame(rows, columns=[text(language, f"readout.{name}") for name in head])


def _bounds(found: Estimate) -> tuple[float | None, float | None, float | None]:
    return found.value, found.low, found.high
