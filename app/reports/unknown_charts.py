"""Charts and tables that say "unknown" on page and in file if a measure could not be computed.

Each failure is logged. The verdict and all other charts stay.
"""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from app.presentation.i18n import translate
from app.reports.charts import Chart
from app.study.results import StudyStatus
from app.workspace import json_log
from recsys.report.card_measures import SECONDARY_METRICS
from recsys.report.shown_measures import ShownMeasures, Value

NEEDED = {
    "arms": ("arms",),
    "rival": SECONDARY_METRICS,
    "left_out": ("excluded",),
    "halves": ("early", "late"),
    "loved": ("brands",),
    "refused": ("brands",),
    "category": ("categories",),
    "language": ("segments",),
    "device": ("segments",),
}
"""Chart or table (its title's text key without "_title") -> the report's measures that it shows."""


def value_or_unknown(name: str, compute: Callable[[], Value], unknown: Value) -> Value:
    """Return the result of `compute`. If it raises, log the failure and return `unknown`."""
    measures = ShownMeasures()
    found = measures.compute(name, compute, unknown)
    json_log.not_computed(measures.failures)
    return found


def chart_or_unknown(
    language: str, judged: StudyStatus, name: str, build: Callable[[], Chart]
) -> Chart:
    """Return a chart. If none of its measures could be computed, its caption says so."""
    unknown = translate(language, "report.not_computed")
    failed = Chart(translate(language, f"report.{name}_title"), unknown)
    found = value_or_unknown(f"picture, {name}", build, failed)
    return replace(found, caption=unknown) if _is_lacking(judged, name, found) else found


def _is_lacking(judged: StudyStatus, name: str, found: Chart) -> bool:
    """Return whether a chart is empty because a measure failed."""
    return not found.rows and found.table is None and judged.report.lacks(*NEEDED.get(name, ()))


def table_or_unknown(
    judged: StudyStatus, name: str, build: Callable[[], pd.DataFrame]
) -> pd.DataFrame | None:
    """Return a table; None if nothing of it could be computed."""
    found = value_or_unknown(f"table, {name}", build, None)
    if found is None or (found.empty and judged.report.lacks(*NEEDED.get(name, ()))):
        return None
    return found
