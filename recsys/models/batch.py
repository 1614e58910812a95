"""Batch ranking: the same lists as `HybridModel.rank`, for many customers at once.

The tail has the brands outside EASE's head. A tail brand that is neither an own brand of the
customer nor a neighbor of one scores x.y + popularity <= |x| * |y| + popularity, with ALS factors x
and y (Cauchy-Schwarz; pruning as in "LEMP", Teflioudi, Gemulla and Mykytiuk, SIGMOD 2015, section
3). If the largest bound of the tail is below a customer's n-th best score so far, the tail is
skipped. Lists are exact, and most customers cost only the head.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recsys.dataset.event_weights import (
    HALF_LIFE_OPTIONS,
    EventWeights,
    decay_factor,
    feature_counts,
    preferences_from_counts,
)
from recsys.dataset.evidence import Evidence
from recsys.models.base import top_k, top_k_threshold
from recsys.models.baselines import OwnPurchasesThenViews
from recsys.models.hybrid import HybridModel
from recsys.models.user_batch import (
    Candidates,
    Float32Array,
    Indices,
    Recommendations,
    UserBatch,
    build_recommendations,
    no_candidates,
    ranks_in_runs,
    top_n_per_user,
)

USERS_PER_CHUNK = 1_000  # customers scored at a time, so that their scores fit into the CPU cache
EXCLUDED_SCORE = np.float32(-np.inf)  # the score of a brand that may not be shown


class BatchRanker(Protocol):
    """Anything that ranks brands for many customers at once."""

    def rank_many(
        self, customers: NDArray[np.int64], evidence: Evidence, n: int
    ) -> Recommendations:
        """Return the top n brands of each customer, fewer if the shop has fewer.

        `customers`: (N,) customer numbers in `evidence`, ascending. A customer without evidence
        gets the popular brands.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class BaselineBatchRanker:
    """The baseline `own-purchases-then-views` for many customers."""

    baseline: OwnPurchasesThenViews

    def rank_many(
        self, customers: NDArray[np.int64], evidence: Evidence, n: int
    ) -> Recommendations:
        """Return each customer's top n of the own brands and the n most popular brands."""
        prior, allowed = self.baseline.brand_index.prior / 2, self.baseline.brand_index.allowed(())
        own_scores = self.baseline.own_scores(evidence)
        users = UserBatch.from_evidence(customers, evidence, own_scores, own_scores)
        top_codes = top_k(prior, allowed, n)
        rows, codes = (
            np.repeat(np.arange(users.n_users), len(top_codes)),
            np.tile(top_codes, users.n_users),
        )
        width = len(prior)
        is_new = ~np.isin(rows * width + codes, users.row * width + users.brand)
        is_allowed = allowed[users.brand]
        own_codes = users.brand[is_allowed]
        candidates = top_n_per_user(
            [
                (users.row[is_allowed], own_codes, (prior[own_codes] + own_scores[is_allowed])),
                (rows[is_new], codes[is_new], prior[codes[is_new]]),
            ],
            n,
        )
        return build_recommendations(evidence, users, candidates, prior)


