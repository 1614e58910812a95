"""The pictures that bear the verdict: criteria, arms, the rival alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from app.presentation.i18n import percent, text
from app.reports import tables
from app.reports.wording import (
    liked,
    reading,
    rival_name,
    rival_pairs,
    said,
    said_of,
    state,
    sure,
    whole,
    with_bounds,
)
from app.study.results import Judged
from recsys.report.evaluate import CriterionReport
from recsys.report.tables import ShareRow
from recsys.report.verdict import CriterionVerdict
from recsys.stats import Estimate


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a track, or a dot at its start."""

    start: float
    end: float
    colour: str  # name of a token
    pale: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of a picture, on a track from 0 to 100."""

    label: str
    shown: str  # the figure at the right
    parts: tuple[Part, ...] = ()
    dots: tuple[Part, ...] = ()  # at their `start`
    bar: float | None = None
    bar_label: str = ""
    tone: str = "ink"  # the figure's colour


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """Lanes with the sentence that says what they show and the table behind them.

    Without lanes there is the sentence alone, or it and a table.
    """

    title: str
    sentence: str
    lanes: Sequence[Lane] = ()
    table: pd.DataFrame | None = None
    spoken: str | None = None  # for who cannot see it, where it is not the sentence

    @property
    def alternative(self) -> str:
        """What is said to who cannot see the lanes."""
        return self.spoken or self.sentence


TONES = {"passed": "release", "failed": "hold", "open": "undecided"}
TINTS = {
    "pick": "glow",
    "challenger": "sand",
    "baseline": "sand",
    "decoy": "slate",
    "near": "quiet",
}


def criteria(language: str, judged: Judged) -> Figure:
    """Each criterion's interval against its bar."""
    sentence = text(
        language,
        "report.criteria_said",
        n=judged.verdict.n,
        sure=percent(language, sure(judged.report)),
    )
    return Figure(
        said_of(language, judged.report.policy, "criteria_title"),
        sentence,
        [_standing(language, c) for c in judged.verdict.criteria],
        tables.criteria(language, judged),
        " ".join(said(language, c) for c in judged.verdict.criteria),
    )


def _standing(language: str, found: CriterionVerdict) -> Lane:
    return Lane(
        text(language, f"report.{found.name}"),
        with_bounds(language, found.name, found.value, found.low, found.high),
        (Part(whole("share", found.low), whole("share", found.high), "glow", pale=True),),
        (Part(whole("share", found.value), 0, "glow"),),
        whole("share", found.bar),
        text(language, "report.bar_at", bar=reading(language, found.name, found.bar)),
        TONES[state(found)],
    )


def run_said(language: str, judged: Judged, found: CriterionReport) -> str:
    """Say where the run of a criterion has come to, and whether the study is decided."""
    last, name = found.run[-1], found.criterion.name
    shares = {"value": last.mean, "low": last.low, "high": last.high, "bar": found.criterion.bar}
    read = {key: reading(language, name, share) for key, share in shares.items()}
    said_so_far = text(language, "report.run_said", n=last.n, **read)
    return f"{said_so_far} {_moment_said(language, judged)}"


def _moment_said(language: str, judged: Judged) -> str:
    if judged.decision is None:
        return text(language, "report.run_open")
    word = said_of(language, judged.report.policy, judged.verdict.outcome.value).lower()
    return text(language, "report.run_decided", n=judged.verdict.n, word=word)


def arms(language: str, judged: Judged) -> Figure:
    """Picks, baseline, decoys and near decoys side by side."""
    report = judged.report
    lanes = [
        said_of_cards(tables.arm(language, report, row.label), row, TINTS[row.label], language)
        for row in report.arms
    ]
    sentence = f"{_arms_said(language, judged)} {said_of(language, report.policy, 'arms_key')}"
    title = said_of(language, report.policy, "arms_title")
    return Figure(title, sentence, lanes, tables.arms(language, report))


def said_of_cards(label: str, row: ShareRow, colour: str, language: str) -> Lane:
    """Super likes, then favourites, then a gap, and at the end the names that said nothing."""
    up_to = whole("share", row.liked)
    loved, unknown = whole("share", row.super_liked), whole("share", row.dont_know)
    parts = [
        Part(0, up_to, colour),
        Part(0, loved, "violet"),
        Part(100 - unknown, 100, "quiet", pale=True),
    ]
    drawn = tuple(part for part in parts if part.end > part.start)
    return Lane(label, percent(language, row.liked), drawn)


def _arms_said(language: str, judged: Judged) -> str:
    picks, second, decoys = (liked(judged.report, arm) for arm in ("pick", "challenger", "decoy"))
    if second is not None:
        both = {"picks": reading(language, "pick", picks), "second": percent(language, second)}
        return text(language, "report.arms_said_duel", **both)
    if picks is None or decoys is None:
        return text(language, "report.arms_said_picks", picks=reading(language, "pick", picks))
    return text(
        language,
        "report.arms_said",
        picks=percent(language, picks),
        decoys=percent(language, decoys),
        gap=whole("pick", picks) - whole("decoy", decoys),
    )


def rival(language: str, judged: Judged) -> Figure:
    """What the rival alone would have scored."""
    report, pairs = judged.report, rival_pairs(judged.report)
    title = text(language, "report.rival_title")
    lead = text(language, "report.rival_lead", rival=rival_name(language, report.baseline))
    if not pairs:
        return Figure(title, f"{lead} {text(language, 'report.rival_none', n=report.policy.cell)}")
    name, mine, theirs = pairs[0]
    sentence = text(
        language,
        "report.rival_said",
        name=text(language, f"report.rival_{name}"),
        model=percent(language, mine.value or 0.0),
        rival=percent(language, theirs.value or 0.0),
    )
    lanes = [_against(language, *pair) for pair in pairs]
    return Figure(title, f"{lead} {sentence}", lanes, tables.rival(language, report))


def _against(language: str, name: str, mine: Estimate, theirs: Estimate) -> Lane:
    ours, other = whole("share", mine.value or 0.0), whole("share", theirs.value or 0.0)
    return Lane(
        text(language, f"report.rival_{name}"),
        f"{percent(language, mine.value or 0.0)} / {percent(language, theirs.value or 0.0)}",
        (Part(min(ours, other), max(ours, other), "quiet", pale=True),),
        (Part(other, 0, "sand"), Part(ours, 0, "glow")),
    )
