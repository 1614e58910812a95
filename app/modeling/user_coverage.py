"""For which of the shop's customers a model speaks: those whose history it can guess from."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.modeling.training import policy_catalogue
from app.storage.event_store.store import Warehouse
from recsys.dataset.aggregation import ItemFacts, summarise
from recsys.study.policy import Policy

MOST = 5_000
"""Customers that are read: half a second, and shares right to 1.4 points in 19 of 20 samples."""


@dataclass(frozen=True, slots=True)
class Band:
    """Customers by how many brands they have in their history."""

    least: int
    most: int | None  # None: or more
    share: float


@dataclass(frozen=True, slots=True)
class Audience:
    """How much is known of customers, in a sample of them."""

    customers: int  # read
    least: int  # brands from which a history is enough
    enough: float  # share of customers with so many
    bands: tuple[Band, ...]


def audience_of(warehouse: Warehouse, policy: Policy) -> Audience | None:
    """Count the brands of a sample of customers; None where they are fewer than a cell."""
    counts = np.concatenate([np.zeros(0, np.int64), *_brands(warehouse, policy)])
    if len(counts) < policy.cell:
        return None
    least = policy.least_brands
    bands = tuple(_bands(counts, (0, least, 2 * least, 4 * least), policy.cell))
    return Audience(len(counts), least, float((counts >= least).mean()), bands)


def _brands(warehouse: Warehouse, policy: Policy) -> Iterator[NDArray[np.int64]]:
    """Yield how many brands each customer of the sample has, as a deck would be dealt from them."""
    facts = ItemFacts.of(policy_catalogue(warehouse, policy))
    share = min(1.0, MOST / max(1, warehouse.customers))
    for numbers, rows in warehouse.scan(share):
        known = summarise(rows, facts, warehouse.as_of, numbers)
        first = int(numbers.min())
        held = np.bincount(known.customer - first, minlength=int(numbers.max()) - first + 1)
        yield held[np.unique(numbers) - first]


def _bands(counts: NDArray[np.int64], edges: tuple[int, ...], cell: int) -> Iterator[Band]:
    """Yield bands, each with a cell of customers at least: a smaller one joins the next."""
    low, behind = edges[0], len(counts)
    for high in edges[1:]:
        people = int(((counts >= low) & (counts < high)).sum())
        if people >= cell and behind - people >= cell:
            yield Band(low, high - 1, people / len(counts))
            low, behind = high, behind - people
    yield Band(low, None, behind / len(counts))
