"""Fitting a model version: read a sample of the customers, learn, save. Nothing half-done stays."""

import time
from dataclasses import asdict, replace
from importlib.metadata import version as code_version
from itertools import islice
from math import log1p
from typing import Any

import numpy as np

from app.brain import Brain
from app.holdout import Asked, Start
from app.registry import Registry, Version
from app.warehouse import Warehouse
from recsys.collaborative import Progress
from recsys.deck import Stratum, deal
from recsys.errors import NotEnoughBrandsError
from recsys.events import Catalogue, hide
from recsys.evidence import Evidence, joined, no_evidence
from recsys.model import Blend, FavouriteModel, FitOptions, check_options, fit
from recsys.policy import Policy
from recsys.relevance import Case, Relevance
from recsys.signals import ItemFacts, summarise
from recsys.stats import standardised_difference
from recsys.weighing import Weighed, weigh

BALANCE_CUSTOMERS = 1_000
WEIGH_CUSTOMERS = 20_000  # learnt from while weights are chosen
WEIGH_CASES = 2_000
WEIGHING, READING = "weighing the parts", 0.3  # the stage, and its share before the search
FARTHEST = 99.0  # means that differ without any spread are infinitely apart; JSON has no infinity


def refit(
    registry: Registry,
    warehouse: Warehouse,
    policy: Policy,
    options: FitOptions,
    baseline: str,
    progress: Progress,
) -> Version:
    """Fit a model on a sample of the events and save it as a new version.

    Raises BadInputError for options out of range and NotEnoughError without usable events.
    """
    check_options(options)
    started = time.perf_counter()
    model, evidence, weighed = learn(warehouse, policy, options, progress)
    seconds = round(time.perf_counter() - started, 2)
    brain = Brain.over(model, "", warehouse, policy)
    facts: dict[str, Any] = {
        "data_version": warehouse.version,
        "data_as_of": warehouse.as_of,
        "code_version": code_version("brandswipe"),
        "customers": len(np.unique(evidence.customer)),
        "customers_in_store": warehouse.customers,
        "brands": len(brain.catalogue.brands),
        "options": asdict(replace(options, weights=weighed.blend.weights)),
        "weighed": asdict(weighed),
        "fit_seconds": seconds,
        "balance": expected_balance(brain, policy, baseline, options.seed, progress),
    }
    return registry.save(model.arrays(), model.meta(), facts)


def learn(
    warehouse: Warehouse,
    policy: Policy,
    options: FitOptions,
    progress: Progress,
    start: Start | None = None,
) -> tuple[FavouriteModel, Evidence, Weighed]:
    """Choose how to weigh on the end of a start of the log, then learn from all of that start.

    Without a start from the whole log. Weights that somebody set are taken as they are.
    Raises NotEnoughError without usable events.
    """
    catalogue = policy_catalogue(warehouse, policy)
    if options.chooses:
        weighed = choose(warehouse, catalogue, policy.relevance, options, progress, start)
    else:
        weighed = Weighed(Blend(options.weights), 0, reason="The weights were given.")
    evidence = read_evidence(warehouse, catalogue, options, progress, start)
    return fit(evidence, catalogue, options, progress, blend=weighed.blend), evidence, weighed


def choose(
    warehouse: Warehouse,
    catalogue: Catalogue,
    rule: Relevance,
    options: FitOptions,
    progress: Progress,
    start: Start | None = None,
) -> Weighed:
    """Choose the blend on the last part of a start of the log, learning from what comes before."""
    sample = min(options.sample, WEIGH_CUSTOMERS / max(1, warehouse.customers))
    seed = options.seed if options.sample < 1 else 0  # of everybody, chance is to decide nothing
    whole = start or Start.of(warehouse, rule.held_out, sample, seed)
    asked = Asked.about(warehouse, catalogue, rule, whole)
    wanted = max(1.0, warehouse.customers * sample)
    parts, cases, read = [no_evidence()], list[Case](), 0
    for numbers, rows in warehouse.scan(sample, seed):
        parts.append(asked.known(numbers, rows))
        cases += islice(asked.cases(numbers, rows, parts[-1]), WEIGH_CASES - len(cases))
        read += len(np.unique(numbers))
        progress(WEIGHING, READING * min(1.0, read / wanted))
    known = joined(parts)
    if not len(known):
        return Weighed(Blend(), 0, reason="The log is too short to hold a part of it out.")
    model = fit(known, catalogue, options)
    return weigh(model, cases, lambda share: progress(WEIGHING, READING + (1 - READING) * share))


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
        evidence = brain.evidence_of(customer)
        if len(evidence) >= policy.least_brands:
            pairs += _dealt_pairs(brain, evidence, policy, baseline, done)
        if done % 25 == 0 or done == len(asked):
            progress("dealing trial decks", done / len(asked))
    picks, decoys = [pick for pick, _ in pairs], [decoy for _, decoy in pairs]
    found = standardised_difference(picks, decoys)
    return None if found is None else min(max(found, -FARTHEST), FARTHEST)


def _dealt_pairs(
    brain: Brain, evidence: Evidence, policy: Policy, baseline: str, seed: int
) -> list[tuple[float, float]]:
    lengths = (policy.decoy_depth * policy.deck.picks, policy.deck.picks)
    lists = brain.lists(evidence, brain.rival(baseline), lengths, ())
    try:
        cards = deal(lists, brain.shelf, policy.deck, seed)
    except NotEnoughBrandsError:
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
) -> Evidence:
    """Sum up the sample's events, all of them or those of a start of the log."""
    facts, as_of = ItemFacts.of(catalogue), warehouse.as_of if start is None else start.as_of
    parts, wanted = [no_evidence()], max(1.0, warehouse.customers * options.sample)
    read = 0
    for numbers, rows in warehouse.scan(options.sample, options.seed):
        held = slice(None) if start is None else start.holds(numbers, rows)
        parts.append(summarise(rows[held], facts, as_of, numbers[held]))
        read += len(np.unique(numbers))
        progress("reading the sample", min(1.0, read / wanted))
    return joined(parts)
