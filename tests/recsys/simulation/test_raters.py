"""Simulated employees answer from what they truly love, and from nothing else."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import BadInputError, UnknownNameError
from recsys.simulation.raters import (
    CARELESS,
    HONEST,
    KEEN,
    PANELS,
    POLITE,
    POPULARITY_BIASED,
    BrandKnowledge,
    RaterBehavior,
    SimulatedAnswer,
    TrueTaste,
    favourite_probability,
    rater_panel,
    simulate_answers,
    true_tastes,
)
from recsys.simulation.shop import plant_shop
from recsys.study.deck import Card, CardRole, Deck, HistoryDepth, Origin, Source
from recsys.study.swipes import Answer
from tests.support.paths import ROOT

BRANDS = pd.read_csv(ROOT / "data" / "brands.csv")
MARKET = BrandKnowledge.from_catalog(BRANDS)
ANNE = TrueTaste(("Stabilo", "Lamy", "Moleskine", "Posca"), frozenset({"drawing and craft"}))
NEAR, OTHER = "Bruynzeel", "Gardena"  # one shares her taste group, the other none of hers
CALM = replace(HONEST, spread=0.0, dont_know=0.0, leaves_early=0.0)


def deck(*brands: str, known: bool = False, arm: Source = Source.PICK) -> Deck:
    cards = tuple(
        Card(
            position=place,
            brand=brand,
            category="any",
            sources=frozenset({arm}),
            role=CardRole.PICK if arm is Source.PICK else CardRole.FILLER,
            partner=None,
            match_level=None,
            known=known,
            popularity=1,
        )
        for place, brand in enumerate(brands, start=1)
    )
    return Deck("d", "s", "p", Origin.SIMULATED, HistoryDepth.ENOUGH, "m", 1, cards, "h")


def many(brand: str, behaviour: RaterBehavior, known: bool = False, n: int = 3_000) -> list[Answer]:
    """Return what n people of Anne's taste say of a brand."""
    rng, one = np.random.default_rng(1), deck(brand, known=known)
    people = [simulate_answers(one, ANNE, MARKET, behaviour, rng) for _ in range(n)]
    return [reaction.answer for reactions in people for reaction in reactions]


def liked(said: list[Answer]) -> float:
    return float(np.mean([answer.liked for answer in said]))