@dataclass(frozen=True, slots=True, eq=False)
class HybridBatchRanker:
    """The hybrid model for many customers, with precomputed brand arrays."""

    model: HybridModel
    excluded: NDArray[np.bool_] = field(init=False)  # (B,) brands that may not be shown
    popularity: Float32Array = field(init=False)  # (B,) popularity part of the score
    head: Indices = field(init=False)  # (H,) codes of EASE's brands, ascending
    tail: Indices = field(init=False)  # (T,) codes of the other brands that may be shown
    max_tail_norm: float = field(init=False)  # largest norm of the item factors in the tail
    max_tail_popularity: float = field(init=False)  # largest popularity part in the tail

    def __post_init__(self) -> None:
        """Compute the brand arrays once."""
        params, item_factors = self.model.params, self.model.als.item_factors
        allowed = self.model.brand_index.allowed(())
        head = self.model.ease.head.astype(np.intp)
        outside = allowed.copy()
        outside[head] = False
        tail = np.flatnonzero(outside)
        popularity = (
            params.weights.popularity
            * self.model.popularity[HALF_LIFE_OPTIONS.index(params.popularity_half_life)]
        )
        norms = np.linalg.norm(item_factors[tail], axis=1)
        for name, value in {
            "excluded": ~allowed,
            "popularity": popularity.astype(np.float32),
            "head": head,
            "tail": tail,
            "max_tail_norm": float(norms.max(initial=0.0)),
            "max_tail_popularity": float(popularity[tail].max(initial=0.0)),
        }.items():
            object.__setattr__(self, name, value)

    def rank_many(
        self, customers: NDArray[np.int64], evidence: Evidence, n: int
    ) -> Recommendations:
        """Return the top n brands of each customer."""
        users, candidates = self._user_batch(customers, evidence), [no_candidates()]
        for start, chunk in users.chunks(USERS_PER_CHUNK):
            rows, codes, scores = self._candidates(chunk, n)
            candidates.append((rows + start, codes, scores))
        return build_recommendations(
            evidence, users, top_n_per_user(candidates, n), self.popularity
        )

    def _user_batch(self, customers: NDArray[np.int64], evidence: Evidence) -> UserBatch:
        params, event_counts = self.model.params, feature_counts(evidence)
        strength = (
            preferences_from_counts(
                event_counts, decay_factor(evidence, params.query_half_life), EventWeights()
            )
            / self.model.mean_preference
        )
        own_scores = (
            preferences_from_counts(
                event_counts, decay_factor(evidence, params.half_life), params.event_weights
            )
            / self.model.mean_preference
        )
        return UserBatch.from_evidence(
            customers, evidence, strength, params.weights.own * own_scores
        )

    def _candidates(self, users: UserBatch, n: int) -> Candidates:
        als_share = np.float32(
            self.model.params.weights.collaborative * self.model.params.shares[0]
        )
        is_positive = (users.strength > 0) & (als_share > 0)  # no fold-in without an ALS share
        user_matrix = users.matrix(is_positive, users.brand, len(self.excluded))
        user_factors = als_share * self.model.als.batch_user_factors(user_matrix)
        sparse_scores = self._sparse_scores(users)
        in_head, head_positions = self._locate_in_head(sparse_scores[1])
        tail_candidates = _filter_candidates(
            sparse_scores, ~in_head & ~self.excluded[sparse_scores[1]]
        )
        candidates = [
            self._head_candidates(
                users,
                user_factors,
                _filter_candidates(sparse_scores, in_head),
                head_positions[in_head],
                n,
            ),
            self._scored_tail_candidates(user_factors, tail_candidates),
        ]
        best_so_far = top_n_per_user(candidates, n)
        needing_tail = self._users_needing_tail(users, user_factors, best_so_far, n)
        return (
            top_n_per_user(
                [
                    best_so_far,
                    self._tail_candidates(user_factors, tail_candidates, needing_tail, n),
                ],
                n,
            )
            if len(needing_tail)
            else best_so_far
        )

    def _sparse_scores(self, users: UserBatch) -> Candidates:
        """Return the own and item-kNN parts of the scores, for the brands that have one."""
        knn_weight = np.float32(
            self.model.params.weights.collaborative * self.model.params.shares[2]
        )
        if not knn_weight:
            return users.row, users.brand, users.own
        user_matrix = users.matrix(users.strength > 0, users.brand, len(self.excluded))
        entries = (users.own, (users.row, users.brand))
        own_scores = csr_matrix(entries, shape=user_matrix.shape)
        summed = (own_scores + (knn_weight * user_matrix) @ self.model.item_knn.weights).tocoo()
        return (
            summed.row.astype(np.intp),
            summed.col.astype(np.intp),
            summed.data.astype(np.float32),
        )

    def _locate_in_head(self, brand: Indices) -> tuple[NDArray[np.bool_], Indices]:
        """Return which brands are in the head, and their positions in it."""
        if not len(self.head):
            return np.zeros(len(brand), np.bool_), brand
        positions = np.minimum(np.searchsorted(self.head, brand), len(self.head) - 1)
        return self.head[positions] == brand, positions

    def _head_candidates(
        self,
        users: UserBatch,
        user_factors: Float32Array,
        sparse_scores: Candidates,
        head_positions: Indices,
        n: int,
    ) -> Candidates:
        """Return the top n of the head; `head_positions` says where `sparse_scores` are added."""
        params, ease = self.model.params, self.model.ease
        scores = user_factors @ self.model.als.item_factors[self.head].T
        scores += self.popularity[self.head]
        ease_weight = np.float32(params.weights.collaborative * params.shares[1])
        if ease_weight:
            in_head, user_positions = self._locate_in_head(users.brand)
            user_matrix = users.matrix(
                in_head & (users.strength > 0), user_positions, len(self.head)
            )
            scores += (ease_weight * user_matrix) @ ease.weights
        scores[sparse_scores[0], head_positions] += sparse_scores[2]
        scores[:, self.excluded[self.head]] = EXCLUDED_SCORE
        rows, columns = _top_per_row(scores, n)
        return rows, self.head[columns], scores[rows, columns]

    def _scored_tail_candidates(
        self, user_factors: Float32Array, sparse_scores: Candidates
    ) -> Candidates:
        """Return the full scores of the tail brands that have a sparse score."""
        rows, codes, additions = sparse_scores
        dot_products = np.einsum("pf,pf->p", user_factors[rows], self.model.als.item_factors[codes])
        return rows, codes, dot_products + self.popularity[codes] + additions

    def _users_needing_tail(
        self, users: UserBatch, user_factors: Float32Array, best_so_far: Candidates, n: int
    ) -> Indices:
        """Return the customers with a tail brand that may reach the n-th best score so far."""
        if not len(self.tail):
            return np.empty(0, np.intp)
        rows, _, scores = best_so_far
        nth_best, is_full = np.full(users.n_users, EXCLUDED_SCORE), ranks_in_runs(rows) == n
        nth_best[rows[is_full]] = scores[is_full]
        bound = np.linalg.norm(user_factors, axis=1) * self.max_tail_norm + self.max_tail_popularity
        return np.flatnonzero(bound * (1 + _ROUNDING) + _ROUNDING >= nth_best)

    def _tail_candidates(
        self, user_factors: Float32Array, tail_candidates: Candidates, needing_tail: Indices, n: int
    ) -> Candidates:
        """Return the top n of the tail, without `tail_candidates`: those are scored already."""
        scores = user_factors[needing_tail] @ self.model.als.item_factors[self.tail].T
        scores += self.popularity[self.tail]
        row_of = np.full(len(user_factors), -1)
        row_of[needing_tail] = np.arange(len(needing_tail))
        is_asked = row_of[tail_candidates[0]] >= 0
        tail_positions = np.searchsorted(self.tail, tail_candidates[1][is_asked])
        scores[row_of[tail_candidates[0][is_asked]], tail_positions] = EXCLUDED_SCORE
        rows, columns = _top_per_row(scores, n)
        return needing_tail[rows], self.tail[columns], scores[rows, columns]


def _filter_candidates(candidates: Candidates, mask: NDArray[np.bool_]) -> Candidates:
    rows, codes, scores = candidates
    return rows[mask], codes[mask], scores[mask]


_ROUNDING = 1e-5  # tolerance for float32 rounding: a bound is never too low
_MIN_SCORE = np.finfo(np.float32).min


def _top_per_row(scores: Float32Array, n: int) -> tuple[Indices, Indices]:
    """Return rows and columns of at least the n best scores of each row."""
    rows, columns = np.nonzero(scores >= np.maximum(top_k_threshold(scores, n), _MIN_SCORE))
    return rows, columns
