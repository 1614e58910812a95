"""A reason is a sentence in her language about what she herself did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reasons import MOST, reason
from app.words import LANGUAGES
from recsys.ranking import Why

counts = st.integers(0, 10**6)
parts = st.floats(0, 10)


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (Why(follows=1), "You follow it."),
        (Why(purchases=3, full_price=1), "You paid its full price."),
        (Why(purchases=3), "You bought it 3 times."),
        (Why(purchases=1), "You bought it once."),
        (Why(views=9, release_views=2), "You looked at 2 of its new releases."),
        (Why(views=1), "You looked at it once."),
        (Why(collaborative=0.5, popularity=0.1), "People who buy what you buy love it."),
        (Why(collaborative=0.1, popularity=0.5), "Many people love it."),
        (Why(), "Many people love it."),
        (Why(collaborative=-0.1, popularity=-0.5), "Many people love it."),
    ],
)
def test_it_says_what_she_did_and_else_what_others_did(why: Why, said: str) -> None:
    assert reason("en", why) == said


def test_the_strongest_come_first_and_no_more_than_two() -> None:
    why = Why(purchases=4, full_price=3, release_views=2, follows=1, views=9)
    assert reason("en", why) == "You follow it. You paid its full price 3 times."


def test_who_named_brands_is_not_told_that_she_follows_them() -> None:
    why = Why(follows=1, collaborative=1.0)
    assert reason("en", why, named=True) == "You named brands that its buyers love as well."


def test_large_numbers_are_written_as_her_language_writes_them() -> None:
    why = Why(purchases=1234)
    assert "1,234" in reason("en", why)
    assert "1.234" in reason("nl", why)


@given(
    st.builds(
        Why, counts, counts, counts, counts, counts, parts, parts, parts,
        st.just(("<script>", "Lego")),
    ),
    st.booleans(),
)  # fmt: skip
def test_there_is_always_a_reason_in_every_language_and_it_names_no_brand(
    why: Why, named: bool
) -> None:
    for language in LANGUAGES:
        said = reason(language, why, named)
        assert said.endswith(".")
        assert 1 <= said.count(". ") + 1 <= MOST
        assert "<script>" not in said
        assert "Lego" not in said
        assert "{" not in said
