"""A cache of score parts for many customers, on which many HybridParams are tried quickly.

Each customer has a shortlist of candidates: known brands, and the top brands of every score part.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.dataset.event_weights import (
    HALF_LIFE_OPTIONS,
    EventWeights,
    decay_factor,
    feature_counts,
    preferences_from_counts,
)
from recsys.evaluation.metrics import DISCOUNTS, TASKS, EvalUser, K, ideal_dcg
from recsys.models.hybrid import HybridModel, HybridParams

NEW_PER_COMPONENT = 20  # top brands of each collaborative part that are new to the customer
POPULAR_PER_HALF_LIFE = 40  # top brands by popularity at each half-life, known ones included
MAX_KNOWN_BRANDS = 200  # the strongest known brands of a customer
N_COLLABORATIVE = 3  # collaborative parts: ALS, EASE, item k-nearest neighbours
QUERY_HALF_LIVES = (None, 90, 30)  # days; half-life of the input of the collaborative models

ShortlistScores = NDArray[np.float32]
"""One score per candidate, (n, L)."""


@dataclass(frozen=True, slots=True, eq=False)
class CandidateCache:
    """All parts of the score for the shortlists of n customers, each padded to L brands.

    Own evidence is kept for the m pairs of a customer and a known brand.
    """

    counts: NDArray[np.float32]  # (m, len(WEIGHT_NAMES)) event counts
    decay: NDArray[np.float32]  # (len(HALF_LIFE_OPTIONS), m) decay factors
    positions: tuple[NDArray[np.intp], NDArray[np.intp]]  # row and column of each pair, (m,) each
    popularity: NDArray[np.float32]  # (len(HALF_LIFE_OPTIONS), n, L)
    collaborative: NDArray[np.float32]  # (len(QUERY_HALF_LIVES), N_COLLABORATIVE, n, L)
    gains: ShortlistScores
    excluded: dict[str, NDArray[np.bool_]]  # task -> (n, L), brands that the task does not rank
    ideal_dcg: dict[str, NDArray[np.float64]]  # task -> (n,), 0 without a relevant brand
    mean_preference: float  # unit of own evidence
    # NDCG@10 of the task "new", by the parameters that can change it
    new_ndcg_cache: dict[Any, NDArray[np.float64]] = field(default_factory=dict)

    def scores(self, params: HybridParams) -> ShortlistScores:
        """Return the score of every candidate."""
        weights, decay = params.weights, self.decay[HALF_LIFE_OPTIONS.index(params.half_life)]
        shares = weights.collaborative * np.array(params.shares, np.float32)
        total = np.tensordot(
            shares, self.collaborative[QUERY_HALF_LIVES.index(params.query_half_life)], 1
        )
        total += (
            np.float32(weights.popularity)
            * self.popularity[HALF_LIFE_OPTIONS.index(params.popularity_half_life)]
        )
        own_scores = (
            preferences_from_counts(self.counts, decay, params.event_weights) / self.mean_preference
        )
        total[self.positions] += weights.own * own_scores
        return np.asarray(total, np.float32)

    def ndcg(self, params: HybridParams) -> dict[str, NDArray[np.float64]]:
        """Return NDCG@10 of each task, (n,).

        The values are scaled so that their mean is the mean over customers with a relevant brand.
        """
        scores = self.scores(params)
        weights = params.weights
        # new brands have no own evidence, so the parameters of own evidence are not in the key
        cache_key = (
            weights.collaborative,
            weights.popularity,
            params.shares,
            params.query_half_life,
            params.popularity_half_life,
        )
        if cache_key not in self.new_ndcg_cache:
            self.new_ndcg_cache[cache_key] = self._task_ndcg(scores, "new")
        return {"any": self._task_ndcg(scores, "any"), "new": self.new_ndcg_cache[cache_key]}

    def objective(self, params: HybridParams) -> NDArray[np.float64]:
        """Return one value per customer, (n,); the mean is the sum of the NDCG@10 of both tasks."""
        return np.asarray(sum(self.ndcg(params).values()), np.float64)

    def _task_ndcg(self, scores: ShortlistScores, task: str) -> NDArray[np.float64]:
        ranked, ideal = np.where(self.excluded[task], -np.inf, scores), self.ideal_dcg[task]
        order = _top_columns(ranked)
        dcg = np.take_along_axis(np.where(self.excluded[task], 0.0, self.gains), order, 1)
        has_relevant = ideal > 0
        ndcg_values = np.where(
            has_relevant, dcg @ DISCOUNTS[: order.shape[1]] / np.where(has_relevant, ideal, 1.0), 0
        )
        return np.asarray(
            ndcg_values * (len(ndcg_values) / max(1, int(has_relevant.sum()))), np.float64
        )


def _top_columns(scores: NDArray[np.floating]) -> NDArray[np.intp]:
    """Return the columns of the top 10 of each row, best first."""
    n_kept = min(K, scores.shape[1])
    top_unordered = np.argpartition(scores, -n_kept, axis=1)[:, -n_kept:]
    order = np.argsort(-np.take_along_axis(scores, top_unordered, 1), axis=1, kind="stable")
    return np.take_along_axis(top_unordered, order, 1)


@dataclass(frozen=True, slots=True, eq=False)
class UserCandidates:
    """The cache entries of one customer: k known brands, l brands of the shortlist."""

    counts: NDArray[np.float64]  # (k, len(WEIGHT_NAMES))
    decay: NDArray[np.float64]  # (len(HALF_LIFE_OPTIONS), k)
    positions: NDArray[np.intp]  # (k,) index in the shortlist
    # (len(HALF_LIFE_OPTIONS) + len(QUERY_HALF_LIVES) * N_COLLABORATIVE + 1, l):
    # popularity, collaborative parts, gain
    components: NDArray[np.float64]


def build_candidate_cache(
    model: HybridModel, users: Sequence[EvalUser], progress: Callable[[float], None] | None = None
) -> CandidateCache:
    """Build the cache for these customers.

    `progress` gets the share of the tuning that is done, from 0 to 0.5: the search is the rest.
    """
    # one popularity ranking for all customers; `_user_candidates` drops known and hidden brands
    candidates, popular_codes = (
        [],
        _top_codes(
            np.ones(len(model.brand_index.brands), bool), model.popularity, POPULAR_PER_HALF_LIFE
        ),
    )
    for n_done, user in enumerate(users, start=1):
        candidates.append(_user_candidates(model, user, popular_codes))
        if progress and (n_done % 50 == 0 or n_done == len(users)):
            progress(0.5 * n_done / len(users))
    n_half_lives, shape = (
        len(HALF_LIFE_OPTIONS),
        (len(users), max(column.components.shape[1] for column in candidates)),
    )
    # shape is (n, L): shortlists are padded to the longest; `filled` is False for the padding
    components = np.zeros((len(candidates[0].components), *shape), np.float32)
    filled = np.zeros(shape, bool)
    for row, user_candidates in enumerate(candidates):
        components[:, row, : user_candidates.components.shape[1]] = user_candidates.components
        filled[row, : user_candidates.components.shape[1]] = True
    rows = np.repeat(np.arange(len(candidates)), [len(column.positions) for column in candidates])
    positions = rows, np.concatenate([column.positions for column in candidates])
    is_known = np.zeros(shape, bool)
    is_known[positions] = True
    ideals = {
        task: [ideal_dcg(np.array([*c.relevant(task).values()])) for c in users] for task in TASKS
    }
    return CandidateCache(
        counts=np.concatenate([column.counts for column in candidates]).astype(np.float32),
        decay=np.concatenate([column.decay for column in candidates], axis=1).astype(np.float32),
        positions=positions,
        popularity=components[:n_half_lives],
        collaborative=components[n_half_lives:-1].reshape(
            len(QUERY_HALF_LIVES), N_COLLABORATIVE, *shape
        ),
        gains=components[-1],
        excluded={"any": ~filled, "new": ~filled | is_known},
        ideal_dcg={task: np.array(values) for task, values in ideals.items()},
        mean_preference=model.mean_preference,
    )


def _user_candidates(
    model: HybridModel, user: EvalUser, popular_codes: NDArray[np.intp]
) -> UserCandidates:
    own_codes, own_counts = user.evidence.brand, feature_counts(user.evidence)
    decays = np.array([decay_factor(user.evidence, age) for age in HALF_LIFE_OPTIONS])
    strengths = [
        preferences_from_counts(own_counts, decays[HALF_LIFE_OPTIONS.index(drift)], EventWeights())
        / model.mean_preference
        for drift in QUERY_HALF_LIVES
    ]
    affinities = np.concatenate([model.affinities(own_codes, strength) for strength in strengths])
    allowed = model.brand_index.allowed(())
    strongest = np.argsort(-strengths[0], kind="stable")[:MAX_KNOWN_BRANDS]
    kept_rows = np.sort(strongest[allowed[own_codes[strongest]]])
    allowed[own_codes] = False
    new_codes = [
        popular_codes[allowed[popular_codes]],
        _top_codes(allowed, affinities, NEW_PER_COMPONENT),
    ]
    codes = np.unique(np.concatenate([own_codes[kept_rows], *new_codes])).astype(np.intp)
    gain = [user.gains.get(name, 0.0) for name in model.brand_index.brands[codes]]
    components = np.concatenate([model.popularity[:, codes], affinities[:, codes], [gain]])
    return UserCandidates(
        own_counts[kept_rows],
        decays[:, kept_rows],
        np.searchsorted(codes, own_codes[kept_rows]),
        components,
    )


def _top_codes(
    is_new: NDArray[np.bool_], components: NDArray[np.float64], n: int
) -> NDArray[np.intp]:
    """Return the sorted codes of the brands in the top n of any row of `components`, (parts, B).

    Only brands where `is_new`, (B,), is True are returned.
    """
    n_kept = min(n, int(is_new.sum()))
    penalty = np.where(is_new, 0.0, np.inf)
    top_of_each = [
        np.argpartition(penalty - part, max(n_kept - 1, 0))[:n_kept] for part in components
    ]
    return np.unique(np.concatenate(top_of_each))
