"""Parsers for settings, from TOML values or environment texts. They raise SettingsError."""

import json
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from recsys.errors import SettingsError

Choice = TypeVar("Choice", bound=StrEnum)


def parse_path(name: str, value: object) -> Path:
    """Return a path; `~` is the user's home folder."""
    return Path(parse_text(name, str(value) if isinstance(value, Path) else value)).expanduser()


def parse_optional_path(name: str, value: object) -> Path | None:
    """Return a path, or None for an empty text."""
    return None if value in (None, "") else parse_path(name, value)


def parse_text(name: str, value: object) -> str:
    """Return a text that is not blank, without spaces at its ends."""
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"{name} is {value!r}: set it to a text.")
    return value.strip()


def parse_optional_text(name: str, value: object) -> str:
    """Return a text that may be empty."""
    return "" if value == "" else parse_text(name, value)


def parse_names(name: str, value: object) -> tuple[str, ...]:
    """Return names; an environment text has them separated by commas or as a JSON list."""
    items = _split_list(value) if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(one, str) for one in items):
        raise SettingsError(f"{name} is {value!r}: set it to a list of texts.")
    return tuple(one.strip() for one in items if one.strip())


def enum_parser(choices: type[Choice]) -> Callable[[str, object], Choice]:
    """Return a parser for the values of an enumeration."""

    def parse(name: str, value: object) -> Choice:
        try:
            return choices(parse_text(name, value))
        except ValueError:
            allowed = ", ".join(choices)
            raise SettingsError(f"{name} is {value!r}: set it to one of {allowed}.") from None

    return parse


def int_parser(low: int, high: int) -> Callable[[str, object], int]:
    """Return a parser for whole numbers from `low` to `high`, both included."""

    def parse(name: str, value: object) -> int:
        number = int(value) if isinstance(value, str) and value.strip().isdecimal() else value
        if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
            raise SettingsError(f"{name} is {value!r}: set it to a number from {low} to {high}.")
        return number

    return parse


def parse_bool(name: str, value: object) -> bool:
    """Return a boolean; the texts 1 and 0 are allowed as well."""
    flag = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
    if flag is None:
        raise SettingsError(f"{name} is {value!r}: set it to true or false.")
    return flag


def to_env_text(value: object) -> str:
    """Return a value as the text of an environment variable."""
    if isinstance(value, tuple):
        return json.dumps(value)  # a name may contain a comma
    return "" if value is None else str(value)


def _split_list(value: str) -> object:
    if not value.strip().startswith("["):
        return value.split(",")
    try:
        return json.loads(value)
    except ValueError:
        return None
