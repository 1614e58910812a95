"""Lists of everybody are, customer by customer, what one person is told, in any shop and blend."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.dataset.event_aggregation import ItemFacts, aggregate_events
from recsys.dataset.evidence import Evidence, empty_evidence, split_by_customer
from recsys.models.base import Explanation, ExplanationReason, Ranker, primary_reason
from recsys.models.baselines import OwnPurchasesThenViews
from recsys.models.batch import USERS_PER_CHUNK, BaselineBatchRanker, HybridBatchRanker
from recsys.models.collaborative import EASEModel
from recsys.models.hybrid import HybridModel, fit_hybrid
from recsys.models.hybrid_params import FitOptions, HybridParams, ScoreWeights
from recsys.models.user_batch import Recommendations
from tests.support.ranker_contract import taught
from tests.support.toy_catalogs import NOW, catalogue, crowd

SHOP = catalogue()
KINDS = tuple(ExplanationReason)
BLENDS = (
    HybridParams(),
    HybridParams(ScoreWeights(1.0, 1.0, 0.0), ease=0.0),
    HybridParams(ScoreWeights(0.0, 1.0, 1.0), ease=1.0, half_life=30, popularity_half_life=90),
    HybridParams(ScoreWeights(1.0, 1.0, 0.1), ease=0.2, item_knn=0.6, query_half_life=90),
    HybridParams(ScoreWeights(-1.0, 1.0, 0.1), ease=0.0, item_knn=1.0),
    HybridParams(ScoreWeights(0.0, 0.0, 0.0)),
)


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """What somewhat more than one group of customers did."""
    numbers, rows = crowd(customers=USERS_PER_CHUNK + 60)
    return aggregate_events(rows, ItemFacts.from_catalog(SHOP), NOW, numbers)


@pytest.fixture(scope="module")
def model(evidence: Evidence) -> HybridModel:
    return fit_hybrid(
        taught(evidence), SHOP, FitOptions(factors=8, iterations=2), params=HybridParams()
    )


def cut(model: HybridModel, head: int) -> HybridModel:
    """The same model where EASE knows the first brands alone, and the others are a tail."""
    linear = EASEModel(model.ease.head[:head], model.ease.weights[:head, :head].copy())
    return replace(model, ease=linear)


def told(
    model: HybridModel, listed: Recommendations, row: int
) -> list[tuple[str, int, ExplanationReason]]:
    mine = listed.row == row
    names = [str(model.brand_index.brands[code]) for code in listed.brand[mine]]
    kinds = [KINDS[place] for place in listed.reason[mine]]
    return list(zip(names, listed.rank[mine].tolist(), kinds, strict=True))


def alone(ranker: Ranker, hers: Evidence, n: int) -> list[tuple[str, int, ExplanationReason]]:
    return [(s.brand, s.rank, primary_reason(s.explanation)) for s in ranker.rank(hers, n)]


@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("head", [0, 5, 60])
def test_everybodys_lists_are_those_of_one_person(
    model: HybridModel, evidence: Evidence, blend: HybridParams, head: int
) -> None:
    """Whether EASE knows all brands, some or none, and the tail is looked at or not."""
    asked = replace(cut(model, head), params=blend)
    whose = np.unique(evidence.customer)
    listed = HybridBatchRanker(asked).rank_many(whose, evidence, 10)
    for row, hers in split_by_customer(
        evidence, {0, 1, 7, USERS_PER_CHUNK - 1, USERS_PER_CHUNK, USERS_PER_CHUNK + 59}
    ):
        assert told(asked, listed, row) == alone(asked, hers, 10)


def test_the_first_few_are_the_first_of_many(model: HybridModel, evidence: Evidence) -> None:
    whose = np.unique(evidence.customer)
    few, many = (HybridBatchRanker(model).rank_many(whose, evidence, n) for n in (3, 10))
    for row in (0, 5, USERS_PER_CHUNK):
        assert told(model, few, row) == told(model, many, row)[:3]


def test_a_list_ends_where_the_shop_does(model: HybridModel, evidence: Evidence) -> None:
    listed = HybridBatchRanker(cut(model, 5)).rank_many(
        np.arange(3), evidence.for_customers(np.arange(3)), 100
    )
    assert np.bincount(listed.row).tolist() == [60, 60, 60]


def test_who_did_nothing_gets_the_popular_brands_and_is_told_so(
    model: HybridModel, evidence: Evidence
) -> None:
    listed = HybridBatchRanker(model).rank_many(
        np.array([3, 9_999]), evidence.for_customers(np.array([3])), 10
    )
    assert told(model, listed, 1) == alone(model, empty_evidence(), 10)
    assert {KINDS[place] for place in listed.reason[listed.row == 1]} == {ExplanationReason.POPULAR}


def test_no_list_has_a_brand_that_may_not_be_shown(model: HybridModel, evidence: Evidence) -> None:
    hidden = np.arange(60) % 3 == 0
    shy = replace(model, brand_index=replace(model.brand_index, sensitive=hidden))
    for asked in (shy, cut(shy, 5)):
        listed = HybridBatchRanker(asked).rank_many(np.unique(evidence.customer), evidence, 10)
        assert not hidden[listed.brand].any()


def test_the_rivals_lists_are_those_of_one_person(model: HybridModel, evidence: Evidence) -> None:
    rival = OwnPurchasesThenViews(model.brand_index)
    listed = BaselineBatchRanker(rival).rank_many(np.unique(evidence.customer), evidence, 10)
    for row, hers in split_by_customer(evidence, {0, 1, 7, USERS_PER_CHUNK}):
        mine = [brand for brand, _, _ in told(model, listed, row)]
        assert mine == [score.brand for score in rival.rank(hers, 10)]


@pytest.mark.parametrize(
    ("why", "kind"),
    [
        (Explanation(follows=1, purchases=3), ExplanationReason.FOLLOWED),
        (Explanation(purchases=2, full_price=2), ExplanationReason.FULL_PRICE),
        (Explanation(purchases=2, full_price=1), ExplanationReason.BOUGHT),
        (Explanation(release_views=1, views=4), ExplanationReason.NEW),
        (Explanation(views=4, collaborative=9.0), ExplanationReason.VIEWED),
        (Explanation(collaborative=2.0, popularity=1.0), ExplanationReason.ALIKE),
        (Explanation(collaborative=1.0, popularity=2.0), ExplanationReason.POPULAR),
        (Explanation(), ExplanationReason.POPULAR),
    ],
)
def test_the_first_reason_is_what_she_did_before_what_others_do(
    why: Explanation, kind: ExplanationReason
) -> None:
    assert primary_reason(why) is kind
