"""Fitting a model version: read a sample of the customers, learn, save. Nothing half-done stays."""

import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version as code_version
from itertools import islice
from math import log1p
from typing import Any

from app.modeling.recommender import Recommender
from app.modeling.split import HoldoutTask, TemporalSplit
from app.modeling.training_data import (
    TUNING_READ_SHARE,
    TUNING_STAGE,
    policy_catalog,
    read_evidence,
    tuning_data,
    tuning_sample_share,
)
from app.storage.event_store.store import EventStore
from app.storage.event_store.window import TrainingWindow, open_window
from app.storage.evidence_table import EvidenceTable
from app.storage.model_registry import ModelRegistry, ModelVersion
from recsys.dataset.catalog import Catalog
from recsys.dataset.interactions import Interactions
from recsys.errors import NotEnoughBrandsError, NotEnoughHistoryError
from recsys.evaluation.metrics import Relevance
from recsys.evaluation.tuning import (
    MIN_USERS,
    TuningResult,
    tune_hybrid_params,
    tuning_result_to_row,
)
from recsys.models.collaborative import LossCallback, ProgressCallback
from recsys.models.hybrid import (
    FitOptions,
    HybridModel,
    HybridParams,
    check_options,
    fit_hybrid,
    options_to_row,
)
from recsys.stats import standardized_difference
from recsys.study.deck import CardRole, deal_deck
from recsys.study.policy import Policy

TRIAL_DECK_CUSTOMERS = 1_000
# means that differ without any spread are infinitely apart; JSON has no infinity
MAX_DIFFERENCE = 99.0

OfflineEvaluator = Callable[[EventStore, ProgressCallback], Mapping[str, Any]]
"""What is found out of a model's options before it is saved, as facts."""


def fit_version(
    registry: ModelRegistry,
    event_store: EventStore,
    policy: Policy,
    options: FitOptions,
    baseline: str,
    progress: ProgressCallback,
    window: TrainingWindow | None = None,
    evaluator: OfflineEvaluator | None = None,
    on_loss: LossCallback | None = None,
    evidence_table: EvidenceTable | None = None,
) -> ModelVersion:
    """Fit a model on a sample of the events and save it as a new version.

    With a `evidence_table` that a warehouse summed up it learns from the customers of that; how to
    weigh is chosen on the events as ever. What `evaluator` finds is saved with it; `on_loss` hears
    the loss of each pass. Raises BadInputError for options out of range and NotEnoughError without
    usable events.
    """
    check_options(options)
    window, stage_timer = window or TrainingWindow(), StageTimer(progress)
    windowed_store = open_window(event_store, window)
    customers_in_store = (
        windowed_store.customers if evidence_table is None else evidence_table.customers
    )
    started = time.perf_counter()
    model, interactions, tuning_result = tune_and_fit(
        windowed_store, policy, options, stage_timer, on_loss=on_loss, evidence_table=evidence_table
    )
    seconds = round(time.perf_counter() - started, 2)
    recommender = Recommender.bind(model, "", event_store, policy)
    balance = expected_balance(recommender, policy, baseline, options.seed, stage_timer)
    offline_facts = {} if evaluator is None else dict(evaluator(windowed_store, stage_timer))
    facts: dict[str, Any] = {
        "data_version": windowed_store.version,
        "data_as_of": windowed_store.as_of,
        "window": {"since": window.since, "until": window.until},
        "code_version": code_version("brandswipe"),
        "customers": interactions.n_customers,
        "customers_in_store": customers_in_store,
        "brands": len(recommender.catalog.brands),
        "options": options_to_row(replace(model.options, weights=tuning_result.params.weights)),
        "weighed": tuning_result_to_row(tuning_result),
        "fit_seconds": seconds,
        "balance": balance,
        **offline_facts,
        **(
            {}
            if evidence_table is None
            else {"evidence": evidence_table.facts(windowed_store.catalog)}
        ),
        "stages": stage_timer.seconds_by_stage(),
        "peak_megabytes": peak_megabytes(),
    }
    return registry.save(model.arrays(), model.meta(), facts)


class StageTimer:
    """The same progress, and how many seconds each stage took."""

    def __init__(self, progress: ProgressCallback) -> None:
        self._progress = progress
        self._seconds: dict[str, float] = {}
        self._stage, self._since = "", time.perf_counter()

    def __call__(self, stage: str, fraction: float) -> None:
        self._close_stage(stage)
        self._progress(stage, fraction)

    def seconds_by_stage(self) -> dict[str, float]:
        """Return the seconds of each stage so far, to two digits."""
        self._close_stage(self._stage)
        return {stage: round(spent, 2) for stage, spent in self._seconds.items()}

    def _close_stage(self, stage: str) -> None:
        now = time.perf_counter()
        finished_stage = (
            self._stage or stage
        )  # what came before the first word belongs to the first stage
        self._seconds[finished_stage] = self._seconds.get(finished_stage, 0.0) + now - self._since
        self._stage, self._since = stage, now


