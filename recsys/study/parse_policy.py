"""The tables of a policy <-> plain data, each field checked by its name and its type.

What stands in quotes is what files and hashes say; it stays, whatever the attribute is called.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from recsys.errors import BadPolicyError
from recsys.evaluation.metrics import Relevance
from recsys.study.deck import DeckRecipe

Plain = Mapping[str, Any]
Kind = type | Callable[[Plain], Any]
"""The type of a field, `list` for texts; or what reads a table of its own."""


@dataclass(frozen=True, slots=True)
class TooFast:
    """Who did not look: judged by times alone, never by answers."""

    median_ms: int = 500  # left out below this median time a card
    card_ms: int = 300  # a card faster than this was not read
    share: float = 0.5  # left out above this share of such cards


@dataclass(frozen=True, slots=True)
class Question:
    """The words under every card. Another wording is another study."""

    en: str
    nl: str


def require_table(name: str, value: object) -> Plain:
    if not isinstance(value, Mapping):
        raise BadPolicyError(f"`{name}` must be a table of its own, like [{name}].")
    return value


def read(
    raw: Plain, kinds: Mapping[str, Kind], where: str, needed: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the values of a table, its fields checked by name and kind."""
    for key in raw:
        if key not in kinds:
            near = get_close_matches(key, kinds, n=1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise BadPolicyError(f"There is no field `{key}` in {where}.{hint}")
    values = {key: _parse_value(key, kinds[key], value) for key, value in raw.items()}
    missing = [key for key in needed if key not in raw]
    if missing:
        raise BadPolicyError(f"Give {where} its `{'` and `'.join(missing)}`.")
    return values


def with_defaults(defaults: Plain, raw: Plain, where: str) -> dict[str, Any]:
    """Return the values of a table; a field that it does not name keeps its default."""
    return {**defaults, **read(raw, {key: type(value) for key, value in defaults.items()}, where)}


def _parse_value(key: str, kind: Kind, value: Any) -> Any:
    if not isinstance(kind, type):
        return kind(require_table(key, value))
    if kind is list and isinstance(value, list) and all(isinstance(w, str) for w in value):
        return tuple(value)
    if kind is float and type(value) is int:
        return float(value)
    if kind is list or type(value) is not kind:
        raise BadPolicyError(f"`{key}` cannot be {value!r}: it needs {_TYPE_NAMES[kind]}.")
    return value


_TYPE_NAMES: Mapping[type, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    bool: "true or false",
    list: "a list of texts",
}


def recipe_to_row(recipe: DeckRecipe) -> dict[str, Any]:
    """Return a recipe as the table [deck]."""
    return {
        "picks": recipe.picks,
        "baseline": recipe.baseline,
        "scored": recipe.scored,
        "near": recipe.near,
        "block": recipe.block,
    }


def recipe_from_row(raw: Plain) -> DeckRecipe:
    """Return the recipe of the table [deck]."""
    values = with_defaults(recipe_to_row(DeckRecipe()), raw, "[deck]")
    return DeckRecipe(
        picks=values["picks"],
        baseline=values["baseline"],
        scored=values["scored"],
        near=values["near"],
        block=values["block"],
    )


def relevance_to_row(rule: Relevance) -> dict[str, Any]:
    """Return a rule as the table [relevance]."""
    return {
        "held_out": rule.held_out,
        "kept": rule.kept,
        "full_price": rule.full_price,
        "because": rule.because,
    }


def relevance_from_row(raw: Plain) -> Relevance:
    """Return the rule of the table [relevance]."""
    values = with_defaults(relevance_to_row(Relevance()), raw, "[relevance]")
    return Relevance(
        held_out=values["held_out"],
        kept=values["kept"],
        full_price=values["full_price"],
        because=values["because"],
    )


def question_to_row(question: Question) -> dict[str, Any]:
    """Return the wording as the table [question]."""
    return {"en": question.en, "nl": question.nl}


def question_from_row(raw: Plain) -> Question:
    """Return the wording of the table [question]."""
    values = read(raw, {"en": str, "nl": str}, "[question]", needed=("en", "nl"))
    return Question(en=values["en"], nl=values["nl"])


def too_fast_to_row(rule: TooFast) -> dict[str, Any]:
    """Return the rule as the table [too_fast]."""
    return {"median_ms": rule.median_ms, "card_ms": rule.card_ms, "share": rule.share}


def too_fast_from_row(raw: Plain) -> TooFast:
    """Return the rule of the table [too_fast]."""
    values = with_defaults(too_fast_to_row(TooFast()), raw, "[too_fast]")
    return TooFast(median_ms=values["median_ms"], card_ms=values["card_ms"], share=values["share"])


KINDS: Mapping[str, Kind] = {
    "name": str,
    "criteria": dict,
    "question": question_from_row,
    "deck": recipe_from_row,
    "too_fast": too_fast_from_row,
    "relevance": relevance_from_row,
    "alpha": float,
    "strict": bool,
    "least_players": int,
    "completion": float,
    "balance": float,
    "batch": int,
    "cell": int,
    "whole_blocks": int,
    "open_hours": int,
    "decoy_depth": int,
    "least_brands": int,
    "sensitive": list,
    "segments": list,
    "releases": bool,
    "format": int,
}
"""The fields of a policy. One that came later is in its hash where it is not as usual."""
