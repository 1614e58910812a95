"""Fitting a model version: read a sample of the customers, learn, save. Nothing half-done stays."""

import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version as code_version
from itertools import islice
from math import log1p
from typing import Any

import numpy as np

from app.modeling.recommender import Brain
from app.modeling.split import Asked, Start
from app.storage.event_store.store import Warehouse
from app.storage.event_store.window import Source, slice_of
from app.storage.evidence_table import EvidenceTable
from app.storage.model_registry import Registry, Version
from recsys.dataset.aggregation import ItemFacts, summarise
from recsys.dataset.catalog import Catalogue, hide
from recsys.dataset.evidence import Evidence
from recsys.dataset.interactions import Lesson
from recsys.errors import NotEnoughBrandsError, NotEnoughHistoryError
from recsys.evaluation.metrics import Case, Relevance
from recsys.evaluation.tuning import LEAST_CASES, Weighed, weigh, weighed_to_row
from recsys.models.collaborative import Heard, Progress
from recsys.models.hybrid import (
    Blend,
    FavouriteModel,
    FitOptions,
    check_options,
    fit,
    options_to_row,
)
from recsys.stats import standardised_difference
from recsys.study.deck import Stratum, deal
from recsys.study.policy import Policy

BALANCE_CUSTOMERS = 1_000
WEIGH_CUSTOMERS = 20_000  # learnt from while weights are chosen, at least
WEIGH_EVENTS = 1_000_000  # so that customers of few events say enough together
WEIGH_CASES = 2_000
WEIGHING, READING = "weighing the parts", 0.3  # the stage, and its share before the search
FARTHEST = 99.0  # means that differ without any spread are infinitely apart; JSON has no infinity


Judge = Callable[[Warehouse, Progress], Mapping[str, Any]]
"""What is found out of a model's options before it is saved, as facts."""


def refit(
    registry: Registry,
    warehouse: Warehouse,
    policy: Policy,
    options: FitOptions,
    baseline: str,
    progress: Progress,
    source: Source | None = None,
    judge: Judge | None = None,
    heard: Heard | None = None,
    table: EvidenceTable | None = None,
) -> Version:
    """Fit a model on a sample of the events and save it as a new version.

    With a `table` that a warehouse summed up it learns from the customers of that; how to weigh is
    chosen on the events as ever. What `judge` finds is saved with it; `heard` hears the loss of
    each pass. Raises BadInputError for options out of range and NotEnoughError without usable
    events.
    """
    check_options(options)
    source, laps = source or Source(), Laps(progress)
    read = slice_of(warehouse, source)
    there = read.customers if table is None else table.customers
    started = time.perf_counter()
    model, lesson, weighed = learn(read, policy, options, laps, heard=heard, table=table)
    seconds = round(time.perf_counter() - started, 2)
    brain = Brain.over(model, "", warehouse, policy)
    balance = expected_balance(brain, policy, baseline, options.seed, laps)
    judged = {} if judge is None else dict(judge(read, laps))
    facts: dict[str, Any] = {
        "data_version": read.version,
        "data_as_of": read.as_of,
        "window": {"since": source.since, "until": source.until},
        "code_version": code_version("brandswipe"),
        "customers": lesson.customers,
        "customers_in_store": there,
        "brands": len(brain.catalogue.brands),
        "options": options_to_row(replace(model.options, weights=weighed.blend.weights)),
        "weighed": weighed_to_row(weighed),
        "fit_seconds": seconds,
        "balance": balance,
        **judged,
        **({} if table is None else {"evidence": table.facts(read.catalogue)}),
        "stages": laps.ended(),
        "peak_megabytes": peak_megabytes(),
    }
    return registry.save(model.arrays(), model.meta(), facts)


