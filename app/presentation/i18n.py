"""The texts of the employees' pages in two languages: `texts/en.toml` and `texts/nl.toml`.

Each text has a dotted key ("welcome.lead"). Numbers have the format of the language: 6,000,000 and
0.06 in English, 6.000.000 and 0,06 in Dutch.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from recsys.errors import UnknownNameError

LANGUAGES: Mapping[str, str] = {"en": "English", "nl": "Nederlands"}
_TEXTS_FOLDER = Path(__file__).parent / "texts"


def translate(language: str, key: str, /, **values: object) -> str:
    """Return one text with its values filled in.

    With `n=1` the text `<key>_one` is used if it exists. Raises UnknownNameError for an unknown
    language or key, KeyError if a value for the text is missing.
    """
    texts = load_texts(language)
    if values.get("n") == 1 and f"{key}_one" in texts:
        key = f"{key}_one"
    if key not in texts:
        raise UnknownNameError("text", key, texts)
    return texts[key].format_map({name: format_value(language, v) for name, v in values.items()})


def section_texts(language: str, name: str) -> dict[str, str]:
    """Return the texts of a section, placeholders unfilled, by the rest of the key.

    Raises UnknownNameError for an unknown language or section.
    """
    prefix = f"{name}."
    texts = {
        k.removeprefix(prefix): v for k, v in load_texts(language).items() if k.startswith(prefix)
    }
    if not texts:
        names = {key.partition(".")[0] for key in load_texts(language)}
        raise UnknownNameError("section of texts", name, names)
    return texts


def format_value(language: str, value: object) -> str:
    """Format a value: integers grouped, other numbers to two significant digits, else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return _localize_number(
        language, f"{value:,}" if isinstance(value, int) else _format_decimal(value)
    )


def format_price(language: str, cents: int) -> str:
    """Format cents as an amount without currency: 1,299.95 in English, 1.299,95 in Dutch."""
    return _localize_number(language, f"{cents / 100:,.2f}")


def format_day(language: str, seconds: int) -> str:
    """Format the day of a timestamp (seconds since 1970, UTC): 14 November 2026."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return (
        f"{moment.day} {translate(language, 'app.months').split()[moment.month - 1]} {moment.year}"
    )


def escape_markdown(words: str) -> str:
    """Escape a text so that Markdown shows it as it is, without link, formula, color or icon."""
    escaped = re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$&^=\"'])", r"\\\1", words)
    return escaped.replace(":", ":\N{WORD JOINER}")


def format_percent(language: str, share: float) -> str:
    """Format a share (0 to 1) as a whole percentage."""
    return format_value(language, round(share * 100)) + "%"


def language_of_locale(locale: str | None) -> str:
    """Return the language of a browser's locale such as "nl-BE"; English if it is not known."""
    code = (locale or "").lower().partition("-")[0]
    return code if code in LANGUAGES else "en"


@cache
def load_texts(language: str) -> Mapping[str, str]:
    """Return all texts of a language by dotted key. Raises UnknownNameError if not known."""
    if language not in LANGUAGES:
        raise UnknownNameError("language", language, LANGUAGES)
    sections = tomllib.loads((_TEXTS_FOLDER / f"{language}.toml").read_text("utf-8"))
    return {
        f"{part}.{key}": words for part, texts in sections.items() for key, words in texts.items()
    }


def _format_decimal(value: float) -> str:
    if abs(value) >= 10:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"


def _localize_number(language: str, number: str) -> str:
    if language != "nl":
        return number
    return number.translate(str.maketrans(",.", ".,"))
