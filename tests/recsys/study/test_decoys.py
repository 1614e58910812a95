"""A decoy is as popular as its pick, and sought farther only where nobody is left nearer by."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.errors import NotEnoughBrandsError
from recsys.study.decoys import BrandPool, MatchLevel, free_brands, match_decoys


def shelf(buyers: list[int], category: list[int], tier: list[int] | None = None) -> BrandPool:
    n = len(buyers)
    names = np.array([f"b{i}" for i in range(n)], dtype=object)
    return BrandPool(
        names=names,
        codes={str(name): code for code, name in enumerate(names)},
        category=np.array(category, np.int32),
        category_names=np.array([f"c{i}" for i in range(max(category) + 1)], dtype=object),
        tier=np.array(tier or [0] * n, np.int64),
        buyers=np.array(buyers, np.int64),
        allowed=np.ones(n, dtype=bool),
    )


def free(*codes: int) -> np.ndarray:
    return np.array(codes, np.intp)


def test_the_nearest_in_its_category_is_taken_before_a_nearer_one_elsewhere() -> None:
    world = shelf([100, 100, 10], [0, 1, 0])
    assert match_decoys(["b0"], world, free(1, 2), 1) == [("b0", "b2", MatchLevel.CATEGORY)]


def test_where_its_category_is_empty_its_tier_is_searched_and_then_the_whole_shop() -> None:
    world = shelf([100, 100, 10], [0, 1, 1], tier=[1, 2, 1])
    assert match_decoys(["b0"], world, free(1, 2), 1) == [("b0", "b2", MatchLevel.TIER)]
    assert match_decoys(["b0"], world, free(1), 1) == [("b0", "b1", MatchLevel.ANYWHERE)]


def test_picks_of_one_category_that_share_its_last_brand_still_all_get_one() -> None:
    """Two picks, one free brand in their category: the other is served from farther away."""
    world = shelf([100, 90, 95, 50, 60], [0, 0, 0, 1, 1])
    pairs = match_decoys(["b0", "b1"], world, free(2, 3, 4), 2)
    assert len(pairs) == 2
    assert {decoy for _, decoy, _ in pairs} == {"b2", "b4"}
    assert {decoy: step for _, decoy, step in pairs} == {
        "b2": MatchLevel.CATEGORY,
        "b4": MatchLevel.TIER,
    }


def test_the_step_that_is_written_down_is_the_one_that_was_taken() -> None:
    """Ten picks of one category, one free brand there, many elsewhere."""
    world = shelf([50] * 20, [0] * 11 + [1] * 9, tier=[0] * 11 + [3] * 9)
    pairs = match_decoys([f"b{i}" for i in range(10)], world, free(*range(10, 20)), 4)
    for pick, decoy, step in pairs:
        same = world.category[world.codes[pick]] == world.category[world.codes[decoy]]
        assert (step is MatchLevel.CATEGORY) == same
    assert sorted(step for _, _, step in pairs) == ["anywhere"] * 3 + ["category"]


def test_too_few_brands_are_said_with_their_number() -> None:
    with pytest.raises(NotEnoughBrandsError, match="needs 4 decoys, but only 1"):
        match_decoys(["b0"], shelf([1, 2], [0, 0]), free(1), 4)


def test_what_is_taken_or_not_allowed_is_not_free() -> None:
    world = shelf([1, 2, 3], [0, 0, 0])
    world.allowed[2] = False
    taken = world.codes_of(["b0", "no such brand"])
    assert free_brands(world, taken).tolist() == [1]


brand = st.tuples(st.integers(0, 200), st.integers(0, 2), st.integers(0, 1))


@given(st.lists(brand, min_size=7, max_size=9), st.integers(1, 3))
@settings(max_examples=80, deadline=None)
def test_no_other_pairs_lie_nearer_together(
    brands: list[tuple[int, int, int]], wanted: int
) -> None:
    """Against every possible choice, tried out one by one."""
    buyers, category, tier = (list(column) for column in zip(*brands, strict=True))
    world = shelf(buyers, category, tier)
    picks, others = ["b0", "b1", "b2"], list(range(3, len(brands)))
    pairs = match_decoys(picks, world, free(*others), wanted)
    assert len(pairs) == len({p for p, _, _ in pairs}) == len({d for _, d, _ in pairs}) == wanted

    def distance(pick: int, decoy: int) -> float:
        def step(code: int) -> int:
            if category[code] == category[pick]:
                return 0
            return 1 if tier[code] == tier[pick] else 2

        farther = step(decoy) - min(step(code) for code in others)
        return float(abs(np.log1p(buyers[pick]) - np.log1p(buyers[decoy]))) + 1e3 * farther

    dealt = sum(distance(int(p[1:]), int(d[1:])) for p, d, _ in pairs)
    least = min(
        sum(distance(p, d) for p, d in zip(chosen, decoys, strict=True))
        for chosen in itertools.combinations(range(3), wanted)
        for decoys in itertools.permutations(others, wanted)
    )
    assert dealt == pytest.approx(least)


def test_brands_of_equal_popularity_give_no_more_pairs_than_are_wanted() -> None:
    world = shelf([7] * 30, [0] * 30)
    assert len(match_decoys([f"b{i}" for i in range(10)], world, free(*range(10, 30)), 4)) == 4


def test_nobody_asked_for_a_decoy_and_nobody_gets_one() -> None:
    assert match_decoys(["b0"], shelf([100, 100], [0, 0]), free(1), 0) == []