class Laps:
    """The same progress, and how many seconds each stage took."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._seconds: dict[str, float] = {}
        self._stage, self._since = "", time.perf_counter()

    def __call__(self, stage: str, fraction: float) -> None:
        self._lap(stage)
        self._progress(stage, fraction)

    def ended(self) -> dict[str, float]:
        """Return the seconds of each stage so far, to two digits."""
        self._lap(self._stage)
        return {stage: round(spent, 2) for stage, spent in self._seconds.items()}

    def _lap(self, stage: str) -> None:
        now = time.perf_counter()
        spent = self._stage or stage  # what came before the first word belongs to the first stage
        self._seconds[spent] = self._seconds.get(spent, 0.0) + now - self._since
        self._stage, self._since = stage, now


def peak_megabytes() -> int:
    """The most memory that this process has held so far."""
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # bytes there, kilobytes here
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def learn(
    warehouse: Warehouse,
    policy: Policy,
    options: FitOptions,
    progress: Progress,
    start: Start | None = None,
    heard: Heard | None = None,
    table: EvidenceTable | None = None,
) -> tuple[FavouriteModel, Lesson, Weighed]:
    """Choose how to weigh on the end of a start of the log, then learn from all of that start.

    Without a start from the whole log, or from a `table` that a warehouse summed up. Weights that
    somebody set are taken as they are. Raises NotEnoughError without usable events.
    """
    catalogue = policy_catalogue(warehouse, policy)
    if options.weights is None:
        weighed = choose(warehouse, catalogue, policy.relevance, options, progress, start)
    else:
        weighed = Weighed(Blend(options.weights), 0, reason="The weights were given.")
    options = options.settled(warehouse.customers if table is None else table.customers)
    if table is None:
        chunks = read_evidence(warehouse, catalogue, options, progress, start)
    else:
        progress("reading the sample", 0.0)
        chunks = table.read(catalogue, options.share_of(table.customers), options.seed)
    lesson = Lesson.of(chunks, len(catalogue.brands))
    model = fit(lesson, catalogue, options, progress, blend=weighed.blend, heard=heard)
    return model, lesson, weighed


def choose(
    warehouse: Warehouse,
    catalogue: Catalogue,
    rule: Relevance,
    options: FitOptions,
    progress: Progress,
    start: Start | None = None,
) -> Weighed:
    """Choose the blend on the last part of a start of the log, learning from what comes before."""
    share = options.share_of(warehouse.customers)
    sample = min(share, _weighing_sample(warehouse))
    seed = options.seed if share < 1 else 0  # of everybody, chance is to decide nothing
    whole = start or Start.of(warehouse, rule.held_out, sample, seed)
    asked = Asked.about(warehouse, catalogue, rule, whole)
    known, cases = _known_and_asked(warehouse, asked, (sample, seed), progress)
    if whole.dated and len(cases) < LEAST_CASES:  # hardly anybody comes back: ask about own ends
        asked = asked.of_own_ends()
        known, cases = _known_and_asked(warehouse, asked, (sample, seed), progress)
    lesson = Lesson.of(known, len(catalogue.brands))
    if not len(lesson):
        return Weighed(Blend(), 0, reason="The log is too short to hold a part of it out.")
    model = fit(lesson, catalogue, options)
    return weigh(model, cases, lambda share: progress(WEIGHING, READING + (1 - READING) * share))


def _known_and_asked(
    warehouse: Warehouse, asked: Asked, drawn: tuple[float, int], progress: Progress
) -> tuple[list[Evidence], list[Case]]:
    """What the customers of a sample (share, seed) did before, and who is asked what came after."""
    wanted = max(1.0, warehouse.customers * drawn[0])
    parts, cases, read = list[Evidence](), list[Case](), 0
    for numbers, rows in warehouse.scan(*drawn):
        parts.append(asked.known(numbers, rows))
        cases += islice(asked.cases(numbers, rows, parts[-1]), WEIGH_CASES - len(cases))
        read += len(np.unique(numbers))
        progress(WEIGHING, READING * min(1.0, read / wanted))
    if len(cases) < WEIGH_CASES and drawn[0] < 1:  # look further
        cases = list(islice(asked.everybody(warehouse), WEIGH_CASES))
    return parts, cases


def _weighing_sample(warehouse: Warehouse) -> float:
    """The share of the customers that is learnt from while weights are chosen."""
    by_customers = WEIGH_CUSTOMERS / max(1, warehouse.customers)
    return max(by_customers, WEIGH_EVENTS / max(1, warehouse.events))


def expected_balance(
    brain: Brain, policy: Policy, baseline: str, seed: int, progress: Progress
) -> float | None:
    """Standardised difference of log popularity between picks and decoys, before anybody plays.

    Decks are dealt to customers drawn from the store and thrown away. None where nobody's history
    is enough, or the shop has too few brands for a deck.
    """
    share = min(1.0, 2 * BALANCE_CUSTOMERS / max(1, brain.warehouse.customers))
    pairs: list[tuple[float, float]] = []
    asked = list(islice(brain.warehouse.customer_ids(share, seed), BALANCE_CUSTOMERS))
    for done, customer in enumerate(asked, start=1):
        pairs += _dealt_pairs(brain, customer, policy, baseline, done)
        if done % 25 == 0 or done == len(asked):
            progress("dealing trial decks", done / len(asked))
    picks, decoys = [pick for pick, _ in pairs], [decoy for _, decoy in pairs]
    found = standardised_difference(picks, decoys)
    return None if found is None else min(max(found, -FARTHEST), FARTHEST)


def _dealt_pairs(
    brain: Brain, customer: str, policy: Policy, baseline: str, seed: int
) -> list[tuple[float, float]]:
    lengths = (policy.decoy_depth * policy.deck.picks, policy.deck.picks)
    try:
        evidence = brain.evidence_of(customer)
        if len(evidence) < policy.least_brands:
            return []
        lists = brain.lists(evidence, brain.rival(baseline), lengths, ())
        cards = deal(lists, brain.shelf, policy.deck, seed)
    except (NotEnoughBrandsError, NotEnoughHistoryError):
        return []
    at = {card.position: card for card in cards}
    return [
        (log1p(at[card.partner].popularity), log1p(card.popularity))
        for card in cards
        if card.stratum is Stratum.FAR and card.partner is not None
    ]


def policy_catalogue(warehouse: Warehouse, policy: Policy) -> Catalogue:
    """The catalogue as a policy allows it to be seen."""
    return hide(warehouse.catalogue, policy.is_sensitive)


def read_evidence(
    warehouse: Warehouse,
    catalogue: Catalogue,
    options: FitOptions,
    progress: Progress,
    start: Start | None = None,
) -> Iterator[Evidence]:
    """Sum up the sample's events, all of them or those of a start of the log, chunk by chunk."""
    facts, as_of = ItemFacts.of(catalogue), warehouse.as_of if start is None else start.as_of
    share = options.share_of(warehouse.customers)
    read, wanted = 0, max(1.0, warehouse.customers * share)
    for numbers, rows in warehouse.scan(share, options.seed):
        held = slice(None) if start is None else start.holds(numbers, rows)
        yield summarise(rows[held], facts, as_of, numbers[held])
        read += len(np.unique(numbers))
        progress("reading the sample", min(1.0, read / wanted))
