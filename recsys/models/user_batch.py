"""Arrays for batch ranking: the users, the candidates, and the recommendations with reasons."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recsys.dataset.evidence import Evidence, Feature, run_starts
from recsys.models.base import primary_reasons

Indices = NDArray[np.intp]
Float32Array = NDArray[np.float32]
Candidates = tuple[Indices, Indices, NDArray[np.floating]]
"""Rows of users in the batch, brand codes and scores, (m,) each."""


@dataclass(frozen=True, slots=True, eq=False)
class UserBatch:
    """N customers and their P pairs with a brand, ordered by customer, then brand."""

    n_users: int
    row: Indices  # (P,) position of the pair's customer in the batch
    brand: Indices  # (P,) brand codes
    strength: Float32Array  # (P,) input of the collaborative models
    own: Float32Array  # (P,) own part of the score

    @classmethod
    def from_evidence(
        cls,
        customers: NDArray[np.int64],
        evidence: Evidence,
        strength: NDArray[np.floating],
        own: NDArray[np.floating],
    ) -> Self:
        """Build the batch of the given customer numbers, ascending; they may have no evidence."""
        row = np.searchsorted(customers, evidence.customer)
        brand = evidence.brand.astype(np.intp)
        return cls(len(customers), row, brand, strength.astype(np.float32), own.astype(np.float32))

    def chunks(self, size: int) -> Iterator[tuple[int, "UserBatch"]]:
        """Yield (position of the first customer, batch of at most `size` customers)."""
        for first in range(0, self.n_users, size):
            pair_slice = slice(*np.searchsorted(self.row, [first, first + size]))
            yield (
                first,
                UserBatch(
                    min(size, self.n_users - first),
                    self.row[pair_slice] - first,
                    self.brand[pair_slice],
                    self.strength[pair_slice],
                    self.own[pair_slice],
                ),
            )

    def matrix(self, mask: NDArray[np.bool_], column: Indices, columns: int) -> csr_matrix:
        """Return the strengths as a sparse matrix, (n_users, columns).

        mask: (P,) pairs to include. column: (P,) matrix column of each pair.
        """
        starts = np.searchsorted(self.row[mask], np.arange(self.n_users + 1))
        parts = (self.strength[mask], column[mask].astype(np.int32), starts.astype(np.int32))
        return csr_matrix(parts, shape=(self.n_users, columns))


@dataclass(frozen=True, slots=True, eq=False)
class Recommendations:
    """Recommended brands of many customers: m rows, ordered by customer, then rank."""

    row: Indices  # (m,) position of the customer in the request
    brand: Indices  # (m,) brand codes
    rank: Indices  # (m,) from 1
    score: NDArray[np.floating]  # (m,)
    reason: NDArray[np.int8]  # (m,) positions in REASONS


def no_candidates() -> Candidates:
    """Return empty candidates."""
    return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.float32)


def top_n_per_user(candidates: Sequence[Candidates], n: int) -> Candidates:
    """Return the n best candidates of each user, best first, ties by code."""
    rows, codes, scores = (np.concatenate(parts) for parts in zip(*candidates, strict=True))
    order = np.lexsort((codes, -scores, rows))
    order = order[ranks_in_runs(rows[order]) <= n]
    return rows[order], codes[order], scores[order]


def ranks_in_runs(rows: NDArray[np.integer]) -> Indices:
    """Return the position, from 1, of each element in its run of equal values."""
    starts = run_starts(rows)
    sizes = np.diff(np.append(starts, len(rows)))
    return np.asarray(np.arange(len(rows)) - np.repeat(starts, sizes) + 1, np.intp)


def build_recommendations(
    evidence: Evidence, users: UserBatch, candidates: Candidates, popularity: NDArray[np.floating]
) -> Recommendations:
    """Add ranks and reasons to sorted candidates; `popularity`: (B,) popularity part of scores."""
    row, brand, score = candidates
    width = len(popularity)
    keys = users.row * width + users.brand
    wanted_keys = row * width + brand
    positions = np.searchsorted(keys, wanted_keys)
    has_own = np.append(keys, -1)[positions] == wanted_keys
    others_score = score - popularity[brand]  # collaborative part, once the own part is subtracted
    others_score[has_own] -= users.own[positions[has_own]]
    from_others = others_score > np.maximum(popularity[brand], 0)
    sums = np.zeros((len(row), len(Feature)), np.int64)  # zero for brands without own evidence
    sums[has_own] = evidence.sums[positions[has_own]]
    reason = primary_reasons(
        sums[:, Feature.FOLLOWS],
        sums[:, Feature.PURCHASES],
        sums[:, Feature.FULL_PRICE],
        sums[:, Feature.RELEASE_VIEWS],
        sums[:, Feature.VIEWS],
        from_others,
    )
    return Recommendations(row, brand, ranks_in_runs(row), score, reason)
