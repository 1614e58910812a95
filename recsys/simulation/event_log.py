"""The event log of simulated customers, and the shopping occasions behind the events."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.events import EventKind
from recsys.simulation import parameters
from recsys.simulation.customers import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class EventLog:
    """Events of one block of customers; all arrays are (n,)."""

    customer: IntArray  # index of the customer within the block
    ts: IntArray  # seconds since 1970, UTC
    kind: IntArray  # EventKind
    product: IntArray  # index of the product in the assortment
    cents: IntArray  # price per unit, asked or paid
    quantity: IntArray

    @classmethod
    def concatenate(cls, parts: list["EventLog"]) -> "EventLog":
        """Return all parts as one log."""
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__slots__))

    def take(self, rows: IntArray | NDArray[np.bool_]) -> "EventLog":
        """Return the log of these rows."""
        return EventLog(*(getattr(self, name)[rows] for name in self.__slots__))


@dataclass(frozen=True, slots=True, eq=False)
class Occasions:
    """Occasions: a customer views a product at a time and may buy it. All arrays are (n,)."""

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
    """Draw the units of each purchase and write them into the log, in place."""
    bought = np.flatnonzero(log.kind == int(EventKind.PURCHASE))
    units = 1 + np.searchsorted(np.cumsum(parameters.UNIT_SHARES), rng.random(len(bought)))
    log.quantity[bought] = np.minimum(units, len(parameters.UNIT_SHARES))


def sort_log(log: EventLog) -> EventLog:
    """Return the log by customer and time, without duplicates of an event within one second."""
    log = log.take(np.lexsort((log.product, log.kind, log.ts, log.customer)))
    columns = (log.product, log.kind, log.ts, log.customer)
    same = np.logical_and.reduce([column[1:] == column[:-1] for column in columns])
    return log.take(np.concatenate([[True], ~same])[: len(log.customer)])
