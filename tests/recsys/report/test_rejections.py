"""Picks that were refused: no number has fewer than a cell of people behind it."""

from collections import Counter

import pytest

from recsys.disclosure import MIN_GROUP_SIZE, DisclosureRule
from recsys.models.base import Explanation
from recsys.report.rejections import (
    MAX_BRANDS,
    PickResponses,
    kind_shares,
    most_rejected,
    strongest_kind,
)

FIVES = DisclosureRule(batch=5, min_group_size=MIN_GROUP_SIZE)


def heard(people: int, refused: int, **reasons: int) -> PickResponses:
    """What was said of a brand: the first `refused` of `people` did not like it."""
    return PickResponses([at < refused for at in range(people)], Counter(reasons))


def test_the_brand_refused_by_the_largest_share_comes_first_in_whole_batches() -> None:
    said = {"Lego": heard(13, 4), "Nike": heard(20, 10), "Sony": heard(10, 5)}
    found = most_rejected(said, FIVES)
    assert [(each.brand, each.people, each.share) for each in found] == [
        ("Nike", 20, 0.5),
        ("Sony", 10, 0.5),
        ("Lego", 10, 0.4),
    ]


def test_a_brand_of_few_people_or_that_nobody_refused_is_not_named() -> None:
    assert most_rejected({"Lego": heard(MIN_GROUP_SIZE - 1, 9), "Nike": heard(20, 0)}, FIVES) == []


def test_reasons_are_told_in_whole_cells() -> None:
    (found,) = most_rejected({"Lego": heard(40, 30, once=19, gift=MIN_GROUP_SIZE - 1)}, FIVES)
    assert found.reasons == {"once": 10}


def test_no_more_brands_are_named_than_a_person_reads() -> None:
    assert len(most_rejected({f"brand {n}": heard(20, 5) for n in range(30)}, FIVES)) == MAX_BRANDS


def test_a_kind_that_few_have_or_all_but_few_is_left_out() -> None:
    assert kind_shares({"followed": 30, "looked": 70}) == {"followed": 0.3, "looked": 0.7}
    assert kind_shares({"followed": 91, "looked": MIN_GROUP_SIZE - 1}) == {}
    assert kind_shares({"others": 50}) == {"others": 1.0}
    assert kind_shares({}) == {}


@pytest.mark.parametrize(
    ("why", "kind"),
    [
        (Explanation(follows=1, purchases=1), "followed"),
        (Explanation(purchases=3, full_price=2), "full_price_again"),
        (Explanation(purchases=2, full_price=1), "full_price_once"),
        (Explanation(purchases=2), "cheap_again"),
        (Explanation(purchases=1, views=4), "cheap_once"),
        (Explanation(views=1), "looked"),
        (Explanation(release_views=1), "looked"),
        (Explanation(), "others"),
    ],
)
def test_the_strongest_kind_of_evidence_is_the_one_that_is_told(
    why: Explanation, kind: str
) -> None:
    assert strongest_kind(why) == kind
