"""What if: somebody's typed history, or a persona's, and what versions make of it."""

from dataclasses import dataclass

from app.modeling.recommender import Brain
from recsys.dataset.aggregation import summarise
from recsys.dataset.evidence import Evidence
from recsys.dataset.history import Deed, deeds_of, rows_of
from recsys.errors import BadInputError
from recsys.models.base import BrandScore
from recsys.models.hybrid import FavouriteModel
from recsys.models.precomputed import ListedModel
from recsys.models.similar import similar

MOST = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """What one version makes of a history."""

    version: str  # hash
    ranked: list[BrandScore]


def typed(brain: Brain, text: str) -> tuple[list[Deed], Evidence]:
    """Return what a typed history says, and the evidence that it gives.

    Raises BadInputError, or UnknownNameError for a brand that is not there.
    """
    allowed = brain.model.basis.allowed(())
    deeds = deeds_of(text, [str(name) for name in brain.catalogue.brands[allowed]])
    rows = rows_of(deeds, brain.catalogue, brain.warehouse.as_of)
    return deeds, summarise(rows, brain.facts, brain.warehouse.as_of)


def asked(brain: Brain, evidence: Evidence, n: int = MOST) -> Asked:
    """Return a version's list for a history that nobody lived. Raises BadInputError for lists."""
    learnt(brain)
    return Asked(brain.version, brain.rank(evidence, n))


def alike(brain: Brain, brand: str, n: int = MOST) -> list[tuple[str, float]]:
    """Return the brands most alike to one. Raises BadInputError for lists, or an unknown brand."""
    return similar(learnt(brain), brand, n)


def learnt(brain: Brain) -> FavouriteModel:
    """The model of a version that has learnt something. Raises BadInputError for lists."""
    if isinstance(brain.model, ListedModel):
        raise BadInputError(
            "This version is lists of another system: it knows customers by their lists and can be "
            "asked about no history. Studies and comparisons are open to it."
        )
    return brain.model
