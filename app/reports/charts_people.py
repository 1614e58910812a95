"""The charts of customers and players: history, exclusions, brands, categories, groups, halves."""

from collections.abc import Sequence

from app.modeling.user_coverage import UserCoverage
from app.presentation.i18n import format_percent, format_value, translate
from app.reports import tables
from app.reports.charts import Chart, ChartRow, ChartSpan, answer_shares_row
from app.reports.wording import format_estimate, percent_or_points, report_text
from app.study.results import StudyStatus
from recsys.report.tables import SegmentRow, ShareRow
from recsys.stats import Estimate


def user_coverage_chart(language: str, user_coverage: UserCoverage | None) -> Chart:
    """Return the chart of customers by history length, with the share that is long enough."""
    title = translate(language, "report.audience_title")
    if user_coverage is None:
        return Chart(title, translate(language, "report.audience_unknown"))
    rows = [
        ChartRow(
            tables.band_name(language, band),
            format_percent(language, band.share),
            (
                ChartSpan(
                    0,
                    percent_or_points("share", band.share),
                    "glow",
                    pale=band.min_brands < user_coverage.min_brands,
                ),
            ),
        )
        for band in user_coverage.bands
    ]
    caption = translate(
        language,
        "report.audience_said",
        share=format_percent(language, user_coverage.enough_share),
        least=user_coverage.min_brands,
        customers=user_coverage.customers,
    )
    return Chart(title, caption, rows, tables.user_coverage_table(language, user_coverage))


def exclusions_chart(language: str, result: StudyStatus) -> Chart:
    """Return the table of why decks do not count, and a sentence on the clustering of answers."""
    report, title = result.report, translate(language, "report.left_out_title")
    clustering = _clustering_text(language, result)
    if all(found == 0 for found in report.excluded.values()):
        return Chart(title, f"{translate(language, 'report.left_out_none')} {clustering}".strip())
    return Chart(title, clustering, table=tables.exclusions_table(language, report))


def _clustering_text(language: str, result: StudyStatus) -> str:
    cards = result.report.cards
    if cards is None:
        return ""
    return translate(
        language,
        "report.unclean_said",
        icc=format_value(language, round(max(cards.icc, 0.0), 2)),
        effect=format_value(language, round(max(cards.design_effect, 1.0), 1)),
    )


def loved(language: str, judged: StudyStatus) -> Chart:
    """Return the chart of the best liked brands that enough people saw."""
    rows, _ = tables.best_and_worst_liked(judged.report.brands)
    return _brand_chart(language, "loved", rows, "glow", judged.report.policy.cell)


def refused(language: str, judged: StudyStatus) -> Chart:
    """Return the chart of the least liked brands that enough people saw."""
    _, rows = tables.best_and_worst_liked(judged.report.brands)
    return _brand_chart(language, "refused", rows, "slate", judged.report.policy.cell)


def _brand_chart(
    language: str, name: str, rows: Sequence[ShareRow], color: str, min_group_size: int
) -> Chart:
    title = translate(language, f"report.{name}_title")
    if not rows:
        return Chart(title, translate(language, "report.brands_few", n=min_group_size))
    share = format_percent(language, rows[0].liked)
    caption = translate(
        language, "report.brands_said", brand=rows[0].label, share=share, n=min_group_size
    )
    return Chart(
        title,
        caption,
        _answer_shares_rows(language, rows, color),
        tables.shares_table(language, rows, "brand"),
    )


def _answer_shares_rows(language: str, rows: Sequence[ShareRow], color: str) -> list[ChartRow]:
    return [
        answer_shares_row(
            f"{row.label} · {translate(language, 'report.fact_people', n=row.people)}",
            row,
            color,
            language,
        )
        for row in rows
    ]


