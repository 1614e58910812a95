"""Evidence adds up exactly, and says what happened."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.dataset.event_aggregation import (
    FIXED_POINT_ONE,
    HALF_LIVES,
    ItemFacts,
    aggregate_events,
)
from recsys.dataset.events import EVENT_DTYPE, NO_PRICE, EventKind, EventRows
from recsys.dataset.evidence import (
    DistinctKey,
    Feature,
    empty_evidence,
    evidence_from_counts,
    evidence_of_named_brands,
)
from tests.support.toy_catalogs import DAY, NOW, catalogue, event, rows

SHOP = catalogue(brands=5, categories=2)
FACTS = ItemFacts.from_catalog(SHOP)

an_event = st.tuples(
    st.integers(0, 9),
    st.integers(NOW - 700 * DAY, NOW),
    st.one_of(st.just(NO_PRICE), st.integers(0, 10_000)),
    st.one_of(st.just(NO_PRICE), st.integers(0, 10_000)),
    st.integers(0, 5),
    st.integers(0, 255),
)
some_rows = st.lists(an_event, max_size=40).map(lambda events: np.array(events, dtype=EVENT_DTYPE))


@pytest.mark.parametrize("far", [1 << 40, -(1 << 40)])
@given(some_rows)
@settings(max_examples=20, deadline=None)
def test_how_customers_are_numbered_changes_nothing_else(far: int, log: EventRows) -> None:
    """Whether what is counted once fits into one whole number or not."""
    who = np.arange(len(log)) % 3
    near, there = (aggregate_events(log, FACTS, NOW, numbers) for numbers in (who, who + far))
    assert np.array_equal(near.customer + far, there.customer)
    assert np.array_equal(near.sums, there.sums)
    for name in ("brand", "what", "value"):
        assert np.array_equal(near.distinct_keys[name], there.distinct_keys[name])


@given(some_rows, st.data())
@settings(max_examples=60, deadline=None)
def test_two_parts_of_a_log_add_up_to_the_whole(log: EventRows, data: st.DataObject) -> None:
    who = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(log), max_size=len(log))))
    who = who.astype(np.int64)
    first = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(log), max_size=len(log))), dtype=bool
    )
    whole = aggregate_events(log, FACTS, NOW, who)
    parts = [aggregate_events(log[part], FACTS, NOW, who[part]) for part in (first, ~first)]
    assert parts[0] + parts[1] == whole
    assert parts[1] + parts[0] == whole
    assert whole + empty_evidence() == whole


@given(some_rows)
@settings(max_examples=60, deadline=None)
def test_the_numbers_are_those_of_a_plain_pandas_oracle(log: EventRows) -> None:
    evidence = aggregate_events(log, FACTS, NOW)
    frame = pd.DataFrame({name: log[name].astype(np.int64) for name in log.dtype.names})
    frame["brand"] = FACTS.brand[log["item"]]
    frame["bought"] = frame["kind"] == EventKind.PURCHASE
    frame["day"] = frame["ts"] // DAY
    for row, (brand, part) in enumerate(frame.groupby("brand")):
        assert evidence.brand[row] == brand
        bought = part[part["bought"]]
        assert evidence.feature(Feature.PURCHASES)[row] == len(bought)
        assert evidence.feature(Feature.FOLLOWS)[row] == (part["kind"] == EventKind.FOLLOW).sum()
        assert evidence.distinct(DistinctKey.PURCHASE_DAY)[row] == bought["day"].nunique()
        touched = part[part["kind"] != EventKind.RETURN]
        assert evidence.distinct(DistinctKey.ITEM)[row] == touched["item"].nunique()
        assert evidence.first[row] == part["ts"].min()
        assert evidence.last[row] == part["ts"].max()
        paid = bought[bought["price"] != NO_PRICE]
        spent = (paid["price"] * paid["quantity"].clip(lower=1)).sum()
        assert evidence.feature(Feature.SPEND)[row] == spent
        for column, half_life in zip((10, 11, 12), HALF_LIVES, strict=True):
            ages = (NOW - bought["ts"]) // DAY
            weights = [round(FIXED_POINT_ONE * 0.5 ** (age / half_life)) for age in ages]
            assert evidence.sums[row, column] == sum(weights)


def test_a_purchase_at_the_list_price_is_at_full_price_and_a_bargain_is_not() -> None:
    evidence = aggregate_events(
        rows(
            event(0, EventKind.PURCHASE, 1000),  # the list price of item 0 by the catalogue
            event(2, EventKind.PURCHASE, 700),
            event(4, EventKind.PURCHASE, 700, list_price=700),  # by the event itself
            event(6, EventKind.PURCHASE),  # no price at all: unknown is not full
        ),
        FACTS,
        NOW,
    )
    assert evidence.feature(Feature.FULL_PRICE).tolist() == [1, 0, 1, 0]


def test_nothing_is_dear_in_a_shop_without_prices() -> None:
    unpriced = replace(SHOP, item_price=np.zeros_like(SHOP.item_price))
    assert not ItemFacts.from_catalog(unpriced).premium.any()


def test_a_purchase_is_dear_when_half_of_the_category_costs_less() -> None:
    log = rows(event(0, EventKind.PURCHASE, 1000), event(3, EventKind.PURCHASE, 2000))
    assert aggregate_events(log, FACTS, NOW).feature(Feature.PREMIUM).tolist() == [0, 1]


def test_a_view_within_30_days_of_the_release_looks_out_for_news() -> None:
    log = rows(event(1, EventKind.VIEW, days_ago=5), event(1, EventKind.VIEW, days_ago=40))
    evidence = aggregate_events(log, FACTS, NOW)
    assert evidence.feature(Feature.RELEASE_VIEWS).tolist() == [1]
    assert evidence.feature(Feature.VIEWS).tolist() == [2]


def test_what_happens_after_the_day_of_looking_back_is_left_out() -> None:
    log = rows(event(0, EventKind.PURCHASE, days_ago=-1))
    assert len(aggregate_events(log, FACTS, NOW)) == 0


def test_a_sensitive_brand_leaves_no_evidence() -> None:
    shop = catalogue(brands=3, categories=1)
    shop.brand_sensitive[1] = True
    log = rows(
        event(0, EventKind.PURCHASE), event(2, EventKind.PURCHASE), event(4, EventKind.PURCHASE)
    )
    assert aggregate_events(log, ItemFacts.from_catalog(shop), NOW).brand.tolist() == [0, 2]


def test_a_named_brand_counts_as_a_follow_and_as_nothing_else() -> None:
    evidence = evidence_of_named_brands([4, 2, 4])
    assert evidence.brand.tolist() == [2, 4]
    assert evidence.feature(Feature.FOLLOWS).tolist() == [1, 1]
    assert evidence.sums.sum() == 2
    assert evidence.distinct(DistinctKey.ITEM).tolist() == [0, 0]


def test_evidence_that_came_counted_is_that_which_was_summed_here() -> None:
    log = rows(
        event(0, EventKind.PURCHASE),
        event(1, EventKind.PURCHASE, days_ago=9),
        event(2, EventKind.VIEW),
    )
    found = aggregate_events(log, FACTS, NOW)
    distinct = {mark: found.distinct(mark) for mark in DistinctKey}
    same = evidence_from_counts(
        found.customer[::-1], found.brand[::-1], found.sums[::-1], found.first[::-1],
        found.last[::-1], {mark: many[::-1] for mark, many in distinct.items()},
    )  # fmt: skip
    assert same.brand.tolist() == found.brand.tolist()
    assert np.array_equal(same.sums, found.sums)
    assert all(np.array_equal(same.distinct(mark), many) for mark, many in distinct.items())


def test_two_counted_rows_of_one_pair_are_added_and_have_the_marks_of_the_larger() -> None:
    one, none = np.ones(2, np.int64), np.zeros(2, np.int64)
    sums = np.ones((2, len(Feature)), np.int64)
    times = np.array([5, 9], np.uint32)
    distinct = {
        DistinctKey.PURCHASE_DAY: np.array([2, 3]),
        DistinctKey.ITEM: one,
        DistinctKey.CATEGORY: none,
    }
    found = evidence_from_counts(none, one.astype(np.int32), sums, times, times, distinct)
    assert found.sums.tolist() == [[2] * len(Feature)]
    assert (found.first.tolist(), found.last.tolist()) == ([5], [9])
    assert [int(found.distinct(mark)[0]) for mark in DistinctKey] == [3, 1, 0]


def test_evidence_equals_evidence_alone() -> None:
    assert empty_evidence() != 0
    assert len({empty_evidence(), empty_evidence()}) == 2


@pytest.mark.parametrize("kind", list(EventKind))
def test_a_log_of_one_kind_of_event_is_summed_without_fuss(kind: EventKind) -> None:
    evidence = aggregate_events(rows(event(0, kind), event(1, kind)), FACTS, NOW)
    assert len(evidence) == 1
    assert evidence.sums.min() >= 0