class TestWhatIsLiked:
    def test_favourites_near_brands_and_others_are_liked_as_the_panel_says(self) -> None:
        assert liked(many("Stabilo", CALM)) == pytest.approx(CALM.true_favourite, abs=0.02)
        assert liked(many(NEAR, CALM, known=True)) == pytest.approx(CALM.known_in_taste, abs=0.02)
        assert liked(many(NEAR, CALM)) == pytest.approx(CALM.new_in_taste, abs=0.03)
        assert liked(many(OTHER, CALM)) == pytest.approx(CALM.yes_bias, abs=0.03)

    def test_knowing_a_brand_of_another_taste_does_not_make_it_liked(self) -> None:
        assert favourite_probability(OTHER, ANNE, MARKET, HONEST, known=True) == HONEST.yes_bias

    def test_without_a_taste_only_the_favourites_count(self) -> None:
        only = TrueTaste(("Stabilo",))
        assert favourite_probability("Stabilo", only, MARKET, HONEST) == HONEST.true_favourite
        assert favourite_probability(NEAR, only, MARKET, HONEST, known=True) == HONEST.yes_bias

    def test_a_brand_the_market_does_not_have_is_any_other_brand(self) -> None:
        assert favourite_probability("Acme", ANNE, MARKET, HONEST) == HONEST.yes_bias

    def test_fame_helps_famous_brands_and_harms_unknown_ones(self) -> None:
        fond, cool = replace(CALM, popularity_bias=2.0), CALM
        famous, unknown = BRANDS.sort_values("popularity_rank")["name"].iloc[[0, -1]]
        nobody = TrueTaste(())
        assert favourite_probability(famous, nobody, MARKET, fond) > favourite_probability(
            famous, nobody, MARKET, cool
        )
        assert favourite_probability(unknown, nobody, MARKET, fond) < favourite_probability(
            unknown, nobody, MARKET, cool
        )

    @given(
        chance=st.floats(0, 1),
        fame=st.floats(-8, 8),
        brand=st.sampled_from(list(BRANDS["name"])),
    )
    def test_liking_is_a_chance(self, chance: float, fame: float, brand: str) -> None:
        some = RaterBehavior(
            true_favourite=chance,
            known_in_taste=chance,
            new_in_taste=chance,
            yes_bias=chance,
            popularity_bias=fame,
        )
        assert 0 <= favourite_probability(brand, ANNE, MARKET, some) <= 1

    def test_super_likes_are_mostly_for_the_three_strongest(self) -> None:
        first, fourth = many("Stabilo", CALM), many("Posca", CALM)
        share = [np.mean([a is Answer.SUPER_LIKE for a in said]) for said in (first, fourth)]
        assert share[0] == pytest.approx(CALM.true_favourite * CALM.super_like, abs=0.03)
        assert share[1] == pytest.approx(CALM.true_favourite * CALM.super_like / 5, abs=0.03)

    def test_unknown_brands_are_not_known_but_a_favourite_always_is(self) -> None:
        forgetful = replace(CALM, dont_know=1.0)
        least = BRANDS.sort_values("popularity_rank")["name"].iloc[-1]
        assert set(many(least, forgetful, n=50)) == {Answer.DONT_KNOW}
        assert Answer.DONT_KNOW not in many("Posca", forgetful, n=200)
        assert Answer.DONT_KNOW not in many("Lego", forgetful, n=200)

    def test_people_differ_in_how_easily_they_say_yes(self) -> None:
        rng, hand = np.random.default_rng(2), deck(*[OTHER] * 40)
        spread = [
            np.std([yes(simulate_answers(hand, ANNE, MARKET, behaviour, rng)) for _ in range(300)])
            for behaviour in (CALM, replace(CALM, spread=1.5))
        ]
        assert spread[1] > 2 * spread[0]

    def test_who_proposed_a_card_changes_nothing(self) -> None:
        said = [
            simulate_answers(
                deck(NEAR, OTHER, arm=arm), ANNE, MARKET, HONEST, np.random.default_rng(3)
            )
            for arm in (Source.PICK, Source.DECOY)
        ]
        assert said[0] == said[1]


def yes(reactions: list[SimulatedAnswer]) -> float:
    return liked([reaction.answer for reaction in reactions])


class TestHowADeckIsPlayed:
    HAND = deck(*BRANDS["name"].iloc[:20])

    def test_every_card_is_answered_in_the_order_of_the_deck(self) -> None:
        said = simulate_answers(self.HAND, ANNE, MARKET, CALM, np.random.default_rng(0))
        assert [reaction.position for reaction in said] == list(range(1, 21))

    def test_the_same_seed_gives_the_same_answers(self) -> None:
        first, again = (
            simulate_answers(self.HAND, ANNE, MARKET, CARELESS, np.random.default_rng(5))
            for _ in range(2)
        )
        assert first == again

    def test_who_leaves_early_answers_the_first_cards_and_never_all(self) -> None:
        rng, leaver = np.random.default_rng(0), replace(CALM, leaves_early=1.0)
        for _ in range(200):
            said = simulate_answers(self.HAND, ANNE, MARKET, leaver, rng)
            assert [reaction.position for reaction in said] == list(range(1, len(said) + 1))
            assert len(said) < 20

    def test_an_empty_deck_is_answered_with_nothing(self) -> None:
        leaver = replace(CALM, leaves_early=1.0)
        for behaviour in (CALM, leaver):
            assert simulate_answers(deck(), ANNE, MARKET, behaviour, np.random.default_rng(0)) == []

    def test_the_careless_flip_a_coin_too_fast_to_have_read(self) -> None:
        rng, careless = np.random.default_rng(0), replace(CALM, careless=1.0)
        said = [
            r for _ in range(100) for r in simulate_answers(self.HAND, ANNE, MARKET, careless, rng)
        ]
        assert yes(said) == pytest.approx(0.5, abs=0.03)
        assert {r.answer for r in said} == {Answer.FAVOURITE, Answer.NOT_FAVOURITE}
        assert max(r.shown_ms for r in said) < 300

    def test_readers_are_never_taken_for_the_careless(self) -> None:
        rng = np.random.default_rng(0)
        said = [r for _ in range(100) for r in simulate_answers(self.HAND, ANNE, MARKET, CALM, rng)]
        assert min(r.shown_ms for r in said) >= 700
        assert 1_500 < np.median([r.shown_ms for r in said]) < 3_000


