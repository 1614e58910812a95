"""A model version ready to answer: its rivals, the catalogue and the events it reads from."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from app.storage.event_store.segment import key_of
from app.storage.event_store.store import Warehouse
from app.storage.model_registry import SHORT, Registry
from app.workspace.workspace import House
from recsys.dataset.aggregation import ItemFacts, summarise
from recsys.dataset.catalog import Catalogue, hide
from recsys.dataset.evidence import Evidence, Sum, named
from recsys.errors import NotEnoughHistoryError, WorkspaceError
from recsys.models.base import BrandScore, Ranker
from recsys.models.baselines import baseline
from recsys.models.hybrid import FavouriteModel
from recsys.models.precomputed import ListedModel
from recsys.study.card_faces import Showcase
from recsys.study.deck import Face, Lists
from recsys.study.decoys import Shelf
from recsys.study.policy import Policy

threadpool_limits(1, "blas")  # for good: one pass over 50,000 brands is four times slower with two
Model = FavouriteModel | ListedModel
"""Our own model, or lists that another system made."""
_FOLDING = threading.Semaphore(2)  # more at once than cores makes everybody wait longer


@dataclass(slots=True)
class Stopwatch:
    """Milliseconds of each stage of the work for one person."""

    stages: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is done inside."""
        start = time.perf_counter()
        yield
        self.stages[name] = round((time.perf_counter() - start) * 1000, 3)


@dataclass(frozen=True, slots=True, eq=False)
class Brain:
    """What answers for one person. Nothing in it was computed for anybody."""

    version: str  # hash of the model version
    model: Model
    warehouse: Warehouse
    catalogue: Catalogue  # with the policy's sensitive categories hidden
    facts: ItemFacts
    shelf: Shelf
    showcase: Showcase
    pictures: Mapping[str, str]

    @classmethod
    def wake(cls, registry: Registry, name: str, warehouse: Warehouse, policy: Policy) -> "Brain":
        """Load a model version over the events of today. Raises WorkspaceError where they part."""
        arrays, meta = registry.load(name)
        try:
            model = _restored(arrays, meta)
        except (KeyError, TypeError) as error:
            raise WorkspaceError(
                f"Model version {name[:8]} was written by another brandswipe: install that one, "
                "or fit again with `brandswipe fit`."
            ) from error
        return cls.over(model, registry.resolve(name), warehouse, policy)

    @classmethod
    def over(cls, model: Model, version: str, warehouse: Warehouse, policy: Policy) -> "Brain":
        """Set a model over the events of today."""
        catalogue = hide(warehouse.catalogue, policy.is_sensitive)
        wider = model.over(catalogue)
        return cls(
            version=version,
            model=wider,
            warehouse=warehouse,
            catalogue=catalogue,
            facts=ItemFacts.of(catalogue),
            shelf=Shelf.of(catalogue, wider.basis),
            showcase=Showcase.of(catalogue, warehouse.item_buys),
            pictures=warehouse.pictures,
        )

    def rival(self, name: str) -> Ranker:
        """The baseline of that name over the same brands."""
        return baseline(name, self.model.basis)

    def evidence_of(self, customer: str, watch: Stopwatch | None = None) -> Evidence:
        """Read and sum up one customer's events.

        Raises NotEnoughHistoryError without any, and where the version has no list of hers.
        """
        number = self._number(customer)
        watch = watch or Stopwatch()
        with watch.stage("reading her events"):
            rows = self.warehouse.events_of(customer)
        if not len(rows):
            raise NotEnoughHistoryError(
                "The shop has no events of this customer. Pick brands you love instead."
            )
        with watch.stage("summing up"):
            whose = np.full(len(rows), number, np.int64)
            return summarise(rows, self.facts, self.warehouse.as_of, whose)

    def numbered(self, evidence: Evidence, customer: str) -> Evidence:
        """What another version read of a customer, as this one names her.

        Raises NotEnoughHistoryError where this version has no list of hers.
        """
        whose = np.full(len(evidence), self._number(customer), np.int64)
        return replace(evidence, customer=whose)

    def _number(self, customer: str) -> int:
        """How the evidence of a customer names her: lists are found by it, our model needs none."""
        if isinstance(self.model, FavouriteModel):
            return 0
        number = self.model.number(key_of(customer))
        if not number:
            raise NotEnoughHistoryError(
                f"Version {self.version[:SHORT]} has no list of this customer. "
                "Pick brands you love instead."
            )
        return number

    def evidence_for(self, brands: tuple[str, ...]) -> Evidence:
        """What naming these brands says; unknown and sensitive ones are passed over."""
        codes = [self.shelf.codes[name] for name in brands if name in self.shelf.codes]
        return named([code for code in codes if self.shelf.allowed[code]])

    def rank(self, evidence: Evidence, n: int, without: tuple[str, ...] = ()) -> list[BrandScore]:
        """The model's best n brands of one person."""
        with _FOLDING:
            return self.model.rank(evidence, n, without)

    def lists(
        self, evidence: Evidence, rival: Ranker, lengths: tuple[int, int], without: tuple[str, ...]
    ) -> Lists:
        """What model and rival propose, in lists of these lengths."""
        seen = (evidence.of(Sum.PURCHASES) > 0) | (evidence.of(Sum.VIEWS) > 0)
        theirs = rival.rank(evidence, lengths[1], without)
        return Lists(
            picks=self.model.names(evidence, lengths[0], without),
            baseline=[score.brand for score in theirs],
            known=frozenset(self.shelf.names[evidence.brand[seen]].tolist()),
            revealed=without,
        )

    def faces(self, brands: Sequence[str]) -> list[Face]:
        """What the browser may see of these brands, numbered from 1."""
        return [
            self.showcase.face(place, brand, self.pictures)
            for place, brand in enumerate(brands, start=1)
        ]


def load_brain(house: House, model: str | None = None, policy: Policy | None = None) -> Brain:
    """Return a model version over today's events; it stays in memory for the next question.

    `model` is a version's name; None is the candidate, else the newest version.
    """
    rule, warehouse = policy or house.policy, house.warehouse
    hash = house.version(model).hash
    return house.loaded(
        (hash, warehouse.version, rule.hash),
        lambda: Brain.wake(house.registry, hash, warehouse, rule),
    )


def _restored(arrays: Mapping[str, Any], meta: Mapping[str, Any]) -> Model:
    if meta.get("kind") == "lists":
        return ListedModel.restore(arrays, meta)
    return FavouriteModel.restore(arrays, meta)
