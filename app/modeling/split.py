"""Temporal split of the log: a training part and a held-out end for evaluation."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.storage.event_store.store import EventStore
from recsys.dataset.catalog import Catalog
from recsys.dataset.event_aggregation import ItemFacts, aggregate_events
from recsys.dataset.events import EventRows
from recsys.dataset.evidence import Evidence, split_by_customer
from recsys.evaluation.metrics import EvalUser, Relevance, relevance_gains

SMALL_CHUNK_ROWS = 200_000  # rows per read when only a few evaluation users are needed
RowCustomers = NDArray[np.int64]
"""Customer number of each row, (n,), ascending."""


@dataclass(frozen=True, slots=True)
class TemporalSplit:
    """Training part of a temporal split.

    depth=0 is the whole log, depth=1 drops the test period, depth=2 also drops a validation period.
    Each dropped period is the share `held_out` of the remaining time span. In a log without times,
    it is that share of each customer's sequence of events.
    """

    first: int  # seconds since 1970, the earliest event
    last: int  # seconds since 1970, the latest event
    held_out: float  # share from 0 to 1
    depth: int = 0  # number of periods dropped
    cuts_sequences: bool = False  # log with times: also drop each sequence's last events

    @classmethod
    def of(cls, event_store: EventStore, held_out: float, sample: float, seed: int) -> Self:
        """Return the whole log (depth 0). `first` is taken from a sample (share) of customers."""
        chunks = (int(rows["ts"].min()) for _, rows in event_store.scan(sample, seed))
        return cls(min(chunks, default=event_store.as_of), event_store.as_of, held_out)

    @property
    def has_times(self) -> bool:
        """Whether the events have times to split at."""
        return self.first < self.last

    @property
    def as_of(self) -> int:
        """End of this part, seconds since 1970. Event ages are measured from it."""
        if not self.has_times:
            return self.last
        return self.first + round((self.last - self.first) * (1 - self.held_out) ** self.depth)

    def training_part(self) -> "TemporalSplit":
        """Return this part without one more held-out period at its end."""
        return replace(self, depth=self.depth + 1)

    def contains(self, numbers: RowCustomers, rows: EventRows) -> NDArray[np.bool_]:
        """Return a mask (n,): which rows are in this part.

        rows: (n,) all events of some customers, ordered by customer. numbers: (n,)
        """
        if not self.has_times:
            return self._sequence_start(numbers, self.depth)
        contained = np.asarray(rows["ts"] <= self.as_of, np.bool_)
        if self.cuts_sequences:
            contained[contained] = self._sequence_start(numbers[contained], 1)
        return contained

    def _sequence_start(self, numbers: RowCustomers, depth: int) -> NDArray[np.bool_]:
        """Return a mask (n,): which rows stay after `depth` cuts at the end of each sequence."""
        starts = np.flatnonzero(np.diff(numbers, prepend=-1))
        counts = np.diff(np.append(starts, len(numbers)))
        lengths = counts
        for _ in range(depth):
            cut = np.maximum(1, np.floor(lengths * self.held_out + 0.5)).astype(lengths.dtype)
            lengths = np.where(lengths > 1, lengths - cut, lengths)
        position = np.arange(len(numbers)) - np.repeat(starts, counts)
        return np.asarray(position < np.repeat(lengths, counts), np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class HoldoutTask:
    """Evaluation task: predict a customer's held-out brands from the history before them."""

    catalog: Catalog
    item_facts: ItemFacts
    relevance: Relevance
    split: TemporalSplit
    history_split: TemporalSplit  # rows in `split` but not in this part are the targets
    has_purchases: bool  # whether the log has purchases

    @classmethod
    def of(
        cls, event_store: EventStore, catalog: Catalog, relevance: Relevance, split: TemporalSplit
    ) -> Self:
        """Return the task for the last held-out period of `split`."""
        has_purchases = bool(event_store.item_purchases.any())
        return cls(
            catalog,
            ItemFacts.from_catalog(catalog),
            relevance,
            split,
            split.training_part(),
            has_purchases,
        )

    def with_sequence_ends(self) -> "HoldoutTask":
        """Return the task that holds out the end of each sequence of events (log with times)."""
        return replace(self, history_split=replace(self.split, cuts_sequences=True))

    def history(self, numbers: RowCustomers, rows: EventRows) -> Evidence:
        """Return the evidence of the rows before the held-out period."""
        in_history = self.history_split.contains(numbers, rows)
        return aggregate_events(
            rows[in_history], self.item_facts, self.history_split.as_of, numbers[in_history]
        )

    def all_eval_users(self, event_store: EventStore) -> Iterator[EvalUser]:
        """Yield all evaluation users in the order of customer keys: random, as keys are hashes."""
        for numbers, rows in event_store.scan(chunk=SMALL_CHUNK_ROWS):
            yield from self.eval_users(numbers, rows, self.history(numbers, rows))

    def eval_users(
        self, numbers: RowCustomers, rows: EventRows, history: Evidence
    ) -> Iterator[EvalUser]:
        """Yield the customers with a history and at least one relevant held-out brand."""
        held_out = self.split.contains(numbers, rows) & ~self.history_split.contains(numbers, rows)
        customers, brand, gain = relevance_gains(
            numbers[held_out], rows[held_out], self.item_facts, self.relevance, self.has_purchases
        )
        allowed = ~self.catalog.brand_sensitive & (self.catalog.brand_category >= 0)
        is_allowed = allowed[brand]
        customers, brand, gain = customers[is_allowed], brand[is_allowed], gain[is_allowed]
        names = self.catalog.brands
        for customer, user_history in split_by_customer(history, set(customers.tolist())):
            customer_rows = slice(*np.searchsorted(customers, [customer, customer + 1]))
            yield EvalUser(
                evidence=user_history,
                gains={
                    str(names[code]): float(g)
                    for code, g in zip(brand[customer_rows], gain[customer_rows], strict=True)
                },
                known_brands=frozenset(str(names[code]) for code in user_history.brand),
                customer=customer,
            )
