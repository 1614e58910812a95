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

from recsys.dataset.aggregation import ONE
from recsys.dataset.event_weights import AGES, counted, fame, love
from recsys.dataset.evidence import Evidence, starts_of

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What N customers, who have p pairs with one of B brands, teach of brands."""

    starts: NDArray[np.int64]  # (N + 1,) where the pairs of each customer begin, and the last end
    brand: NDArray[np.int32]  # (p,) brand codes
    loved: NDArray[np.float64]  # (p,) see love.love
    counted: NDArray[np.float32]  # (p,) see love.counted: what rivals learn from
    fame: NDArray[np.int64]  # (len(AGES), B) see `_famous`

    @classmethod
    def of(cls, chunks: Iterable[Evidence], brands: int) -> Self:
        """Keep what the evidence of many customers teaches, each of them whole in one chunk.

        However they are cut, the same customers in the same order teach the same to the bit.
        """
        sizes, codes = [np.zeros(1, np.int64)], [np.empty(0, np.int32)]
        loved, counts = [np.empty(0)], [np.empty(0, np.float32)]
        famous = np.zeros((2, len(AGES), brands), np.int64)
        for chunk in chunks:
            sizes.append(np.diff(starts_of(chunk.customer), append=len(chunk)))
            codes.append(chunk.brand)
            loved.append(love(chunk))
            counts.append(counted(chunk).astype(np.float32))
            famous += fame(chunk, brands)
        return cls(
            starts=np.cumsum(np.concatenate(sizes)),
            brand=_emptied(codes),
            loved=_emptied(loved),
            counted=_emptied(counts),
            fame=_famous(famous),
        )

    def __len__(self) -> int:
        return len(self.brand)

    @property
    def customers(self) -> int:
        """How many customers teach something."""
        return len(self.starts) - 1

    @property
    def buyers(self) -> NDArray[np.int64]:
        """How many customers bought each brand, or else did anything with it, shape (B,)."""
        return np.asarray(self.fame[0] // ONE, np.int64)

    @property
    def unit(self) -> float:
        """Love of an average customer for a brand that she loves at all; 1 where there is none."""
        held = self.loved > 0
        return float(self.loved[held].mean()) if held.any() else 1.0

    def matrix(self, value: NDArray[np.floating]) -> csr_matrix:
        """Customers x brands, (N, B), of a value a pair, (p,); what is not above 0 is left out."""
        held = value > 0
        ends = np.zeros(len(self.starts), np.int64)
        if len(held):
            np.cumsum(np.add.reduceat(held, self.starts[:-1], dtype=np.int64), out=ends[1:])
        parts = value[held].astype(np.float32), self.brand[held], ends
        return csr_matrix(parts, shape=(self.customers, self.fame.shape[1]))


def _emptied(parts: list[NDArray[Number]]) -> NDArray[Number]:
    """All parts as one; the list lets go of them, for there may be gigabytes of them."""
    whole = np.concatenate(parts)
    parts.clear()
    return whole


def _famous(fame: NDArray[np.int64]) -> NDArray[np.int64]:
    """Who bought, or in a log without purchases whoever looked, shape (len(AGES), B)."""
    return np.asarray(fame[0] if fame[0].any() else fame[1], np.int64)
