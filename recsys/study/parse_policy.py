"""Convert the tables of a policy to and from plain data; check name and type of each field.

Names in quotes are stored in files and hashes. They must not change with the attributes.
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
"""The type of a field (`list`: a list of texts), or a function that reads a nested table."""


@dataclass(frozen=True, slots=True)
class TooFast:
    """Limits of answer times: a faster deck was not read. Answers never decide about exclusion."""

    median_ms: int = 500  # a deck with a smaller median time per card is excluded
    card_ms: int = 300  # a card with a smaller time was not read
    share: float = 0.5  # a deck with a larger share of unread cards is excluded


@dataclass(frozen=True, slots=True)
class Question:
    """The question under every card. Another wording makes another study."""

    en: str
    nl: str


def require_table(name: str, value: object) -> Plain:
    if not isinstance(value, Mapping):
        raise BadPolicyError(f"`{name}` must be a table, like [{name}].")
    return value


def read(
    raw: Plain, kinds: Mapping[str, Kind], where: str, needed: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the checked values of a table; raise BadPolicyError for a wrong or missing field."""
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
    """Return the checked values of a table; missing fields get their defaults."""
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
    """Return the table [deck] of a recipe."""
    return {
        "picks": recipe.picks,
        "baseline": recipe.baseline,  # brands on the baseline's list only
        "scored": recipe.scored,  # matched decoys; other decoys are not scored
        "near": recipe.near,  # familiar decoys: viewed or bought by the participant, not scored
        "block": recipe.block,  # cards per shuffled block
    }


def recipe_from_row(raw: Plain) -> DeckRecipe:
    """Read a recipe from the table [deck]."""
    values = with_defaults(recipe_to_row(DeckRecipe()), raw, "[deck]")
    return DeckRecipe(
        picks=values["picks"],
        baseline=values["baseline"],
        scored=values["scored"],
        near=values["near"],
        block=values["block"],
    )


def relevance_to_row(rule: Relevance) -> dict[str, Any]:
    """Return the table [relevance] of a relevance rule."""
    return {
        "held_out": rule.held_out,  # share of the log's time, from 0 to 1
        "kept": rule.kept,  # gain of a brand with more purchases than returns
        "full_price": rule.full_price,  # gain if also bought at the list price
        "because": rule.because,  # the reason for the rule, as a sentence; it enters the hash
    }


def relevance_from_row(raw: Plain) -> Relevance:
    """Read a relevance rule from the table [relevance]."""
    values = with_defaults(relevance_to_row(Relevance()), raw, "[relevance]")
    return Relevance(
        held_out=values["held_out"],
        kept=values["kept"],
        full_price=values["full_price"],
        because=values["because"],
    )


def question_to_row(question: Question) -> dict[str, Any]:
    """Return the table [question] of a question."""
    return {"en": question.en, "nl": question.nl}


def question_from_row(raw: Plain) -> Question:
    """Read a question from the table [question]."""
    values = read(raw, {"en": str, "nl": str}, "[question]", needed=("en", "nl"))
    return Question(en=values["en"], nl=values["nl"])


def too_fast_to_row(rule: TooFast) -> dict[str, Any]:
    """Return the table [too_fast] of a rule."""
    return {"median_ms": rule.median_ms, "card_ms": rule.card_ms, "share": rule.share}


def too_fast_from_row(raw: Plain) -> TooFast:
    """Read a rule from the table [too_fast]."""
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
"""Type of each policy field. A field of a later version enters the hash if it is not a default."""
