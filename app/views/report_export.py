"""The report as files, the same ones from page and terminal. Published figures alone."""

import re
from functools import partial

import pandas as pd

from app.audience import Audience
from app.board.page import as_html
from app.report_files import as_csv, as_json
from app.studies import Judged
from app.views import report_rules
from app.views import report_tables as tables
from app.views import report_tables_list as of_list
from app.views.report_figures_list import said as said_of_list
from app.views.report_numbers import overridden, said_of, sentence, what_would_change
from app.views.report_unknown import table as known
from app.words import text
from recsys.policy import StudyKind

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
        ("criteria", partial(tables.criteria, language, judged)),
        ("arms", partial(tables.arms, language, report)),
        ("rival", partial(tables.rival, language, report)),
        ("funnel", partial(tables.funnel, language, judged)),
        ("left_out", partial(tables.left_out, language, report)),
        ("halves", partial(tables.halves, language, report)),
        ("category", partial(tables.shares, language, report.categories, "category")),
        *(
            (name, partial(tables.segment, language, name, rows))
            for name, rows in report.segments.items()
        ),
        ("loved", partial(tables.shares, language, report.brands, "brand")),
    ]
    found = [(name, known(judged, name, build)) for name, build in parts]
    body = [_section(language, name, each) for name, each in found if each is None or len(each)]
    return "\n\n".join([*head, *body, *_listed(language, judged), *_foot(language, judged)]) + "\n"


def _section(language: str, name: str, table: pd.DataFrame | None) -> str:
    """A table under its title; without one, that it is unknown."""
    said = text(language, "report.not_computed") if table is None else markdown_table(table)
    return f"## {text(language, f'report.{name}_title')}\n\n{said}"


def _listed(language: str, judged: Judged) -> list[str]:
    """Players against the invited, a column each."""
    cell = judged.report.policy.cell
    return [
        f"## {plain(of_list.title(language, name))}\n\n"
        f"{plain(said_of_list(language, rows, cell))}\n\n"
        f"{markdown_table(of_list.listed(language, rows))}"
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
