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
_FOLDER = Path(__file__).parent / "texts"


def text(language: str, key: str, /, **values: object) -> str:
    """Return one text with its values filled in.

    With `n=1` the text `<key>_one` is taken where there is one. An unknown language or key raises
    UnknownNameError; a value that the text asks for and did not get raises KeyError.
    """
    texts = catalogue(language)
    if values.get("n") == 1 and f"{key}_one" in texts:
        key = f"{key}_one"
    if key not in texts:
        raise UnknownNameError("text", key, texts)
    return texts[key].format_map({name: shown(language, v) for name, v in values.items()})


def section(language: str, name: str) -> dict[str, str]:
    """Return the texts of one section with their {places} unfilled, by the key's last part."""
    start = f"{name}."
    found = {
        k.removeprefix(start): v for k, v in catalogue(language).items() if k.startswith(start)
    }
    if not found:
        names = {key.partition(".")[0] for key in catalogue(language)}
        raise UnknownNameError("section of texts", name, names)
    return found


def shown(language: str, value: object) -> str:
    """Write a value: whole numbers grouped, others with two digits that count, the rest as is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return _localised(language, f"{value:,}" if isinstance(value, int) else _decimal(value))


def price(language: str, cents: int) -> str:
    """Write cents as an amount without its sign: 1,299.95 in English, 1.299,95 in Dutch."""
    return _localised(language, f"{cents / 100:,.2f}")


def day(language: str, seconds: int) -> str:
    """Write the day of a moment (seconds since 1970, UTC): 14 November 2026."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at.day} {text(language, 'app.months').split()[at.month - 1]} {at.year}"


def verbatim(words: str) -> str:
    """Return a text that Markdown shows as it is: no link, formula, colour or icon comes of it."""
    escaped = re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$&^=\"'])", r"\\\1", words)
    return escaped.replace(":", ":\N{WORD JOINER}")


def percent(language: str, share: float) -> str:
    """Write a share (0 to 1) as whole per cent."""
    return shown(language, round(share * 100)) + "%"


def preferred(locale: str | None) -> str:
    """Return the language for a browser's locale such as "nl-BE"; English for all others."""
    short = (locale or "").lower().partition("-")[0]
    return short if short in LANGUAGES else "en"


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return every text of a language by its dotted key."""
    if language not in LANGUAGES:
        raise UnknownNameError("language", language, LANGUAGES)
    parsed = tomllib.loads((_FOLDER / f"{language}.toml").read_text("utf-8"))
    return {
        f"{part}.{key}": words for part, texts in parsed.items() for key, words in texts.items()
    }


def _decimal(value: float) -> str:
    if abs(value) >= 10:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"


def _localised(language: str, number: str) -> str:
    if language != "nl":
        return number
    return number.translate(str.maketrans(",.", ".,"))
