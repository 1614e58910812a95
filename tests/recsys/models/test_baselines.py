"""The rivals keep the same contract and do what their names say."""

import pytest

from recsys.dataset.event_aggregation import aggregate_events
from recsys.dataset.events import EventKind
from recsys.errors import UnknownNameError
from recsys.models.base import build_brand_index
from recsys.models.baselines import BASELINES, OwnPurchasesThenViews, Popularity, make_baseline
from tests.support.ranker_contract import EVERYBODY, FACTS, SHOP, SOMEBODY, RankerContract, taught
from tests.support.toy_catalogs import NOW, event, rows

BASIS = build_brand_index(EVERYBODY.buyers, SHOP)


class TestPopularity(RankerContract):
    @staticmethod
    def make() -> Popularity:
        return Popularity(BASIS)


class TestOwnPurchasesThenViews(RankerContract):
    @staticmethod
    def make() -> OwnPurchasesThenViews:
        return OwnPurchasesThenViews(BASIS)


def test_popularity_counts_customers_and_not_events() -> None:
    often = aggregate_events(rows(*[event(118, EventKind.PURCHASE)] * 9), FACTS, NOW)
    assert build_brand_index(taught(often).buyers, SHOP).buyers[59] == 1


def test_purchases_come_before_any_number_of_views() -> None:
    log = [event(0, EventKind.PURCHASE), *[event(2, EventKind.VIEW)] * 50, event(4, EventKind.VIEW)]
    ranked = OwnPurchasesThenViews(BASIS).rank(aggregate_events(rows(*log), FACTS, NOW), n=3)
    assert [score.brand for score in ranked] == ["Brand 000", "Brand 001", "Brand 002"]


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_is_found_by_its_name(name: str) -> None:
    assert make_baseline(name, BASIS).name == name
    assert make_baseline(name, BASIS).rank(SOMEBODY, n=1)


def test_an_unknown_baseline_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean 'popularity'.*own-purchases"):
        make_baseline("popularty", BASIS)
