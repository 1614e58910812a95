"""What counts as found in the held-out end of a log, and how well a list found it.

Recall, NDCG and MRR of the first ten; NDCG as in Järvelin and Kekäläinen, "Cumulated gain-based
evaluation of IR techniques", ACM TOIS 20(4), 2002, with graded gains.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.aggregation import ItemFacts, at_full_price
from recsys.dataset.events import Kind, Rows
from recsys.dataset.evidence import Evidence

AT = 10
DISCOUNT = 1.0 / np.log2(np.arange(2, AT + 2))
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
class Case:
    """One customer: what was known of her before, and what she did after."""

    before: Evidence
    gains: Mapping[str, float]  # brand -> how much it counts
    known: frozenset[str]  # brands with evidence before
    loved: frozenset[str] = frozenset()  # her true favourites, where somebody planted them
    customer: int = 0

    def wanted(self, task: str) -> dict[str, float]:
        """The brands that count as found in the task, and how much."""
        if task == "any":
            return dict(self.gains)
        return {brand: gain for brand, gain in self.gains.items() if brand not in self.known}


def gains(
    customers: NDArray[np.int64],
    rows: Rows,
    facts: ItemFacts,
    rule: Relevance,
    bought: bool = True,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """Who did what with which brand in held-out rows, shape (n,): customers, brands, gains, (m,).

    Ordered by customer and brand, each pair once. With `bought` False, in a log without purchases,
    whatever she did with a brand counts as keeping it.
    """
    brand = facts.brand[rows["item"]]
    step = _steps(rows) if bought else np.ones(len(rows), np.int64)
    full = bought & (rows["kind"] == Kind.PURCHASE) & at_full_price(rows, facts)
    counted = (brand >= 0) & (step != 0)
    key = (customers[counted] << 32) | brand[counted].astype(np.int64)
    pairs, place = np.unique(key, return_inverse=True)
    net = np.bincount(place, step[counted], minlength=len(pairs))
    dear = np.bincount(place, full[counted], minlength=len(pairs)) > 0
    kept = net > 0
    gain = np.where(dear, rule.full_price, rule.kept)[kept]
    pairs = pairs[kept]
    return pairs >> 32, (pairs & 0xFFFFFFFF).astype(np.int32), gain


def _steps(rows: Rows) -> NDArray[np.int64]:
    bought, returned = (rows["kind"] == kind for kind in (Kind.PURCHASE, Kind.RETURN))
    return np.asarray(bought.astype(np.int64) - returned, np.int64)


def recall(ranked: Sequence[str], wanted: Collection[str]) -> float:
    """Share of min(10, wanted) that the first ten found; 0 where none was found."""
    return len(set(ranked[:AT]) & set(wanted)) / min(AT, len(wanted))


def ndcg(ranked: Sequence[str], wanted: Mapping[str, float]) -> float:
    """Discounted gain of the first ten, over that of the best possible order."""
    gained = np.array([wanted.get(brand, 0.0) for brand in ranked[:AT]])
    return float(gained @ DISCOUNT[: len(gained)] / ideal(np.array(list(wanted.values()))))


def ideal(gain: NDArray[np.float64]) -> float:
    """Discounted gain of the best possible first ten of these gains, shape (m,)."""
    most = np.sort(gain)[::-1][:AT]
    return float(most @ DISCOUNT[: len(most)])


def reciprocal(ranked: Sequence[str], wanted: Collection[str]) -> float:
    """One over the place of the first found brand of the first ten; 0 where none was found."""
    places = (place for place, brand in enumerate(ranked[:AT], start=1) if brand in wanted)
    return 1.0 / next(places, np.inf)
