"""Interactions: the training data of the models, made from the evidence of many customers.

Evidence takes about 200 bytes per pair of customer and brand; interactions take 16. So a log is
aggregated in chunks, and only the interactions of each chunk are kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recsys.dataset.event_aggregation import FIXED_POINT_ONE
from recsys.dataset.event_weights import HALF_LIFE_OPTIONS, popularity_counts, preference_scores
from recsys.dataset.event_weights import baseline_strength as counted
from recsys.dataset.evidence import Evidence, run_starts

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Interactions:
    """Training data: p pairs of N customers and B brands, ordered by customer, then brand."""

    starts: NDArray[np.int64]  # (N + 1,) first pair of each customer, and the end
    brand: NDArray[np.int32]  # (p,) brand codes
    preference: NDArray[np.float64]  # (p,) see `event_weights.preference_scores`
    baseline_strength: NDArray[np.float32]  # (p,) training data of the baselines
    popularity: NDArray[np.int64]  # (len(HALF_LIFE_OPTIONS), B), see `_buyers_or_viewers`

    @classmethod
    def from_evidence(cls, chunks: Iterable[Evidence], brands: int) -> Self:
        """Build the interactions of many customers.

        Parameters
        ----------
        chunks : iterable of Evidence
            The evidence of one customer must not be spread over two chunks. The result is
            bit-identical for the same customers in the same order, whatever the chunks.
        brands : int
            Number of brands B in the catalog.

        Returns
        -------
        Interactions
            Preference scores and baseline strengths of all pairs.
        """
        sizes, codes = [np.zeros(1, np.int64)], [np.empty(0, np.int32)]
        preferences, strengths = [np.empty(0)], [np.empty(0, np.float32)]
        popularity = np.zeros((2, len(HALF_LIFE_OPTIONS), brands), np.int64)
        for chunk in chunks:
            sizes.append(np.diff(run_starts(chunk.customer), append=len(chunk)))
            codes.append(chunk.brand)
            preferences.append(preference_scores(chunk))
            strengths.append(counted(chunk).astype(np.float32))
            popularity += popularity_counts(chunk, brands)
        return cls(
            starts=np.cumsum(np.concatenate(sizes)),
            brand=_concatenate_and_clear(codes),
            preference=_concatenate_and_clear(preferences),
            baseline_strength=_concatenate_and_clear(strengths),
            popularity=_buyers_or_viewers(popularity),
        )

    def __len__(self) -> int:
        return len(self.brand)

    @property
    def n_customers(self) -> int:
        """The number of customers with interactions."""
        return len(self.starts) - 1

    @property
    def buyers(self) -> NDArray[np.int64]:
        """Buyers of each brand, (B,); in a log without purchases, customers with any event."""
        return np.asarray(self.popularity[0] // FIXED_POINT_ONE, np.int64)

    @property
    def mean_preference(self) -> float:
        """Mean of the preference scores above 0; 1 if there is none."""
        is_positive = self.preference > 0
        return float(self.preference[is_positive].mean()) if is_positive.any() else 1.0

    def matrix(self, value: NDArray[np.floating]) -> csr_matrix:
        """Return customers x brands, (N, B), of the values, (p,), that are above 0."""
        is_positive = value > 0
        ends = np.zeros(len(self.starts), np.int64)
        if len(is_positive):
            np.cumsum(np.add.reduceat(is_positive, self.starts[:-1], dtype=np.int64), out=ends[1:])
        parts = value[is_positive].astype(np.float32), self.brand[is_positive], ends
        return csr_matrix(parts, shape=(self.n_customers, self.popularity.shape[1]))


def _concatenate_and_clear(parts: list[NDArray[Scalar]]) -> NDArray[Scalar]:
    """Return all parts as one array and clear the list, because it may hold gigabytes."""
    merged = np.concatenate(parts)
    parts.clear()
    return merged


def _buyers_or_viewers(totals: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the buyers; in a log without purchases, the viewers: (len(HALF_LIFE_OPTIONS), B)."""
    return np.asarray(totals[0] if totals[0].any() else totals[1], np.int64)
