"""The tables behind the pictures, as the page and the download write them. Every cell is words.

They hold what the report holds and nothing finer: whole percents, whole points, counts of cells.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from app.modeling.user_coverage import Audience, Band
from app.presentation.i18n import day as words_day
from app.presentation.i18n import percent, shown, text
from app.reports.wording import estimate_with_bounds, liked, reading, rival_pairs, said_of, state
from app.storage.study_db.records import Decision, StudyRow
from app.study.results import Judged
from recsys.report.batches import funnel_to_row
from recsys.report.evaluate import CriterionReport, Report
from recsys.report.representativeness import OTHER, ListRow
from recsys.report.tables import SegmentRow, ShareRow
from recsys.stats import Estimate
from recsys.study.policy import DUEL


def title(language: str, name: str) -> str:
    """Name the picture of a column."""
    return text(language, "report.listed_title", column=name)


def value(language: str, row: ListRow) -> str:
    """Name a value of a column."""
    return text(language, "report.listed_other") if row.label == OTHER else row.label


def share(language: str, found: float | None) -> str:
    """Write a share, or that it is not shown."""
    return "–" if found is None else percent(language, found)


def listed(language: str, rows: Sequence[ListRow]) -> pd.DataFrame:
    """One column of the list: shares of invited and of players by value."""
    columns = [text(language, f"report.column_{name}") for name in ("listed", "invited", "players")]
    cells = [
        (value(language, row), share(language, row.invited), share(language, row.players))
        for row in rows
    ]
    return pd.DataFrame(cells, columns=columns, dtype=str)


FUNNEL = ("dealt", "closed", "complete", "counted")
EXACT = ("invited", "counted")
INVITED = ("invited", "opened", "linked", "agreed", "enough")
TOP = 8
"""Brands or categories in a picture; the table behind it holds all."""


def _table(language: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> pd.DataFrame:
    return pd.DataFrame(
        list(rows), columns=[text(language, f"report.column_{name}") for name in columns], dtype=str
    )


def criteria(language: str, judged: Judged) -> pd.DataFrame:
    """Each criterion against its bar, as at the verdict."""
    rows = [
        [
            text(language, f"report.{c.name}"),
            *(reading(language, c.name, share) for share in (c.value, c.low, c.high, c.bar)),
            text(language, f"report.{state(c)}"),
        ]
        for c in judged.verdict.criteria
    ]
    return _table(language, ("criterion", "value", "low", "high", "bar", "state"), rows)


def run(language: str, found: CriterionReport) -> pd.DataFrame:
    """One criterion after each batch."""
    name = found.criterion.name
    rows = [
        [str(p.n), *(reading(language, name, share) for share in (p.mean, p.low, p.high))]
        for p in found.run
    ]
    return _table(language, ("people", "value", "low", "high"), rows)


def arms(language: str, report: Report) -> pd.DataFrame:
    """What was said of each arm's cards."""
    rows = [[arm(language, report, row.label), *_shares(language, row)] for row in report.arms]
    return _table(language, ("arm", "people", "liked", "super", "unknown"), rows)


def arm(language: str, report: Report, label: str) -> str:
    """Name an arm; of two versions the first is the champion."""
    champion = report.policy.is_duel and label == "pick"
    return text(language, "report.arm_champion" if champion else f"report.arm_{label}")


def shares(language: str, rows: Sequence[ShareRow], what: str) -> pd.DataFrame:
    """What was said of each brand or category; `what` names the first column."""
    named = [[row.label, *_shares(language, row)] for row in rows]
    return _table(language, (what, "people", "liked", "super", "unknown"), named)


def _shares(language: str, row: ShareRow) -> list[str]:
    said = (row.liked, row.super_liked, row.dont_know)
    return [shown(language, row.people), *(percent(language, share) for share in said)]


def segment(language: str, name: str, rows: Sequence[SegmentRow]) -> pd.DataFrame:
    """The parts of the people, with the time they took."""
    named = [
        [
            text(language, f"report.{name}_{row.label}"),
            *_shares(language, row),
            shown(language, round(row.seconds, 1)),
        ]
        for row in rows
    ]
    columns = ("segment", "people", "liked", "super", "unknown", "seconds")
    return _table(language, columns, named)


def rival(language: str, report: Report) -> pd.DataFrame:
    """The model beside the rival alone."""
    rows = [
        [
            text(language, f"report.rival_{name}"),
            estimate_with_bounds(language, mine),
            estimate_with_bounds(language, theirs),
        ]
        for name, mine, theirs in rival_pairs(report)
    ]
    return _table(language, ("measure", "model", "rival"), rows)


def funnel(language: str, judged: Judged) -> pd.DataFrame:
    """How many decks came how far."""
    counts = funnel_counts(judged)
    if judged.report.players.withdrawn:
        counts["withdrawn"] = judged.report.players.withdrawn
    rows = [
        [text(language, f"report.funnel_{step}"), so_many(language, step, count)]
        for step, count in counts.items()
    ]
    return _table(language, ("step", "decks"), rows)


