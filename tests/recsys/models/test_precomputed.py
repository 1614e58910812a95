"""Lists that another system made keep the contract of a model."""

import numpy as np

from recsys.dataset.evidence import Evidence
from recsys.models.base import Ranker, build_brand_index
from recsys.models.precomputed import PrecomputedModel, build_precomputed
from tests.support.ranker_contract import EVERYBODY, SHOP, RankerContract, many
from tests.support.toy_catalogs import catalogue

BASIS = build_brand_index(EVERYBODY.buyers, SHOP)


def of_three() -> PrecomputedModel:
    """Three customers' lists; the last of them has four brands."""
    key = np.array([30, 10, 20, 30, 30, 30, 30], np.uint64)
    code = np.array([7, 1, 2, 9, 5, 7, 11], np.int32)
    score = np.array([0.1, 1.0, 1.0, -3.0, 5.0, 2.0, 0.0])
    return build_precomputed(BASIS, key, code, score)


class TestLists(RankerContract):
    make = of_three


def somebody(number: int) -> Evidence:
    return Evidence(
        np.array([number]), np.array([3], np.int32), np.zeros((1, 16), np.int64),
        np.zeros(1, np.uint32), np.zeros(1, np.uint32), many().distinct_keys[:0],
    )  # fmt: skip


def test_each_customer_has_her_own_list_by_score_and_then_what_is_popular() -> None:
    model: Ranker = of_three()
    third = [score.brand for score in model.rank(somebody(of_three().customer_number(30)), 5)]
    assert third[:4] == ["Brand 005", "Brand 007", "Brand 011", "Brand 009"]
    first, second = (model.rank(somebody(of_three().customer_number(k)), 1)[0] for k in (10, 20))
    assert (first.brand, second.brand) == ("Brand 001", "Brand 002")
    assert of_three().customer_number(15) == of_three().customer_number(99) == 0


def test_the_lists_outlive_a_catalogue_that_grows_and_are_brands_by_name() -> None:
    grown = of_three().rebase_on(catalogue(brands=70))
    third = somebody(grown.customer_number(30))
    assert grown.names(third, 3) == ["Brand 005", "Brand 007", "Brand 011"]
    assert len(grown.names(third, 100)) == 70
    assert (grown.name, grown.meta()) == ("lists", {"kind": "lists", "lineage": "test"})


def test_lists_come_back_as_they_were_saved() -> None:
    model = of_three()
    again = PrecomputedModel.restore(model.arrays(), model.meta())
    for number in (0, 1, 3):
        assert again.rank(somebody(number), 20) == model.rank(somebody(number), 20)
