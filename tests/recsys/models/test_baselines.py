"""The rivals keep the same contract and do what their names say."""

import pytest

from recsys.dataset.aggregation import summarise
from recsys.dataset.events import Kind
from recsys.errors import UnknownNameError
from recsys.models.base import basis
from recsys.models.baselines import BASELINES, OwnPurchasesThenViews, Popularity, baseline
from tests.support.ranker_contract import EVERYBODY, FACTS, SHOP, SOMEBODY, RankerContract, taught
from tests.support.toy_catalogs import NOW, event, rows

BASIS = basis(EVERYBODY.buyers, SHOP)


class TestPopularity(RankerContract):
    @staticmethod
    def make() -> Popularity:
        return Popularity(BASIS)


class TestOwnPurchasesThenViews(RankerContract):
    @staticmethod
    def make() -> OwnPurchasesThenViews:
        return OwnPurchasesThenViews(BASIS)


def test_popularity_counts_customers_and_not_events() -> None:
    often = summarise(rows(*[event(118, Kind.PURCHASE)] * 9), FACTS, NOW)
    assert basis(taught(often).buyers, SHOP).buyers[59] == 1


def test_purchases_come_before_any_number_of_views() -> None:
    log = [event(0, Kind.PURCHASE), *[event(2, Kind.VIEW)] * 50, event(4, Kind.VIEW)]
    ranked = OwnPurchasesThenViews(BASIS).rank(summarise(rows(*log), FACTS, NOW), n=3)
    assert [score.brand for score in ranked] == ["Brand 000", "Brand 001", "Brand 002"]


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_is_found_by_its_name(name: str) -> None:
    assert baseline(name, BASIS).name == name
    assert baseline(name, BASIS).rank(SOMEBODY, n=1)


def test_an_unknown_baseline_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean 'popularity'.*own-purchases"):
        baseline("popularty", BASIS)
