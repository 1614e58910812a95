"""A report as data, Markdown and CSV: the published numbers and nothing else."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from app.gate_files import overrides_data
from app.studies import Judged
from app.views.report_numbers import reading
from recsys.policy import DIFFERENCES
from recsys.stats import Estimate
from recsys.tables import SegmentRow

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
)


def as_data(judged: Judged) -> dict[str, Any]:
    """The report of data/report.schema.json."""
    verdict = judged.verdict.to_dict()
    beside = {"verdict": verdict, "overrides": overrides_data(judged), "invited": judged.invited}
    beside["agreed"] = judged.agreed
    return judged.report.to_dict() | beside


def as_csv(judged: Judged) -> str:
    """The report's own tables, one under another, named in the first column."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _safe(value) for key, value in row.items()} for row in rows(judged))
    return out.getvalue().rstrip("\n")


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


def as_markdown(judged: Judged) -> str:
    """The report to read anywhere, its tables with the same numbers as the page."""
    report, parts = judged.report, dict[str, list[dict[str, object]]]()
    for row in rows(judged):
        parts.setdefault(str(row["table"]), []).append(row)
    said = [f"**Overridden by {o.role}: {o.outcome}.** {o.reason}" for o in judged.overrides]
    limits = (
        f"Study hash `{report.study}`, policy hash `{report.policy.hash}`, attempt "
        f"{report.attempt}. Colleagues are not customers; the order of invitation matters; every "
        "attempt is a chance more. A necessary check, not a promise of sales."
    )
    blocks = [f"# {_plain(report.name)}", judged.verdict.reason, *said]
    blocks += [f"## {name.capitalize()}\n\n{_table(rows_)}" for name, rows_ in parts.items()]
    return "\n\n".join([*blocks, limits])


def _table(rows: list[dict[str, object]]) -> str:
    columns = [c for c in COLUMNS[1:] if any(c in row for row in rows)]
    lines = [columns, ["---", *["--:"] * (len(columns) - 1)]]
    lines += [[_shown(c, row) for c in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _shown(column: str, row: dict[str, object]) -> str:
    """A difference of hit rates in points, other shares in per cent."""
    value = row.get(column)
    if column == "seconds" and value is not None:
        return f"{value:.1f} s"
    if isinstance(value, float):
        name = str(row["label"]) if row["table"] == "criteria" else "share"
        return reading("en", name, value) + (" points" if name in DIFFERENCES else "")
    return "–" if value is None else _plain(str(value))


def _plain(text: str) -> str:
    """No name is markup."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|!" else c for c in text).replace("\n", " ")
