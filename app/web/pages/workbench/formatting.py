"""How the workbench writes a time, a span, a setting, a version and somebody's own words."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from app.presentation.i18n import catalogue, shown, text
from app.storage.model_registry import Version
from app.storage.study_db.records import StudyRow
from recsys.study.policy import StudyKind

STAGES = {
    "starting": "stage_starting",
    "weighing the parts": "stage_weighing",
    "reading the sample": "stage_reading",
    "learning the brands": "stage_learning",
    "dealing trial decks": "stage_dealing",
    "asking the rankers": "stage_asking",
    "reading her events": "stage_events",
    "summing up": "stage_summing",
    "asking both versions": "stage_versions",
    "simulated employees play": "stage_employees",
}
NO_BREAK = "\N{NO-BREAK SPACE}"
_MARKS = re.compile(r"([!-/:-@\[-`{-~])")


def say(language: str, key: str, /, **values: object) -> str:
    """One text of this page."""
    return text(language, f"workbench.{key}", **values)


def stage(language: str, name: str) -> str:
    """A stage of work in words; one that has no words yet, by its own name."""
    return say(language, STAGES[name]) if name in STAGES else name


def named(language: str, prefix: str, name: str) -> str:
    """The words for a name of ours, such as a parameter or an alias."""
    known = f"workbench.{prefix}_{name}" in catalogue(language)
    return say(language, f"{prefix}_{name}") if known else name


def when(language: str, ms: int | None, seconds: bool = False) -> str:
    """Milliseconds since 1970 as the reader's clock says it, never broken over two lines."""
    if ms is None:
        return ""
    zone = st.context.timezone
    at = datetime.fromtimestamp(ms / 1000, ZoneInfo(zone) if zone else None)
    month = say(language, "months").split()[at.month - 1]
    clock = f"{at:%H:%M:%S}" if seconds else f"{at:%H:%M}"
    return f"{at.day} {month} {at.year}, {clock}".replace(" ", NO_BREAK)


def span(language: str, seconds: float) -> str:
    """Seconds, or minutes where there are many, to the precision that matters."""
    if seconds < 120:
        return say(language, "seconds", value=max(1, round(seconds)))
    return say(language, "minutes", value=round(seconds / 60))


def number(language: str, value: float) -> str:
    """A setting, with all its digits and no more."""
    plain = f"{value:g}"
    return plain.replace(".", ",") if language == "nl" else plain


def measured(language: str, value: float, digits: int = 3) -> str:
    """A measured number with a fixed number of digits, so that a column can be compared."""
    plain = f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")
    return plain.replace(".", ",") if language == "nl" else plain


def interval(language: str, value: float, low: float, high: float) -> str:
    """A measured number with its interval, which is never broken over two lines."""
    parts = (measured(language, number) for number in (value, low, high))
    return within(language, *parts)


def within(language: str, value: str, low: str, high: str) -> str:
    """A number and its interval, as they are read, in one cell."""
    words = say(language, "interval", value=value, low=low, high=high)
    estimate, _, doubt = words.partition(" ")
    return f"{estimate} {doubt.replace(' ', NO_BREAK)}"


def plain(words: object) -> str:
    """Somebody else's words for a place that reads Markdown: every sign stands for itself."""
    return _MARKS.sub(r"\\\1", str(words))


def title(language: str, version: Version, aliases: dict[str, str]) -> str:
    """A version on one line: name, time, what it is called."""
    called = [named(language, "alias", a) for a, hash in aliases.items() if hash == version.hash]
    facts = version.facts
    customers = shown(language, facts["customers"]) if "customers" in facts else "?"
    line = say(language, "version_line", customers=customers, when=when(language, version.made_at))
    return " · ".join([version.name, line, *called])


def state_of(language: str, row: StudyRow, outcome: str | None) -> str:
    """Where a study stands, in a word."""
    if outcome is not None:
        return named(language, "outcome", outcome)
    return say(language, "study_open" if row.closed_at is None else "study_closed")


def kind_of(language: str, kind: StudyKind) -> str:
    """The kind of a study, in a word."""
    return named(language, "kind", kind.value)
