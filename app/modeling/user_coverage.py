"""User coverage: the share of customers with enough history for a recommendation."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.modeling.training_data import policy_catalog
from app.storage.event_store.store import EventStore
from recsys.dataset.event_aggregation import ItemFacts, aggregate_events
from recsys.disclosure import DisclosureRule
from recsys.study.policy import Policy

SAMPLE_CUSTOMERS = 5_000
"""Sample size. Reading takes half a second; the 95% margin of error is 1.4 percentage points."""


@dataclass(frozen=True, slots=True)
class HistoryBand:
    """Share of customers with `min_brands` to `max_brands` brands in their history."""

    min_brands: int
    max_brands: int | None  # None: no upper limit
    share: float


@dataclass(frozen=True, slots=True)
class UserCoverage:
    """History lengths in a sample of customers."""

    customers: int  # sample size
    min_brands: int  # brands that make a history long enough
    enough_share: float  # share of customers with at least `min_brands`
    bands: tuple[HistoryBand, ...]


def measure_user_coverage(event_store: EventStore, policy: Policy) -> UserCoverage | None:
    """Return the coverage in a sample; None if it has fewer customers than `policy.cell`."""
    counts = np.concatenate([np.zeros(0, np.int64), *_brand_counts(event_store, policy)])
    # round_down returns 0 for a group that is too small to publish
    if not policy.disclosure.round_down(len(counts)):
        return None
    min_brands = policy.least_brands
    bands = tuple(
        _bands(counts, (0, min_brands, 2 * min_brands, 4 * min_brands), policy.disclosure)
    )
    return UserCoverage(len(counts), min_brands, float((counts >= min_brands).mean()), bands)


def _brand_counts(event_store: EventStore, policy: Policy) -> Iterator[NDArray[np.int64]]:
    """Yield (n,) brands in the history of each sampled customer, counted as for a deck."""
    facts = ItemFacts.from_catalog(policy_catalog(event_store, policy))
    share = min(1.0, SAMPLE_CUSTOMERS / max(1, event_store.customers))
    for numbers, rows in event_store.scan(share):
        evidence = aggregate_events(rows, facts, event_store.as_of, numbers)
        first = int(numbers.min())
        brand_counts = np.bincount(
            evidence.customer - first, minlength=int(numbers.max()) - first + 1
        )
        yield brand_counts[np.unique(numbers) - first]


def _bands(
    counts: NDArray[np.int64], edges: tuple[int, ...], rule: DisclosureRule
) -> Iterator[HistoryBand]:
    """Yield bands of at least `min_group_size` customers; a smaller band joins the next one.

    counts: (n,) brands per customer. edges: lower ends of the bands, in brands.
    """
    low, remaining = edges[0], len(counts)
    for high in edges[1:]:
        count = int(((counts >= low) & (counts < high)).sum())
        if rule.round_down(count) and rule.round_down(remaining - count):
            yield HistoryBand(low, high - 1, count / len(counts))
            low, remaining = high, remaining - count
    yield HistoryBand(low, None, remaining / len(counts))
