"""Picks that people refused most: how often, for what reasons, and what such picks are made of.

What a colleague bought is not kept, so the kinds of evidence come from elsewhere: from customers of
the shop, drawn by chance, in whose first ten the brand stands. No number has fewer than a cell of
people behind it, and none is of one person.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from app.brain import Brain
from app.house import House
from app.rows.records import StudyRow
from app.store import Store
from app.studies import study_of
from recsys.deck import Arm
from recsys.errors import NotEnoughHistoryError
from recsys.policy import StudyKind
from recsys.ranking import Why
from recsys.swipes import Answer
from recsys.tables import Unit

CELL = 10
"""People behind every number shown."""
CUSTOMERS = 1_000
"""Customers whose first ten are looked at for kinds of evidence."""
MOST = 10  # brands
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


@dataclass(slots=True)
class _Seen:
    """What was said of one brand, in the order of closing."""

    refused: list[bool] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)


def refused_brands(house: House, model: str) -> list[RefusedBrand]:
    """Return the most refused picks of a version over its studies, the most refused first."""
    seen: dict[str, _Seen] = {}
    lost = 0
    for row in house.store.studies():
        if model in row.versions and row.kind is not StudyKind.PLAYGROUND:
            arm = Arm.PICK if row.model == model else Arm.CHALLENGER
            lost += _read(house.store, row, arm, seen)
    unit = Unit(house.policy.batch, CELL, lost)
    found = [_brand(name, said, unit) for name, said in seen.items()]
    worst = sorted(
        (brand for brand in found if brand.people and brand.share > 0),
        key=lambda brand: (-brand.share, -brand.people, brand.brand),
    )[:MOST]
    kinds = kinds_of(house.brain(model), {brand.brand for brand in worst}) if worst else {}
    return [replace(brand, kinds=kinds.get(brand.brand, {})) for brand in worst]


def _brand(name: str, said: _Seen, unit: Unit) -> RefusedBrand:
    people = unit.whole(len(said.refused))
    share = sum(said.refused[:people]) / people if people else 0.0
    reasons = {why: unit.cells(n) for why, n in said.reasons.most_common() if n >= CELL}
    return RefusedBrand(name, people, round(share, 2), reasons, {})


def _read(store: Store, row: StudyRow, arm: Arm, seen: dict[str, _Seen]) -> int:
    """Read what an arm proposed in the published batches: whole batches of decks that count.

    Nothing is read of a batch out of which somebody is forgotten. Return how many those are.
    """
    batch, lost = study_of(row).policy.batch, 0
    counted = [closing.deck for closing in store.closings(row.hash) if closing.why_not is None]
    for start in range(0, len(counted) // batch * batch, batch):
        decks = [deck for deck in counted[start : start + batch] if deck is not None]
        if len(decks) < batch:
            lost += 1
            continue
        for deck in decks:
            _hear(store, deck, arm, seen)
    return lost


def _hear(store: Store, deck: str, arm: Arm, seen: dict[str, _Seen]) -> None:
    """Add what was said in one deck of the picks of an arm."""
    answers, said = store.answers_of(deck), store.refusals_of(deck)
    for card in store.deck(deck).deck.cards:
        if arm not in card.arms or card.position not in answers:
            continue
        of = seen.setdefault(card.brand, _Seen())
        of.refused.append(answers[card.position] is Answer.NOT_FAVOURITE)
        if card.position in said:
            of.reasons[said[card.position].value] += 1


def kinds_of(brain: Brain, brands: Collection[str]) -> dict[str, dict[str, float]]:
    """Return what stands behind brands where customers have them in their first ten.

    Kinds that fewer than a cell of customers have, or all but fewer, are left out.
    """
    found: dict[str, Counter[str]] = {brand: Counter() for brand in brands}
    share = min(1.0, CUSTOMERS / max(1, brain.warehouse.customers))
    for customer in brain.warehouse.customer_ids(share, 0):
        with suppress(NotEnoughHistoryError):
            for score in brain.rank(brain.evidence_of(customer), MOST):
                if score.brand in found:
                    found[score.brand][kind_of(score.why)] += 1
    return {brand: _shares(kinds) for brand, kinds in found.items()}


def _shares(kinds: Counter[str]) -> dict[str, float]:
    people = kinds.total()
    shown = (k for k in KINDS if kinds[k] >= CELL and not 0 < people - kinds[k] < CELL)
    return {kind: round(kinds[kind] / people, 2) for kind in shown}


def kind_of(why: Why) -> str:
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
