"""A shop of any size, fast: 300 million events in minutes, delivered as a warehouse exports them.

recsys.simulation.shop tells stories and takes hours for six million customers; this one keeps what
costs time and memory: tens of thousands of brands with a long tail, a few favourites a customer
within a few categories, a few customers who did most, one who did 100,000 things, prices, releases,
and files of a fortnight or so in order of time, not of customer. Nothing here is evidence of
quality.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

BRANDS, CATEGORIES, ITEMS = 40_000, 200, 10  # items a brand
EVENTS, BUSIEST = 50, 100_000  # a customer on average, and customer 0
TASTES, FAVOURITES = 3, 6  # categories and brands of a customer
END, DAYS = 1_794_614_400, 730  # 14 November 2026, and how long the log is before it
SHARD = 6_000_000  # events a file, about
KINDS = ("view", "wishlist", "follow", "cart", "purchase", "return")
SHARES = np.cumsum([0.62, 0.04, 0.02, 0.10, 0.20, 0.02])
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Who comes and what is sold."""

    rate: NDArray[np.float64]  # (N,) events a customer in all
    tastes: NDArray[np.uint8]  # (N, TASTES) categories
    favourites: NDArray[np.int32]  # (N, FAVOURITES) brands
    of_category: NDArray[np.int32]  # (BRANDS,) brands by category, the most popular first
    starts: Ints  # (CATEGORIES + 1,) where each category's run starts
    category: NDArray[np.uint8]  # (BRANDS,)
    cents: NDArray[np.int32]  # (BRANDS * ITEMS,) list prices
    words: dict[str, pa.Array]  # what the codes of a column are called


def world(customers: int, seed: int) -> World:
    """Draw a shop; brand 0 is the most popular."""
    rng = np.random.default_rng(seed)
    category = rng.integers(0, CATEGORIES, BRANDS).astype(np.uint8)
    of_category = np.lexsort((np.arange(BRANDS), category)).astype(np.int32)
    starts = np.searchsorted(category[of_category], np.arange(CATEGORIES + 1))
    tastes = rng.integers(0, CATEGORIES, (customers, TASTES)).astype(np.uint8)
    favourites = np.empty((customers, FAVOURITES), np.int32)
    for place in range(FAVOURITES):
        within = tastes[:, place % TASTES]
        favourites[:, place] = _brand_of(rng, within, of_category, starts, 3.0)
    rate = rng.lognormal(0.0, 0.9, customers)
    rate *= EVENTS / rate.mean()
    rate[0] = BUSIEST
    level = rng.lognormal(7.6, 0.8, BRANDS)  # cents; a brand is dear or cheap as a whole
    cents = np.repeat(level, ITEMS) * rng.lognormal(0.0, 0.4, BRANDS * ITEMS)
    return World(
        rate=rate,
        tastes=tastes,
        favourites=favourites,
        of_category=of_category,
        starts=starts,
        category=category,
        cents=np.maximum(cents, 50).astype(np.int32),
        words={
            "brand": pa.array([f"Brand {n:05d}" for n in range(BRANDS)]),
            "category": pa.array([f"Category {n:03d}" for n in range(CATEGORIES)]),
            "event": pa.array(KINDS),
        },
    )


def _brand_of(
    rng: np.random.Generator,
    category: NDArray[np.uint8],
    of_category: NDArray[np.int32],
    starts: Ints,
    power: float,
) -> NDArray[np.int32]:
    """One brand of each of these categories; the higher the power, the more popular."""
    first = starts[category]
    size = starts[category.astype(np.int64) + 1] - first
    place = (size * rng.random(len(category)) ** power).astype(np.int64)
    return of_category[first + place]


