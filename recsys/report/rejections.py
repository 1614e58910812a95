"""Picks that people refused most: what may be told of them, and what speaks for such picks.

No number has fewer than a cell of people behind it, and none is of one person.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recsys.models.base import Why
from recsys.report.tables import Unit
from recsys.stats import CELL

MOST = 10  # brands that are told of
KINDS = (
    "followed", "full_price_again", "full_price_once", "cheap_again", "cheap_once", "looked",
    "others",
)  # fmt: skip
"""The strongest thing that speaks for a brand, the strongest kind first."""


@dataclass(frozen=True, slots=True)
class RefusedBrand:
    """One brand that was picked and refused."""

    brand: str
    people: int  # who were dealt it as a pick and answered, in whole batches
    share: float  # of them who refused it, in whole percents
    reasons: Mapping[str, int]  # reason -> people, in whole cells: at least so many
    kinds: Mapping[str, float]  # share of the customers with it in their first ten, by KINDS


def refused_to_row(found: RefusedBrand) -> dict[str, Any]:
    """Return a brand as the command prints it."""
    return {
        "brand": found.brand,
        "people": found.people,
        "share": found.share,
        "reasons": dict(found.reasons),
        "kinds": dict(found.kinds),
    }


@dataclass(slots=True)
class Heard:
    """What was said of one brand, in the order of closing."""

    refused: list[bool] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)


def most_refused(heard: Mapping[str, Heard], unit: Unit) -> list[RefusedBrand]:
    """Return at most MOST brands, the most refused first, without their kinds of evidence."""
    found = [_brand(name, said, unit) for name, said in heard.items()]
    refused = [brand for brand in found if brand.people and brand.share > 0]
    return sorted(refused, key=lambda brand: (-brand.share, -brand.people, brand.brand))[:MOST]


def _brand(name: str, said: Heard, unit: Unit) -> RefusedBrand:
    people = unit.whole(len(said.refused))
    share = sum(said.refused[:people]) / people if people else 0.0
    reasons = {why: unit.cells(n) for why, n in said.reasons.most_common() if n >= unit.cell}
    return RefusedBrand(name, people, round(share, 2), reasons, {})


def shares_of(kinds: Mapping[str, int]) -> dict[str, float]:
    """Return the share of each of KINDS among customers, `kinds` counts them.

    Kinds that fewer than a cell of customers have, or all but fewer, are left out.
    """
    people = sum(kinds.values())
    held = ((kind, kinds.get(kind, 0)) for kind in KINDS)
    return {
        kind: round(n / people, 2) for kind, n in held if n >= CELL and not 0 < people - n < CELL
    }


def strongest(why: Why) -> str:
    """Return the strongest kind of evidence behind a score, one of KINDS."""
    cheap = why.purchases - why.full_price
    held = {
        "followed": why.follows > 0,
        "full_price_again": why.full_price > 1,
        "full_price_once": why.full_price == 1,
        "cheap_again": cheap > 1,
        "cheap_once": cheap == 1,
        "looked": why.views > 0 or why.release_views > 0,
    }
    return next((kind for kind, holds in held.items() if holds), "others")
