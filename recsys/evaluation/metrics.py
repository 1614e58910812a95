"""What counts as found in the held-out end of a log, and how well a list found it.

Recall, NDCG and MRR of the first ten; NDCG as in Järvelin and Kekäläinen, "Cumulated gain-based
evaluation of IR techniques", ACM TOIS 20(4), 2002, with graded gains.
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
"""Any brand of the held-out time, and those among them that she had no evidence for before."""


@dataclass(frozen=True, slots=True)
class Relevance:
    """How much a brand of the held-out time counts, written down before anything was tuned."""

    held_out: float = 0.25  # of the log's time; of each customer's sequence where it has no times
    kept: float = 1.0  # bought, more often than sent back
    full_price: float = 2.0  # bought at the list price at least once, where the log knows prices
    because: str = (
        "What people buy next is all that a log can be asked, "
        "and a favourite is what they buy without waiting for a discount."
    )


@dataclass(frozen=True, slots=True, eq=False)
class EvalUser:
    """One customer: what was known of her before, and what she did after."""

    evidence: Evidence
    gains: Mapping[str, float]  # brand -> how much it counts
    known_brands: frozenset[str]  # brands with evidence before
    true_favourites: frozenset[str] = (
        frozenset()
    )  # her true favourites, where somebody planted them
    customer: int = 0

    def relevant(self, task: str) -> dict[str, float]:
        """The brands that count as found in the task, and how much."""
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
    """Who did what with which brand in held-out rows, shape (n,): customers, brands, gains, (m,).

    Ordered by customer and brand, each pair once. With `bought` False, in a log without purchases,
    whatever she did with a brand counts as keeping it.
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
    """Share of min(10, wanted) that the first ten found; 0 where none was found."""
    return len(set(ranked[:K]) & set(relevant)) / min(K, len(relevant))


def ndcg(ranked: Sequence[str], relevant: Mapping[str, float]) -> float:
    """Discounted gain of the first ten, over that of the best possible order."""
    gains_at_rank = np.array([relevant.get(brand, 0.0) for brand in ranked[:K]])
    return float(
        gains_at_rank
        @ DISCOUNTS[: len(gains_at_rank)]
        / ideal_dcg(np.array(list(relevant.values())))
    )


def ideal_dcg(gains: NDArray[np.float64]) -> float:
    """Discounted gain of the best possible first ten of these gains, shape (m,)."""
    top_gains = np.sort(gains)[::-1][:K]
    return float(top_gains @ DISCOUNTS[: len(top_gains)])


def reciprocal_rank(ranked: Sequence[str], relevant: Collection[str]) -> float:
    """One over the place of the first found brand of the first ten; 0 where none was found."""
    ranks = (place for place, brand in enumerate(ranked[:K], start=1) if brand in relevant)
    return 1.0 / next(ranks, np.inf)
