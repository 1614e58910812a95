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

from recsys.dataset.event_weights import AGES, KINDS, love_from_row, love_to_row
from recsys.errors import NotEnoughError
from recsys.evaluation.candidate_cache import DRIFTS, Board, board_of
from recsys.evaluation.metrics import Case
from recsys.models.hybrid import Blend, FavouriteModel, Weights
from recsys.models.hybrid_params import blend_to_row

LEAST_PEOPLE = 20
PENALTY = 25.0  # about what a dozen people say outweighs it


@dataclass(frozen=True, slots=True)
class Tuned:
    """New weights, and what they were tuned on."""

    weights: Weights
    people: int
    cards: int


def tune(
    parts: NDArray[np.float64], liked: NDArray[np.bool_], people: int, before: Weights
) -> Tuned:
    """Return weights by which what was liked stands higher.

    `parts`, shape (cards, 3), are the weighted parts of the score of cards that `people` answered.
    A part without weight stays without. Raises NotEnoughError under LEAST_PEOPLE people.
    """
    if people < LEAST_PEOPLE:
        raise NotEnoughError(
            f"{people} people answered; it takes {LEAST_PEOPLE} to learn from their answers."
        )
    scale = parts / max(float(parts.sum(axis=1).std()), 1e-9)
    signs = np.where(liked, 1.0, -1.0)

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = signs * (at[0] + scale @ at[1:])
        miss = -signs / (1 + np.exp(np.clip(margin, -50, 50)))
        apart = at[1:] - at[1:].mean()
        slope = np.concatenate([[miss.sum()], scale.T @ miss + 2 * PENALTY * apart])
        return float(np.logaddexp(0, -margin).sum() + PENALTY * apart @ apart), slope

    start = np.array([0.0, 0.5, 0.5, 0.5])
    bounds = [(None, None), (0, None), (0, None), (0, None)]
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x[1:]
    return Tuned(_weighed(before, found), people, len(liked))


def _weighed(before: Weights, found: NDArray[np.float64]) -> Weights:
    """Scale each weight; their sum stays, as only the order of scores means anything."""
    old = np.array([before.own, before.collaborative, before.popularity])
    new = old * found
    if new.sum() <= 0:  # nothing of the score speaks for what was liked: nothing is learnt
        return before
    return Weights(*(round(float(w), 4) for w in new * old.sum() / new.sum()))


LEAST_CASES = 100  # fewer customers say too little
OWN = (0.0, 0.3, 1.0, 3.0)
RARELY = 0.1  # share of what is found next that she knew before: below it, having had it may tell
COLLABORATIVE = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0)
POPULARITY = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
MIXES = ((0.5, 0.0), (0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.5, 0.5), (0.0, 0.5), (0.3, 0.3))
"""Shares of EASE and of the nearest brands; the rest is ALS."""
TIMES = (0.0, 1 / 3, 3.0)  # what one kind of event says of love, against what it said
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Weighed:
    """What was chosen, on how many customers, and how it did there."""

    blend: Blend
    customers: int
    any: float | None = None  # NDCG@10 there, None where nothing was chosen
    new: float | None = None
    reason: str = ""  # why nothing was chosen


def weighed_to_row(weighed: Weighed) -> dict[str, Any]:
    """Return what was chosen as the facts of a version say it."""
    return {
        "blend": blend_to_row(weighed.blend),
        "customers": weighed.customers,
        "any": weighed.any,
        "new": weighed.new,
        "reason": weighed.reason,
    }


def weigh(
    model: FavouriteModel, cases: Sequence[Case], tell: Callable[[float], None] | None = None
) -> Weighed:
    """Choose the blend that finds most in these cases; the model's own where they are too few.

    The model must not have seen what the cases ask for. `tell` is told the share that is done.
    """
    if len(cases) < LEAST_CASES:
        return Weighed(
            model.blend,
            len(cases),
            reason=f"Only {len(cases)} customers came back at the end of the log; "
            f"weights are chosen from {LEAST_CASES} on.",
        )
    board = board_of(model, cases, tell)
    blend, worth = model.blend, board.worth(model.blend)
    if _returning(cases) < RARELY:
        blend, worth = _better(board, blend, worth, _against(blend))
    steps = ROUNDS * _STEPS
    for done, step in enumerate(steps, start=1):
        blend, worth = _better(board, blend, worth, step(blend))
        if tell:
            tell(0.5 + 0.5 * done / len(steps))
    found = {task: float(each.mean()) for task, each in board.found(blend).items()}
    return Weighed(blend, len(cases), found["any"], found["new"])


def _returning(cases: Sequence[Case]) -> float:
    """Share of what was found next that she knew before."""
    everything = sum(sum(case.gains.values()) for case in cases)
    return 1.0 - sum(sum(case.wanted("new").values()) for case in cases) / everything


def _better(
    board: Board, blend: Blend, worth: NDArray[np.float64], others: Sequence[Blend]
) -> tuple[Blend, NDArray[np.float64]]:
    """Of those level with the best the least popular; the blend itself before its equals in that.

    Level is what falls short by less than its own standard error over customers (the rule of one
    standard error in Breiman, Friedman, Olshen and Stone, "Classification and Regression Trees",
    1984). What everybody gets needs no model, so popularity has to show that it is worth its place.
    """
    tried = [(blend, worth), *((other, board.worth(other)) for other in others)]
    best = max((each for _, each in tried), key=lambda each: float(each.mean()))
    level = [pair for pair in tried if _is_level(best - pair[1])]
    return min(
        level,
        key=lambda pair: (_leaning(pair[0].weights), pair[0] is not blend, -float(pair[1].mean())),
    )


def _leaning(weights: Weights) -> float:
    """Share of popularity in what orders brands that are new to her."""
    return weights.popularity / (weights.popularity + weights.collaborative)


def _is_level(short: NDArray[np.float64]) -> bool:
    return bool(short.mean() <= short.std() / np.sqrt(len(short)))


def _weights(blend: Blend) -> list[Blend]:
    own, pairs = blend.weights.own, product(COLLABORATIVE, POPULARITY)
    return [replace(blend, weights=Weights(own, c, p)) for c, p in pairs]


def _against(blend: Blend) -> list[Blend]:
    return [replace(blend, weights=replace(blend.weights, own=-1.0))]


def _owns(blend: Blend) -> list[Blend]:
    tried = OWN if blend.weights.own >= 0 else ()
    return [replace(blend, weights=replace(blend.weights, own=own)) for own in tried]


def _mixes(blend: Blend) -> list[Blend]:
    return [replace(blend, ease=ease, alike=alike) for ease, alike in MIXES]


def _memories(blend: Blend) -> list[Blend]:
    return [replace(blend, half_life=age) for age in AGES]


def _drifts(blend: Blend) -> list[Blend]:
    return [replace(blend, drift=age) for age in DRIFTS]


def _fashions(blend: Blend) -> list[Blend]:
    return [replace(blend, fashion=age) for age in AGES]


def _loves(kind: str) -> Any:
    def step(blend: Blend) -> list[Blend]:
        said = love_to_row(blend.love)
        tried = ({**said, kind: said[kind] * by} for by in TIMES)
        return [replace(blend, love=love_from_row(row)) for row in tried]

    return step


_STEPS = [
    _weights,
    _mixes,
    _memories,
    _drifts,
    _fashions,
    *(_loves(kind) for kind in KINDS),
    _owns,
]
