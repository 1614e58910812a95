"""Shortlists of many customers, laid out so that one blend after another is tried on all at once.

Of each customer a shortlist of brands is ranked: what she knows, and the first of every part.
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

NEW_PER_COMPONENT = 20  # brands of each part that are new to her
POPULAR_PER_HALF_LIFE = 40  # of each kind of popularity, whether she knows them or not
MAX_KNOWN_BRANDS = 200  # brands she knows, the strongest
N_COLLABORATIVE = 3  # parts of what others do: ALS, EASE, the nearest brands
QUERY_HALF_LIVES = (None, 90, 30)  # half-lives of AGES that these are asked with

ShortlistScores = NDArray[np.float32]
"""Shape (customers, shortlist): one part of the score."""


@dataclass(frozen=True, slots=True, eq=False)
class CandidateCache:
    """All that a score is made of, for the shortlists of n customers, L brands wide.

    Own evidence is kept for the m pairs of a customer and a brand that she knows.
    """

    counts: NDArray[np.float32]  # (m, len(KINDS))
    decay: NDArray[np.float32]  # (len(AGES), m)
    positions: tuple[NDArray[np.intp], NDArray[np.intp]]  # row and column of each pair, (m,) twice
    popularity: NDArray[np.float32]  # (len(AGES), n, L)
    collaborative: NDArray[np.float32]  # (len(DRIFTS), OTHERS, n, L)
    gains: ShortlistScores
    excluded: dict[str, NDArray[np.bool_]]  # task -> (n, L), brands that it does not rank
    ideal_dcg: dict[str, NDArray[np.float64]]  # task -> (n,), 0 where she wanted nothing
    mean_preference: float  # of own evidence
    new_ndcg_cache: dict[Any, NDArray[np.float64]] = field(
        default_factory=dict
    )  # NDCG@10 of new brands

    def scores(self, params: HybridParams) -> ShortlistScores:
        """Of every brand of the shortlists."""
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
        """NDCG@10 of each task, shape (n,), so scaled that its mean is that over who was asked."""
        scores = self.scores(params)
        weights = params.weights  # own evidence is not of new brands
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
        """One number a customer, shape (n,), whose mean is the sum of both tasks' NDCG@10."""
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
    """Columns of the first ten of each row, best first."""
    n_kept = min(K, scores.shape[1])
    top_unordered = np.argpartition(scores, -n_kept, axis=1)[:, -n_kept:]
    order = np.argsort(-np.take_along_axis(scores, top_unordered, 1), axis=1, kind="stable")
    return np.take_along_axis(top_unordered, order, 1)


@dataclass(frozen=True, slots=True, eq=False)
class UserCandidates:
    """What the board holds of one customer: k brands she knows, l brands of her shortlist."""

    counts: NDArray[np.float64]  # (k, len(KINDS))
    decay: NDArray[np.float64]  # (len(AGES), k)
    positions: NDArray[np.intp]  # (k,) in the shortlist
    components: NDArray[
        np.float64
    ]  # (len(AGES) + len(DRIFTS) * OTHERS + 1, l): popular, others, gain


def build_candidate_cache(
    model: HybridModel, users: Sequence[EvalUser], progress: Callable[[float], None] | None = None
) -> CandidateCache:
    """Lay out the parts of the score for these customers."""
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
    """Codes of the first n of each part among the brands new to her."""
    n_kept = min(n, int(is_new.sum()))
    penalty = np.where(is_new, 0.0, np.inf)
    top_of_each = [
        np.argpartition(penalty - part, max(n_kept - 1, 0))[:n_kept] for part in components
    ]
    return np.unique(np.concatenate(top_of_each))
