"""What if: somebody's typed history, or a persona's, and what versions make of it."""

from dataclasses import dataclass

from app.modeling.recommender import Recommender
from recsys.dataset.event_aggregation import aggregate_events
from recsys.dataset.evidence import Evidence
from recsys.dataset.history import HistoryItem, history_rows, parse_history
from recsys.errors import BadInputError
from recsys.models.base import BrandScore
from recsys.models.hybrid import HybridModel
from recsys.models.precomputed import PrecomputedModel
from recsys.models.similar import similar_brands

DEFAULT_LENGTH = 10


@dataclass(frozen=True, slots=True)
class WhatIfResult:
    """What one version makes of a history."""

    version: str  # hash
    ranked: list[BrandScore]


def read_typed_history(recommender: Recommender, text: str) -> tuple[list[HistoryItem], Evidence]:
    """Return what a typed history says, and the evidence that it gives.

    Raises BadInputError, or UnknownNameError for a brand that is not there.
    """
    allowed = recommender.model.brand_index.allowed(())
    history_items = parse_history(text, [str(name) for name in recommender.catalog.brands[allowed]])
    rows = history_rows(history_items, recommender.catalog, recommender.event_store.as_of)
    return history_items, aggregate_events(
        rows, recommender.item_facts, recommender.event_store.as_of
    )


def rank_history(
    recommender: Recommender, evidence: Evidence, n: int = DEFAULT_LENGTH
) -> WhatIfResult:
    """Return a version's list for a history that nobody lived. Raises BadInputError for lists."""
    trained_model(recommender)
    return WhatIfResult(recommender.version, recommender.rank(evidence, n))


def similar_to(
    recommender: Recommender, brand: str, n: int = DEFAULT_LENGTH
) -> list[tuple[str, float]]:
    """Return the brands most alike to one. Raises BadInputError for lists, or an unknown brand."""
    return similar_brands(trained_model(recommender), brand, n)


def trained_model(recommender: Recommender) -> HybridModel:
    """The model of a version that has learnt something. Raises BadInputError for lists."""
    if isinstance(recommender.model, PrecomputedModel):
        raise BadInputError(
            "This version is lists of another system: it knows customers by their lists and can be "
            "asked about no history. Studies and comparisons are open to it."
        )
    return recommender.model
