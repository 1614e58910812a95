"""The log of events that simulated customers leave, and the occasions that it comes from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.events import EventKind
from recsys.simulation import parameters
from recsys.simulation.customers import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class EventLog:
    """Events of one block, all arrays (n,)."""

    customer: IntArray  # number of the customer within the block
    ts: IntArray  # seconds since 1970, UTC
    kind: IntArray  # EventKind
    product: IntArray  # number of the product in the assortment
    cents: IntArray  # asked or paid a unit
    quantity: IntArray

    @classmethod
    def concatenate(cls, parts: list["EventLog"]) -> "EventLog":
        """Return the parts as one."""
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__slots__))

    def take(self, rows: IntArray | NDArray[np.bool_]) -> "EventLog":
        """Return these rows."""
        return EventLog(*(getattr(self, name)[rows] for name in self.__slots__))


@dataclass(frozen=True, slots=True, eq=False)
class Occasions:
    """Occasions: somebody looks at a product at a time and may buy it. All arrays (n,)."""

    customer: IntArray
    reason: IntArray  # index in parameters.REASONS
    ts: IntArray
    product: IntArray
    cents: IntArray

    def to_events(
        self, kind: EventKind, rows: NDArray[np.bool_] | IntArray, delay: IntArray | int
    ) -> EventLog:
        """Return one event for each of these rows, `delay` seconds after the occasion."""
        customer = self.customer[rows]
        ts, ones = self.ts[rows] + delay, np.ones(len(customer), dtype=np.int64)
        return EventLog(customer, ts, ones * int(kind), self.product[rows], self.cents[rows], ones)


def draw_quantities(rng: np.random.Generator, log: EventLog) -> None:
    """Write into the log how many units each purchase is of."""
    bought = np.flatnonzero(log.kind == int(EventKind.PURCHASE))
    units = 1 + np.searchsorted(np.cumsum(parameters.UNIT_SHARES), rng.random(len(bought)))
    log.quantity[bought] = np.minimum(units, len(parameters.UNIT_SHARES))


def sort_log(log: EventLog) -> EventLog:
    """Return the log by customer and time; nobody does the same thing twice in one second."""
    log = log.take(np.lexsort((log.product, log.kind, log.ts, log.customer)))
    columns = (log.product, log.kind, log.ts, log.customer)
    same = np.logical_and.reduce([column[1:] == column[:-1] for column in columns])
    return log.take(np.concatenate([[True], ~same])[: len(log.customer)])
