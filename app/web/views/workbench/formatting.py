"""How the workbench writes a time, a span, a setting, a version and somebody's own words."""

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
    """One text of this page."""
    return translate(language, f"workbench.{key}", **values)


def stage_text(language: str, name: str) -> str:
    """A stage of work in words; one that has no words yet, by its own name."""
    return workbench_text(language, STAGE_TEXTS[name]) if name in STAGE_TEXTS else name


def name_text(language: str, prefix: str, name: str) -> str:
    """The words for a name of ours, such as a parameter or an alias."""
    has_text = f"workbench.{prefix}_{name}" in load_texts(language)
    return workbench_text(language, f"{prefix}_{name}") if has_text else name


def format_time(language: str, ms: int | None, seconds: bool = False) -> str:
    """Milliseconds since 1970 as the reader's clock says it, never broken over two lines."""
    if ms is None:
        return ""
    zone = st.context.timezone
    moment = datetime.fromtimestamp(ms / 1000, ZoneInfo(zone) if zone else None)
    month = workbench_text(language, "months").split()[moment.month - 1]
    clock = f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"
    return f"{moment.day} {month} {moment.year}, {clock}".replace(" ", NO_BREAK_SPACE)


def format_duration(language: str, seconds: float) -> str:
    """Seconds, or minutes where there are many, to the precision that matters."""
    if seconds < 120:
        return workbench_text(language, "seconds", value=max(1, round(seconds)))
    return workbench_text(language, "minutes", value=round(seconds / 60))


def format_setting(language: str, value: float) -> str:
    """A setting, with all its digits and no more."""
    digits = f"{value:g}"
    return digits.replace(".", ",") if language == "nl" else digits


def format_measured(language: str, value: float, digits: int = 3) -> str:
    """A measured number with a fixed number of digits, so that a column can be compared."""
    formatted = f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")
    return formatted.replace(".", ",") if language == "nl" else formatted


def format_interval(language: str, value: float, low: float, high: float) -> str:
    """A measured number with its interval, which is never broken over two lines."""
    parts = (format_measured(language, number) for number in (value, low, high))
    return format_with_interval(language, *parts)


def format_with_interval(language: str, value: str, low: str, high: str) -> str:
    """A number and its interval, as they are read, in one cell."""
    words = workbench_text(language, "interval", value=value, low=low, high=high)
    estimate, _, bounds = words.partition(" ")
    return f"{estimate} {bounds.replace(' ', NO_BREAK_SPACE)}"


def escape_all_markdown(words: object) -> str:
    """Somebody else's words for a place that reads Markdown: every sign stands for itself."""
    return _MARKDOWN_SIGNS.sub(r"\\\1", str(words))


def version_title(language: str, version: ModelVersion, aliases: dict[str, str]) -> str:
    """A version on one line: name, time, what it is called."""
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
    """Where a study stands, in a word."""
    if outcome is not None:
        return name_text(language, "outcome", outcome)
    return workbench_text(language, "study_open" if row.closed_at is None else "study_closed")


def study_kind_text(language: str, kind: StudyKind) -> str:
    """The kind of a study, in a word."""
    return name_text(language, "kind", kind.value)
