"""The criteria of a policy: their names, their bars, and their validity checks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from recsys.errors import BadPolicyError
from recsys.study.deck import DeckRecipe
from recsys.study.parse_policy import read, require_table

PAIRED_COMPARISON = "challenger"
"""The criterion for two model versions in one deck: the lead of the second over the first."""

HIT_RATE, PRECISION = "hit_rate", "precision"
"""Two names of one criterion: in policies of format 1, and in the literature."""

CRITERIA = (HIT_RATE, "discrimination", "lift", PAIRED_COMPARISON)
"""All criteria, in the order of the report page."""

DIFFERENCES = ("lift", PAIRED_COMPARISON)
"""Criteria with a difference of two precisions as the score, (1 + first - second) / 2."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion with its bar, and the reason for the bar."""

    name: str
    bar: float  # for the mean score over employees, in (0, 1)
    because: str


def written_name(name: str, policy_format: int) -> str:
    """Return the name of a criterion in a policy; from format 2 on, `hit_rate` is `precision`."""
    return PRECISION if policy_format >= 2 and name == HIT_RATE else name


def known_tables(tables: Mapping[str, object], policy_format: int) -> dict[str, object]:
    """Return the tables of criteria, keyed by the names that the code uses.

    `hit_rate` is read in every format, `precision` from format 2 on. Raises BadPolicyError for
    `precision` in format 1, and if both are given.
    """
    if PRECISION in tables and policy_format < 2:
        raise BadPolicyError("Write `format = 2` at the top of a policy that names `precision`.")
    if PRECISION in tables and HIT_RATE in tables:
        raise BadPolicyError("`precision` and `hit_rate` are one criterion: write `precision`.")
    return {HIT_RATE if name == PRECISION else name: table for name, table in tables.items()}


def criterion_to_row(criterion: Criterion) -> dict[str, Any]:
    """Return the table of a criterion. The criterion's name is the name of the table."""
    return {"bar": criterion.bar, "because": criterion.because}


def criterion_from_row(name: str, raw: object) -> Criterion:
    """Read a criterion from the table [criteria.NAME]; raise BadPolicyError if a field is wrong."""
    table = {"name": name, **require_table(f"criteria.{name}", raw)}
    kinds = {"name": str, "bar": float, "because": str}
    values = read(table, kinds, f"[criteria.{name}]", needed=("bar", "because"))
    return Criterion(name=values["name"], bar=values["bar"], because=values["because"])


def criterion_order(criterion: tuple[str, object]) -> int:
    """Return the sort key of a (name, value) pair: the order of CRITERIA, unknown names last."""
    return CRITERIA.index(criterion[0]) if criterion[0] in CRITERIA else len(CRITERIA)


def criterion_checks(criteria: Sequence[Criterion], deck: DeckRecipe) -> list[tuple[bool, str]]:
    """Return the checks of a policy's criteria: whether each holds, and the error message."""
    names = [criterion.name for criterion in criteria]
    checks = [(bool(names), "A policy needs at least one criterion, like [criteria.hit_rate].")]
    for c in criteria:
        close_matches = get_close_matches(c.name, CRITERIA, n=1, cutoff=0.4)
        hint = f" Did you mean `{close_matches[0]}`?" if close_matches else ""
        unknown_message = f"There is no criterion `{c.name}`.{hint} Known: {', '.join(CRITERIA)}."
        bar_message = (
            f"The bar of `{c.name}` is {c.bar}; it must lie between 0 and 1, both excluded."
        )
        reason_message = f"Say in `because` why the bar of `{c.name}` stands at {c.bar}."
        checks += [
            (c.name in CRITERIA, unknown_message),
            (0 < c.bar < 1, bar_message),
            (bool(c.because), reason_message),
        ]
    return [
        *checks,
        (len(set(names)) == len(names), "Name each criterion once."),
        (
            PAIRED_COMPARISON not in names
            or (names == [PAIRED_COMPARISON] and deck.cards == deck.picks),
            f"The criterion `{PAIRED_COMPARISON}` stands alone, and its deck holds picks "
            "alone, the two lists: "
            "set `baseline`, `scored` and `near` to 0 in [deck].",
        ),
        (
            "discrimination" not in names or deck.scored > 0,
            "The criterion `discrimination` needs scored decoys: set `scored` in [deck].",
        ),
        (
            "lift" not in names or deck.baseline > 0,
            "The criterion `lift` needs baseline cards: set `baseline` in [deck].",
        ),
    ]
