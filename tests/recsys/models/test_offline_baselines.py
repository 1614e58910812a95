"""The stronger rivals keep the rankers' contract, and each finds what it is made to find."""

import pytest

from recsys.dataset.event_aggregation import aggregate_events
from recsys.dataset.events import EventKind
from recsys.models.base import Ranker
from recsys.models.baselines import BASELINES, fit_baselines
from recsys.models.hybrid import FitOptions, fit_hybrid
from tests.support.ranker_contract import EVERYBODY, FACTS, SHOP, RankerContract
from tests.support.toy_catalogs import NOW, event, rows

MODEL = fit_hybrid(EVERYBODY, SHOP, FitOptions(factors=8, iterations=4, regularization=0.3))
RIVALS = {rival.name: rival for rival in fit_baselines(MODEL, EVERYBODY)}


class TestALS(RankerContract):
    @staticmethod
    def make() -> Ranker:
        return RIVALS["als"]


class TestEASE(RankerContract):
    @staticmethod
    def make() -> Ranker:
        return RIVALS["ease"]


class TestCosine(RankerContract):
    @staticmethod
    def make() -> Ranker:
        return RIVALS["cosine"]


class TestBM25(RankerContract):
    @staticmethod
    def make() -> Ranker:
        return RIVALS["bm25"]


def test_they_are_all_there_the_simple_ones_first() -> None:
    assert list(RIVALS) == [*BASELINES, "als", "cosine", "bm25", "ease"]


@pytest.mark.parametrize("name", ["als", "cosine", "bm25", "ease"])
def test_who_bought_two_brands_of_a_group_gets_that_group(name: str) -> None:
    log = [event(0, EventKind.PURCHASE), event(12, EventKind.PURCHASE)]
    evidence = aggregate_events(rows(*log), FACTS, NOW)
    ranked = RIVALS[name].rank(evidence, 5, {"Brand 000", "Brand 006"})
    assert [int(score.brand[-3:]) % 6 for score in ranked].count(0) >= 4
