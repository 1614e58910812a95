"""Learning from answers: the weights of the score are tuned on the closed decks of a study.

It is done where somebody asks for it, and the people whose answers were read never judge what comes
of it: the store holds which study taught which version, before that version can be loaded. What a
colleague bought is kept nowhere, so real decks cannot be put beside a history again: only simulated
ones teach.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from app.brain import Brain
from app.house import House
from app.identity import pseudonym
from app.registry import Version
from app.rows.records import StudyRow
from app.simulation import Colleagues, subject_of
from app.whatif import learnt
from recsys.collaborative import Progress
from recsys.deck import Deck
from recsys.errors import BadInputError
from recsys.model import weights_to_row
from recsys.policy import StudyKind
from recsys.tuning import tune

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
    brain = house.brain(version.hash)
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
