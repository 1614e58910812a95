"""Training of a model version: read a sample of customers, tune, fit, save atomically."""

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
from recsys.models.collaborative import LossCallback
from recsys.models.hybrid import (
    FitOptions,
    HybridModel,
    HybridParams,
    check_options,
    fit_hybrid,
    options_to_row,
)
from recsys.progress import ProgressCallback, WorkStage
from recsys.stats import standardized_difference
from recsys.study.deck import CardRole, deal_deck
from recsys.study.policy import Policy

TRIAL_DECK_CUSTOMERS = 1_000
# the difference is infinite if the means differ and the spread is 0; JSON has no infinity
MAX_DIFFERENCE = 99.0

OfflineEvaluator = Callable[[EventStore, ProgressCallback], Mapping[str, Any]]
"""Evaluates the fit options before the version is saved; returns facts to save with it."""


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
    """Fit a model on a sample of the customers and save it as a new version.

    `baseline` names the baseline in the trial decks that measure the expected balance. With
    `evidence_table`, aggregated by a warehouse, the model learns from that table's customers;
    parameters are still tuned on the events. The facts of `evaluator` are saved with the version.
    `on_loss` receives the loss after each ALS iteration. Raises BadInputError for options out of
    range and NotEnoughError without usable events.
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
    """Progress callback that passes calls on and measures the seconds of each stage."""

    def __init__(self, progress: ProgressCallback) -> None:
        self._progress = progress
        self._seconds: dict[str, float] = {}
        self._stage, self._since = "", time.perf_counter()

    def __call__(self, stage: str, fraction: float) -> None:
        self._close_stage(stage)
        self._progress(stage, fraction)

    def seconds_by_stage(self) -> dict[str, float]:
        """Return stage -> seconds so far, rounded to two decimals."""
        self._close_stage(self._stage)
        return {stage: round(spent, 2) for stage, spent in self._seconds.items()}

    def _close_stage(self, stage: str) -> None:
        now = time.perf_counter()
        # Time before the first call is counted for the first stage.
        finished_stage = self._stage or stage
        self._seconds[finished_stage] = self._seconds.get(finished_stage, 0.0) + now - self._since
        self._stage, self._since = stage, now


def peak_megabytes() -> int:
    """Return the peak memory (resident set size) of this process in MiB."""
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # macOS: bytes; Linux: KiB
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
    """Tune the parameters on the end of the training part `split`, then fit on all of that part.

    Without `split` the model is fitted on the whole log, or on `evidence_table` if one is given.
    Weights set in `options` are used as they are, without tuning. Raises NotEnoughError without
    usable events.
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
        progress(WorkStage.READING_SAMPLE, 0.0)
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
    """Tune HybridParams on the validation period at the end of `split`; fit on the time before."""
    share = options.sample_share(event_store.customers)
    sample = min(share, tuning_sample_share(event_store))
    seed = options.seed if share < 1 else 0  # all customers are read: the seed must not matter
    tuning_split = split or TemporalSplit.of(event_store, relevance.held_out, sample, seed)
    task = HoldoutTask.of(event_store, catalog, relevance, tuning_split)
    histories, eval_users = tuning_data(event_store, task, (sample, seed), progress)
    if tuning_split.has_times and len(eval_users) < MIN_USERS:  # too few returning customers
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
        lambda share: progress(
            WorkStage.TUNING, TUNING_READ_SHARE + (1 - TUNING_READ_SHARE) * share
        ),
    )


def expected_balance(
    recommender: Recommender, policy: Policy, baseline: str, seed: int, progress: ProgressCallback
) -> float | None:
    """Return the standardized difference of log popularity between picks and decoys, or None.

    It is measured on trial decks for a sample of customers, before any study; the decks are thrown
    away. None if no customer has enough history, or the shop has too few brands for a deck.
    """
    share = min(1.0, 2 * TRIAL_DECK_CUSTOMERS / max(1, recommender.event_store.customers))
    pairs: list[tuple[float, float]] = []
    customers = list(
        islice(recommender.event_store.customer_ids(share, seed), TRIAL_DECK_CUSTOMERS)
    )
    for count, customer in enumerate(customers, start=1):
        pairs += _trial_pairs(recommender, customer, policy, baseline, count)
        if count % 25 == 0 or count == len(customers):
            progress(WorkStage.DEALING_TRIALS, count / len(customers))
    picks, decoys = [pick for pick, _ in pairs], [decoy for _, decoy in pairs]
    difference = standardized_difference(picks, decoys)
    return None if difference is None else min(max(difference, -MAX_DIFFERENCE), MAX_DIFFERENCE)


def _trial_pairs(
    recommender: Recommender, customer: str, policy: Policy, baseline: str, seed: int
) -> list[tuple[float, float]]:
    # lengths of the lists of model and baseline; decoys are not in the model's list
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
