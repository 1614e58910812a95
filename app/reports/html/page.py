"""A judged study -> one HTML file that a board can read, print and keep.

Everything in it comes from the published report, by the same sentences, pictures and tables as the
page. Nothing in it runs, and nothing is asked of any address; the file says so to the browser.
"""

from functools import partial
from html import escape

import pandas as pd

from app.modeling.user_coverage import UserCoverage
from app.presentation.i18n import translate
from app.reports import charts, tables
from app.reports.chart_order import charts_in_order
from app.reports.charts import Chart
from app.reports.html import blocks
from app.reports.html.style import standalone_style
from app.reports.html.svg import DecisionMark, chart_svg, confidence_sequence_svg
from app.reports.unknown_charts import value_or_unknown
from app.reports.wording import (
    criterion_state,
    format_criterion_value,
    report_text,
    verdict_sentence,
    what_would_change,
)
from app.study.results import StudyStatus
from recsys.report.report_data import CriterionReport
from recsys.report.verdict import CriterionVerdict
from recsys.study.criteria import DIFFERENCES

_CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:"


def report_html(
    language: str, result: StudyStatus, user_coverage: UserCoverage | None = None
) -> str:
    """Return the report of a study as one file, in English or Dutch."""
    outcome_text = report_text(language, result.report.policy, result.verdict.outcome.value)
    title = f"{result.row.name}: {outcome_text.lower()}"
    return html_document(language, title, _report_body(language, result, user_coverage))


def html_document(language: str, title: str, body: str) -> str:
    """Return one file of HTML that asks nothing of any address; `body` is HTML."""
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_CONTENT_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{escape(title)}</title>{standalone_style()}</head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def _report_body(language: str, result: StudyStatus, user_coverage: UserCoverage | None) -> str:
    parts = [
        _eyebrow(language, result),
        _verdict_html(language, result),
        blocks.overrides_html(language, result),
    ]
    if result.verdict.criteria:
        parts += [_criteria_html(language, result), _confidence_sequences_html(language, result)]
        parts.append(_charts_html(language, result, user_coverage))
    parts += [
        _heading(language, "caveats_title"),
        blocks.caveats_html(language, result),
        _heading(language, "policy_title"),
        blocks.policy_html(language, result),
        f"<footer>{escape(translate(language, 'report.board_foot'))}</footer>",
    ]
    return "".join(parts)


def _heading(language: str, key: str) -> str:
    return f"<h2>{escape(translate(language, f'report.{key}'))}</h2>"


def _eyebrow(language: str, result: StudyStatus) -> str:
    opened = translate(
        language,
        "report.board_opened",
        date=tables.format_day_of_ms(language, result.row.opened_at),
    )
    title = translate(language, "report.board_title", study=result.row.name)
    return f'<p class="eyebrow"><b>{escape(title)}</b><span>{escape(opened)}</span></p>'


def _verdict_html(language: str, result: StudyStatus) -> str:
    outcome = result.verdict.outcome.value
    word = escape(report_text(language, result.report.policy, outcome))
    return (
        f'<section class="bs bs-panel bs-verdict bs-{outcome}">'
        f'<h1 class="bs-word bs-{outcome}">{word}</h1>'
        f'<p class="bs-said">{escape(verdict_sentence(language, result))}</p>'
        f'<p class="bs-change"><b>{escape(translate(language, "report.change"))}.</b> '
        f"{escape(what_would_change(language, result))}</p>"
        f'<div class="bs-facts">{blocks.facts_html(language, result)}</div></section>'
        f"{_criterion_tiles(language, result)}"
    )


def _criterion_tiles(language: str, result: StudyStatus) -> str:
    tiles = "".join(_criterion_tile(language, found) for found in result.verdict.criteria)
    return f'<div class="bs tiles">{tiles}</div>' if tiles else ""


def _criterion_tile(language: str, criterion: CriterionVerdict) -> str:
    key = criterion_state(criterion)
    label = translate(language, f"report.{key}")
    unit = "_points" if criterion.name in DIFFERENCES else ""
    between = translate(
        language,
        f"report.board_between{unit}",
        low=format_criterion_value(language, criterion.name, criterion.low),
        high=format_criterion_value(language, criterion.name, criterion.high),
        bar=format_criterion_value(language, criterion.name, criterion.bar),
    )
    return (
        f"<div><span>{escape(translate(language, f'report.{criterion.name}'))}</span>"
        f'<p class="bs-big">{format_criterion_value(language, criterion.name, criterion.value)}'
        f"<small>{escape(between)}</small></p>"
        f"{blocks.verdict_word_html(language, blocks.STATE_OUTCOMES[key], label)}</div>"
    )


def _criteria_html(language: str, result: StudyStatus) -> str:
    chart = charts.criteria_chart(language, result)
    return (
        f"<h2>{escape(chart.title)}</h2>{_chart_html(language, chart, titled=False)}"
        f"{blocks.criterion_reasons_html(language, result)}"
    )


def _confidence_sequences_html(language: str, result: StudyStatus) -> str:
    started = [c for c in result.report.criteria if c.run]
    content = "".join(_confidence_sequence_html(language, result, found) for found in started)
    return _heading(language, "run_title") + content


def _confidence_sequence_html(
    language: str, result: StudyStatus, criterion_report: CriterionReport
) -> str:
    caption, outcome = (
        charts.confidence_sequence_text(language, result, criterion_report),
        result.verdict.outcome.value,
    )
    outcome_text = report_text(language, result.report.policy, outcome)
    decision = DecisionMark(result.verdict.n, outcome_text, outcome)
    svg = confidence_sequence_svg(
        criterion_report, language, caption, decision if result.decision else None
    )
    title = translate(language, f"report.{criterion_report.criterion.name}")
    return figure_html(
        language,
        title,
        svg,
        caption,
        tables.confidence_sequence_table(language, criterion_report),
        "wide",
    )


def _charts_html(language: str, result: StudyStatus, user_coverage: UserCoverage | None) -> str:
    return "".join(
        f'<div class="pair">{"".join(_chart_html(language, figure) for figure in row)}</div>'
        for row in charts_in_order(language, result, user_coverage)
    )


def _chart_html(language: str, chart: Chart, titled: bool = True) -> str:
    title = chart.title if titled else ""
    if chart.rows:
        content = value_or_unknown("drawing", partial(chart_svg, chart.rows, chart.alt_text), "")
        return figure_html(language, title, content, chart.caption, chart.table)
    content = "" if chart.table is None else _table_html(chart.table)
    return figure_html(language, title, content, chart.caption, None)


def figure_html(
    language: str,
    title: str,
    content: str,
    caption: str,
    table: pd.DataFrame | None,
    css_class: str = "",
) -> str:
    """One picture with its sentence and, folded, its table."""
    heading = f"<h3>{escape(title)}</h3>" if title else ""
    details = "" if table is None else _table_details(language, table)
    return (
        f'<figure class="{css_class}">{heading}{content}<figcaption>{escape(caption)}</figcaption>'
        f"{details}</figure>"
    )


def _table_details(language: str, table: pd.DataFrame) -> str:
    summary = escape(translate(language, "report.table"))
    return f"<details><summary>{summary}</summary>{_table_html(table)}</details>"


def _table_html(table: pd.DataFrame) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in table.itertuples(index=False)
    )
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
