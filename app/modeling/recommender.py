"""A loaded model version, bound to the event store, the catalogue and the baselines."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.storage.event_store.segment import customer_key
from app.storage.event_store.store import EventStore
from app.storage.model_registry import SHORT_HASH, ModelRegistry
from app.workspace.workspace import Workspace
from recsys.dataset.catalog import Catalog, flag_sensitive
from recsys.dataset.event_aggregation import ItemFacts, aggregate_events
from recsys.dataset.evidence import Evidence, Feature, evidence_of_named_brands
from recsys.errors import NotEnoughHistoryError, WorkspaceError
from recsys.models.base import BrandScore, Ranker
from recsys.models.baselines import make_baseline
from recsys.models.hybrid import HybridModel
from recsys.models.precomputed import PrecomputedModel
from recsys.progress import WorkStage
from recsys.study.card_faces import BrandProducts
from recsys.study.deck import Face, RankedProposals
from recsys.study.decoys import BrandPool
from recsys.study.policy import Policy

Model = HybridModel | PrecomputedModel
"""Our own model, or imported lists of another system."""
RANKINGS_AT_ONCE = 2  # more at once than CPU cores slow down all requests


@dataclass(slots=True)
class Stopwatch:
    """Timer of the stages of one request, in milliseconds."""

    stages: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the body of the `with` block as the stage `name`."""
        start = time.perf_counter()
        yield
        self.stages[name] = round((time.perf_counter() - start) * 1000, 3)


@dataclass(frozen=True, slots=True, eq=False)
class Recommender:
    """Request-time recommender for one customer at a time. It caches nothing per customer."""

    version: str  # hash of the model version
    model: Model
    event_store: EventStore
    catalog: Catalog  # brands of the policy's sensitive categories are flagged
    item_facts: ItemFacts
    brand_pool: BrandPool
    brand_products: BrandProducts
    pictures: Mapping[str, str]  # brand -> name of its picture
    ranking_slots: threading.Semaphore = field(
        init=False, default_factory=lambda: threading.Semaphore(RANKINGS_AT_ONCE)
    )

    @classmethod
    def load(
        cls, registry: ModelRegistry, name: str, event_store: EventStore, policy: Policy
    ) -> "Recommender":
        """Load a model version and bind it to the current events.

        Raises WorkspaceError if another code version saved the model, or if the event store was
        started anew since the fit.
        """
        arrays, meta = registry.load(name)
        try:
            model = _restore_model(arrays, meta)
        except (KeyError, TypeError) as error:
            raise WorkspaceError(
                f"Model version {name[:8]} was saved by an incompatible version of Brandswipe: "
                "install that version, or fit again with `brandswipe model fit`."
            ) from error
        return cls.bind(model, registry.resolve(name), event_store, policy)

    @classmethod
    def bind(
        cls, model: Model, version: str, event_store: EventStore, policy: Policy
    ) -> "Recommender":
        """Bind a model to the current events and catalogue."""
        catalog = flag_sensitive(event_store.catalog, policy.is_sensitive)
        bound_model = model.rebase_on(catalog)
        return cls(
            version=version,
            model=bound_model,
            event_store=event_store,
            catalog=catalog,
            item_facts=ItemFacts.from_catalog(catalog),
            brand_pool=BrandPool.from_catalog(catalog, bound_model.brand_index),
            brand_products=BrandProducts.from_catalog(catalog, event_store.item_purchases),
            pictures=event_store.pictures,
        )

    def baseline(self, name: str) -> Ranker:
        """Return the named baseline over the same brands."""
        return make_baseline(name, self.model.brand_index)

    def evidence_of(self, customer: str, stopwatch: Stopwatch | None = None) -> Evidence:
        """Read and aggregate one customer's events.

        Raises NotEnoughHistoryError if the customer has no events, or no list in this version.
        """
        number = self._customer_number(customer)
        stopwatch = stopwatch or Stopwatch()
        with stopwatch.stage(WorkStage.READING_EVENTS):
            rows = self.event_store.events_of(customer)
        if not len(rows):
            raise NotEnoughHistoryError(
                "The shop has no events of this customer. Pick brands you love instead."
            )
        with stopwatch.stage(WorkStage.SUMMING_UP):
            customer_numbers = np.full(len(rows), number, np.int64)
            return aggregate_events(rows, self.item_facts, self.event_store.as_of, customer_numbers)

    def _customer_number(self, customer: str) -> int:
        """Return the customer number for evidence: the key to imported lists, 0 for HybridModel."""
        if isinstance(self.model, HybridModel):
            return 0
        number = self.model.customer_number(customer_key(customer))
        if not number:
            raise NotEnoughHistoryError(
                f"Version {self.version[:SHORT_HASH]} has no list of this customer. "
                "Pick brands you love instead."
            )
        return number

    def evidence_from_brands(self, brands: tuple[str, ...]) -> Evidence:
        """Return evidence for brands that a guest named; unknown and sensitive ones are skipped."""
        codes = [self.brand_pool.codes[name] for name in brands if name in self.brand_pool.codes]
        return evidence_of_named_brands([code for code in codes if self.brand_pool.allowed[code]])

    def rank(self, evidence: Evidence, n: int, exclude: tuple[str, ...] = ()) -> list[BrandScore]:
        """Return the model's top n brands for one customer, without the brands in `exclude`."""
        with self.ranking_slots:
            return self.model.rank(evidence, n, exclude)

    def candidate_lists(
        self,
        evidence: Evidence,
        baseline_ranker: Ranker,
        lengths: tuple[int, int],
        exclude: tuple[str, ...],
    ) -> RankedProposals:
        """Return the lists of model and baseline; `lengths` is (model, baseline)."""
        has_history = (evidence.feature(Feature.PURCHASES) > 0) | (
            evidence.feature(Feature.VIEWS) > 0
        )
        baseline_scores = baseline_ranker.rank(evidence, lengths[1], exclude)
        return RankedProposals(
            picks=self.model.names(evidence, lengths[0], exclude),
            baseline=[score.brand for score in baseline_scores],
            known_brands=frozenset(self.brand_pool.names[evidence.brand[has_history]].tolist()),
            revealed=exclude,
        )

    def faces(self, brands: Sequence[str]) -> list[Face]:
        """Return the card faces that the browser may see, numbered from 1."""
        return [
            self.brand_products.face(place, brand, self.pictures)
            for place, brand in enumerate(brands, start=1)
        ]


def load_recommender(
    workspace: Workspace, model: str | None = None, policy: Policy | None = None
) -> Recommender:
    """Return a model version bound to the current events; the workspace caches it in memory.

    `model` is a version's name; None is the candidate, or the newest version without one.
    """
    active_policy, event_store = policy or workspace.policy, workspace.event_store
    hash = workspace.version(model).hash
    return workspace.cached(
        (hash, event_store.version, active_policy.hash),
        lambda: Recommender.load(workspace.registry, hash, event_store, active_policy),
    )


def _restore_model(arrays: Mapping[str, Any], meta: Mapping[str, Any]) -> Model:
    if meta.get("kind") == "lists":
        return PrecomputedModel.restore(arrays, meta)
    return HybridModel.restore(arrays, meta)
