"""A deck is blind, balanced, dealt from lists by chance and frozen."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.dataset.catalog import flag_sensitive
from recsys.errors import NotEnoughBrandsError
from recsys.models.base import BrandIndex
from recsys.study.deck import (
    SHORT_RECIPE,
    Card,
    CardRole,
    Deck,
    DeckRecipe,
    HistoryDepth,
    Origin,
    RankedProposals,
    Source,
    card_from_row,
    card_to_row,
    deal_deck,
    deck_hash,
    with_hash,
)
from recsys.study.decoys import BrandPool, MatchLevel
from tests.support.toy_catalogs import catalogue

SHOP = catalogue(brands=120, categories=6)
BUYERS = np.arange(120, 0, -1, dtype=np.int64) ** 2
BASIS = BrandIndex(SHOP.lineage, SHOP.brands, SHOP.brand_sensitive, BUYERS)
SHELF = BrandPool.from_catalog(SHOP, BASIS)
NAMES = [str(name) for name in SHOP.brands]
RECIPE = DeckRecipe()


def lists(
    shared: int = 4, known: tuple[str, ...] = (), revealed: tuple[str, ...] = ()
) -> RankedProposals:
    """The model's thirty brands are 0 to 29; the rival shares `shared` of the first ten."""
    rival = NAMES[10 - shared : 10] + NAMES[40 : 50 - shared]
    return RankedProposals(picks=NAMES[:30], baseline=rival, known_brands=known, revealed=revealed)


def parts(cards: tuple[Card, ...]) -> dict[CardRole, list[Card]]:
    return {s: [card for card in cards if card.role is s] for s in CardRole}


@given(
    st.integers(0, 10), st.integers(0, 2**128 - 1), st.lists(st.sampled_from(NAMES), max_size=30)
)
@settings(max_examples=60, deadline=None)
def test_a_deck_holds_what_the_recipe_says(shared: int, seed: int, known: list[str]) -> None:
    cards = deal_deck(lists(shared, tuple(known)), SHELF, RECIPE, seed)
    part = parts(cards)
    assert [card.position for card in cards] == list(range(1, 21))
    assert len({card.brand for card in cards}) == 20
    assert len(part[CardRole.PICK]) == 10
    assert len(part[CardRole.BASELINE_ONLY]) == min(5, 10 - shared)
    assert len(part[CardRole.MATCHED_DECOY]) == 4
    assert len(part[CardRole.FAMILIAR_DECOY]) <= 1
    decoys = part[CardRole.MATCHED_DECOY] + part[CardRole.FAMILIAR_DECOY] + part[CardRole.FILLER]
    assert len(decoys) == 10 - min(5, 10 - shared)


@given(st.integers(0, 2**64), st.lists(st.sampled_from(NAMES), max_size=40))
@settings(max_examples=60, deadline=None)
def test_a_pick_is_never_a_decoy_and_a_decoy_never_in_a_list(seed: int, known: list[str]) -> None:
    dealt = lists(4, tuple(known))
    for card in deal_deck(dealt, SHELF, RECIPE, seed):
        assert (Source.DECOY in card.sources) == (card.sources == {Source.DECOY})
        if card.role in (CardRole.MATCHED_DECOY, CardRole.FILLER):
            assert card.brand not in dealt.picks
            assert card.brand not in dealt.baseline
            assert not card.known
        if card.role is CardRole.FAMILIAR_DECOY:
            assert card.known
            assert card.brand not in dealt.picks[:10]


def test_a_card_of_both_lists_is_credited_to_both() -> None:
    cards = deal_deck(lists(shared=4), SHELF, RECIPE, 1)
    both = [card for card in cards if card.sources == {Source.PICK, Source.BASELINE}]
    assert {card.brand for card in both} == set(NAMES[6:10])
    assert all(card.role is CardRole.PICK for card in both)