def category_chart(language: str, result: StudyStatus) -> Chart:
    """Return the chart of liked picks by category, the best one first."""
    title = translate(language, "report.category_title")
    rows = sorted(result.report.categories, key=lambda row: (-row.liked, row.label))
    if not rows:
        few_text = translate(language, "report.category_few", n=result.report.policy.cell)
        return Chart(title, few_text)
    table = tables.shares_table(language, rows, "category")
    chart_rows = _answer_shares_rows(language, _best_and_worst_rows(rows), "glow")
    return Chart(title, _best_and_worst_text(language, rows), chart_rows, table)


def segment(language: str, judged: StudyStatus, name: str, rows: Sequence[SegmentRow]) -> Chart:
    """Return the chart of a segment: how each group liked its picks, and how long it looked."""
    title, report = translate(language, f"report.{name}_title"), judged.report
    if not rows:
        return Chart(title, translate(language, "report.segment_few", n=report.policy.cell))
    lanes = [
        answer_shares_row(_segment_label(language, name, row), row, "glow", language)
        for row in rows
    ]
    sentence = translate(language, "report.not_computed")
    if report.seconds is not None:
        sentence = translate(language, "report.segment_said", seconds=round(report.seconds, 1))
    return Chart(title, sentence, lanes, tables.segment_table(language, name, rows))


def _segment_label(language: str, name: str, row: SegmentRow) -> str:
    return translate(
        language,
        "report.segment_lane",
        name=translate(language, f"report.{name}_{row.label}"),
        n=row.people,
        seconds=round(row.seconds, 1),
    )


def _best_and_worst_rows(rows: Sequence[ShareRow]) -> list[ShareRow]:
    """Return the best and the worst of many rows, so that the chart has both named rows."""
    if len(rows) <= tables.MAX_CHART_ROWS:
        return list(rows)
    half = tables.MAX_CHART_ROWS // 2
    return [*rows[:half], *rows[-half:]]


def _best_and_worst_text(language: str, rows: Sequence[ShareRow]) -> str:
    best, worst = rows[0], rows[-1]
    if len(rows) == 1:
        share = format_percent(language, best.liked)
        return translate(language, "report.category_alone", name=best.label, share=share)
    return translate(
        language,
        "report.category_said",
        best=best.label,
        best_share=format_percent(language, best.liked),
        worst=worst.label,
        worst_share=format_percent(language, worst.liked),
    )


def halves_chart(language: str, result: StudyStatus) -> Chart:
    """Return the chart of the first half against the second, and of one look at all people."""
    title = translate(language, "report.halves_title")
    known_estimates = tables.known_half_estimates(result.report)
    if [who for who, _ in known_estimates[:2]] != ["early", "late"]:
        return Chart(title, translate(language, "report.halves_few"))
    criterion_name, policy = tables.halves_criterion(result.report), result.report.policy
    bar = next((c.bar for c in policy.criteria if c.name == criterion_name), None)
    rows = [
        _half_row(language, criterion_name, who, each.published(), bar)
        for who, each in known_estimates
    ]
    sentences = [report_text(language, policy, "halves_said")]
    if any(who == "once" for who, _ in known_estimates):
        sentences.append(translate(language, "report.halves_once_said"))
    return Chart(title, " ".join(sentences), rows, tables.halves_table(language, result.report))


def _half_row(
    language: str, name: str, subset: str, estimate: Estimate, bar: float | None
) -> ChartRow:
    color = "quiet" if subset in ("once", "careless") else "glow"
    low, high = (
        percent_or_points("share", estimate.low or 0.0),
        percent_or_points("share", estimate.high or 0.0),
    )
    return ChartRow(
        translate(language, f"report.halves_{subset}"),
        format_estimate(language, estimate, name),
        (ChartSpan(low, high, color, pale=True),),
        (ChartSpan(percent_or_points("share", estimate.value or 0.0), 0, color),),
        None if bar is None else percent_or_points("share", bar),
        ""
        if bar is None
        else translate(language, "report.bar_at", bar=format_percent(language, bar)),
    )
