"""All decks at once say what each says alone; more decks are added and none is read twice."""

from collections.abc import Sequence
from dataclasses import replace
from typing import get_type_hints

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.disclosure import DisclosureRule
from recsys.report.evaluate import build_report
from recsys.report.forecast import NORMAL_FROM, forecast
from recsys.report.response_table import build_response_table
from recsys.report.tables import covariate_balance
from recsys.study.criteria import CRITERIA
from recsys.study.deck import CardRole, Source
from recsys.study.exclusions import ResponseTimes, exclusion_reason, is_too_fast
from recsys.study.scoring import score_deck, score_to_row
from recsys.study.swipes import Answer, CompletedDeck
from tests.support import reference_measures
from tests.support.closed_decks import (
    STUDY,
    D,
    F,
    N,
    S,
    card,
    closed,
    deck_of,
    panel,
    player,
    small,
)
from tests.support.reference_measures import answered_cards, reference_score

SAID = (N, F, S, D, None)


def random_deck(seed: int) -> CompletedDeck:
    """A deck of any cards with any answers, some cards without one."""
    rng = np.random.default_rng(seed)
    whole = player(rng, f"p{seed}")
    said = {c.position: SAID[rng.integers(5)] for c in whole.deck.cards}
    kept = [c for c in whole.deck.cards if rng.random() < 0.9 or c.role is CardRole.PICK]
    cards = whole.deck.cards if len(kept) == len(whole.deck.cards) else whole.deck.cards[:15]
    answers = {p: a for p, a in said.items() if a is not None and p <= len(cards)}
    return replace(whole, deck=replace(whole.deck, cards=tuple(cards)), answers=answers)


def same(found: float, plain: float | None) -> bool:
    return np.isnan(found) if plain is None else found == pytest.approx(plain, abs=1e-12)


class TestTheColumns:
    @given(st.integers(0, 2**32))
    def test_the_scores_are_those_of_the_deck_to_the_bit(self, seed: int) -> None:
        played = random_deck(seed)
        plain = reference_score(played)
        found = build_response_table([random_deck(seed + 1), played]).scores[:, 1].tolist()
        assert found == [score_to_row(plain)[name] for name in CRITERIA]

    @given(st.integers(0, 2**32))
    def test_every_measure_is_what_it_is_card_by_card(self, seed: int) -> None:
        played = random_deck(seed)
        plain = reference_measures.measures(played.deck.cards, answered_cards(played))
        found = build_response_table([random_deck(seed + 1), played]).secondary[:, 1].tolist()
        assert all(same(f, p) for f, p in zip(found, plain.values(), strict=True))

    def test_the_shares_of_the_arms_weigh_the_rivals_cards(self) -> None:
        cards = [
            card(1, CardRole.PICK, shared=True),
            card(2, CardRole.PICK),
            card(3, CardRole.PICK),
        ]
        cards.append(card(4, CardRole.BASELINE_ONLY))
        shares = build_response_table([closed(deck_of(cards), {1: S, 2: F, 3: N, 4: D})]).shares[
            :, :, 0
        ]
        assert shares[0].tolist() == pytest.approx([2 / 3, 1 / 3, 0])
        assert shares[1].tolist() == pytest.approx([1 / 3, 1 / 3, 2 / 3])
        assert np.isnan(shares[2:]).all()

    def test_nobody_has_no_columns(self) -> None:
        table = build_response_table(())
        assert table.scores.shape == (len(CRITERIA), 0)
        assert list(covariate_balance(table, [0, 0])) == [None, None]

    def test_a_balance_is_that_of_the_pairs_so_far(self) -> None:
        decks = panel(30)
        sheet = build_response_table(decks)
        gaps = sheet.pair_gap[sheet.pair_deck < 20]
        a, b = gaps.T
        plain = (a.mean() - b.mean()) / ((a.var(ddof=1) + b.var(ddof=1)) / 2) ** 0.5
        assert next(covariate_balance(sheet, [20])) == pytest.approx(plain, abs=1e-9)

    def test_equal_popularity_without_spread_is_in_balance(self) -> None:
        sheet = build_response_table([closed(*small([1, 1], [0, 1], [])) for _ in range(3)])
        assert list(covariate_balance(sheet, [3])) == [0.0]


class TestLeavingOut:
    def test_what_leaves_somebody_out_cannot_read_answers(self) -> None:
        """By type: neither rule is given anything in which an answer could be."""
        for rule in (exclusion_reason, is_too_fast):
            for hint in get_type_hints(rule).values():
                assert "Answer" not in str(hint)
                assert hint is not CompletedDeck
        assert Answer not in _types_of(ResponseTimes)

    def test_a_pace_knows_which_cards_were_answered_and_not_how(self) -> None:
        played = panel(1)[0]
        other = replace(played, answers=dict.fromkeys(played.answers, D))
        assert ResponseTimes.from_deck(played) == ResponseTimes.from_deck(other)


def _types_of(cls: type) -> set[object]:
    return {part for hint in get_type_hints(cls).values() for part in (hint, *_args(hint))}


def _args(hint: object) -> tuple[object, ...]:
    return getattr(hint, "__args__", ())


