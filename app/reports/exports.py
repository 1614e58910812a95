"""The report as files, the same ones from page and terminal. Published figures alone."""

import csv
import io
import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pandas as pd

from app.modeling.user_coverage import Audience
from app.presentation.i18n import text
from app.reports import policy_wording, tables
from app.reports.charts_people import said as said_of_list
from app.reports.ci_formats import overrides_data
from app.reports.html.page import as_html
from app.reports.unknown_charts import table_or_unknown
from app.reports.wording import overridden, said_of, sentence, what_would_change
from app.study.results import Judged
from recsys.report.representativeness import list_row_to_row
from recsys.report.tables import SegmentRow
from recsys.stats import Estimate
from recsys.study.policy import StudyKind

COLUMNS = (
    "table",
    "label",
    "people",
    "value",
    "low",
    "high",
    "super_liked",
    "dont_know",
    "bar",
    "seconds",
    "invited",
)


def as_data(judged: Judged) -> dict[str, Any]:
    """The report of data/report.schema.json."""
    verdict = judged.verdict.to_dict()
    beside = {"verdict": verdict, "overrides": overrides_data(judged), "invited": judged.invited}
    beside |= {"agreed": judged.agreed, "reached": dict(judged.reached)}
    beside |= {
        "listed": {name: [list_row_to_row(row) for row in of] for name, of in judged.listed.items()}
    }
    return judged.report.to_dict() | beside


def as_json(judged: Judged) -> str:
    """The data as text, with a line's end behind it."""
    return json.dumps(as_data(judged), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def as_csv(judged: Judged) -> str:
    """The report's own tables, one under another, named in the first column."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _safe(value) for key, value in row.items()} for row in rows(judged))
    return out.getvalue()


def rows(judged: Judged) -> Iterator[dict[str, object]]:
    """Every row of every table."""
    report = judged.report
    for found in report.criteria:
        bar = found.criterion.bar
        yield {**_estimate("criteria", found.criterion.name, found.estimate), "bar": bar}
    for name, estimate in report.beside.items():
        yield _estimate("beside", name, estimate)
    for name, table in (
        ("arms", report.arms),
        ("brands", report.brands),
        ("categories", report.categories),
        *report.segments.items(),
    ):
        for row in table:
            shares = (row.liked, row.super_liked, row.dont_know)
            values = (round(share, 2) for share in shares)
            keys = ("value", "super_liked", "dont_know")
            said: dict[str, object] = dict(zip(keys, values, strict=True))
            if isinstance(row, SegmentRow):
                said["seconds"] = round(row.seconds, 1)
            yield {"table": name, "label": row.label, "people": row.people, **said}

    for failure in report.failures:
        yield {"table": "not_computed", "label": failure.measure}

    for name, listed in judged.listed.items():
        for each in listed:
            label = f"{name}: {each.label}"
            both = {"value": each.players, "invited": each.invited}
            yield {"table": "listed", "label": label, **both}


def _estimate(table: str, label: str, found: Estimate) -> dict[str, object]:
    shown = found.published()
    if shown.value is None:
        return {"table": table, "label": label}
    bounds = {"value": shown.value, "low": shown.low, "high": shown.high}
    return {"table": table, "label": label, "people": shown.n, **bounds}


def _safe(value: object) -> object:
    """No cell is a formula: a brand may have any name."""
    text = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if text else value


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
    found = [(name, table_or_unknown(judged, name, build)) for name, build in parts]
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
        f"## {plain(tables.title(language, name))}\n\n"
        f"{plain(said_of_list(language, rows, cell))}\n\n"
        f"{markdown_table(tables.listed(language, rows))}"
        for name, rows in judged.listed.items()
    ]


def _foot(language: str, judged: Judged) -> list[str]:
    bullets = "\n".join(f"- {line}" for line in policy_wording.caveats(language, judged.report))
    policy = "\n".join(
        f"- {field}: {plain(value)}" for field, value in policy_wording.policy(language, judged)
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