def so_many(language: str, step: str, count: int) -> str:
    """Write a count of the funnel: but for whom it is exact, at least so many came so far."""
    told = shown(language, count)
    return told if step in EXACT else text(language, "report.or_more", n=told)


def funnel_counts(judged: Judged) -> dict[str, int]:
    """Return how far the invited came, where there is a list, and what came of decks."""
    known = {"invited": judged.invited, "agreed": judged.agreed, **judged.reached}
    found = ((step, known.get(step)) for step in INVITED)
    invited = {step: count for step, count in found if count is not None}
    played = funnel_to_row(judged.report.players)
    return invited | {step: played[step] for step in FUNNEL}


def audience(language: str, found: Audience) -> pd.DataFrame:
    """Customers by how many brands they have in their history."""
    rows = [[band_name(language, band), percent(language, band.share)] for band in found.bands]
    return _table(language, ("brands", "customers"), rows)


def band_name(language: str, band: Band) -> str:
    """Name a band of customers."""
    if band.most is None:
        return text(language, "report.band_open", least=band.least)
    return text(language, "report.band", least=band.least, most=band.most)


def left_out(language: str, report: Report) -> pd.DataFrame:
    """Why closed decks do not count; some, but fewer than a cell, are not counted out."""
    rows = [
        [text(language, f"report.left_out_{reason.value}"), _count(language, report, found)]
        for reason, found in report.excluded.items()
    ]
    return _table(language, ("reason", "decks"), rows)


def _count(language: str, report: Report, found: int | None) -> str:
    if found is None:
        return text(language, "report.fewer", n=report.policy.cell)
    return shown(language, found) if found else text(language, "report.none")


def halves(language: str, report: Report) -> pd.DataFrame:
    """The hit rate, or the difference of two versions, of who came first, last, and of all."""
    rows = [
        [
            text(language, f"report.halves_{who}"),
            shown(language, found.n),
            estimate_with_bounds(language, found, halved(report)),
        ]
        for who, found in known_halves(report)
    ]
    return _table(language, ("who", "people", "value"), rows)


def story(language: str, studies: Sequence[Judged]) -> pd.DataFrame:
    """The studies of the first line, beside each other."""
    rows = [
        [
            judged.row.name,
            said_of(language, judged.report.policy, judged.verdict.outcome.value),
            *(reading(language, c.name, c.value) for c in judged.verdict.criteria),
            reading(language, "decoy", liked(judged.report, "decoy")),
        ]
        for judged in studies
    ]
    names = [text(language, f"report.{c.name}") for c in studies[0].verdict.criteria]
    first = [text(language, "report.study"), text(language, "report.history_verdict")]
    return pd.DataFrame(
        rows, columns=[*first, *names, text(language, "report.column_decoys")], dtype=str
    )


def history(
    language: str, rows: Sequence[StudyRow], decisions: Mapping[str, Decision | None]
) -> pd.DataFrame:
    """The studies over model versions, each with its verdict."""
    columns = ("verdict", "opened", "kind", "attempt", "model")
    found = [
        [
            row.name,
            _outcome(language, row, decisions[row.hash]),
            day(language, row.opened_at),
            text(language, f"report.kind_{row.kind.value}"),
            shown(language, row.attempt),
            _versions(row),
        ]
        for row in rows
    ]
    names = [text(language, f"report.history_{name}") for name in columns]
    return pd.DataFrame(found, columns=[text(language, "report.study"), *names], dtype=str)


def _versions(row: StudyRow) -> str:
    return " / ".join(version[:12] for version in (row.model, row.challenger) if version)


def _outcome(language: str, row: StudyRow, decision: Decision | None) -> str:
    if decision is None:
        return text(language, f"report.history_{'playing' if row.closed_at is None else 'closed'}")
    duel = "" if row.challenger is None else "_duel"
    word = text(language, f"report.{decision.outcome}{duel}")
    return f"{word}, {text(language, 'report.fact_people', n=decision.batch)}"


def day(language: str, milliseconds: int) -> str:
    """Write a moment as its day."""
    return words_day(language, milliseconds // 1000)


def halved(report: Report) -> str:
    """Return which criterion is set early against late."""
    return DUEL if report.policy.is_duel else "hit_rate"


def known_halves(report: Report) -> list[tuple[str, Estimate]]:
    """Return the readings of that criterion that are known, by the end of their text's key."""
    once = next((c.once for c in report.criteria if c.criterion.name == halved(report)), None)
    found = {
        "early": report.early,
        "late": report.late,
        "once": once,
        "careless": report.with_careless,
    }
    return [(who, each) for who, each in found.items() if each and each.value is not None]


def loved_and_refused(rows: Sequence[ShareRow]) -> tuple[list[ShareRow], list[ShareRow]]:
    """Return the best liked half of the brands and the worst, each from its end."""
    loved = [row for row in rows if row.liked >= 0.5][:TOP]
    refused = [row for row in reversed(rows) if row.liked < 0.5][:TOP]
    return loved, refused