def test_partners_point_at_each_other() -> None:
    cards = deal_deck(lists(), SHELF, RECIPE, 3)
    at = {card.position: card for card in cards}
    paired = [card for card in cards if card.partner is not None]
    assert len(paired) == 8
    for card in paired:
        other = at[card.partner or 0]
        assert other.partner == card.position
        assert {card.role, other.role} == {CardRole.PICK, CardRole.MATCHED_DECOY}
        assert card.match_level == other.match_level
        assert card.category == other.category  # every category here has free brands


def test_the_pairs_are_those_of_least_total_distance_in_log_popularity() -> None:
    cards = deal_deck(lists(), SHELF, RECIPE, 5)
    at = {card.position: card for card in cards}
    dealt = sum(
        abs(np.log1p(card.popularity) - np.log1p(at[card.partner or 0].popularity))
        for card in parts(cards)[CardRole.MATCHED_DECOY]
    )
    free = [n for n in range(30, 120) if NAMES[n] not in lists().baseline]
    logs = np.log1p(BUYERS.astype(float))
    # picks 0 to 9 compete within their category only, so the best four of greedy choices bound it
    gaps = sorted(
        min(abs(logs[pick] - logs[n]) for n in free if n % 6 == pick % 6) for pick in range(10)
    )
    assert dealt >= sum(gaps[:4]) - 1e-9
    assert dealt <= sum(gaps[:4]) * 1.3


def test_the_rivals_own_brands_are_a_random_part_and_not_its_best() -> None:
    seen: dict[str, int] = {}
    for seed in range(400):
        for card in parts(deal_deck(lists(shared=0), SHELF, RECIPE, seed))[CardRole.BASELINE_ONLY]:
            seen[card.brand] = seen.get(card.brand, 0) + 1
    assert set(seen) == set(NAMES[40:50])
    assert min(seen.values()) > 150  # 200 expected of each
    assert max(seen.values()) < 250


def test_two_exchangeable_rankers_have_a_mean_lift_of_one_half() -> None:
    rng = np.random.default_rng(8)
    lifts = []
    for seed in range(1500):
        liked = set(rng.choice(NAMES[:60], size=25, replace=False))
        two = [list(rng.permutation(NAMES[:40])[:30]) for _ in range(2)]
        # better brands first, equally well in both
        a, b = (sorted(names, key=lambda n: (n not in liked) * rng.random()) for names in two)
        cards = deal_deck(RankedProposals(a, b[:10], known_brands=()), SHELF, RECIPE, seed)
        own = [c.brand in liked for c in cards if c.sources == {Source.PICK}]
        other = [c.brand in liked for c in cards if c.sources == {Source.BASELINE}]
        lifts.append((1 + np.mean(own) - np.mean(other)) / 2 if own and other else 0.5)
    error = np.std(lifts) / np.sqrt(len(lifts))
    assert abs(np.mean(lifts) - 0.5) < 3.5 * error


def test_blocks_hold_two_picks_each() -> None:
    for seed in range(20):
        cards = deal_deck(lists(), SHELF, RECIPE, seed)
        for start in range(0, 20, 4):
            block = cards[start : start + 4]
            assert sum(card.role is CardRole.PICK for card in block) == 2


def test_the_same_seed_deals_the_same_deck_and_another_one_another() -> None:
    assert deal_deck(lists(), SHELF, RECIPE, 7) == deal_deck(lists(), SHELF, RECIPE, 7)
    assert deal_deck(lists(), SHELF, RECIPE, 7) != deal_deck(lists(), SHELF, RECIPE, 8)


def test_no_place_in_the_deck_betrays_the_arm() -> None:
    places = np.zeros(20)
    for seed in range(1000):
        for card in deal_deck(lists(), SHELF, RECIPE, seed):
            places[card.position - 1] += card.role is CardRole.PICK
    assert np.abs(places / 1000 - 0.5).max() < 0.08  # five standard errors


def test_a_brand_once_revealed_is_in_no_arm_of_a_later_deck() -> None:
    gone = tuple(NAMES[:8] + NAMES[40:44] + NAMES[60:80])
    cards = deal_deck(lists(shared=0, revealed=gone), SHELF, RECIPE, 2)
    assert not {card.brand for card in cards} & set(gone)


