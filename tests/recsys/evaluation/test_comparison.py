"""Two rankers side by side, and one ranker for groups: what is told, and what may not be."""

from itertools import product

import numpy as np
import pytest

from recsys.dataset.evidence import Evidence, split_by_customer
from recsys.evaluation.comparison import (
    RANKING_METRICS,
    RankChange,
    list_overlap,
    metric_differences,
    rank_changes,
    top_lists,
)
from recsys.evaluation.metrics import TASKS, EvalUser
from recsys.evaluation.slices import SLICE_KINDS, evaluate_slices
from recsys.models.base import build_brand_index
from recsys.models.baselines import OwnPurchasesThenViews, Popularity
from tests.support.ranker_contract import EVERYBODY, SHOP, many
from tests.support.toy_catalogs import DAY, NOW

BASIS = build_brand_index(EVERYBODY.buyers, SHOP)
CROWD = many()
PEOPLE: list[Evidence] = [
    hers for _, hers in split_by_customer(CROWD, set(CROWD.customer.tolist()))
][:60]
OWN, POPULAR = OwnPurchasesThenViews(BASIS), Popularity(BASIS)


def case(before: Evidence) -> EvalUser:
    """Somebody who buys again what she bought, and one brand more."""
    known = [str(SHOP.brands[code]) for code in before.brand]
    fresh = str(SHOP.brands[(int(before.brand[0]) + 30) % 60])
    return EvalUser(before, dict.fromkeys([*known[:2], fresh], 1.0), frozenset(known))


CASES = [case(before) for before in PEOPLE]


def test_every_metric_of_both_tasks_is_compared_within_customers() -> None:
    found = metric_differences(OWN, POPULAR, CASES, seed=0)
    assert {(d.task, d.metric) for d in found} == set(product(TASKS, RANKING_METRICS))
    any_brand = next(d.ahead for d in found if (d.task, d.metric) == ("any", "recall"))
    assert any_brand.low is not None
    assert any_brand.low > 0.2
    assert any_brand.n == len(CASES)
    back = metric_differences(POPULAR, OWN, CASES, seed=0)
    assert back[0].ahead.value == pytest.approx(-(found[0].ahead.value or 0))
    nothing = [d.ahead.value for d in metric_differences(OWN, OWN, CASES, seed=0)]
    assert nothing == [0.0] * 6


def test_what_two_lists_share_is_a_share_of_ten_and_unknown_of_few_people() -> None:
    own, popular = top_lists(OWN, PEOPLE), top_lists(POPULAR, PEOPLE)
    assert list_overlap(own, own, seed=0).value == 1.0
    apart = list_overlap(own, popular, seed=0)
    assert 0 < (apart.value or 0) < 1
    assert apart.n == 60
    few = list_overlap(own[:9], popular[:9], seed=0)
    assert (few.value, few.reason) == (None, "fewer than 10 people")


def lists(*counts: tuple[str, int], people: int = 40) -> list[list[str]]:
    """Lists of so many people, a brand on the first so many of them."""
    return [[brand for brand, n in counts if place < n] for place in range(people)]


def test_brands_that_rise_and_fall_are_counted_in_people_and_never_in_a_few() -> None:
    first = lists(("up", 12), ("down", 30), ("same", 20), ("rare", 2), ("all", 30), ("gone", 15))
    second = lists(("up", 25), ("down", 12), ("same", 20), ("rare", 9), ("all", 37), ("new", 11))
    rising, falling = rank_changes(first, second)
    assert rising == [
        RankChange("up", 12, 25),
        RankChange("new", 0, 11),
        RankChange("all", 30, None),
    ]
    assert falling == [RankChange("down", 30, 12), RankChange("gone", 15, 0)]
    assert rank_changes(first, second, max_brands=1)[0] == [RankChange("up", 12, 25)]


CATEGORY = {str(name): f"Category {i % 6}" for i, name in enumerate(SHOP.brands)}


def test_groups_of_every_kind_have_an_estimate_with_its_customers() -> None:
    found = evaluate_slices(OWN, CASES, BASIS, CATEGORY, NOW, seed=0)
    assert {part.by for part in found} == set(SLICE_KINDS)
    names = [part.name for part in found if part.by != "category"]
    order = ["1-4", "5-14", "15+", "0-89", "90-364", "365+", "famous", "middling", "rare"]
    assert names == sorted(names, key=order.index)
    by_category = [part for part in found if part.by == "category"]
    assert len(by_category) == 6
    for part in found:
        if part.recall.value is not None:
            assert part.recall.n >= 10
            assert 0 <= (part.recall.low or 0) <= part.recall.value <= (part.recall.high or 0) <= 1
    assert any(part.recall.value is not None for part in by_category)


def old(before: Evidence, days: int) -> Evidence:
    """The same person, whose first event lies so many days back."""
    first = np.full(len(before), NOW - days * DAY, np.uint32)
    return Evidence(
        before.customer, before.brand, before.sums, first, before.last, before.distinct_keys
    )


def tenures(*ages: tuple[int, int]) -> dict[str, int | None]:
    """People of such ages in days, so many of each -> customers shown behind each group."""
    people = iter(PEOPLE)
    cases = [case(old(next(people), days)) for days, n in ages for _ in range(n)]
    found = evaluate_slices(OWN, cases, BASIS, CATEGORY, NOW, seed=0)
    return {p.name: p.recall.n for p in found if p.by == "tenure" and p.recall.value is not None}


def test_a_group_under_ten_is_hidden_and_so_is_the_group_that_would_give_it_away() -> None:
    assert tenures((10, 20), (100, 20), (500, 20)) == {"0-89": 20, "90-364": 20, "365+": 20}
    assert tenures((10, 20), (100, 12), (500, 4)) == {"0-89": 20}
    assert tenures((10, 40), (100, 4)) == {}
    assert tenures((10, 40), (100, 6), (500, 6)) == {"0-89": 40}
