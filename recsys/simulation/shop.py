"""A simulated shop with known favourites, for the demo, tests, benchmarks and power analysis.

The simulation shares no formula, weight or half-life with the model. Its values are in
`parameters`; `products`, `customers` and `shopping` generate products, customers and events.
A good result on it is a check of the code, never evidence of quality.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.dataset.events import OUR_KINDS, Col
from recsys.errors import BadInputError
from recsys.simulation import parameters
from recsys.simulation.customers import (
    ShopWorld,
    SimulatedCustomers,
    build_world,
    draw_favourites,
    draw_traits,
)
from recsys.simulation.event_log import EventLog
from recsys.simulation.personas import (
    Persona,
    build_personas,
    describe_personas,
    generate_persona_events,
    persona_id,
)
from recsys.simulation.products import build_assortment
from recsys.simulation.shopping import generate_events

AS_OF = date(2026, 11, 14)
BRAND_COLUMNS = ("name", "category", "price_tier", "taste_groups", "popularity_rank", "sensitive")
"""Columns that the catalogue of brands must have."""


class TruthCol:
    """Columns of the truth table, which no model reads. One row for each true favourite."""

    CUSTOMER = Col.CUSTOMER
    BRAND = Col.BRAND
    STRENGTH = "strength"  # 1 is the strongest favourite of this customer
    GROUPS = "taste_groups"  # of the customer, strongest first, separated by semicolons


@dataclass(frozen=True)
class Shop:
    """A planted shop, with an event log that is generated on demand, chunk by chunk."""

    world: ShopWorld
    customers: int  # without the personas
    seed: int

    @property
    def products(self) -> pd.DataFrame:
        """The product table: Col.PRODUCT, BRAND, CATEGORY, prices, and all ProductCol columns."""
        return self.world.assortment.frame

    @cached_property
    def personas(self) -> tuple[Persona, ...]:
        """Four extra customers, each with a story. The log has their events like all others."""
        return describe_personas(self.world, self._persona_customers())

    def chunks(self, size: int = 10_000) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """Yield (events, truth) of about `size` customers, in whole blocks of parameters.BLOCK.

        Events have the columns of Col, ordered by customer and time: ts in UTC, prices in euros.
        The truth has the columns of TruthCol. The personas come first, in the first chunk. The
        data of a customer do not depend on `size` or on the number of later customers.
        """
        blocks = -(-self.customers // parameters.BLOCK)
        step = max(1, round(size / parameters.BLOCK))
        for first in range(0, blocks, step):
            parts = [self._block_tables(k) for k in range(first, min(first + step, blocks))]
            parts = [self._persona_tables(), *parts] if first == 0 else parts
            events, truth = zip(*parts, strict=True)
            yield (
                pd.concat(events, ignore_index=True),
                pd.concat(truth, ignore_index=True),
            )

    def _block_tables(self, number: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        rng = np.random.default_rng([self.seed, 1, number])
        customers = draw_favourites(self.world, rng, draw_traits(self.world, rng, parameters.BLOCK))
        log = generate_events(self.world, rng, customers)
        start = number * parameters.BLOCK
        n_customers = min(parameters.BLOCK, self.customers - start)
        ids = np.array([f"c{start + row:07d}" for row in range(n_customers)], dtype=object)
        return (
            _event_table(self.world, log.take(log.customer < n_customers), ids),
            _truth_table(self.world, customers, ids),
        )

    def _persona_customers(self) -> SimulatedCustomers:
        return build_personas(self.world, np.random.default_rng([self.seed, 2]))

    def _persona_tables(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        customers = self._persona_customers()
        log = generate_persona_events(self.world, np.random.default_rng([self.seed, 3]), customers)
        ids = np.array([persona_id(row) for row in range(len(self.personas))], dtype=object)
        return _event_table(self.world, log, ids), _truth_table(self.world, customers, ids)


def plant_shop(brands: pd.DataFrame, customers: int, seed: int, as_of: date = AS_OF) -> Shop:
    """Return a planted shop with a log of two years.

    Parameters
    ----------
    brands
        One brand per row, with the columns BRAND_COLUMNS as in data/brands.csv.
    customers
        Number of customers, at least 1.
    seed
        Random seed of products, customers and events.
    as_of
        The log ends at the start of this day (UTC).

    Returns
    -------
    Shop
        Its event log is generated later, by Shop.chunks.

    Raises
    ------
    BadInputError
        For a missing column, or fewer than one customer.
    UnknownNameError
        For a category that is not in products.PRODUCT_LINES.
    """
    if customers < 1:
        raise BadInputError(f"A shop needs at least 1 customer, not {customers}.")
    missing = [name for name in BRAND_COLUMNS if name not in brands.columns]
    if missing:
        raise BadInputError(f"The catalogue of brands lacks {', '.join(missing)}. Add them.")
    end = int(np.datetime64(as_of, "s").astype(np.int64))
    brands = brands.reset_index(drop=True)
    assortment = build_assortment(brands, np.random.default_rng([seed, 0]), end)
    return Shop(build_world(brands, assortment, end), customers, seed)


def _event_table(world: ShopWorld, log: EventLog, ids: NDArray[np.object_]) -> pd.DataFrame:
    """Return the log as a table of events, columns as in Shop.chunks."""
    product, products = log.product, world.assortment.frame
    kinds = np.array([*OUR_KINDS], dtype=object)
    return pd.DataFrame(
        {
            Col.CUSTOMER: _take_strings(ids, log.customer),
            Col.TS: pd.to_datetime(log.ts.astype("datetime64[s]"), utc=True),
            Col.EVENT: _take_strings(kinds, log.kind),
            Col.PRODUCT: products[Col.PRODUCT].array.take(product),
            Col.BRAND: products[Col.BRAND].array.take(product),
            Col.CATEGORY: products[Col.CATEGORY].array.take(product),
            Col.PRICE: log.cents / 100,
            Col.LIST_PRICE: world.assortment.cents[product] / 100,
            Col.QUANTITY: log.quantity,
        }
    )


def _truth_table(
    world: ShopWorld, customers: SimulatedCustomers, ids: NDArray[np.object_]
) -> pd.DataFrame:
    """Return the true favourites of the first len(ids) customers, columns as in TruthCol."""
    customer, rank = np.nonzero(customers.favourites[: len(ids)] >= 0)
    groups = world.groups[customers.traits.groups[: len(ids)]]
    taste = np.array([";".join(dict.fromkeys(row)) for row in groups], dtype=object)
    return pd.DataFrame(
        {
            TruthCol.CUSTOMER: _take_strings(ids, customer),
            TruthCol.BRAND: _take_strings(world.names, customers.favourites[customer, rank]),
            TruthCol.STRENGTH: rank + 1,
            TruthCol.GROUPS: _take_strings(taste, customer),
        }
    )


def _take_strings(
    strings: NDArray[np.object_], codes: NDArray[np.int64]
) -> pd.api.extensions.ExtensionArray:
    return pd.array(strings, dtype="str").take(codes)
