"""Picks that people refused most, read from the studies of a version.

What a colleague bought is not kept, so the kinds of evidence come from elsewhere: from customers of
the shop, drawn by chance, in whose first ten the brand stands.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from app.auth.identity import pseudonym
from app.modeling.recommender import Brain, load_brain
from app.modeling.what_if import learnt
from app.storage.model_registry import Version
from app.storage.study_db.records import StudyRow, study_of
from app.storage.study_db.store import Store
from app.study.simulation import Colleagues, subject_of
from app.workspace.workspace import House
from recsys.errors import BadInputError, NotEnoughHistoryError
from recsys.evaluation.metrics import AT
from recsys.evaluation.tuning import tune
from recsys.models.collaborative import Progress
from recsys.models.hybrid import weights_to_row
from recsys.report.rejections import Heard, RefusedBrand, most_refused, shares_of, strongest
from recsys.report.tables import Unit
from recsys.stats import CELL
from recsys.study.deck import Arm, Deck
from recsys.study.policy import StudyKind
from recsys.study.swipes import Answer

Card = tuple[tuple[float, float, float], bool]
"""The parts of one card's score, and whether it was called a favourite."""


def learn_from(house: House, version: Version, row: StudyRow, progress: Progress) -> Version:
    """Save a version whose weights are tuned on the answers of a study.

    Raises BadInputError for a study of real people or imported lists, and NotEnoughError for few.
    """
    if row.kind is not StudyKind.SIMULATED:
        raise BadInputError(
            f"{row.name} was played by real people. What they bought is kept nowhere, so their "
            "answers cannot be put beside it: only a simulated study can teach."
        )
    brain = load_brain(house, version.hash)
    model = learnt(brain)
    decks = list(_decks(house, row, brain, progress))
    cards = [card for deck in decks for card in deck]
    parts = np.array([part for part, _ in cards], np.float64).reshape(len(cards), 3)
    liked = np.array([yes for _, yes in cards], np.bool_)
    found = tune(parts, liked, len(decks), model.blend.weights)
    taught = replace(model, blend=replace(model.blend, weights=found.weights))
    learnt_from = [*version.facts.get("learnt_from", []), row.hash]
    options = {**version.facts["options"], "weights": weights_to_row(found.weights)}
    facts: dict[str, Any] = {
        name: value for name, value in version.facts.items() if name not in ("offline", "balance")
    }
    facts |= {
        "options": options,
        "parent": version.hash,
        "learnt_from": learnt_from,
        "learnt": {"people": found.people, "cards": found.cards},
    }
    return house.registry.save(
        taught.arrays(),
        taught.meta(),
        facts,
        before=lambda hash: house.store.teach(hash, learnt_from),
    )


def _decks(house: House, row: StudyRow, brain: Brain, progress: Progress) -> Iterator[list[Card]]:
    """Yield the answered cards of each deck that counts."""
    customers = {
        pseudonym(house.keys, subject_of(row.hash, customer)): customer
        for customer in Colleagues.of(house.workspace).tastes
    }
    counted = [closing.deck for closing in house.store.closings(row.hash) if not closing.why_not]
    for done, id in enumerate(counted, start=1):
        if id is not None:
            deck = house.store.deck(id).deck
            yield _cards(house, brain, deck, customers[deck.participant])
        progress("reading answers", done / len(counted))


def _cards(house: House, brain: Brain, deck: Deck, customer: str) -> list[Card]:
    answers = house.store.answers_of(deck.id)
    dealt = {card.brand: card.position for card in deck.cards}
    others = tuple(str(name) for name in brain.catalogue.brands if str(name) not in dealt)
    ranked = brain.rank(brain.evidence_of(customer), len(dealt), others)
    return [
        (
            (score.why.own, score.why.collaborative, score.why.popularity),
            answers[dealt[score.brand]].liked,
        )
        for score in ranked
        if dealt[score.brand] in answers
    ]


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
