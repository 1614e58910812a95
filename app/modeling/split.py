"""The end of a log, held out: what came before is learnt from, what came after is asked about."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.storage.event_store.store import Warehouse
from recsys.dataset.aggregation import ItemFacts, summarise
from recsys.dataset.catalog import Catalogue
from recsys.dataset.events import Rows
from recsys.dataset.evidence import Evidence, persons
from recsys.evaluation.metrics import Case, Relevance, gains

FEW_ROWS = 200_000  # read at once, where a few cases are looked for
Numbers = NDArray[np.int64]
"""Customer of each row, shape (n,)."""


@dataclass(frozen=True, slots=True)
class Start:
    """The start of a log: all but its held-out end, and at `depth` 2 all but that one's end again.

    The end is a share of the time; where the log has no times, of each customer's sequence.
    """

    first: int  # seconds since 1970, the earliest event
    last: int
    held_out: float  # share
    depth: int = 0  # 0 is the whole log
    own_end: bool = False  # in time; each customer's own sequence lacks its end as well

    @classmethod
    def of(cls, warehouse: Warehouse, held_out: float, sample: float, seed: int) -> Self:
        """The whole log of a warehouse; its first event is looked for in a sample."""
        chunks = (int(rows["ts"].min()) for _, rows in warehouse.scan(sample, seed))
        return cls(min(chunks, default=warehouse.as_of), warehouse.as_of, held_out)

    @property
    def dated(self) -> bool:
        """Whether there are times to split at."""
        return self.first < self.last

    @property
    def as_of(self) -> int:
        """The day that what is known looks back from, seconds since 1970."""
        if not self.dated:
            return self.last
        return self.first + round((self.last - self.first) * (1 - self.held_out) ** self.depth)

    def earlier(self) -> "Start":
        """This start without its own end."""
        return replace(self, depth=self.depth + 1)

    def holds(self, numbers: Numbers, rows: Rows) -> NDArray[np.bool_]:
        """Which rows of whole customers, ordered by customer, belong to it, shape (n,)."""
        if not self.dated:
            return self._begins(numbers, self.depth)
        held = np.asarray(rows["ts"] <= self.as_of, np.bool_)
        if self.own_end:
            held[held] = self._begins(numbers[held], 1)
        return held

    def _begins(self, numbers: Numbers, depth: int) -> NDArray[np.bool_]:
        """Which rows are left of each customer's sequence when its end is cut so many times."""
        starts = np.flatnonzero(np.diff(numbers, prepend=-1))
        counts = np.diff(np.append(starts, len(numbers)))
        kept = counts
        for _ in range(depth):
            end = np.maximum(1, np.floor(kept * self.held_out + 0.5)).astype(kept.dtype)
            kept = np.where(kept > 1, kept - end, kept)
        place = np.arange(len(numbers)) - np.repeat(starts, counts)
        return np.asarray(place < np.repeat(kept, counts), np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """How customers are asked about the end of a start of the log."""

    catalogue: Catalogue
    facts: ItemFacts
    rule: Relevance
    start: Start
    before: Start  # what `start` holds beyond it is asked about
    bought: bool  # whether the log knows purchases

    @classmethod
    def about(
        cls, warehouse: Warehouse, catalogue: Catalogue, rule: Relevance, start: Start
    ) -> Self:
        """About the held-out end of a start of a warehouse's log."""
        bought = bool(warehouse.item_buys.any())
        return cls(catalogue, ItemFacts.of(catalogue), rule, start, start.earlier(), bought)

    def of_own_ends(self) -> "Asked":
        """In a log with times, about the end of each customer's own sequence, whenever that is."""
        return replace(self, before=replace(self.start, own_end=True))

    def known(self, numbers: Numbers, rows: Rows) -> Evidence:
        """Evidence of what came before."""
        held = self.before.holds(numbers, rows)
        return summarise(rows[held], self.facts, self.before.as_of, numbers[held])

    def everybody(self, warehouse: Warehouse) -> Iterator[Case]:
        """All cases of the log, by customers' keys, which fall as chance would have it."""
        for numbers, rows in warehouse.scan(chunk=FEW_ROWS):
            yield from self.cases(numbers, rows, self.known(numbers, rows))

    def cases(self, numbers: Numbers, rows: Rows, known: Evidence) -> Iterator[Case]:
        """Customers of a chunk who did something before and something that counts after."""
        after = self.start.holds(numbers, rows) & ~self.before.holds(numbers, rows)
        who, brand, gain = gains(numbers[after], rows[after], self.facts, self.rule, self.bought)
        allowed = ~self.catalogue.brand_sensitive & (self.catalogue.brand_category >= 0)
        kept = allowed[brand]
        who, brand, gain = who[kept], brand[kept], gain[kept]
        names = self.catalogue.brands
        for customer, before in persons(known, set(who.tolist())):
            mine = slice(*np.searchsorted(who, [customer, customer + 1]))
            yield Case(
                before=before,
                gains={
                    str(names[code]): float(g)
                    for code, g in zip(brand[mine], gain[mine], strict=True)
                },
                known=frozenset(str(names[code]) for code in before.brand),
                customer=customer,
            )