class TestThePanels:
    def test_the_polite_like_what_the_honest_do_not(self) -> None:
        assert favourite_probability(OTHER, ANNE, MARKET, POLITE) > 2 * favourite_probability(
            OTHER, ANNE, MARKET, HONEST
        )

    def test_lovers_of_fame_like_lego_whatever_their_taste(self) -> None:
        assert favourite_probability("Lego", ANNE, MARKET, POPULARITY_BIASED) > 0.8
        assert favourite_probability("Lego", ANNE, MARKET, HONEST) < 0.5

    def test_each_is_found_by_its_name(self) -> None:
        assert [rater_panel(name) for name in PANELS] == [
            HONEST,
            KEEN,
            POLITE,
            POPULARITY_BIASED,
            CARELESS,
        ]

    def test_an_unknown_panel_is_refused_with_the_known_ones(self) -> None:
        with pytest.raises(UnknownNameError, match=r"'honnest'. Did you mean 'honest'"):
            rater_panel("honnest")

    @pytest.mark.parametrize(
        "name",
        [f.name for f in fields(RaterBehavior) if f.name not in ("popularity_bias", "spread")],
    )
    @pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
    def test_a_share_out_of_range_is_refused_by_name(self, name: str, value: float) -> None:
        with pytest.raises(BadInputError, match=f"{name} is .*from 0 to 1"):
            RaterBehavior(**{name: value})

    @pytest.mark.parametrize("value", [-1.0, float("nan")])
    def test_a_negative_spread_is_refused(self, value: float) -> None:
        with pytest.raises(BadInputError, match=r"spread is .*0 or more"):
            RaterBehavior(spread=value)


class TestTasteAndMarket:
    def test_both_tables_beside_a_planted_log_are_enough(self) -> None:
        _, truth = next(plant_shop(BRANDS, 5, seed=1).chunks())
        known = true_tastes(truth.sample(frac=1, random_state=0))
        assert len(known) == 5 + 4
        noor = known["persona-noor"]
        assert noor.favourites[:3] == ("Stabilo", "Leuchtturm1917", "Talens")
        assert noor.groups == {"drawing and craft", "writing and paper", "reading"}

    def test_a_table_without_rows_has_nobody_in_it(self) -> None:
        _, truth = next(plant_shop(BRANDS, 1, seed=1).chunks())
        assert true_tastes(truth.head(0)) == {}

    def test_fame_runs_from_the_best_known_brand_to_the_least(self) -> None:
        ordered = [
            MARKET.popularity[name] for name in BRANDS.sort_values("popularity_rank")["name"]
        ]
        assert ordered == sorted(ordered, reverse=True)
        assert ordered[0] == 1
        assert ordered[-1] == pytest.approx(0)

    def test_a_market_of_one_brand_knows_it_well(self) -> None:
        assert BrandKnowledge.from_catalog(BRANDS.head(1)).popularity == {
            BRANDS["name"].iloc[0]: 1.0
        }
