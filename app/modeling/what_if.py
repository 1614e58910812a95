"""What-if queries: recommendations for a typed history or the history of a persona."""

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
    """Recommendations of one version for a history."""

    version: str  # hash
    ranked: list[BrandScore]  # best first


def read_typed_history(recommender: Recommender, text: str) -> tuple[list[HistoryItem], Evidence]:
    """Parse a typed history; return its items and their evidence.

    Raises BadInputError for text that cannot be parsed, UnknownNameError for an unknown brand.
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
    """Rank brands for a made-up history. Raises BadInputError if the version is imported lists."""
    trained_model(recommender)
    return WhatIfResult(recommender.version, recommender.rank(evidence, n))


def similar_to(
    recommender: Recommender, brand: str, n: int = DEFAULT_LENGTH
) -> list[tuple[str, float]]:
    """Return the most similar brands with their similarity, best first.

    Raises BadInputError if the version is imported lists or the brand is unknown.
    """
    return similar_brands(trained_model(recommender), brand, n)


def trained_model(recommender: Recommender) -> HybridModel:
    """Return the version's HybridModel. Raises BadInputError if the version is imported lists."""
    if isinstance(recommender.model, PrecomputedModel):
        raise BadInputError(
            "This version is lists of another system: it knows customers by their lists and can be "
            "asked about no history. Studies and comparisons are open to it."
        )
    return recommender.model
