"""A reason is a sentence in her language about what she herself did."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.presentation.explanations import MAX_REASONS, explanation_text, list_in_words
from app.presentation.i18n import LANGUAGES
from recsys.models.base import Explanation

counts = st.integers(0, 10**6)
parts = st.floats(0, 10)


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (Explanation(follows=1), "You follow it."),
        (Explanation(purchases=3, full_price=1), "You bought it 3 times, 1 of them at full price."),
        (Explanation(purchases=4, full_price=4), "You bought it 4 times, always at full price."),
        (Explanation(purchases=1, full_price=1), "You bought it once, at full price."),
        (Explanation(purchases=3), "You bought it 3 times."),
        (Explanation(purchases=1), "You bought it once."),
        (Explanation(views=9, release_views=2), "You looked at 2 of its new releases."),
        (Explanation(views=1), "You looked at it once."),
        (Explanation(collaborative=0.5, popularity=0.1), "People who buy what you buy love it."),
        (
            Explanation(collaborative=0.5, popularity=0.1, neighbours=("Lego", "Nike", "Bose")),
            "People who love Lego and Nike love it as well.",
        ),
        (
            Explanation(collaborative=0.1, popularity=0.5, neighbours=("Lego",)),
            "Many people love it.",
        ),
        (Explanation(), "Many people love it."),
        (Explanation(collaborative=-0.1, popularity=-0.5), "Many people love it."),
    ],
)
def test_it_says_what_she_did_and_else_what_others_did(why: Explanation, said: str) -> None:
    assert explanation_text("en", why) == said


def test_the_strongest_come_first_and_no_more_than_two() -> None:
    why = Explanation(purchases=4, full_price=3, release_views=2, follows=1, views=9)
    assert (
        explanation_text("en", why)
        == "You follow it. You bought it 4 times, 3 of them at full price."
    )


def test_what_others_love_stands_beside_what_she_did_where_it_weighs_most() -> None:
    why = Explanation(purchases=2, collaborative=0.5, popularity=0.1, neighbours=("Lego",))
    assert (
        explanation_text("nl", why) == "Je kocht het 2 keer. Wie van Lego houdt, houdt er ook van."
    )
    assert "Lego" not in explanation_text("nl", replace(why, popularity=0.6))


def test_who_named_brands_reads_which_of_them_spoke_for_it() -> None:
    why = Explanation(follows=1, collaborative=1.0, neighbours=("Nike",))
    assert explanation_text("en", why, picks_only=True) == "People who love Nike love it as well."


def test_names_are_listed_as_one_says_them() -> None:
    assert list_in_words("en", ["Lego"]) == "Lego"
    assert list_in_words("en", ["Lego", "Nike"]) == "Lego and Nike"
    assert list_in_words("nl", ["Lego", "Nike", "{n}"]) == "Lego, Nike en {n}"


def test_who_named_brands_is_not_told_that_she_follows_them() -> None:
    why = Explanation(follows=1, collaborative=1.0)
    assert (
        explanation_text("en", why, picks_only=True)
        == "You named brands that its buyers love as well."
    )


def test_large_numbers_are_written_as_her_language_writes_them() -> None:
    why = Explanation(purchases=1234)
    assert "1,234" in explanation_text("en", why)
    assert "1.234" in explanation_text("nl", why)


@given(
    st.builds(
        Explanation, counts, counts, counts, counts, counts, parts, parts, parts,
        st.just(("<script>", "Lego")),
    ),
    st.booleans(),
)  # fmt: skip
def test_there_is_always_a_reason_in_every_language(why: Explanation, named: bool) -> None:
    for language in LANGUAGES:
        said = explanation_text(language, why, named)
        assert said.endswith(".")
        assert 1 <= said.count(". ") + 1 <= MAX_REASONS
        assert "{" not in said
