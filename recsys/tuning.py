"""The weights of the score, tuned on what people said of dealt cards.

A ridge logistic regression (Hoerl and Kennard, Technometrics 12, 1970; Cox, JRSS B 20, 1958) of "a
favourite" on the three parts of the score, with coefficients of at least 0; the penalty is on what
they differ by, so that few answers leave the proportions as they were.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from recsys.errors import NotEnoughError
from recsys.model import Weights

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
