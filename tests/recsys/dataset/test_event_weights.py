"""Own evidence as one number: what speaks of love speaks louder, and fades as it is told to."""

import numpy as np
import pytest

from recsys.dataset.event_aggregation import aggregate_events
from recsys.dataset.event_weights import (
    HALF_LIFE_OPTIONS,
    WEIGHT_NAMES,
    EventWeights,
    baseline_strength,
    decay_factor,
    feature_counts,
    preference_scores,
    relative_popularity,
)
from recsys.dataset.events import EventKind
from recsys.dataset.evidence import (
    Evidence,
    empty_evidence,
    evidence_of_named_brands,
    split_by_customer,
)
from tests.support.ranker_contract import EVERYBODY, FACTS, many, taught
from tests.support.toy_catalogs import NOW, event, rows


def of(*events: tuple[int, int, int, int, int, int]) -> Evidence:
    return aggregate_events(rows(*events), FACTS, NOW)


def strength(*events: tuple[int, int, int, int, int, int]) -> float:
    return float(preference_scores(of(*events))[0])


def test_a_full_price_says_more_than_a_bargain_and_a_follow_more_than_either() -> None:
    full, bargain = event(0, EventKind.PURCHASE, 1000), event(0, EventKind.PURCHASE, 400)
    assert strength(event(0, EventKind.FOLLOW)) > strength(full) > strength(bargain)
    assert strength(bargain) > strength(event(0, EventKind.VIEW)) > 0


def test_looking_at_what_is_new_says_more_than_looking() -> None:
    assert strength(event(1, EventKind.VIEW, days_ago=3)) > strength(
        event(1, EventKind.VIEW, days_ago=90)
    )


def test_what_was_sent_back_takes_away_and_never_below_nothing() -> None:
    bought = event(0, EventKind.PURCHASE, 1000)
    assert strength(bought, event(0, EventKind.RETURN)) < strength(bought)
    assert strength(*[event(0, EventKind.RETURN)] * 9) == 0.0


def test_the_tenth_purchase_adds_less_than_the_second() -> None:
    tries = [
        strength(*[event(0, EventKind.PURCHASE, 900, d) for d in range(n)]) for n in (1, 2, 9, 10)
    ]
    assert tries[1] - tries[0] > tries[3] - tries[2] > 0


def test_every_kind_has_a_count() -> None:
    everything = [event(1, kind, 2000, days_ago=2) for kind in EventKind]
    (row,) = feature_counts(of(*everything))
    assert dict(zip(WEIGHT_NAMES, row, strict=True)) == dict.fromkeys(WEIGHT_NAMES, 1.0)


def test_half_is_left_after_a_half_life_and_a_follow_stays() -> None:
    log = [event(0, EventKind.PURCHASE, 900, 90), event(2, EventKind.FOLLOW, days_ago=900)]
    assert decay_factor(of(*log), 90) == pytest.approx([0.5, 1.0], abs=1e-6)
    assert decay_factor(of(*log), None).tolist() == [1.0, 1.0]
    assert preference_scores(of(log[1]), half_life=30) == preference_scores(of(log[1]))


def test_a_brand_that_was_only_named_does_not_fade() -> None:
    assert decay_factor(evidence_of_named_brands([1, 2]), 30).tolist() == [1.0, 1.0]


def test_a_pair_s_love_is_the_same_to_the_bit_whatever_stands_beside_it() -> None:
    crowd = many()
    alone = [hers for _, hers in split_by_customer(crowd, set(crowd.customer.tolist()))]
    assert (
        np.concatenate([preference_scores(hers) for hers in alone]).tobytes()
        == preference_scores(crowd).tobytes()
    )
    log = [event(2 * brand, kind, 900, 40) for brand in range(40) for kind in EventKind]
    singly = [
        preference_scores(of(*log[at : at + len(EventKind)]))[0]
        for at in range(0, len(log), len(EventKind))
    ]
    assert singly == preference_scores(of(*log)).tolist()


def test_nothing_speaks_of_no_love() -> None:
    assert preference_scores(empty_evidence()).shape == (0,)


def test_what_love_is_made_of_can_be_set() -> None:
    assert preference_scores(
        of(event(0, EventKind.VIEW)), EventWeights(views=0.0, products=0.0, categories=0.0)
    ) == [0.0]


def test_counts_are_purchases_and_far_behind_them_views() -> None:
    log = rows(event(0, EventKind.PURCHASE), *[event(2, EventKind.VIEW)] * 30)
    bought, looked = baseline_strength(aggregate_events(log, FACTS, NOW))
    assert bought > looked > 0
    assert baseline_strength(evidence_of_named_brands([1])).tolist() == [0.0]


class TestPopularity:
    def test_it_is_the_share_of_the_most_bought_brand(self) -> None:
        rows_of = relative_popularity(EVERYBODY.popularity)
        assert rows_of.shape == (len(HALF_LIFE_OPTIONS), 60)
        assert rows_of.max(axis=1) == pytest.approx([1.0] * len(HALF_LIFE_OPTIONS))
        assert rows_of.min() >= 0

    def test_what_is_bought_now_leads_where_the_past_fades(self) -> None:
        log = rows(
            *[event(0, EventKind.PURCHASE, 900, days_ago=600)] * 3,
            *[event(2, EventKind.PURCHASE, 900, days_ago=2)] * 2,
        )
        rows_of = relative_popularity(
            taught(aggregate_events(log, FACTS, NOW, np.arange(5))).popularity
        )
        assert rows_of[0, 0] > rows_of[0, 1]
        assert (
            rows_of[HALF_LIFE_OPTIONS.index(30), 0] < rows_of[HALF_LIFE_OPTIONS.index(30), 1] == 1.0
        )

    def test_a_log_of_views_counts_who_looked(self) -> None:
        rows_of = relative_popularity(taught(of(event(4, EventKind.VIEW))).popularity)
        assert rows_of[0, 2] == rows_of[1, 2] == 1.0

    def test_nobody_makes_nothing_popular(self) -> None:
        assert relative_popularity(taught(empty_evidence(), 4).popularity).tolist() == [
            [0.0] * 4
        ] * len(HALF_LIFE_OPTIONS)
