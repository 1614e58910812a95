"""Questions to a model: a good one passes them all, and each finds the model that fails it."""

from dataclasses import fields, replace

import numpy as np
import pytest

from recsys.dataset.event_weights import EventWeights
from recsys.dataset.evidence import Evidence
from recsys.errors import UnknownNameError
from recsys.evaluation.behavioral_tests import (
    BEHAVIORAL_QUESTIONS,
    N_TRIES,
    BehaviorResult,
    run_behavioral_tests,
)
from recsys.models.base import BrandScore
from recsys.models.hybrid import FitOptions, HybridModel, HybridParams, ScoreWeights, fit_hybrid
from recsys.models.similar import similar_brands
from tests.support.ranker_contract import EVERYBODY, SHOP
from tests.support.toy_catalogs import NOW

GOOD = fit_hybrid(EVERYBODY, SHOP, FitOptions(factors=8, weights=ScoreWeights(1.0, 0.1, 0.05)))


def asked(model: HybridModel) -> dict[str, BehaviorResult]:
    return {found.question: found for found in run_behavioral_tests(model, SHOP, NOW, seed=1)}


def test_a_good_model_passes_every_question() -> None:
    found = asked(GOOD)
    assert tuple(found) == BEHAVIORAL_QUESTIONS
    assert all(one.passed and one.asked == N_TRIES and not one.broken for one in found.values())


class Moody(HybridModel):
    """Answers anew each time."""

    mood = np.random.default_rng(0)

    def rank(self, evidence: Evidence, n: int, without: tuple[str, ...] = ()) -> list[BrandScore]:
        scores = super().rank(evidence, n, without)
        return [scores[i] for i in self.mood.permutation(len(scores))]


def moody() -> HybridModel:
    return Moody(**{part.name: getattr(GOOD, part.name) for part in fields(GOOD) if part.init})


@pytest.mark.parametrize(
    ("question", "model"),
    [
        ("popularity", replace(GOOD, params=HybridParams(ScoreWeights(0.01, 0.0, 50.0)))),
        (
            "price_blind",
            replace(
                GOOD, params=HybridParams(event_weights=EventWeights(full_price=-0.2, premium=-0.2))
            ),
        ),
        ("follow", replace(GOOD, params=HybridParams(event_weights=EventWeights(follows=-1.0)))),
        (
            "one_more",
            replace(
                GOOD, params=HybridParams(event_weights=EventWeights(views=-1.0, wishlists=-1.0))
            ),
        ),
        ("same", moody()),
    ],
)
def test_a_model_that_fails_a_question_is_found_out(question: str, model: HybridModel) -> None:
    found = asked(model)[question]
    assert not found.passed
    assert 1 <= len(found.broken) <= 3
    assert found.held < found.asked


def test_brands_of_one_taste_are_alike_and_no_brand_is_like_itself() -> None:
    near = similar_brands(GOOD, "Brand 000", 5)
    assert [int(name.split()[1]) % 6 for name, _ in near] == [0] * 5  # the crowd's groups
    likeness = [value for _, value in near]
    assert likeness == sorted(likeness, reverse=True)
    assert all(0 < value <= 1 + 1e-9 for value in likeness)
    assert "Brand 000" not in dict(near)


def test_a_brand_that_is_not_there_or_that_nobody_met_has_no_neighbours() -> None:
    with pytest.raises(UnknownNameError, match="Brand 0"):
        similar_brands(GOOD, "Brand 0000", 5)
    hidden = GOOD.brand_index.sensitive.copy()
    hidden[3] = True
    with pytest.raises(UnknownNameError, match="No brand is called 'Brand 003'"):
        similar_brands(
            replace(GOOD, brand_index=replace(GOOD.brand_index, sensitive=hidden)), "Brand 003", 5
        )
    factors = GOOD.als.item_factors.copy()
    factors[4] = 0
    unmet = replace(GOOD, als=replace(GOOD.als, item_factors=factors))
    assert similar_brands(unmet, "Brand 004", 5) == []
