"""The report as files, the same ones from page and terminal. Published figures alone."""

import re

import pandas as pd

from app.audience import Audience
from app.board.page import as_html
from app.report_files import as_csv, as_json
from app.studies import Judged
from app.views import report_rules, report_tables, report_tables_list
from app.views.report_figures_list import said as said_of_list
from app.views.report_numbers import overridden, said_of, sentence, what_would_change
from app.words import text
from recsys.study.policy import StudyKind

KINDS = {
    "html": "text/html",
    "md": "text/markdown",
    "json": "application/json",
    "csv": "text/csv",
}
"""What a report can be written as, by the ending of the file."""

_MARKS = re.compile(r"([\\`*_\[\]<>|#$~:])")


def plain(words: str) -> str:
    """Return words that Markdown shows as they are: a brand may be called *anything*."""
    return _MARKS.sub(r"\\\1", words).replace("\n", " ")


def file_name(judged: Judged, ending: str) -> str:
    """Return a name for a file that every system takes."""
    name = re.sub(r"[^a-z0-9]+", "-", judged.row.name.lower()).strip("-")
    return f"brandswipe-{name or 'study'}.{ending}"


def written(ending: str, language: str, judged: Judged, audience: Audience | None) -> str:
    """Return the report as one of KINDS; data have no language."""
    if ending == "html":
        return as_html(language, judged, audience)
    if ending == "md":
        return as_markdown(language, judged)
    return as_json(judged) if ending == "json" else as_csv(judged)


def as_markdown(language: str, judged: Judged) -> str:
    """Return the page in words and tables."""
    report = judged.report
    word = said_of(language, judged.report.policy, judged.verdict.outcome.value)
    head = [
        f"# {plain(judged.row.name)}: {word.lower()}",
        *([text(language, "report.simulated")] if report.kind is not StudyKind.LIVE else []),
        plain(sentence(language, judged)),
        f"**{text(language, 'report.change')}.** " + plain(what_would_change(language, judged)),
    ]
    head += [f"**{plain(said)}** {plain(reason)}" for said, reason in overridden(language, judged)]
    parts = [
        ("criteria_title", report_tables.criteria(language, judged)),
        ("arms_title", report_tables.arms(language, report)),
        ("rival_title", report_tables.rival(language, report)),
        ("funnel_title", report_tables.funnel(language, judged)),
        ("left_out_title", report_tables.left_out(language, report)),
        ("halves_title", report_tables.halves(language, report)),
        ("category_title", report_tables.shares(language, report.categories, "category")),
        *(
            (f"{name}_title", report_tables.segment(language, name, rows))
            for name, rows in report.segments.items()
        ),
        ("loved_title", report_tables.shares(language, report.brands, "brand")),
    ]
    body = [
        f"## {text(language, f'report.{title}')}\n\n{markdown_table(table)}"
        for title, table in parts
        if len(table)
    ]
    return "\n\n".join([*head, *body, *_listed(language, judged), *_foot(language, judged)]) + "\n"


def _listed(language: str, judged: Judged) -> list[str]:
    """Players against the invited, a column each."""
    cell = judged.report.policy.cell
    return [
        f"## {plain(report_tables_list.title(language, name))}\n\n"
        f"{plain(said_of_list(language, rows, cell))}\n\n"
        f"{markdown_table(report_tables_list.listed(language, rows))}"
        for name, rows in judged.listed.items()
    ]


def _foot(language: str, judged: Judged) -> list[str]:
    bullets = "\n".join(f"- {line}" for line in report_rules.caveats(language, judged.report))
    policy = "\n".join(
        f"- {field}: {plain(value)}" for field, value in report_rules.policy(language, judged)
    )
    return [
        f"## {text(language, 'report.caveats_title')}\n\n{bullets}",
        f"## {text(language, 'report.policy_title')}\n\n{policy}",
    ]


def markdown_table(table: pd.DataFrame) -> str:
    """Write a table of words."""
    lines = [list(table.columns), ["---"] * len(table.columns)]
    lines += [[plain(str(cell)) for cell in row] for row in table.itertuples(index=False)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
