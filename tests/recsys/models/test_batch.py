"""Lists of everybody are, customer by customer, what one person is told, in any shop and blend."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.dataset.aggregation import ItemFacts, summarise
from recsys.dataset.evidence import Evidence, no_evidence, persons
from recsys.models.base import Ranker, Reason, Why, kind_of
from recsys.models.baselines import OwnPurchasesThenViews
from recsys.models.batch import GROUP, Batch, RivalBatch
from recsys.models.collaborative import Linear
from recsys.models.hybrid import FavouriteModel, fit
from recsys.models.hybrid_params import Blend, FitOptions, Weights
from recsys.models.user_batch import Listed
from tests.support.ranker_contract import taught
from tests.support.toy_catalogs import NOW, catalogue, crowd

SHOP = catalogue()
KINDS = tuple(Reason)
BLENDS = (
    Blend(),
    Blend(Weights(1.0, 1.0, 0.0), ease=0.0),
    Blend(Weights(0.0, 1.0, 1.0), ease=1.0, half_life=30, fashion=90),
    Blend(Weights(1.0, 1.0, 0.1), ease=0.2, alike=0.6, drift=90),
    Blend(Weights(-1.0, 1.0, 0.1), ease=0.0, alike=1.0),
    Blend(Weights(0.0, 0.0, 0.0)),
)


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """What somewhat more than one group of customers did."""
    numbers, rows = crowd(customers=GROUP + 60)
    return summarise(rows, ItemFacts.of(SHOP), NOW, numbers)


@pytest.fixture(scope="module")
def model(evidence: Evidence) -> FavouriteModel:
    return fit(taught(evidence), SHOP, FitOptions(factors=8, iterations=2), blend=Blend())


def cut(model: FavouriteModel, head: int) -> FavouriteModel:
    """The same model where EASE knows the first brands alone, and the others are a tail."""
    linear = Linear(model.linear.head[:head], model.linear.speaks[:head, :head].copy())
    return replace(model, linear=linear)


def told(model: FavouriteModel, listed: Listed, row: int) -> list[tuple[str, int, Reason]]:
    mine = listed.row == row
    names = [str(model.basis.brands[code]) for code in listed.brand[mine]]
    kinds = [KINDS[place] for place in listed.reason[mine]]
    return list(zip(names, listed.rank[mine].tolist(), kinds, strict=True))


def alone(ranker: Ranker, hers: Evidence, n: int) -> list[tuple[str, int, Reason]]:
    return [(s.brand, s.rank, kind_of(s.why)) for s in ranker.rank(hers, n)]


@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("head", [0, 5, 60])
def test_everybodys_lists_are_those_of_one_person(
    model: FavouriteModel, evidence: Evidence, blend: Blend, head: int
) -> None:
    """Whether EASE knows all brands, some or none, and the tail is looked at or not."""
    asked = replace(cut(model, head), blend=blend)
    whose = np.unique(evidence.customer)
    listed = Batch(asked).lists(whose, evidence, 10)
    for row, hers in persons(evidence, {0, 1, 7, GROUP - 1, GROUP, GROUP + 59}):
        assert told(asked, listed, row) == alone(asked, hers, 10)


def test_the_first_few_are_the_first_of_many(model: FavouriteModel, evidence: Evidence) -> None:
    whose = np.unique(evidence.customer)
    few, many = (Batch(model).lists(whose, evidence, n) for n in (3, 10))
    for row in (0, 5, GROUP):
        assert told(model, few, row) == told(model, many, row)[:3]


def test_a_list_ends_where_the_shop_does(model: FavouriteModel, evidence: Evidence) -> None:
    listed = Batch(cut(model, 5)).lists(np.arange(3), evidence.among(np.arange(3)), 100)
    assert np.bincount(listed.row).tolist() == [60, 60, 60]


def test_who_did_nothing_gets_the_popular_brands_and_is_told_so(
    model: FavouriteModel, evidence: Evidence
) -> None:
    listed = Batch(model).lists(np.array([3, 9_999]), evidence.among(np.array([3])), 10)
    assert told(model, listed, 1) == alone(model, no_evidence(), 10)
    assert {KINDS[place] for place in listed.reason[listed.row == 1]} == {Reason.POPULAR}


def test_no_list_has_a_brand_that_may_not_be_shown(
    model: FavouriteModel, evidence: Evidence
) -> None:
    hidden = np.arange(60) % 3 == 0
    shy = replace(model, basis=replace(model.basis, sensitive=hidden))
    for asked in (shy, cut(shy, 5)):
        listed = Batch(asked).lists(np.unique(evidence.customer), evidence, 10)
        assert not hidden[listed.brand].any()


def test_the_rivals_lists_are_those_of_one_person(
    model: FavouriteModel, evidence: Evidence
) -> None:
    rival = OwnPurchasesThenViews(model.basis)
    listed = RivalBatch(rival).lists(np.unique(evidence.customer), evidence, 10)
    for row, hers in persons(evidence, {0, 1, 7, GROUP}):
        mine = [brand for brand, _, _ in told(model, listed, row)]
        assert mine == [score.brand for score in rival.rank(hers, 10)]


@pytest.mark.parametrize(
    ("why", "kind"),
    [
        (Why(follows=1, purchases=3), Reason.FOLLOWED),
        (Why(purchases=2, full_price=2), Reason.FULL_PRICE),
        (Why(purchases=2, full_price=1), Reason.BOUGHT),
        (Why(release_views=1, views=4), Reason.NEW),
        (Why(views=4, collaborative=9.0), Reason.VIEWED),
        (Why(collaborative=2.0, popularity=1.0), Reason.ALIKE),
        (Why(collaborative=1.0, popularity=2.0), Reason.POPULAR),
        (Why(), Reason.POPULAR),
    ],
)
def test_the_first_reason_is_what_she_did_before_what_others_do(why: Why, kind: Reason) -> None:
    assert kind_of(why) is kind
