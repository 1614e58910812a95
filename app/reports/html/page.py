"""A judged study -> one HTML file that a board can read, print and keep.

Everything in it comes from the published report, by the same sentences, pictures and tables as the
page. Nothing in it runs, and nothing is asked of any address; the file says so to the browser.
"""

from functools import partial
from html import escape

import pandas as pd

from app.modeling.user_coverage import Audience
from app.presentation.i18n import text
from app.reports import charts, tables
from app.reports.chart_order import rows
from app.reports.charts import Figure
from app.reports.html import blocks
from app.reports.html.style import standalone_style
from app.reports.html.svg import Moment, lanes, run
from app.reports.unknown_charts import value_or_unknown
from app.reports.wording import reading, said_of, sentence, state, what_would_change
from app.study.results import Judged
from recsys.report.evaluate import CriterionReport
from recsys.report.verdict import CriterionVerdict
from recsys.study.policy import DIFFERENCES

_RULE = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:"


def as_html(language: str, judged: Judged, audience: Audience | None = None) -> str:
    """Return the report of a study as one file, in English or Dutch."""
    word = said_of(language, judged.report.policy, judged.verdict.outcome.value)
    title = f"{judged.row.name}: {word.lower()}"
    return sheet(language, title, _body(language, judged, audience))


def sheet(language: str, title: str, body: str) -> str:
    """Return one file of HTML that asks nothing of any address; `body` is HTML."""
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_RULE}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{escape(title)}</title>{standalone_style()}</head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def _body(language: str, judged: Judged, audience: Audience | None) -> str:
    parts = [
        _eyebrow(language, judged),
        _verdict(language, judged),
        blocks.overrides(language, judged),
    ]
    if judged.verdict.criteria:
        parts += [_criteria(language, judged), _runs(language, judged)]
        parts.append(_rows(language, judged, audience))
    parts += [
        _heading(language, "caveats_title"),
        blocks.caveats(language, judged),
        _heading(language, "policy_title"),
        blocks.policy(language, judged),
        f"<footer>{escape(text(language, 'report.board_foot'))}</footer>",
    ]
    return "".join(parts)


def _heading(language: str, key: str) -> str:
    return f"<h2>{escape(text(language, f'report.{key}'))}</h2>"


def _eyebrow(language: str, judged: Judged) -> str:
    opened = text(language, "report.board_opened", date=tables.day(language, judged.row.opened_at))
    said = text(language, "report.board_title", study=judged.row.name)
    return f'<p class="eyebrow"><b>{escape(said)}</b><span>{escape(opened)}</span></p>'


def _verdict(language: str, judged: Judged) -> str:
    outcome = judged.verdict.outcome.value
    word = escape(said_of(language, judged.report.policy, outcome))
    return (
        f'<section class="bs bs-panel bs-verdict bs-{outcome}">'
        f'<h1 class="bs-word bs-{outcome}">{word}</h1>'
        f'<p class="bs-said">{escape(sentence(language, judged))}</p>'
        f'<p class="bs-change"><b>{escape(text(language, "report.change"))}.</b> '
        f"{escape(what_would_change(language, judged))}</p>"
        f'<div class="bs-facts">{blocks.facts(language, judged)}</div></section>'
        f"{_tiles(language, judged)}"
    )


def _tiles(language: str, judged: Judged) -> str:
    tiles = "".join(_tile(language, found) for found in judged.verdict.criteria)
    return f'<div class="bs tiles">{tiles}</div>' if tiles else ""


def _tile(language: str, found: CriterionVerdict) -> str:
    key = state(found)
    label = text(language, f"report.{key}")
    unit = "_points" if found.name in DIFFERENCES else ""
    between = text(
        language,
        f"report.board_between{unit}",
        low=reading(language, found.name, found.low),
        high=reading(language, found.name, found.high),
        bar=reading(language, found.name, found.bar),
    )
    return (
        f"<div><span>{escape(text(language, f'report.{found.name}'))}</span>"
        f'<p class="bs-big">{reading(language, found.name, found.value)}'
        f"<small>{escape(between)}</small></p>"
        f"{blocks.word(language, blocks.SIGNS[key], label)}</div>"
    )


def _criteria(language: str, judged: Judged) -> str:
    found = charts.criteria(language, judged)
    return (
        f"<h2>{escape(found.title)}</h2>{_figure(language, found, titled=False)}"
        f"{blocks.reasons(language, judged)}"
    )


def _runs(language: str, judged: Judged) -> str:
    known = [c for c in judged.report.criteria if c.run]
    drawn = "".join(_run(language, judged, found) for found in known)
    return _heading(language, "run_title") + drawn


def _run(language: str, judged: Judged, found: CriterionReport) -> str:
    said, outcome = charts.run_said(language, judged, found), judged.verdict.outcome.value
    word = said_of(language, judged.report.policy, outcome)
    decided = Moment(judged.verdict.n, word, outcome)
    drawn = run(found, language, said, decided if judged.decision else None)
    title = text(language, f"report.{found.criterion.name}")
    return framed(language, title, drawn, said, tables.run(language, found), "wide")


def _rows(language: str, judged: Judged, audience: Audience | None) -> str:
    return "".join(
        f'<div class="pair">{"".join(_figure(language, figure) for figure in row)}</div>'
        for row in rows(language, judged, audience)
    )


def _figure(language: str, figure: Figure, titled: bool = True) -> str:
    title = figure.title if titled else ""
    if figure.lanes:
        drawn = value_or_unknown("drawing", partial(lanes, figure.lanes, figure.alternative), "")
        return framed(language, title, drawn, figure.sentence, figure.table)
    drawn = "" if figure.table is None else _table(figure.table)
    return framed(language, title, drawn, figure.sentence, None)


def framed(
    language: str, title: str, drawn: str, sentence: str, table: pd.DataFrame | None, kind: str = ""
) -> str:
    """One picture with its sentence and, folded, its table."""
    head = f"<h3>{escape(title)}</h3>" if title else ""
    behind = "" if table is None else _behind(language, table)
    return (
        f'<figure class="{kind}">{head}{drawn}<figcaption>{escape(sentence)}</figcaption>'
        f"{behind}</figure>"
    )


def _behind(language: str, table: pd.DataFrame) -> str:
    said = escape(text(language, "report.table"))
    return f"<details><summary>{said}</summary>{_table(table)}</details>"


def _table(table: pd.DataFrame) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in table.itertuples(index=False)
    )
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
