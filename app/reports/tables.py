"""The tables behind the charts, as the page and the download show them. Every cell is text.

They are no finer than the report: whole percents, whole points, counts of minimum groups.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from app.modeling.user_coverage import HistoryBand, UserCoverage
from app.presentation.i18n import format_day as words_day
from app.presentation.i18n import format_percent, format_value, translate
from app.reports.wording import (
    baseline_pairs,
    criterion_state,
    format_criterion_value,
    format_estimate,
    report_text,
    source_liked_share,
)
from app.storage.study_db.records import Decision, StudyRow
from app.study.results import StudyStatus
from recsys.report.report_data import CriterionReport, Report
from recsys.report.tables import SegmentRow, ShareRow
from recsys.stats import Estimate
from recsys.study.criteria import PAIRED_COMPARISON

MAX_CHART_ROWS = 8
"""Brands or categories in a chart; the table behind it has all."""


def translated_table(
    language: str, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> pd.DataFrame:
    """Return rows of text as a table with translated column titles."""
    return pd.DataFrame(
        list(rows),
        columns=[translate(language, f"report.column_{name}") for name in columns],
        dtype=str,
    )


def criteria_table(language: str, result: StudyStatus) -> pd.DataFrame:
    """Return the table of each criterion against its bar, at the verdict."""
    rows = [
        [
            translate(language, f"report.{c.name}"),
            *(
                format_criterion_value(language, c.name, share)
                for share in (c.value, c.low, c.high, c.bar)
            ),
            translate(language, f"report.{criterion_state(c)}"),
        ]
        for c in result.verdict.criteria
    ]
    return translated_table(language, ("criterion", "value", "low", "high", "bar", "state"), rows)


def confidence_sequence_table(language: str, criterion_report: CriterionReport) -> pd.DataFrame:
    """Return the table of one criterion after each batch."""
    name = criterion_report.criterion.name
    rows = [
        [
            str(p.n),
            *(format_criterion_value(language, name, share) for share in (p.mean, p.low, p.high)),
        ]
        for p in criterion_report.run
    ]
    return translated_table(language, ("people", "value", "low", "high"), rows)


def sources_table(language: str, report: Report) -> pd.DataFrame:
    """Return the table of answers to the cards of each source."""
    rows = [
        [source_name(language, report, row.label), *_share_cells(language, row)]
        for row in report.arms
    ]
    return translated_table(language, ("arm", "people", "liked", "super", "unknown"), rows)


def source_name(language: str, report: Report, label: str) -> str:
    """Return the name of a source; in a comparison, the picks are those of the champion."""
    champion = report.policy.is_paired_comparison and label == "pick"
    return translate(language, "report.arm_champion" if champion else f"report.arm_{label}")


def shares_table(language: str, rows: Sequence[ShareRow], first_column: str) -> pd.DataFrame:
    """Return the table of answers by brand or category; `first_column` names the first column."""
    cells = [[row.label, *_share_cells(language, row)] for row in rows]
    return translated_table(language, (first_column, "people", "liked", "super", "unknown"), cells)


def _share_cells(language: str, row: ShareRow) -> list[str]:
    answer_shares = (row.liked, row.super_liked, row.dont_know)
    return [
        format_value(language, row.people),
        *(format_percent(language, share) for share in answer_shares),
    ]


def segment_table(language: str, name: str, rows: Sequence[SegmentRow]) -> pd.DataFrame:
    """Return the table of answers and answer times by group of a segment."""
    cells = [
        [
            translate(language, f"report.{name}_{row.label}"),
            *_share_cells(language, row),
            format_value(language, round(row.seconds, 1)),
        ]
        for row in rows
    ]
    columns = ("segment", "people", "liked", "super", "unknown", "seconds")
    return translated_table(language, columns, cells)


def baseline_table(language: str, report: Report) -> pd.DataFrame:
    """Return the table of the model beside the baseline alone."""
    rows = [
        [
            translate(language, f"report.rival_{name}"),
            format_estimate(language, mine),
            format_estimate(language, theirs),
        ]
        for name, mine, theirs in baseline_pairs(report)
    ]
    return translated_table(language, ("measure", "model", "rival"), rows)


def user_coverage_table(language: str, user_coverage: UserCoverage) -> pd.DataFrame:
    """Return the table of customers by number of brands in their history."""
    rows = [
        [band_name(language, band), format_percent(language, band.share)]
        for band in user_coverage.bands
    ]
    return translated_table(language, ("brands", "customers"), rows)


def band_name(language: str, band: HistoryBand) -> str:
    """Return the name of a history band."""
    if band.max_brands is None:
        return translate(language, "report.band_open", least=band.min_brands)
    return translate(language, "report.band", least=band.min_brands, most=band.max_brands)


def exclusions_table(language: str, report: Report) -> pd.DataFrame:
    """Return the table of why decks do not count; a count below the minimum group is hidden."""
    rows = [
        [
            translate(language, f"report.left_out_{reason.value}"),
            _exclusion_count_text(language, report, found),
        ]
        for reason, found in report.excluded.items()
    ]
    return translated_table(language, ("reason", "decks"), rows)


def _exclusion_count_text(language: str, report: Report, count: int | None) -> str:
    if count is None:
        return translate(language, "report.fewer", n=report.policy.cell)
    return format_value(language, count) if count else translate(language, "report.none")


def halves_table(language: str, report: Report) -> pd.DataFrame:
    """Return the table of precision, or of the version difference, in both halves and in all."""
    rows = [
        [
            translate(language, f"report.halves_{who}"),
            format_value(language, found.n),
            format_estimate(language, found, halves_criterion(report)),
        ]
        for who, found in known_half_estimates(report)
    ]
    return translated_table(language, ("who", "people", "value"), rows)


def demo_table(language: str, results: Sequence[StudyStatus]) -> pd.DataFrame:
    """Return the table of the studies that the demo's headline compares."""
    rows = [
        [
            judged.row.name,
            report_text(language, judged.report.policy, judged.verdict.outcome.value),
            *(format_criterion_value(language, c.name, c.value) for c in judged.verdict.criteria),
            format_criterion_value(language, "decoy", source_liked_share(judged.report, "decoy")),
        ]
        for judged in results
    ]
    names = [translate(language, f"report.{c.name}") for c in results[0].verdict.criteria]
    first = [translate(language, "report.study"), translate(language, "report.history_verdict")]
    return pd.DataFrame(
        rows, columns=[*first, *names, translate(language, "report.column_decoys")], dtype=str
    )