class TestAForecastOfMany:
    def scores(self, people: int, level: float) -> np.ndarray:
        return np.random.default_rng(3).binomial(10, level, (3, people)) / 10

    def test_with_many_people_a_normal_future_says_much_the_same(self) -> None:
        """The bars are close: both ways of looking ahead see some hundred people more."""
        bars = (0.735, 0.735, 0.735)
        few = forecast(self.scores(NORMAL_FROM - 1, 0.755), bars, 0.001, 5, seed=1)
        many = forecast(self.scores(NORMAL_FROM, 0.755), bars, 0.001, 5, seed=1)
        assert few.low is not None
        assert many.low is not None
        assert 0.5 <= many.low / few.low <= 2

    def test_it_is_the_same_for_the_same_seed(self) -> None:
        first, again = (forecast(self.scores(400, 0.76), (0.75,) * 3, 0.05, 5, 2) for _ in "ab")
        assert first == again


UNIT = DisclosureRule(batch=5, min_group_size=10)


@pytest.mark.parametrize(
    ("people", "whole", "cells"), [(0, 0, 0), (9, 0, 0), (10, 10, 10), (14, 10, 10), (19, 15, 10)]
)
def test_what_is_published_is_made_of_whole_batches_and_counts_of_whole_cells(
    people: int, whole: int, cells: int
) -> None:
    assert (UNIT.publishable(people), UNIT.round_down(people)) == (whole, cells)


class TestTheParts:
    def test_people_are_split_by_language_and_device(self) -> None:
        decks = [
            replace(deck, language="nl" if i % 2 else "en", device="phone" if i < 10 else "desk")
            for i, deck in enumerate(panel(40))
        ]
        parts = build_report(STUDY, decks).segments
        assert [(row.label, row.people) for row in parts["language"]] == [("en", 20), ("nl", 20)]
        assert [(row.label, row.people) for row in parts["device"]] == [("desk", 30), ("phone", 10)]
        ours = [score_deck(deck).precision for deck in decks[10:]]
        assert parts["device"][0].liked == pytest.approx(np.mean(ours))

    def test_a_part_whose_complement_is_too_small_is_not_shown(self) -> None:
        decks = [
            replace(deck, device="phone" if i < 6 else "desk") for i, deck in enumerate(panel(40))
        ]
        assert build_report(STUDY, decks).segments["device"] == ()

    def test_who_has_no_language_is_in_no_part(self) -> None:
        decks = [replace(d, language="en" if i < 20 else None) for i, d in enumerate(panel(40))]
        assert [row.label for row in build_report(STUDY, decks).segments["language"]] == ["en"]

    def test_only_what_the_policy_names_is_split(self) -> None:
        study = replace(STUDY, policy=replace(STUDY.policy, segments=("device",)))
        assert set(build_report(study, panel(20)).segments) == {"device"}
        assert (
            build_report(replace(study, policy=replace(study.policy, segments=())), []).segments
            == {}
        )

    def test_the_time_of_a_person_is_her_median_card(self) -> None:
        deck = panel(1)[0]
        even = replace(deck, answers={1: F, 2: N}, shown_ms={1: 1000, 2: 4000, 3: 9000})
        odd = replace(deck, answers={1: F, 2: N, 3: S}, shown_ms={1: 1000, 2: 4000, 3: 9000})
        none = replace(deck, answers={}, shown_ms={})
        assert build_response_table([even, none, odd]).seconds.tolist() == pytest.approx(
            [2.5, np.nan, 4], nan_ok=True
        )

    def test_the_time_is_a_mean_over_whole_batches_from_a_cell_on(self) -> None:
        assert build_report(STUDY, panel(9)).seconds is None
        assert build_report(STUDY, panel(14)).seconds == pytest.approx(1.5)


def versions(
    ours: Sequence[Answer], theirs: Sequence[Answer], both: Sequence[Answer]
) -> CompletedDeck:
    """A deck of two versions: the champion's own brands, the challenger's, and shared ones."""
    cards = [card(i, CardRole.PICK) for i in range(1, len(ours) + 1)]
    cards += [
        card(i, CardRole.CHALLENGER_ONLY, sources=frozenset({Source.CHALLENGER}))
        for i in range(len(cards) + 1, len(cards) + len(theirs) + 1)
    ]
    cards += [
        card(i, CardRole.PICK, sources=frozenset({Source.PICK, Source.CHALLENGER}))
        for i in range(len(cards) + 1, len(cards) + len(both) + 1)
    ]
    return closed(deck_of(cards), dict(enumerate((*ours, *theirs, *both), 1)))


def test_a_duel_is_scored_on_both_whole_lists() -> None:
    """Champion: 1 of 4 liked; challenger: 3 of 4."""
    played = versions([N, N], [F, S], [F, D])
    assert (
        build_response_table([played]).scores[3].tolist()
        == [score_deck(played).challenger]
        == [0.75]
    )


def test_a_deck_of_one_version_is_level_in_the_duel() -> None:
    assert (
        build_response_table(panel(1)).scores[3].tolist()
        == [score_deck(panel(1)[0]).challenger]
        == [0.5]
    )
