"""A planted shop in which every customer's favourites are known: demo, tests, benchmarks, power.

It shares no formula, weight or half-life with the model. What it does know stands in
`shop_figures`, what it sells in `assortment`, who comes in `crowd`, what they do in `habits`.
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
from recsys.simulation.customers import Crowd, World, draft, settle, world
from recsys.simulation.personas import Persona, cast, perform, persona_id, told
from recsys.simulation.products import stock
from recsys.simulation.shopping import Log, live

AS_OF = date(2026, 11, 14)
COLUMNS = ("name", "category", "price_tier", "taste_groups", "popularity_rank", "sensitive")
"""What the catalogue of brands must have."""


class Truth:
    """Columns of the truth: what the generator alone knows. One row for each true favourite."""

    CUSTOMER = Col.CUSTOMER
    BRAND = Col.BRAND
    STRENGTH = "strength"  # 1 is the strongest favourite of this customer
    GROUPS = "taste_groups"  # her taste, strongest first, parted by semicolons


@dataclass(frozen=True)
class Shop:
    """A planted shop; its log is made chunk by chunk when it is asked for."""

    world: World
    customers: int
    seed: int

    @property
    def products(self) -> pd.DataFrame:
        """The product table: Col.PRODUCT, BRAND, CATEGORY, prices, and all of ProductCol."""
        return self.world.assortment.frame

    @cached_property
    def personas(self) -> tuple[Persona, ...]:
        """Four customers beside the `customers`, with a story each; in the log like any other."""
        return told(self.world, self._cast())

    def chunks(self, size: int = 10_000) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """Yield (events, truth) of about `size` customers, in whole blocks of BLOCK.

        Events have the columns of Col, ordered by customer and time: ts in UTC, prices in euros.
        The truth has the columns of Truth. The personas come first, with the first chunk. A
        customer is the same whatever `size`, and however many come after her.
        """
        blocks = -(-self.customers // parameters.BLOCK)
        step = max(1, round(size / parameters.BLOCK))
        for first in range(0, blocks, step):
            parts = [self._block(k) for k in range(first, min(first + step, blocks))]
            parts = [self._personas(), *parts] if first == 0 else parts
            events, truth = zip(*parts, strict=True)
            yield (
                pd.concat(events, ignore_index=True),
                pd.concat(truth, ignore_index=True),
            )

    def _block(self, number: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        rng = np.random.default_rng([self.seed, 1, number])
        crowd = settle(self.world, rng, draft(self.world, rng, parameters.BLOCK))
        log = live(self.world, rng, crowd)
        start = number * parameters.BLOCK
        here = min(parameters.BLOCK, self.customers - start)
        ids = np.array([f"c{start + row:07d}" for row in range(here)], dtype=object)
        return (
            _events(self.world, log.take(log.who < here), ids),
            _truth(self.world, crowd, ids),
        )

    def _cast(self) -> Crowd:
        return cast(self.world, np.random.default_rng([self.seed, 2]))

    def _personas(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        crowd = self._cast()
        log = perform(self.world, np.random.default_rng([self.seed, 3]), crowd)
        ids = np.array([persona_id(row) for row in range(len(self.personas))], dtype=object)
        return _events(self.world, log, ids), _truth(self.world, crowd, ids)


def plant(brands: pd.DataFrame, customers: int, seed: int, as_of: date = AS_OF) -> Shop:
    """Return a shop of these brands, whose two years of log end at the start of `as_of` (UTC).

    `brands` has the COLUMNS of data/brands.csv, a brand a row. Raises BadInputError for a
    catalogue without these, or fewer than one customer, and UnknownNameError for a category that
    is not in assortment.LINES.
    """
    if customers < 1:
        raise BadInputError(f"A shop needs at least 1 customer, not {customers}.")
    missing = [name for name in COLUMNS if name not in brands.columns]
    if missing:
        raise BadInputError(f"The catalogue of brands lacks {', '.join(missing)}. Add them.")
    end = int(np.datetime64(as_of, "s").astype(np.int64))
    brands = brands.reset_index(drop=True)
    assortment = stock(brands, np.random.default_rng([seed, 0]), end)
    return Shop(world(brands, assortment, end), customers, seed)


def _events(world: World, log: Log, ids: NDArray[np.object_]) -> pd.DataFrame:
    """Return the log as a table of events."""
    product, sold = log.product, world.assortment.frame
    kinds = np.array([*OUR_KINDS], dtype=object)
    return pd.DataFrame(
        {
            Col.CUSTOMER: _words(ids, log.who),
            Col.TS: pd.to_datetime(log.ts.astype("datetime64[s]"), utc=True),
            Col.EVENT: _words(kinds, log.kind),
            Col.PRODUCT: sold[Col.PRODUCT].array.take(product),
            Col.BRAND: sold[Col.BRAND].array.take(product),
            Col.CATEGORY: sold[Col.CATEGORY].array.take(product),
            Col.PRICE: log.cents / 100,
            Col.LIST_PRICE: world.assortment.cents[product] / 100,
            Col.QUANTITY: log.quantity,
        }
    )


def _truth(world: World, crowd: Crowd, ids: NDArray[np.object_]) -> pd.DataFrame:
    """Return the true favourites of the customers that have an id."""
    who, place = np.nonzero(crowd.favourites[: len(ids)] >= 0)
    groups = world.groups[crowd.draft.groups[: len(ids)]]
    taste = np.array([";".join(dict.fromkeys(row)) for row in groups], dtype=object)
    return pd.DataFrame(
        {
            Truth.CUSTOMER: _words(ids, who),
            Truth.BRAND: _words(world.names, crowd.favourites[who, place]),
            Truth.STRENGTH: place + 1,
            Truth.GROUPS: _words(taste, who),
        }
    )


def _words(words: NDArray[np.object_], code: NDArray[np.int64]) -> pd.api.extensions.ExtensionArray:
    return pd.array(words, dtype="str").take(code)