def peak_megabytes() -> int:
    """The most memory that this process has held so far."""
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # bytes there, kilobytes here
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def tune_and_fit(
    event_store: EventStore,
    policy: Policy,
    options: FitOptions,
    progress: ProgressCallback,
    split: TemporalSplit | None = None,
    on_loss: LossCallback | None = None,
    evidence_table: EvidenceTable | None = None,
) -> tuple[HybridModel, Interactions, TuningResult]:
    """Choose how to weigh on the end of a start of the log, then learn from all of that start.

    Without a start from the whole log, or from a `evidence_table` that a warehouse summed up.
    Weights that somebody set are taken as they are. Raises NotEnoughError without usable events.
    """
    catalog = policy_catalog(event_store, policy)
    if options.weights is None:
        tuning_result = tune_params(
            event_store, catalog, policy.relevance, options, progress, split
        )
    else:
        tuning_result = TuningResult(
            HybridParams(options.weights), 0, reason="The weights were given."
        )
    options = options.with_sample_share(
        event_store.customers if evidence_table is None else evidence_table.customers
    )
    if evidence_table is None:
        chunks = read_evidence(event_store, catalog, options, progress, split)
    else:
        progress("reading the sample", 0.0)
        chunks = evidence_table.read_sample(
            catalog, options.sample_share(evidence_table.customers), options.seed
        )
    interactions = Interactions.from_evidence(chunks, len(catalog.brands))
    model = fit_hybrid(
        interactions, catalog, options, progress, params=tuning_result.params, on_loss=on_loss
    )
    return model, interactions, tuning_result


def tune_params(
    event_store: EventStore,
    catalog: Catalog,
    relevance: Relevance,
    options: FitOptions,
    progress: ProgressCallback,
    split: TemporalSplit | None = None,
) -> TuningResult:
    """Choose the blend on the last part of a start of the log, learning from what comes before."""
    share = options.sample_share(event_store.customers)
    sample = min(share, tuning_sample_share(event_store))
    seed = options.seed if share < 1 else 0  # of everybody, chance is to decide nothing
    tuning_split = split or TemporalSplit.of(event_store, relevance.held_out, sample, seed)
    task = HoldoutTask.of(event_store, catalog, relevance, tuning_split)
    histories, eval_users = tuning_data(event_store, task, (sample, seed), progress)
    if (
        tuning_split.has_times and len(eval_users) < MIN_USERS
    ):  # hardly anybody comes back: ask about own ends
        task = task.with_sequence_ends()
        histories, eval_users = tuning_data(event_store, task, (sample, seed), progress)
    interactions = Interactions.from_evidence(histories, len(catalog.brands))
    if not len(interactions):
        return TuningResult(
            HybridParams(), 0, reason="The log is too short to hold a part of it out."
        )
    model = fit_hybrid(interactions, catalog, options)
    return tune_hybrid_params(
        model,
        eval_users,
        lambda share: progress(TUNING_STAGE, TUNING_READ_SHARE + (1 - TUNING_READ_SHARE) * share),
    )


def expected_balance(
    recommender: Recommender, policy: Policy, baseline: str, seed: int, progress: ProgressCallback
) -> float | None:
    """Standardised difference of log popularity between picks and decoys, before anybody plays.

    Decks are dealt to customers drawn from the store and thrown away. None where nobody's history
    is enough, or the shop has too few brands for a deck.
    """
    share = min(1.0, 2 * TRIAL_DECK_CUSTOMERS / max(1, recommender.event_store.customers))
    pairs: list[tuple[float, float]] = []
    customers = list(
        islice(recommender.event_store.customer_ids(share, seed), TRIAL_DECK_CUSTOMERS)
    )
    for count, customer in enumerate(customers, start=1):
        pairs += _trial_pairs(recommender, customer, policy, baseline, count)
        if count % 25 == 0 or count == len(customers):
            progress("dealing trial decks", count / len(customers))
    picks, decoys = [pick for pick, _ in pairs], [decoy for _, decoy in pairs]
    difference = standardized_difference(picks, decoys)
    return None if difference is None else min(max(difference, -MAX_DIFFERENCE), MAX_DIFFERENCE)


def _trial_pairs(
    recommender: Recommender, customer: str, policy: Policy, baseline: str, seed: int
) -> list[tuple[float, float]]:
    lengths = (policy.decoy_depth * policy.deck.picks, policy.deck.picks)
    try:
        evidence = recommender.evidence_of(customer)
        if len(evidence) < policy.least_brands:
            return []
        candidate_lists = recommender.candidate_lists(
            evidence, recommender.baseline(baseline), lengths, ()
        )
        cards = deal_deck(candidate_lists, recommender.brand_pool, policy.deck, seed)
    except (NotEnoughBrandsError, NotEnoughHistoryError):
        return []
    by_position = {card.position: card for card in cards}
    return [
        (log1p(by_position[card.partner].popularity), log1p(card.popularity))
        for card in cards
        if card.role is CardRole.MATCHED_DECOY and card.partner is not None
    ]