def plant(folder: Path, customers: int, seed: int = 1) -> int:
    """Write the events and products of a shop as Parquet; return how many events."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = world(customers, seed)
    pq.write_table(_products(drawn, np.random.default_rng([seed, 1])), folder / "products.parquet")
    shards = max(1, round(customers * EVENTS / SHARD))
    global _WORLD
    _WORLD = drawn  # the children of a fork see it without a copy
    with ProcessPoolExecutor(2, get_context("fork")) as pool:
        jobs = ((folder, n, shards, seed) for n in range(shards))
        return sum(pool.map(_shard, jobs))


_WORLD: World | None = None


def _shard(job: tuple[Path, int, int, int]) -> int:
    folder, number, shards, seed = job
    assert _WORLD is not None
    rng = np.random.default_rng([seed, 2, number])
    who = np.repeat(np.arange(len(_WORLD.rate), dtype=np.int32), rng.poisson(_WORLD.rate / shards))
    span = DAYS * 86_400 // shards
    first = END - DAYS * 86_400 + number * span
    when = np.sort(rng.integers(first, first + span, len(who), dtype=np.int64))
    file = folder / f"events-{number:03d}.parquet"
    with pq.ParquetWriter(file, _SCHEMA, use_dictionary=list(_WORLD.words)) as out:
        for part in _parts(rng.permutation(who), when):
            out.write_table(_events(rng, _WORLD, *part))
    return len(who)


def _parts(who: NDArray[np.int32], when: Ints) -> Iterator[tuple[NDArray[np.int32], Ints]]:
    for at in range(0, len(who), 1_000_000):
        yield who[at : at + 1_000_000], when[at : at + 1_000_000]


_TEXT = pa.dictionary(pa.int32(), pa.string())
_SCHEMA = pa.schema(
    [
        ("customer_id", pa.int64()),
        ("ts", pa.timestamp("ms", "UTC")),
        ("event", _TEXT),
        ("product_id", pa.int32()),
        ("brand", _TEXT),
        ("category", _TEXT),
        ("price", pa.float64()),
        ("list_price", pa.float64()),
        ("quantity", pa.int32()),
    ]
)


def _events(rng: np.random.Generator, shop: World, who: NDArray[np.int32], when: Ints) -> pa.Table:
    n = len(who)
    why = rng.random(n)
    place = (FAVOURITES * rng.random(n) ** 1.5).astype(np.int64)
    brand = shop.favourites[who, place]  # 45%
    within = shop.tastes[who, rng.integers(0, TASTES, n)]
    browsed = why >= 0.45
    brand[browsed] = _brand_of(rng, within[browsed], shop.of_category, shop.starts, 2.5)
    anything = why >= 0.80
    brand[anything] = (BRANDS * rng.random(int(anything.sum())) ** 4).astype(np.int32)
    item = brand * ITEMS + (ITEMS * rng.random(n) ** 2).astype(np.int32)
    full = rng.random(n) < np.where(browsed, 0.35, 0.85)
    listed = shop.cents[item] / 100
    codes = {
        "event": np.searchsorted(SHARES, rng.random(n)).clip(max=len(KINDS) - 1),
        "brand": brand,
        "category": shop.category[brand],
    }
    columns = {
        name: pa.DictionaryArray.from_arrays(pa.array(code.astype(np.int32)), shop.words[name])
        for name, code in codes.items()
    } | {
        "customer_id": pa.array(who.astype(np.int64)),
        "product_id": pa.array(item),
        "ts": pa.array(when * 1000).cast(_SCHEMA.field("ts").type),
        "price": pa.array(np.round(listed * np.where(full, 1.0, 0.8), 2)),
        "list_price": pa.array(listed),
        "quantity": pa.array(np.where(rng.random(n) < 0.1, 2, 1).astype(np.int32)),
    }
    return pa.table([columns[name] for name in _SCHEMA.names], schema=_SCHEMA)


def _products(shop: World, rng: np.random.Generator) -> pa.Table:
    items = len(shop.cents)
    brand = np.repeat(np.arange(BRANDS), ITEMS)
    released = END - rng.integers(0, 4 * DAYS, items) * 86_400
    return pa.table(
        {
            "product_id": pa.array(np.arange(items)),
            "title": pa.array([f"Article {n}" for n in range(items)]),
            "brand": shop.words["brand"].take(pa.array(brand)),
            "category": shop.words["category"].take(pa.array(shop.category[brand])),
            "list_price": shop.cents / 100,
            "release_date": pa.array(released * 1000).cast(pa.timestamp("ms", "UTC")),
            "featured": rng.random(items) < 0.1,
        }
    )