def history_table(
    language: str, rows: Sequence[StudyRow], decisions: Mapping[str, Decision | None]
) -> pd.DataFrame:
    """Return the table of all studies with their verdicts and model versions."""
    columns = ("verdict", "opened", "kind", "attempt", "model")
    cells = [
        [
            row.name,
            _outcome_text(language, row, decisions[row.hash]),
            format_day_of_ms(language, row.opened_at),
            translate(language, f"report.kind_{row.kind.value}"),
            format_value(language, row.attempt),
            _version_names(row),
        ]
        for row in rows
    ]
    names = [translate(language, f"report.history_{name}") for name in columns]
    return pd.DataFrame(cells, columns=[translate(language, "report.study"), *names], dtype=str)


def _version_names(row: StudyRow) -> str:
    return " / ".join(version[:12] for version in (row.model, row.challenger) if version)


def _outcome_text(language: str, row: StudyRow, decision: Decision | None) -> str:
    if decision is None:
        return translate(
            language, f"report.history_{'playing' if row.closed_at is None else 'closed'}"
        )
    suffix = "" if row.challenger is None else "_duel"
    word = translate(language, f"report.{decision.outcome}{suffix}")
    return f"{word}, {translate(language, 'report.fact_people', n=decision.batch)}"


def format_day_of_ms(language: str, milliseconds: int) -> str:
    """Return the day of a time (milliseconds since 1970) in words."""
    return words_day(language, milliseconds // 1000)


def halves_criterion(report: Report) -> str:
    """Return the name of the criterion that is compared between the halves."""
    return PAIRED_COMPARISON if report.policy.is_paired_comparison else "hit_rate"


def known_half_estimates(report: Report) -> list[tuple[str, Estimate]]:
    """Return the known estimates of that criterion, each with the suffix of its text key."""
    once = next(
        (c.once for c in report.criteria if c.criterion.name == halves_criterion(report)), None
    )
    estimates = {
        "early": report.early,
        "late": report.late,
        "once": once,
        "careless": report.with_careless,
    }
    return [(who, each) for who, each in estimates.items() if each and each.value is not None]


def best_and_worst_liked(rows: Sequence[ShareRow]) -> tuple[list[ShareRow], list[ShareRow]]:
    """Return the brands with a liked share of at least 0.5, and the others from the worst up."""
    best = [row for row in rows if row.liked >= 0.5][:MAX_CHART_ROWS]
    worst = [row for row in reversed(rows) if row.liked < 0.5][:MAX_CHART_ROWS]
    return best, worst
