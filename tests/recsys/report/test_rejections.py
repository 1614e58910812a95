"""Picks that were refused: no number has fewer than a cell of people behind it."""

from collections import Counter

import pytest

from recsys.models.base import Why
from recsys.report.rejections import MOST, Heard, most_refused, shares_of, strongest
from recsys.report.tables import Unit
from recsys.stats import CELL

FIVES = Unit(batch=5, cell=CELL)


def heard(people: int, refused: int, **reasons: int) -> Heard:
    """What was said of a brand: the first `refused` of `people` did not like it."""
    return Heard([at < refused for at in range(people)], Counter(reasons))


def test_the_brand_refused_by_the_largest_share_comes_first_in_whole_batches() -> None:
    said = {"Lego": heard(13, 4), "Nike": heard(20, 10), "Sony": heard(10, 5)}
    found = most_refused(said, FIVES)
    assert [(each.brand, each.people, each.share) for each in found] == [
        ("Nike", 20, 0.5),
        ("Sony", 10, 0.5),
        ("Lego", 10, 0.4),
    ]


def test_a_brand_of_few_people_or_that_nobody_refused_is_not_named() -> None:
    assert most_refused({"Lego": heard(CELL - 1, 9), "Nike": heard(20, 0)}, FIVES) == []


def test_reasons_are_told_in_whole_cells() -> None:
    (found,) = most_refused({"Lego": heard(40, 30, once=19, gift=CELL - 1)}, FIVES)
    assert found.reasons == {"once": 10}


def test_no_more_brands_are_named_than_a_person_reads() -> None:
    assert len(most_refused({f"brand {n}": heard(20, 5) for n in range(30)}, FIVES)) == MOST


def test_a_kind_that_few_have_or_all_but_few_is_left_out() -> None:
    assert shares_of({"followed": 30, "looked": 70}) == {"followed": 0.3, "looked": 0.7}
    assert shares_of({"followed": 91, "looked": CELL - 1}) == {}
    assert shares_of({"others": 50}) == {"others": 1.0}
    assert shares_of({}) == {}


@pytest.mark.parametrize(
    ("why", "kind"),
    [
        (Why(follows=1, purchases=1), "followed"),
        (Why(purchases=3, full_price=2), "full_price_again"),
        (Why(purchases=2, full_price=1), "full_price_once"),
        (Why(purchases=2), "cheap_again"),
        (Why(purchases=1, views=4), "cheap_once"),
        (Why(views=1), "looked"),
        (Why(release_views=1), "looked"),
        (Why(), "others"),
    ],
)
def test_the_strongest_kind_of_evidence_is_the_one_that_is_told(why: Why, kind: str) -> None:
    assert strongest(why) == kind
