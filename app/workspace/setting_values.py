"""What a setting may be: a value of TOML, or a text of the environment, into one of ours."""

import json
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from recsys.errors import SettingsError

Choice = TypeVar("Choice", bound=StrEnum)


def path(name: str, value: object) -> Path:
    """Return a path; `~` is somebody's home."""
    return Path(text(name, str(value) if isinstance(value, Path) else value)).expanduser()


def path_or_nothing(name: str, value: object) -> Path | None:
    """Return a path, or None for an empty text."""
    return None if value in (None, "") else path(name, value)


def text(name: str, value: object) -> str:
    """Return a text that says something."""
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"{name} is {value!r}: set it to a text.")
    return value.strip()


def text_or_nothing(name: str, value: object) -> str:
    """Return a text that may be empty."""
    return "" if value == "" else text(name, value)


def names(name: str, value: object) -> tuple[str, ...]:
    """Return a list of names; in the environment they are set apart by commas, or JSON."""
    listed = _listed(value) if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or not all(isinstance(one, str) for one in listed):
        raise SettingsError(f"{name} is {value!r}: set it to a list of texts.")
    return tuple(one.strip() for one in listed if one.strip())


def one_of(choices: type[Choice]) -> Callable[[str, object], Choice]:
    """Return a parser of the values of an enumeration."""

    def parse(name: str, value: object) -> Choice:
        try:
            return choices(text(name, value))
        except ValueError:
            known = ", ".join(choices)
            raise SettingsError(f"{name} is {value!r}: set it to one of {known}.") from None

    return parse


def whole(low: int, high: int) -> Callable[[str, object], int]:
    """Return a parser of whole numbers between two."""

    def parse(name: str, value: object) -> int:
        number = int(value) if isinstance(value, str) and value.strip().isdecimal() else value
        if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
            raise SettingsError(f"{name} is {value!r}: set it to a number from {low} to {high}.")
        return number

    return parse


def switch(name: str, value: object) -> bool:
    """Return true or false."""
    said = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
    if said is None:
        raise SettingsError(f"{name} is {value!r}: set it to true or false.")
    return said


def written(value: object) -> str:
    """Return a value as the environment holds it."""
    if isinstance(value, tuple):
        return json.dumps(value)  # a name may hold a comma
    return "" if value is None else str(value)


def _listed(value: str) -> object:
    if not value.strip().startswith("["):
        return value.split(",")
    try:
        return json.loads(value)
    except ValueError:
        return None
