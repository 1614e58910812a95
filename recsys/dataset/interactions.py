"""evidence -> what a model learns from: of many customers a few bytes a pair, whatever the chunks.

Evidence takes some 200 bytes for each customer and brand; what is learnt from it takes 16. So a
log is summed up chunk by chunk and only the lesson of each chunk is kept.
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
    """What N customers, who have p pairs with one of B brands, teach of brands."""

    starts: NDArray[np.int64]  # (N + 1,) where the pairs of each customer begin, and the last end
    brand: NDArray[np.int32]  # (p,) brand codes
    preference: NDArray[np.float64]  # (p,) see love.love
    baseline_strength: NDArray[np.float32]  # (p,) see love.counted: what rivals learn from
    popularity: NDArray[np.int64]  # (len(AGES), B) see `_buyers_or_viewers`

    @classmethod
    def from_evidence(cls, chunks: Iterable[Evidence], brands: int) -> Self:
        """Keep what the evidence of many customers teaches, each of them whole in one chunk.

        However they are cut, the same customers in the same order teach the same to the bit.
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
        """How many customers teach something."""
        return len(self.starts) - 1

    @property
    def buyers(self) -> NDArray[np.int64]:
        """How many customers bought each brand, or else did anything with it, shape (B,)."""
        return np.asarray(self.popularity[0] // FIXED_POINT_ONE, np.int64)

    @property
    def mean_preference(self) -> float:
        """Love of an average customer for a brand that she loves at all; 1 where there is none."""
        is_positive = self.preference > 0
        return float(self.preference[is_positive].mean()) if is_positive.any() else 1.0

    def matrix(self, value: NDArray[np.floating]) -> csr_matrix:
        """Customers x brands, (N, B), of a value a pair, (p,); what is not above 0 is left out."""
        is_positive = value > 0
        ends = np.zeros(len(self.starts), np.int64)
        if len(is_positive):
            np.cumsum(np.add.reduceat(is_positive, self.starts[:-1], dtype=np.int64), out=ends[1:])
        parts = value[is_positive].astype(np.float32), self.brand[is_positive], ends
        return csr_matrix(parts, shape=(self.n_customers, self.popularity.shape[1]))


def _concatenate_and_clear(parts: list[NDArray[Scalar]]) -> NDArray[Scalar]:
    """All parts as one; the list lets go of them, for there may be gigabytes of them."""
    merged = np.concatenate(parts)
    parts.clear()
    return merged


def _buyers_or_viewers(totals: NDArray[np.int64]) -> NDArray[np.int64]:
    """Who bought, or in a log without purchases whoever looked, shape (len(AGES), B)."""
    return np.asarray(totals[0] if totals[0].any() else totals[1], np.int64)
