"""The report as files, the same from page and terminal. They have only published numbers."""

import csv
import io
import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pandas as pd

from app.modeling.user_coverage import UserCoverage
from app.presentation.i18n import translate
from app.presentation.verdict_text import verdict_data
from app.reports import policy_wording, tables, tables_invited
from app.reports.charts_invited import representativeness_text as said_of_list
from app.reports.ci_formats import overrides_data
from app.reports.html.page import report_html
from app.reports.unknown_charts import table_or_unknown
from app.reports.wording import override_lines, report_text, verdict_sentence, what_would_change
from app.study.results import StudyStatus
from recsys.report.representativeness import frame_share_to_row
from recsys.report.tables import SegmentRow
from recsys.stats import Estimate
from recsys.study.policy import StudyKind

CSV_COLUMNS = (
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


def report_data(result: StudyStatus) -> dict[str, Any]:
    """Return the report as data of data/report.schema.json."""
    invited = result.invited
    extra = {
        "verdict": verdict_data(result.verdict),
        "overrides": overrides_data(result),
        "invited": invited and invited.people,
        "agreed": invited and invited.consented,
        "reached": dict(invited.step_counts) if invited else {},
        "listed": {
            name: [frame_share_to_row(row) for row in of]
            for name, of in result.frame_shares.items()
        },
    }
    return result.report.to_dict() | extra


def report_json(result: StudyStatus) -> str:
    """Return the report data as JSON text with a final line break."""
    return json.dumps(report_data(result), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def report_csv(result: StudyStatus) -> str:
    """Return the tables of the report in one CSV; the first column names the table."""
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {key: _escape_formula(value) for key, value in row.items()} for row in csv_rows(result)
    )
    return out.getvalue()


def csv_rows(result: StudyStatus) -> Iterator[dict[str, object]]:
    """Yield every row of every table."""
    report = result.report
    for criterion_report in report.criteria:
        bar = criterion_report.criterion.bar
        yield {
            **_estimate_row("criteria", criterion_report.criterion.name, criterion_report.estimate),
            "bar": bar,
        }
    for name, estimate in report.secondary_metrics.items():
        yield _estimate_row("beside", name, estimate)
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
            cells: dict[str, object] = dict(zip(keys, values, strict=True))
            if isinstance(row, SegmentRow):
                cells["seconds"] = round(row.seconds, 1)
            yield {"table": name, "label": row.label, "people": row.people, **cells}

    for failure in report.failures:
        yield {"table": "not_computed", "label": failure.measure}

    for name, frame_rows in result.frame_shares.items():
        for frame_row in frame_rows:
            label = f"{name}: {frame_row.label}"
            frame_shares = {"value": frame_row.players, "invited": frame_row.invited}
            yield {"table": "listed", "label": label, **frame_shares}


def _estimate_row(table: str, label: str, estimate: Estimate) -> dict[str, object]:
    published = estimate.published()
    if published.value is None:
        return {"table": table, "label": label}
    bounds = {"value": published.value, "low": published.low, "high": published.high}
    return {"table": table, "label": label, "people": published.n, **bounds}


def _escape_formula(value: object) -> object:
    """Return a cell that no spreadsheet reads as a formula: a brand may have any name."""
    is_formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if is_formula else value


MIME_TYPES = {
    "html": "text/html",
    "md": "text/markdown",
    "json": "application/json",
    "csv": "text/csv",
}
"""The MIME types of the report's formats, by file extension."""

_MARKDOWN_SIGNS = re.compile(r"([\\`*_\[\]<>|#$~:])")


def escape_markdown_line(words: str) -> str:
    """Escape words so that Markdown shows them as they are: a brand may be called *anything*."""
    return _MARKDOWN_SIGNS.sub(r"\\\1", words).replace("\n", " ")


def report_file_name(result: StudyStatus, extension: str) -> str:
    """Return a file name that every operating system accepts."""
    name = re.sub(r"[^a-z0-9]+", "-", result.row.name.lower()).strip("-")
    return f"brandswipe-{name or 'study'}.{extension}"


def render_report(
    output_format: str, language: str, result: StudyStatus, user_coverage: UserCoverage | None
) -> str:
    """Return the report in one of MIME_TYPES; JSON and CSV have no language."""
    if output_format == "html":
        return report_html(language, result, user_coverage)
    if output_format == "md":
        return report_markdown(language, result)
    return report_json(result) if output_format == "json" else report_csv(result)


def report_markdown(language: str, result: StudyStatus) -> str:
    """Return the report in Markdown, as texts and tables."""
    report = result.report
    outcome_text = report_text(language, result.report.policy, result.verdict.outcome.value)
    lines = [
        f"# {escape_markdown_line(result.row.name)}: {outcome_text.lower()}",
        *([translate(language, "report.simulated")] if report.kind is not StudyKind.LIVE else []),
        escape_markdown_line(verdict_sentence(language, result)),
        f"**{translate(language, 'report.change')}.** "
        + escape_markdown_line(what_would_change(language, result)),
    ]
    lines += [
        f"**{escape_markdown_line(said)}** {escape_markdown_line(reason)}"
        for said, reason in override_lines(language, result)
    ]
    sections = [
        ("criteria", partial(tables.criteria_table, language, result)),
        ("arms", partial(tables.sources_table, language, report)),
        ("rival", partial(tables.baseline_table, language, report)),
        ("funnel", partial(tables_invited.funnel_table, language, result)),
        ("left_out", partial(tables.exclusions_table, language, report)),
        ("halves", partial(tables.halves_table, language, report)),
        ("category", partial(tables.shares_table, language, report.categories, "category")),
        *(
            (name, partial(tables.segment_table, language, name, rows))
            for name, rows in report.segments.items()
        ),
        ("loved", partial(tables.shares_table, language, report.brands, "brand")),
    ]
    found = [(name, table_or_unknown(result, name, build)) for name, build in sections]
    body = [_section(language, name, each) for name, each in found if each is None or len(each)]
    return (
        "\n\n".join(
            [
                *lines,
                *body,
                *_representativeness_sections(language, result),
                *_closing_sections(language, result),
            ]
        )
        + "\n"
    )


def _section(language: str, name: str, table: pd.DataFrame | None) -> str:
    """Return a title and its table; if the table is None, a sentence that it is unknown."""
    said = (
        translate(language, "report.not_computed")
        if table is None
        else dataframe_to_markdown(table)
    )
    return f"## {translate(language, f'report.{name}_title')}\n\n{said}"


def _representativeness_sections(language: str, result: StudyStatus) -> list[str]:
    """Return a section for each column of the list: players compared with the invited."""
    min_group_size = result.report.policy.cell
    return [
        f"## {escape_markdown_line(tables_invited.representativeness_title(language, name))}\n\n"
        f"{escape_markdown_line(said_of_list(language, rows, min_group_size))}\n\n"
        f"{dataframe_to_markdown(tables_invited.representativeness_table(language, rows))}"
        for name, rows in result.frame_shares.items()
    ]


def _closing_sections(language: str, result: StudyStatus) -> list[str]:
    bullets = "\n".join(
        f"- {line}" for line in policy_wording.caveat_texts(language, result.report)
    )
    policy_lines = "\n".join(
        f"- {field}: {escape_markdown_line(value)}"
        for field, value in policy_wording.policy_fields(language, result)
    )
    return [
        f"## {translate(language, 'report.caveats_title')}\n\n{bullets}",
        f"## {translate(language, 'report.policy_title')}\n\n{policy_lines}",
    ]


def dataframe_to_markdown(table: pd.DataFrame) -> str:
    """Return a Markdown table with escaped cells."""
    lines = [list(table.columns), ["---"] * len(table.columns)]
    lines += [
        [escape_markdown_line(str(cell)) for cell in row] for row in table.itertuples(index=False)
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
