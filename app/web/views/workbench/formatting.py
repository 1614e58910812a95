"""Text formatting of the workbench: times, durations, numbers, versions and user text."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from app.presentation.i18n import format_value, load_texts, translate
from app.storage.model_registry import ModelVersion
from app.storage.study_db.records import StudyRow
from recsys.progress import WorkStage
from recsys.study.policy import StudyKind

STAGE_TEXTS: dict[str, str] = {
    WorkStage.STARTING: "stage_starting",
    WorkStage.TUNING: "stage_weighing",
    WorkStage.READING_SAMPLE: "stage_reading",
    WorkStage.LEARNING_BRANDS: "stage_learning",
    WorkStage.DEALING_TRIALS: "stage_dealing",
    WorkStage.ASKING_RANKERS: "stage_asking",
    WorkStage.READING_EVENTS: "stage_events",
    WorkStage.SUMMING_UP: "stage_summing",
    WorkStage.ASKING_VERSIONS: "stage_versions",
    WorkStage.EMPLOYEES_PLAY: "stage_employees",
}
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
_MARKDOWN_SIGNS = re.compile(r"([!-/:-@\[-`{-~])")


def workbench_text(language: str, key: str, /, **values: object) -> str:
    """Return a text of the workbench."""
    return translate(language, f"workbench.{key}", **values)


def stage_text(language: str, name: str) -> str:
    """Return the text of a work stage, or its name if it has no text."""
    return workbench_text(language, STAGE_TEXTS[name]) if name in STAGE_TEXTS else name


def name_text(language: str, prefix: str, name: str) -> str:
    """Return the text of an internal name (parameter, alias, ...), or the name itself."""
    has_text = f"workbench.{prefix}_{name}" in load_texts(language)
    return workbench_text(language, f"{prefix}_{name}") if has_text else name


def format_time(language: str, ms: int | None, seconds: bool = False) -> str:
    """Format milliseconds since 1970 in the reader's time zone, with no-break spaces."""
    if ms is None:
        return ""
    zone = st.context.timezone
    moment = datetime.fromtimestamp(ms / 1000, ZoneInfo(zone) if zone else None)
    month = workbench_text(language, "months").split()[moment.month - 1]
    clock = f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"
    return f"{moment.day} {month} {moment.year}, {clock}".replace(" ", NO_BREAK_SPACE)


def format_duration(language: str, seconds: float) -> str:
    """Format seconds as whole seconds, or as whole minutes from 120 seconds on."""
    if seconds < 120:
        return workbench_text(language, "seconds", value=max(1, round(seconds)))
    return workbench_text(language, "minutes", value=round(seconds / 60))


def format_setting(language: str, value: float) -> str:
    """Format a setting with at most six significant digits, without trailing zeros."""
    digits = f"{value:g}"
    return digits.replace(".", ",") if language == "nl" else digits


def format_measured(language: str, value: float, digits: int = 3) -> str:
    """Format a measured number with fixed decimals, so that a column is comparable."""
    formatted = f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")
    return formatted.replace(".", ",") if language == "nl" else formatted


def format_interval(language: str, value: float, low: float, high: float) -> str:
    """Format a measured number with its interval; no line break inside the interval."""
    parts = (format_measured(language, number) for number in (value, low, high))
    return format_with_interval(language, *parts)


def format_with_interval(language: str, value: str, low: str, high: str) -> str:
    """Join a formatted number and its interval for one cell."""
    words = workbench_text(language, "interval", value=value, low=low, high=high)
    estimate, _, bounds = words.partition(" ")
    return f"{estimate} {bounds.replace(' ', NO_BREAK_SPACE)}"


def escape_all_markdown(words: object) -> str:
    """Escape all Markdown characters in user text."""
    return _MARKDOWN_SIGNS.sub(r"\\\1", str(words))


def version_title(language: str, version: ModelVersion, aliases: dict[str, str]) -> str:
    """Return a version on one line: name, customers, time, aliases."""
    alias_names = [
        name_text(language, "alias", a) for a, hash in aliases.items() if hash == version.hash
    ]
    facts = version.facts
    customers = format_value(language, facts["customers"]) if "customers" in facts else "?"
    line = workbench_text(
        language, "version_line", customers=customers, when=format_time(language, version.made_at)
    )
    return " · ".join([version.name, line, *alias_names])


def study_state_text(language: str, row: StudyRow, outcome: str | None) -> str:
    """Return the state of a study: its outcome, else open or closed."""
    if outcome is not None:
        return name_text(language, "outcome", outcome)
    return workbench_text(language, "study_open" if row.closed_at is None else "study_closed")


def study_kind_text(language: str, kind: StudyKind) -> str:
    """Return the text of a study kind."""
    return name_text(language, "kind", kind.value)
