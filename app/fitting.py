"""Fitting a model version: read a sample of the customers, learn, save. Nothing half-done stays."""

import time
from dataclasses import asdict
from importlib.metadata import version as code_version
from itertools import islice
from math import log1p
from typing import Any

import numpy as np

from app.brain import Brain
from app.registry import Registry, Version
from app.warehouse import Warehouse
from recsys.deck import Stratum, deal
from recsys.errors import NotEnoughBrandsError
from recsys.events import Catalogue, hide
from recsys.evidence import Evidence, joined, no_evidence
from recsys.model import FitOptions, Progress, check_options, fit
from recsys.policy import Policy
from recsys.signals import ItemFacts, summarise
from recsys.stats import standardised_difference

BALANCE_CUSTOMERS = 1_000
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
    catalogue = policy_catalogue(warehouse, policy)
    evidence = read_evidence(warehouse, catalogue, options, progress)
    model = fit(evidence, catalogue, options, progress)
    seconds = round(time.perf_counter() - started, 2)
    brain = Brain.over(model, "", warehouse, policy)
    facts: dict[str, Any] = {
        "data_version": warehouse.version,
        "data_as_of": warehouse.as_of,
        "code_version": code_version("brandswipe"),
        "customers": len(np.unique(evidence.customer)),
        "customers_in_store": warehouse.customers,
        "brands": len(catalogue.brands),
        "options": asdict(options),
        "fit_seconds": seconds,
        "balance": expected_balance(brain, policy, baseline, options.seed, progress),
    }
    return registry.save(model.arrays(), model.meta(), facts)


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
    until: int | None = None,
) -> Evidence:
    """Sum up the sample's events up to a time (seconds since 1970; the log's end without one)."""
    facts, as_of = ItemFacts.of(catalogue), warehouse.as_of if until is None else until
    parts, wanted = [no_evidence()], max(1.0, warehouse.customers * options.sample)
    read = 0
    for numbers, rows in warehouse.scan(options.sample, options.seed):
        parts.append(summarise(rows, facts, as_of, numbers))
        read += len(np.unique(numbers))
        progress("reading the sample", min(1.0, read / wanted))
    return joined(parts)
