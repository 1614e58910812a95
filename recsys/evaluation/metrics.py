"""Relevance of brands in the held-out period, and the ranking metrics of a list.

The metrics are recall, NDCG and MRR at 10. NDCG has graded gains, as in Järvelin and Kekäläinen,
"Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.event_aggregation import ItemFacts, at_full_price
from recsys.dataset.events import EventKind, EventRows
from recsys.dataset.evidence import Evidence

K = 10
DISCOUNTS = 1.0 / np.log2(np.arange(2, K + 2))
TASKS = ("any", "new")
"""`any`: all relevant brands. `new`: those without earlier evidence of the customer."""


@dataclass(frozen=True, slots=True)
class Relevance:
    """The gain of a brand in the held-out period. The values were fixed before any tuning."""

    held_out: float = 0.25  # share of the log's time, or of each customer's undated sequence
    kept: float = 1.0  # gain of a brand with more purchases than returns
    full_price: float = 2.0  # if also bought at list price at least once; needs prices in the log
    because: str = (
        "What people buy next is all that a log can be asked, "
        "and a favourite is what they buy without waiting for a discount."
    )


@dataclass(frozen=True, slots=True, eq=False)
class EvalUser:
    """One customer: evidence before the split, and relevant brands after it."""

    evidence: Evidence
    gains: Mapping[str, float]  # relevant brand -> gain
    known_brands: frozenset[str]  # brands with evidence before the split
    true_favourites: frozenset[str] = frozenset()  # known in a simulated shop only
    customer: int = 0

    def relevant(self, task: str) -> dict[str, float]:
        """Return the relevant brands of the task with their gains."""
        if task == "any":
            return dict(self.gains)
        return {brand: gain for brand, gain in self.gains.items() if brand not in self.known_brands}


def relevance_gains(
    customers: NDArray[np.int64],
    rows: EventRows,
    facts: ItemFacts,
    relevance: Relevance,
    bought: bool = True,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """Return (customers, brands, gains) of the held-out rows, (m,) each.

    `customers` and `rows` have shape (n,). The result is ordered by customer and brand, each pair
    once. Set `bought` to False for a log without purchases: then any event counts as `kept`.
    """
    brand = facts.brand[rows["item"]]
    net_steps = _net_purchases(rows) if bought else np.ones(len(rows), np.int64)
    is_full_price = bought & (rows["kind"] == EventKind.PURCHASE) & at_full_price(rows, facts)
    is_counted = (brand >= 0) & (net_steps != 0)
    key = (customers[is_counted] << 32) | brand[is_counted].astype(np.int64)
    pairs, place = np.unique(key, return_inverse=True)
    net = np.bincount(place, net_steps[is_counted], minlength=len(pairs))
    at_full_price_once = np.bincount(place, is_full_price[is_counted], minlength=len(pairs)) > 0
    is_kept = net > 0
    gain = np.where(at_full_price_once, relevance.full_price, relevance.kept)[is_kept]
    pairs = pairs[is_kept]
    return pairs >> 32, (pairs & 0xFFFFFFFF).astype(np.int32), gain


def _net_purchases(rows: EventRows) -> NDArray[np.int64]:
    is_purchase, is_return = (
        rows["kind"] == kind for kind in (EventKind.PURCHASE, EventKind.RETURN)
    )
    return np.asarray(is_purchase.astype(np.int64) - is_return, np.int64)


def recall(ranked: Sequence[str], relevant: Collection[str]) -> float:
    """Return hits in the top 10 / min(10, relevant brands). `relevant` must not be empty."""
    return len(set(ranked[:K]) & set(relevant)) / min(K, len(relevant))


def ndcg(ranked: Sequence[str], relevant: Mapping[str, float]) -> float:
    """Return the DCG of the top 10, divided by the DCG of the ideal order."""
    gains_at_rank = np.array([relevant.get(brand, 0.0) for brand in ranked[:K]])
    return float(
        gains_at_rank
        @ DISCOUNTS[: len(gains_at_rank)]
        / ideal_dcg(np.array(list(relevant.values())))
    )


def ideal_dcg(gains: NDArray[np.float64]) -> float:
    """Return the DCG of the ideal top 10 of these gains, (m,)."""
    top_gains = np.sort(gains)[::-1][:K]
    return float(top_gains @ DISCOUNTS[: len(top_gains)])


def reciprocal_rank(ranked: Sequence[str], relevant: Collection[str]) -> float:
    """Return 1 / rank of the first hit in the top 10; 0 without a hit."""
    ranks = (place for place, brand in enumerate(ranked[:K], start=1) if brand in relevant)
    return 1.0 / next(ranks, np.inf)
