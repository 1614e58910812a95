"""Learning from the answers of a simulated study, and the picks that people refused most.

The history of an employee is not stored. So the kinds of evidence behind a refused brand come from
randomly sampled customers of the shop that have the brand in their top 10.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from app.auth.identity import pseudonym
from app.modeling.recommender import Recommender, load_recommender
from app.modeling.what_if import trained_model
from app.storage.model_registry import ModelVersion
from app.storage.study_db.records import StudyRow, study_of
from app.storage.study_db.store import StudyStore
from app.study.simulation import RaterPool, simulated_subject
from app.workspace.workspace import Workspace
from recsys.errors import BadInputError, NotEnoughHistoryError
from recsys.evaluation.metrics import K
from recsys.evaluation.tuning import fit_weights_from_feedback
from recsys.models.hybrid import weights_to_row
from recsys.progress import ProgressCallback, WorkStage
from recsys.report.rejections import (
    PickResponses,
    RejectedBrand,
    kind_shares,
    most_rejected,
    strongest_kind,
)
from recsys.study.deck import Deck, Source
from recsys.study.policy import StudyKind
from recsys.study.swipes import Answer

ScoredAnswer = tuple[tuple[float, float, float], bool]
"""The own, collaborative and popularity parts of a card's score, and whether it was liked."""


def learn_from_study(
    workspace: Workspace, version: ModelVersion, row: StudyRow, progress: ProgressCallback
) -> ModelVersion:
    """Save a version with weights that are tuned on the answers of a study.

    Raises BadInputError for a study of real people or imported lists, NotEnoughError for too few
    people.
    """
    if row.kind is not StudyKind.SIMULATED:
        raise BadInputError(
            f"{row.name} was played by real people. What they bought is kept nowhere, so their "
            "answers cannot be put beside it: only a simulated study can teach."
        )
    recommender = load_recommender(workspace, version.hash)
    model = trained_model(recommender)
    decks = list(_answered_decks(workspace, row, recommender, progress))
    cards = [card for deck in decks for card in deck]
    score_parts = np.array([part for part, _ in cards], np.float64).reshape(len(cards), 3)
    liked = np.array([yes for _, yes in cards], np.bool_)
    tuned = fit_weights_from_feedback(score_parts, liked, len(decks), model.params.weights)
    tuned_model = replace(model, params=replace(model.params, weights=tuned.weights))
    training_studies = [*version.facts.get("learnt_from", []), row.hash]
    options = {**version.facts["options"], "weights": weights_to_row(tuned.weights)}
    facts: dict[str, Any] = {
        name: value for name, value in version.facts.items() if name not in ("offline", "balance")
    }
    facts |= {
        "options": options,
        "parent": version.hash,
        "learnt_from": training_studies,
        "learnt": {"people": tuned.people, "cards": tuned.cards},
    }
    return workspace.registry.save(
        tuned_model.arrays(),
        tuned_model.meta(),
        facts,
        before_publish=lambda hash: workspace.store.studies.add_training_studies(
            hash, training_studies
        ),
    )


def _answered_decks(
    workspace: Workspace, row: StudyRow, recommender: Recommender, progress: ProgressCallback
) -> Iterator[list[ScoredAnswer]]:
    """Yield the answered cards of each deck that counts."""
    customers = {
        pseudonym(workspace.keys, simulated_subject(row.hash, customer)): customer
        for customer in RaterPool.of(workspace.folder).true_tastes
    }
    counted = [
        closing.deck for closing in workspace.store.decks.closings(row.hash) if not closing.why_not
    ]
    for count, id in enumerate(counted, start=1):
        if id is not None:
            deck = workspace.store.decks.get(id).deck
            yield _scored_answers(workspace, recommender, deck, customers[deck.participant])
        progress(WorkStage.READING_ANSWERS, count / len(counted))


def _scored_answers(
    workspace: Workspace, recommender: Recommender, deck: Deck, customer: str
) -> list[ScoredAnswer]:
    answers = workspace.store.swipes.current_answers(deck.id)
    position_of = {card.brand: card.position for card in deck.cards}
    other_brands = tuple(
        str(name) for name in recommender.catalog.brands if str(name) not in position_of
    )
    ranked = recommender.rank(recommender.evidence_of(customer), len(position_of), other_brands)
    return [
        (
            (score.explanation.own, score.explanation.collaborative, score.explanation.popularity),
            answers[position_of[score.brand]].liked,
        )
        for score in ranked
        if position_of[score.brand] in answers
    ]


SAMPLE_CUSTOMERS = 1_000
"""Number of sampled customers; their top 10 lists are searched for the refused brands."""


def rejected_brands(workspace: Workspace, model: str) -> list[RejectedBrand]:
    """Return the picks of a version that people refused most in all its studies, in that order."""
    responses: dict[str, PickResponses] = {}
    incomplete_batches = 0
    for row in workspace.store.studies.all():
        if model in row.versions and row.kind is not StudyKind.PLAYGROUND:
            source = Source.PICK if row.model == model else Source.CHALLENGER
            incomplete_batches += _read_study(workspace.store, row, source, responses)
    top_rejected = most_rejected(
        responses, replace(workspace.policy.disclosure, lost_batches=incomplete_batches)
    )
    kinds = (
        explanation_kinds(
            load_recommender(workspace, model), {brand.brand for brand in top_rejected}
        )
        if top_rejected
        else {}
    )
    return [replace(brand, kinds=kinds.get(brand.brand, {})) for brand in top_rejected]


def _read_study(
    store: StudyStore, row: StudyRow, source: Source, responses: dict[str, PickResponses]
) -> int:
    """Collect the responses to a source's cards in the published (full) batches of counted decks.

    Skip each batch with an erased participant, and return the number of skipped batches.
    """
    batch, incomplete_batches = study_of(row).policy.batch, 0
    counted = [
        closing.deck for closing in store.decks.closings(row.hash) if closing.why_not is None
    ]
    for start in range(0, len(counted) // batch * batch, batch):
        decks = [deck for deck in counted[start : start + batch] if deck is not None]
        if len(decks) < batch:
            incomplete_batches += 1
            continue
        for deck in decks:
            _read_deck(store, deck, source, responses)
    return incomplete_batches


def _read_deck(
    store: StudyStore, deck: str, source: Source, responses: dict[str, PickResponses]
) -> None:
    """Add the responses to a source's cards in one deck."""
    answers, rejections = store.swipes.current_answers(deck), store.swipes.rejections(deck)
    for card in store.decks.get(deck).deck.cards:
        if source not in card.sources or card.position not in answers:
            continue
        response = responses.setdefault(card.brand, PickResponses())
        response.rejected.append(answers[card.position] is Answer.NOT_FAVOURITE)
        if card.position in rejections:
            response.reasons[rejections[card.position].value] += 1


def explanation_kinds(
    recommender: Recommender, brands: Collection[str]
) -> dict[str, dict[str, float]]:
    """Return brand -> kind of evidence -> share of the customers with the brand in their top 10."""
    counts: dict[str, Counter[str]] = {brand: Counter() for brand in brands}
    share = min(1.0, SAMPLE_CUSTOMERS / max(1, recommender.event_store.customers))
    for customer in recommender.event_store.customer_ids(share, 0):
        with suppress(NotEnoughHistoryError):
            for score in recommender.rank(recommender.evidence_of(customer), K):
                if score.brand in counts:
                    counts[score.brand][strongest_kind(score.explanation)] += 1
    return {brand: kind_shares(kinds) for brand, kinds in counts.items()}
