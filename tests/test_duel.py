"""Two model versions in one deck: each brand once, the difference within a person."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from recsys.deck import Arm, Stratum
from recsys.duel import deal_duel, duel_of
from recsys.errors import NotEnoughBrandsError
from recsys.pairing import Shelf
from recsys.report import tally
from recsys.scores import Played
from recsys.tables import Unit
from tests.playing import STUDY, F, N, card, closed, deck_of

UNIT = Unit(5, 10)
NAMES = [f"b{i}" for i in range(40)]
SHELF = Shelf(
    names=np.array(NAMES, dtype=object),
    codes={name: i for i, name in enumerate(NAMES)},
    category=np.zeros(40, np.int32),
    category_names=np.array(["toys"], dtype=object),
    tier=np.zeros(40, np.int64),
    buyers=np.arange(40, 0, -1),
    allowed=np.ones(40, bool),
)


class TestDealing:
    def test_both_lists_are_whole_and_shared_brands_come_once(self) -> None:
        cards = deal_duel(NAMES[:10], NAMES[6:20], SHELF, {"b3"}, seed=1)
        names = [c.brand for c in cards]
        assert sorted(names) == sorted(NAMES[:16])
        assert [c.position for c in cards] == list(range(1, 17))
        arms = {c.brand: c.arms for c in cards}
        assert arms["b0"] == {Arm.PICK}
        assert arms["b7"] == {Arm.PICK, Arm.CHALLENGER}
        assert arms["b12"] == {Arm.CHALLENGER}
        assert {c.brand for c in cards if c.known} == {"b3"}

    def test_the_same_seed_deals_the_same_and_another_shuffles(self) -> None:
        one, same, other = (
            deal_duel(NAMES[:10], NAMES[5:15], SHELF, (), seed) for seed in (1, 1, 2)
        )
        assert one == same
        assert [c.brand for c in one] != [c.brand for c in other]

    def test_two_equal_lists_are_one(self) -> None:
        cards = deal_duel(NAMES[:10], NAMES[:10], SHELF, (), seed=1)
        assert len(cards) == 10
        assert all(c.stratum is Stratum.PICK for c in cards)

    def test_a_list_that_is_too_short_is_refused(self) -> None:
        with pytest.raises(NotEnoughBrandsError, match="10 picks of each version"):
            deal_duel(NAMES[:10], NAMES[:7], SHELF, (), seed=1)


def played(rng: np.random.Generator, who: int, ours: float, theirs: float) -> Played:
    """Five brands of the champion's own, five of the challenger's, five shared."""
    arms = [{Arm.PICK}] * 5 + [{Arm.CHALLENGER}] * 5 + [{Arm.PICK, Arm.CHALLENGER}] * 5
    chance = [ours] * 5 + [theirs] * 5 + [0.8] * 5
    cards = [
        card(i, Stratum.CHALLENGER if a == {Arm.CHALLENGER} else Stratum.PICK, arms=frozenset(a))
        for i, a in enumerate(arms, start=1)
    ]
    said = {i: F if rng.random() < c else N for i, c in enumerate(chance, start=1)}
    deck = deck_of(cards, f"p{who}")
    return closed(replace(deck, id=f"d{who}"), said, who)


def duels(people: int, ours: float, theirs: float, seed: int = 1) -> Sequence[Played]:
    rng = np.random.default_rng(seed)
    return [played(rng, who, ours, theirs) for who in range(people)]


class TestTheDuel:
    def test_a_better_challenger_is_proven_ahead(self) -> None:
        found = tally(STUDY, duels(60, 0.4, 0.9)).duel
        assert found is not None
        assert found.ahead == "challenger"
        assert found.difference == pytest.approx(0.25, abs=0.06)  # half of each list is its own

    def test_a_better_champion_stays(self) -> None:
        found = tally(STUDY, duels(60, 0.9, 0.4)).duel
        assert found is not None
        assert found.ahead == "champion"

    def test_two_equals_are_not_told_apart(self) -> None:
        found = tally(STUDY, duels(60, 0.7, 0.7)).duel
        assert found is not None
        assert found.ahead is None
        assert found.score.n == 60

    def test_under_a_cell_nothing_is_known(self) -> None:
        found = duel_of(np.full(9, 0.9), 0.05, UNIT)
        assert found is not None
        assert (found.ahead, found.difference) == (None, None)

    def test_a_study_of_one_version_has_no_duel(self) -> None:
        assert duel_of(np.full(30, np.nan), 0.05, UNIT) is None

    def test_equals_are_told_apart_in_one_study_of_twenty_at_most(self) -> None:
        """At every batch of 300 studies, both sides together."""
        rng = np.random.default_rng(4)
        wrong = 0
        for _ in range(300):
            scores = (1 + rng.binomial(10, 0.8, 60) / 10 - rng.binomial(10, 0.8, 60) / 10) / 2
            found = (duel_of(scores[:n], 0.05, UNIT) for n in range(10, 61, 5))
            wrong += any(duel is not None and duel.ahead for duel in found)
        assert wrong / 300 <= 0.05
