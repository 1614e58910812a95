"""Tuning of HybridParams on a validation period of the log that the model did not see.

The method is a coordinate search. It starts at the defaults and goes N_ROUNDS times through all
parameters, one at a time. Only the collaborative and the popularity weight are tried together. If
customers rarely return to a brand, a negative weight of own evidence is tried too. The objective is
the sum of the NDCG@10 of both tasks. Among candidates within one standard error of the best, the
search takes the one with the smallest popularity share; ties keep the current parameters. The test
period of an evaluation is never read.
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
RIDGE_PENALTY = 25.0  # towards equal multipliers; about a dozen people outweigh it


@dataclass(frozen=True, slots=True)
class FeedbackWeights:
    """New weights, and the number of people and of cards that they were fitted on."""

    weights: ScoreWeights
    people: int
    cards: int


def fit_weights_from_feedback(
    parts: NDArray[np.float64], liked: NDArray[np.bool_], people: int, before: ScoreWeights
) -> FeedbackWeights:
    """Fit new weights by logistic regression, so that liked cards get higher scores.

    `parts`, (cards, 3), are the weighted score parts of the cards; `liked`, (cards,), the answers
    of `people`. A weight of 0 stays 0. Raises NotEnoughError for fewer than MIN_PEOPLE people.
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
    """Scale each weight and keep their sum, because only the order of scores has a meaning."""
    before_weights = np.array([before.own, before.collaborative, before.popularity])
    after_weights = before_weights * multipliers
    if after_weights.sum() <= 0:  # no part of the score predicts a like: nothing is learnt
        return before
    return ScoreWeights(
        *(round(float(w), 4) for w in after_weights * before_weights.sum() / after_weights.sum())
    )


MIN_USERS = 100  # customers; fewer are too few to tune on
OWN_WEIGHTS = (0.0, 0.3, 1.0, 3.0)
LOW_RETURN_SHARE = 0.1
"""Below this share of gains from known brands, a negative weight of own evidence is tried too."""
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
"""Shares of EASE and of item k-nearest neighbours; ALS has the remaining share."""
WEIGHT_FACTORS = (0.0, 1 / 3, 3.0)  # tried multipliers of the weight of one event kind
N_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class TuningResult:
    """The tuned parameters, the number of customers, and the metrics on them."""

    params: HybridParams
    customers: int
    any: float | None = None  # NDCG@10 on these customers; None if nothing was tuned
    new: float | None = None
    reason: str = ""  # why nothing was tuned


def tuning_result_to_row(result: TuningResult) -> dict[str, Any]:
    """Return a result as plain data for the facts of a model version."""
    # The keys are old names of the attributes. They are in saved files and must not change.
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
    """Return the parameters with the best objective on these users.

    Parameters
    ----------
    model
        A model that did not see the validation period.
    users
        Customers with relevant brands in the validation period.
    progress
        Called with the share done, from 0 to 1.

    Returns
    -------
    TuningResult
        With fewer than MIN_USERS users, the model's own parameters and a `reason`.
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
    """Return the share of gains that comes from brands the customer knew before."""
    total_gain = sum(sum(case.gains.values()) for case in users)
    return 1.0 - sum(sum(case.relevant("new").values()) for case in users) / total_gain


def _best_within_one_se(
    cache: CandidateCache,
    params: HybridParams,
    objective: NDArray[np.float64],
    candidates: Sequence[HybridParams],
) -> tuple[HybridParams, NDArray[np.float64]]:
    """Among candidates within one standard error of the best, take the smallest popularity share.

    Ties keep the current parameters. The standard error is over customers (one-standard-error rule:
    Breiman, Friedman, Olshen and Stone, "Classification and Regression Trees", 1984). Popular
    brands need no model, so popularity must show a gain to get weight.
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
    """Return the popularity share of the weights that rank new brands."""
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
