"""Plain data -> the dataclasses of a policy, each field checked by its name and its type."""

from collections.abc import Mapping
from dataclasses import is_dataclass
from difflib import get_close_matches
from typing import Any, TypeVar, get_type_hints

from recsys.errors import BadPolicyError

T = TypeVar("T")

LISTS = ("sensitive", "segments")
"""Fields that hold texts."""


def table(name: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadPolicyError(f"`{name}` must be a table of its own, like [{name}].")
    return value


def build(cls: type[T], raw: Mapping[str, Any], where: str) -> T:
    """Return the dataclass from plain values, its fields checked by name and type."""
    types = get_type_hints(cls)
    for key in raw:
        if key not in types:
            near = get_close_matches(key, types, n=1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise BadPolicyError(f"There is no field `{key}` in {where}.{hint}")
    values = {key: _value(key, types[key], value) for key, value in raw.items()}
    try:
        return cls(**values)
    except TypeError as error:
        missing = [f for f in types if f not in raw and f"'{f}'" in str(error)]
        raise BadPolicyError(f"Give {where} its `{'` and `'.join(missing)}`.") from error


def _value(key: str, kind: Any, value: Any) -> Any:
    if is_dataclass(kind):
        return build(kind, table(key, value), f"[{key}]")  # type: ignore[arg-type]
    if key == "criteria":
        return value
    if (
        key in ("sensitive", "segments")
        and isinstance(value, list)
        and all(isinstance(w, str) for w in value)
    ):
        return tuple(value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        wanted = _WANTED.get(kind, "a list of texts")
        raise BadPolicyError(f"`{key}` cannot be {value!r}: it needs {wanted}.")
    return value


_WANTED: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    bool: "true or false",
}
