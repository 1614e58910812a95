"""A report as data, JSON and CSV: the published numbers and nothing else."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from app.gate_files import overrides_data
from app.studies import Judged
from recsys.likeness import list_row_to_row
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
