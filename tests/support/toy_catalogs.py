"""Small worlds made by hand, in which the right answer is known."""

import numpy as np

from recsys.dataset.catalog import Catalog
from recsys.dataset.events import EVENT_DTYPE, NO_PRICE, EventKind, EventRows

DAY = 86_400
NOW = 1_700_000_000


def catalogue(brands: int = 60, categories: int = 6, items: int = 2) -> Catalog:
    """A shop of `brands` brands, `items` products each; brand i is in category i % categories.

    The first product of a brand costs 10.00, the second 20.00 and was released 10 days ago.
    """
    n = brands * items
    item_brand = np.repeat(np.arange(brands, dtype=np.int32), items)
    second = np.arange(n) % items == 1
    return Catalog(
        lineage="test",
        brands=np.array([f"Brand {i:03d}" for i in range(brands)], dtype=object),
        categories=np.array([f"Category {c}" for c in range(categories)], dtype=object),
        brand_category=(np.arange(brands) % categories).astype(np.int32),
        brand_price=np.full(brands, 1500, np.int32),
        brand_sensitive=np.zeros(brands, dtype=bool),
        item_product=np.array([f"p{i}" for i in range(n)], dtype=object),
        item_title=np.array([f"Thing {i}" for i in range(n)], dtype=object),
        item_brand=item_brand,
        item_category=(item_brand % categories).astype(np.int32),
        item_price=np.where(second, 2000, 1000).astype(np.int32),
        item_released=np.where(second, NOW - 10 * DAY, 0).astype(np.uint32),
        item_featured=second,
        item_sensitive=np.zeros(n, dtype=bool),
    )


def event(
    item: int, kind: EventKind, price: int = NO_PRICE, days_ago: int = 5, list_price: int = NO_PRICE
) -> tuple[int, int, int, int, int, int]:
    """One row; `days_ago` before NOW."""
    return (item, NOW - days_ago * DAY, price, list_price, int(kind), 1)


def rows(*events: tuple[int, int, int, int, int, int]) -> EventRows:
    """Pack events."""
    return np.array(list(events), dtype=EVENT_DTYPE)


def crowd(
    customers: int = 300, brands: int = 60, groups: int = 6, seed: int = 0
) -> tuple[np.ndarray, EventRows]:
    """Customers who buy from one group of brands each: customer numbers and rows.

    Customer i likes the brands b with b % groups == i % groups; low numbers are more popular.
    """
    rng = np.random.default_rng(seed)
    packed, whose = [], []
    for i in range(customers):
        own = np.arange(i % groups, brands, groups)
        weight = 1.0 / (1.0 + np.arange(len(own)))
        for brand in rng.choice(own, size=6, p=weight / weight.sum()):
            packed.append(
                event(2 * int(brand), EventKind.PURCHASE, 1000, int(rng.integers(1, 300)))
            )
            whose.append(i)
    return np.array(whose, dtype=np.int64), rows(*packed)
