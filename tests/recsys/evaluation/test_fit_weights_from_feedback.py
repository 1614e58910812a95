"""Weights tuned on answers: what people liked gets more of the score."""

import numpy as np
import pytest

from recsys.errors import NotEnoughError
from recsys.evaluation.tuning import fit_weights_from_feedback
from recsys.models.hybrid import ScoreWeights

EVEN = ScoreWeights(1.0, 1.0, 1.0)


def answered(truth: tuple[float, float, float], n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Parts of cards, and whether they were liked by people who care for them so much."""
    rng = np.random.default_rng(0)
    parts = rng.gamma(1.0, 1.0, (n, 3))
    chance = 1 / (1 + np.exp(-(parts - 1) @ np.array(truth)))
    return parts, rng.random(n) < chance


def test_what_people_like_by_gets_more_weight_and_the_sum_stays() -> None:
    found = fit_weights_from_feedback(*answered((2.0, 0.5, 0.0)), 400, EVEN)
    weights = found.weights
    assert weights.own > 2 * weights.collaborative > 4 * weights.popularity
    assert weights.own + weights.collaborative + weights.popularity == pytest.approx(3, abs=1e-3)
    assert (found.people, found.cards) == (400, 4000)


def test_few_answers_move_little_and_a_part_without_weight_stays_without() -> None:
    parts, liked = answered((2.0, 0.0, 0.0), n=60)
    little = fit_weights_from_feedback(parts, liked, 20, EVEN).weights
    much = fit_weights_from_feedback(*answered((2.0, 0.0, 0.0)), 400, EVEN).weights
    assert 1 < little.own < much.own
    parts[:, 1] = 0
    assert (
        fit_weights_from_feedback(
            parts, liked, 20, ScoreWeights(1.0, 0.0, 1.0)
        ).weights.collaborative
        == 0
    )


def test_answers_that_nothing_of_the_score_speaks_for_teach_nothing() -> None:
    parts, liked = answered((3.0, 3.0, 3.0))
    assert fit_weights_from_feedback(parts, ~liked, 400, EVEN).weights == EVEN


def test_fewer_than_twenty_people_are_too_few() -> None:
    with pytest.raises(NotEnoughError, match="19 people answered; it takes 20"):
        fit_weights_from_feedback(*answered((1.0, 1.0, 1.0), n=50), 19, EVEN)