def test_a_decoy_is_sought_in_the_tier_when_its_category_is_used_up() -> None:
    shop = catalogue(brands=60, categories=30)
    known = BrandIndex(shop.lineage, shop.brands, shop.brand_sensitive, BUYERS[:60])
    names = [str(name) for name in shop.brands]
    tight = dataclasses.replace(BrandPool.from_catalog(shop, known), tier=np.zeros(60, np.int64))
    dealt = RankedProposals(picks=names[:30], baseline=names[:10], known_brands=names[30:40])
    cards = deal_deck(dealt, tight, RECIPE, 1)
    assert {card.match_level for card in parts(cards)[CardRole.MATCHED_DECOY]} == {MatchLevel.TIER}


def test_a_decoy_is_sought_anywhere_when_its_tier_is_used_up() -> None:
    shelf = dataclasses.replace(
        SHELF,
        category=np.where(np.arange(120) < 30, 0, 1).astype(np.int32),
        tier=np.where(np.arange(120) < 30, 0, 1).astype(np.int64),
    )
    cards = deal_deck(lists(), shelf, RECIPE, 1)
    assert {card.match_level for card in parts(cards)[CardRole.MATCHED_DECOY]} == {
        MatchLevel.ANYWHERE
    }


def test_a_sensitive_brand_or_category_is_never_dealt() -> None:
    shop = catalogue(brands=120, categories=6)
    shop.brand_sensitive[100:] = True
    shelf = BrandPool.from_catalog(flag_sensitive(shop, lambda name: name == "Category 5"), BASIS)
    for seed in range(30):
        for card in deal_deck(lists(shared=10, known=tuple(NAMES[95:])), shelf, RECIPE, seed):
            if Source.DECOY in card.sources:
                assert int(card.brand[-3:]) < 100
                assert card.category != "Category 5"


@pytest.mark.parametrize(
    ("picks", "brands", "what"),
    [(NAMES[:3], 120, "picks"), (NAMES[:10], 12, "decoys"), (NAMES[:10], 15, "decoys")],
)
def test_a_shop_too_small_for_the_deck_says_what_is_missing(
    picks: list[str], brands: int, what: str
) -> None:
    shop = catalogue(brands=brands, categories=1)
    known = BrandIndex(shop.lineage, shop.brands, shop.brand_sensitive, BUYERS[:brands])
    with pytest.raises(NotEnoughBrandsError, match=what):
        deal_deck(
            RankedProposals(picks, picks[:10], known_brands=()),
            BrandPool.from_catalog(shop, known),
            RECIPE,
            0,
        )


def test_a_taster_holds_four_picks_two_decoys_and_two_baseline_cards() -> None:
    named = tuple(NAMES[:5])
    cards = deal_deck(lists(shared=0, revealed=named), SHELF, SHORT_RECIPE, 4)
    part = parts(cards)
    assert [
        len(part[s]) for s in (CardRole.PICK, CardRole.BASELINE_ONLY, CardRole.MATCHED_DECOY)
    ] == [4, 2, 2]
    assert not {card.brand for card in cards} & set(named)


A_DECK = with_hash(
    Deck(
        "d1",
        "s1",
        "p1",
        Origin.OWN,
        HistoryDepth.ENOUGH,
        "m1",
        7,
        deal_deck(lists(), SHELF, RECIPE, 7),
        "",
    )
)


def test_a_deck_is_sealed_over_everything_but_the_participant() -> None:
    assert A_DECK.hash == deck_hash(A_DECK)
    assert deck_hash(dataclasses.replace(A_DECK, participant="")) == A_DECK.hash
    for change in ({"id": "d2"}, {"study": "s"}, {"model": "m"}, {"seed": 8}, {"cards": ()}):
        assert deck_hash(dataclasses.replace(A_DECK, **change)) != A_DECK.hash


def test_a_card_survives_being_written_and_read() -> None:
    for card in A_DECK.cards:
        assert card_from_row(card_to_row(card)) == card
