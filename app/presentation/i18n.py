"""Every text of the employee's pages, by language: `texts/en.toml` and `texts/nl.toml`.

A text is found by its dotted key ("welcome.lead"). Numbers are written as the language writes
them: 6,000,000 and 0.06 in English, 6.000.000 and 0,06 in Dutch.
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

    With `n=1` the text `<key>_one` is taken where there is one. An unknown language or key raises
    UnknownNameError; a value that the text asks for and did not get raises KeyError.
    """
    texts = load_texts(language)
    if values.get("n") == 1 and f"{key}_one" in texts:
        key = f"{key}_one"
    if key not in texts:
        raise UnknownNameError("text", key, texts)
    return texts[key].format_map({name: format_value(language, v) for name, v in values.items()})


def section_texts(language: str, name: str) -> dict[str, str]:
    """Return the texts of one section with their {places} unfilled, by the key's last part."""
    prefix = f"{name}."
    texts = {
        k.removeprefix(prefix): v for k, v in load_texts(language).items() if k.startswith(prefix)
    }
    if not texts:
        names = {key.partition(".")[0] for key in load_texts(language)}
        raise UnknownNameError("section of texts", name, names)
    return texts


def format_value(language: str, value: object) -> str:
    """Write a value: whole numbers grouped, others with two digits that count, the rest as is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return _localize_number(
        language, f"{value:,}" if isinstance(value, int) else _format_decimal(value)
    )


def format_price(language: str, cents: int) -> str:
    """Write cents as an amount without its sign: 1,299.95 in English, 1.299,95 in Dutch."""
    return _localize_number(language, f"{cents / 100:,.2f}")


def format_day(language: str, seconds: int) -> str:
    """Write the day of a moment (seconds since 1970, UTC): 14 November 2026."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return (
        f"{moment.day} {translate(language, 'app.months').split()[moment.month - 1]} {moment.year}"
    )


def escape_markdown(words: str) -> str:
    """Return a text that Markdown shows as it is: no link, formula, colour or icon comes of it."""
    escaped = re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$&^=\"'])", r"\\\1", words)
    return escaped.replace(":", ":\N{WORD JOINER}")


def format_percent(language: str, share: float) -> str:
    """Write a share (0 to 1) as whole per cent."""
    return format_value(language, round(share * 100)) + "%"


def language_of_locale(locale: str | None) -> str:
    """Return the language for a browser's locale such as "nl-BE"; English for all others."""
    code = (locale or "").lower().partition("-")[0]
    return code if code in LANGUAGES else "en"


@cache
def load_texts(language: str) -> Mapping[str, str]:
    """Return every text of a language by its dotted key."""
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
