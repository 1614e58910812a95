"""Choosing how the parts of the score are weighed, on the end of a log that the model did not see.

The search begins at the defaults, or where hardly anybody comes back to a brand also with own
evidence counting against one, and goes twice through the choices, one after another (the weights of
others and of popularity together). What is looked for is the sum of the NDCG@10 of both tasks. Of
what cannot be told from the best the least popular is taken, else what was there before. Nothing of
an evaluation's own slice is read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from recsys.dataset.event_weights import (
    HALF_LIFE_OPTIONS,
    WEIGHT_NAMES,
    event_weights_from_row,
    event_weights_to_row,
)
from recsys.errors import NotEnoughError
from recsys.evaluation.candidate_cache import (
    QUERY_HALF_LIVES,
    CandidateCache,
    build_candidate_cache,
)
from recsys.evaluation.metrics import EvalUser
from recsys.models.hybrid import HybridModel, HybridParams, ScoreWeights
from recsys.models.hybrid_params import hybrid_params_to_row

MIN_PEOPLE = 20
RIDGE_PENALTY = 25.0  # about what a dozen people say outweighs it


@dataclass(frozen=True, slots=True)
class FeedbackWeights:
    """New weights, and what they were tuned on."""

    weights: ScoreWeights
    people: int
    cards: int


def fit_weights_from_feedback(
    parts: NDArray[np.float64], liked: NDArray[np.bool_], people: int, before: ScoreWeights
) -> FeedbackWeights:
    """Return weights by which what was liked stands higher.

    `parts`, shape (cards, 3), are the weighted parts of the score of cards that `people` answered.
    A part without weight stays without. Raises NotEnoughError under LEAST_PEOPLE people.
    """
    if people < MIN_PEOPLE:
        raise NotEnoughError(
            f"{people} people answered; it takes {MIN_PEOPLE} to learn from their answers."
        )
    scaled_parts = parts / max(float(parts.sum(axis=1).std()), 1e-9)
    signs = np.where(liked, 1.0, -1.0)

    def loss(coefficients: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = signs * (coefficients[0] + scaled_parts @ coefficients[1:])
        residuals = -signs / (1 + np.exp(np.clip(margin, -50, 50)))
        deviations = coefficients[1:] - coefficients[1:].mean()
        slope = np.concatenate(
            [[residuals.sum()], scaled_parts.T @ residuals + 2 * RIDGE_PENALTY * deviations]
        )
        return float(
            np.logaddexp(0, -margin).sum() + RIDGE_PENALTY * deviations @ deviations
        ), slope

    start = np.array([0.0, 0.5, 0.5, 0.5])
    bounds = [(None, None), (0, None), (0, None), (0, None)]
    multipliers = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x[1:]
    return FeedbackWeights(_rescale_weights(before, multipliers), people, len(liked))


def _rescale_weights(before: ScoreWeights, multipliers: NDArray[np.float64]) -> ScoreWeights:
    """Scale each weight; their sum stays, as only the order of scores means anything."""
    before_weights = np.array([before.own, before.collaborative, before.popularity])
    after_weights = before_weights * multipliers
    if (
        after_weights.sum() <= 0
    ):  # nothing of the score speaks for what was liked: nothing is learnt
        return before
    return ScoreWeights(
        *(round(float(w), 4) for w in after_weights * before_weights.sum() / after_weights.sum())
    )


MIN_USERS = 100  # fewer customers say too little
OWN_WEIGHTS = (0.0, 0.3, 1.0, 3.0)
LOW_RETURN_SHARE = (
    0.1  # share of what is found next that she knew before: below it, having had it may tell
)
COLLABORATIVE_WEIGHTS = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0)
POPULARITY_WEIGHTS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
COLLABORATIVE_MIXES = (
    (0.5, 0.0),
    (0.0, 0.0),
    (1.0, 0.0),
    (0.0, 1.0),
    (0.5, 0.5),
    (0.0, 0.5),
    (0.3, 0.3),
)
"""Shares of EASE and of the nearest brands; the rest is ALS."""
WEIGHT_FACTORS = (0.0, 1 / 3, 3.0)  # what one kind of event says of love, against what it said
N_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class TuningResult:
    """What was chosen, on how many customers, and how it did there."""

    params: HybridParams
    customers: int
    any: float | None = None  # NDCG@10 there, None where nothing was chosen
    new: float | None = None
    reason: str = ""  # why nothing was chosen


def tuning_result_to_row(result: TuningResult) -> dict[str, Any]:
    """Return what was chosen as the facts of a version say it."""
    return {
        "blend": hybrid_params_to_row(result.params),
        "customers": result.customers,
        "any": result.any,
        "new": result.new,
        "reason": result.reason,
    }


def tune_hybrid_params(
    model: HybridModel, users: Sequence[EvalUser], progress: Callable[[float], None] | None = None
) -> TuningResult:
    """Choose the parameters that do best on these users; keep the model's where they are too few.

    The model must not have seen what the cases ask for. `progress` is told the share that is done.
    """
    if len(users) < MIN_USERS:
        return TuningResult(
            model.params,
            len(users),
            reason=f"Only {len(users)} customers came back at the end of the log; "
            f"weights are chosen from {MIN_USERS} on.",
        )
    cache = build_candidate_cache(model, users, progress)
    params, objective = model.params, cache.objective(model.params)
    if _return_share(users) < LOW_RETURN_SHARE:
        params, objective = _best_within_one_se(
            cache, params, objective, _negative_own_candidates(params)
        )
    steps = N_ROUNDS * _TUNING_STEPS
    for n_done, step in enumerate(steps, start=1):
        params, objective = _best_within_one_se(cache, params, objective, step(params))
        if progress:
            progress(0.5 + 0.5 * n_done / len(steps))
    ndcg = {task: float(each.mean()) for task, each in cache.ndcg(params).items()}
    return TuningResult(params, len(users), ndcg["any"], ndcg["new"])


def _return_share(users: Sequence[EvalUser]) -> float:
    """Share of what was found next that she knew before."""
    total_gain = sum(sum(case.gains.values()) for case in users)
    return 1.0 - sum(sum(case.relevant("new").values()) for case in users) / total_gain


def _best_within_one_se(
    cache: CandidateCache,
    params: HybridParams,
    objective: NDArray[np.float64],
    candidates: Sequence[HybridParams],
) -> tuple[HybridParams, NDArray[np.float64]]:
    """Among candidates within one standard error of the best, take the smallest popularity weight.

    Ties keep the current parameters. The error is that over customers (the rule of one standard
    error in Breiman, Friedman, Olshen and Stone, "Classification and Regression Trees",
    1984). What everybody gets needs no model, so popularity has to show that it is worth its place.
    """
    tried = [(params, objective), *((other, cache.objective(other)) for other in candidates)]
    best = max((each for _, each in tried), key=lambda each: float(each.mean()))
    within_one_se = [pair for pair in tried if _within_one_se(best - pair[1])]
    return min(
        within_one_se,
        key=lambda pair: (
            _popularity_share(pair[0].weights),
            pair[0] is not params,
            -float(pair[1].mean()),
        ),
    )


def _popularity_share(weights: ScoreWeights) -> float:
    """Share of popularity in what orders brands that are new to her."""
    return weights.popularity / (weights.popularity + weights.collaborative)


def _within_one_se(shortfall: NDArray[np.float64]) -> bool:
    return bool(shortfall.mean() <= shortfall.std() / np.sqrt(len(shortfall)))


def _weight_candidates(params: HybridParams) -> list[HybridParams]:
    own, pairs = params.weights.own, product(COLLABORATIVE_WEIGHTS, POPULARITY_WEIGHTS)
    return [replace(params, weights=ScoreWeights(own, c, p)) for c, p in pairs]


def _negative_own_candidates(params: HybridParams) -> list[HybridParams]:
    return [replace(params, weights=replace(params.weights, own=-1.0))]


def _own_weight_candidates(params: HybridParams) -> list[HybridParams]:
    weights = OWN_WEIGHTS if params.weights.own >= 0 else ()
    return [replace(params, weights=replace(params.weights, own=own)) for own in weights]


def _mix_candidates(params: HybridParams) -> list[HybridParams]:
    return [replace(params, ease=ease, item_knn=alike) for ease, alike in COLLABORATIVE_MIXES]


def _half_life_candidates(params: HybridParams) -> list[HybridParams]:
    return [replace(params, half_life=age) for age in HALF_LIFE_OPTIONS]


def _query_half_life_candidates(params: HybridParams) -> list[HybridParams]:
    return [replace(params, query_half_life=age) for age in QUERY_HALF_LIVES]


def _popularity_half_life_candidates(params: HybridParams) -> list[HybridParams]:
    return [replace(params, popularity_half_life=age) for age in HALF_LIFE_OPTIONS]


def _event_weight_candidates(name: str) -> Any:
    def step(params: HybridParams) -> list[HybridParams]:
        weights = event_weights_to_row(params.event_weights)
        rows = ({**weights, name: weights[name] * factor} for factor in WEIGHT_FACTORS)
        return [replace(params, event_weights=event_weights_from_row(row)) for row in rows]

    return step


_TUNING_STEPS = [
    _weight_candidates,
    _mix_candidates,
    _half_life_candidates,
    _query_half_life_candidates,
    _popularity_half_life_candidates,
    *(_event_weight_candidates(kind) for kind in WEIGHT_NAMES),
    _own_weight_candidates,
]
