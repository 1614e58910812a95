"""Picks that people refused most, read from the studies of a version.

What a colleague bought is not kept, so the kinds of evidence come from elsewhere: from customers of
the shop, drawn by chance, in whose first ten the brand stands.
"""

from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace

from app.brain import Brain, load_brain
from app.house import House
from app.rows.records import StudyRow, study_of
from app.store import Store
from recsys.errors import NotEnoughHistoryError
from recsys.evaluation.metrics import AT
from recsys.report.rejections import Heard, RefusedBrand, most_refused, shares_of, strongest
from recsys.report.tables import Unit
from recsys.stats import CELL
from recsys.study.deck import Arm
from recsys.study.policy import StudyKind
from recsys.study.swipes import Answer

CUSTOMERS = 1_000
"""Customers whose first ten are looked at for kinds of evidence."""


def refused_brands(house: House, model: str) -> list[RefusedBrand]:
    """Return the most refused picks of a version over its studies, the most refused first."""
    heard: dict[str, Heard] = {}
    lost = 0
    for row in house.store.studies():
        if model in row.versions and row.kind is not StudyKind.PLAYGROUND:
            arm = Arm.PICK if row.model == model else Arm.CHALLENGER
            lost += _read(house.store, row, arm, heard)
    worst = most_refused(heard, Unit(house.policy.batch, CELL, lost))
    kinds = kinds_of(load_brain(house, model), {brand.brand for brand in worst}) if worst else {}
    return [replace(brand, kinds=kinds.get(brand.brand, {})) for brand in worst]


def _read(store: Store, row: StudyRow, arm: Arm, heard: dict[str, Heard]) -> int:
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
            _hear(store, deck, arm, heard)
    return lost


def _hear(store: Store, deck: str, arm: Arm, heard: dict[str, Heard]) -> None:
    """Add what was said in one deck of the picks of an arm."""
    answers, said = store.answers_of(deck), store.refusals_of(deck)
    for card in store.deck(deck).deck.cards:
        if arm not in card.arms or card.position not in answers:
            continue
        of = heard.setdefault(card.brand, Heard())
        of.refused.append(answers[card.position] is Answer.NOT_FAVOURITE)
        if card.position in said:
            of.reasons[said[card.position].value] += 1


def kinds_of(brain: Brain, brands: Collection[str]) -> dict[str, dict[str, float]]:
    """Return what stands behind brands where customers have them in their first ten, by kind."""
    found: dict[str, Counter[str]] = {brand: Counter() for brand in brands}
    share = min(1.0, CUSTOMERS / max(1, brain.warehouse.customers))
    for customer in brain.warehouse.customer_ids(share, 0):
        with suppress(NotEnoughHistoryError):
            for score in brain.rank(brain.evidence_of(customer), AT):
                if score.brand in found:
                    found[score.brand][strongest(score.why)] += 1
    return {brand: shares_of(kinds) for brand, kinds in found.items()}
