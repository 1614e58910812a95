"""The end of a log, held out: what came before is learnt from, what came after is asked about."""

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

SMALL_CHUNK_ROWS = 200_000  # read at once, where a few cases are looked for
RowCustomers = NDArray[np.int64]
"""Customer of each row, shape (n,)."""


@dataclass(frozen=True, slots=True)
class TemporalSplit:
    """The start of a log: all but its held-out end, and at `depth` 2 all but that one's end again.

    The end is a share of the time; where the log has no times, of each customer's sequence.
    """

    first: int  # seconds since 1970, the earliest event
    last: int
    held_out: float  # share
    depth: int = 0  # 0 is the whole log
    cuts_sequences: bool = False  # in time; each customer's own sequence lacks its end as well

    @classmethod
    def of(cls, event_store: EventStore, held_out: float, sample: float, seed: int) -> Self:
        """The whole log of a warehouse; its first event is looked for in a sample."""
        chunks = (int(rows["ts"].min()) for _, rows in event_store.scan(sample, seed))
        return cls(min(chunks, default=event_store.as_of), event_store.as_of, held_out)

    @property
    def has_times(self) -> bool:
        """Whether there are times to split at."""
        return self.first < self.last

    @property
    def as_of(self) -> int:
        """The day that what is known looks back from, seconds since 1970."""
        if not self.has_times:
            return self.last
        return self.first + round((self.last - self.first) * (1 - self.held_out) ** self.depth)

    def training_part(self) -> "TemporalSplit":
        """This start without its own end."""
        return replace(self, depth=self.depth + 1)

    def contains(self, numbers: RowCustomers, rows: EventRows) -> NDArray[np.bool_]:
        """Which rows of whole customers, ordered by customer, belong to it, shape (n,)."""
        if not self.has_times:
            return self._sequence_start(numbers, self.depth)
        contained = np.asarray(rows["ts"] <= self.as_of, np.bool_)
        if self.cuts_sequences:
            contained[contained] = self._sequence_start(numbers[contained], 1)
        return contained

    def _sequence_start(self, numbers: RowCustomers, depth: int) -> NDArray[np.bool_]:
        """Which rows are left of each customer's sequence when its end is cut so many times."""
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
    """How customers are asked about the end of a start of the log."""

    catalog: Catalog
    item_facts: ItemFacts
    relevance: Relevance
    split: TemporalSplit
    history_split: TemporalSplit  # what `split` holds beyond it is asked about
    has_purchases: bool  # whether the log knows purchases

    @classmethod
    def of(
        cls, event_store: EventStore, catalog: Catalog, relevance: Relevance, split: TemporalSplit
    ) -> Self:
        """About the held-out end of a start of a warehouse's log."""
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
        """In a log with times, about the end of each customer's own sequence, whenever that is."""
        return replace(self, history_split=replace(self.split, cuts_sequences=True))

    def history(self, numbers: RowCustomers, rows: EventRows) -> Evidence:
        """Evidence of what came before."""
        in_history = self.history_split.contains(numbers, rows)
        return aggregate_events(
            rows[in_history], self.item_facts, self.history_split.as_of, numbers[in_history]
        )

    def all_eval_users(self, event_store: EventStore) -> Iterator[EvalUser]:
        """All cases of the log, by customers' keys, which fall as chance would have it."""
        for numbers, rows in event_store.scan(chunk=SMALL_CHUNK_ROWS):
            yield from self.eval_users(numbers, rows, self.history(numbers, rows))

    def eval_users(
        self, numbers: RowCustomers, rows: EventRows, history: Evidence
    ) -> Iterator[EvalUser]:
        """Customers of a chunk who did something before and something that counts after."""
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
