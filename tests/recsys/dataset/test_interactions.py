"""A lesson is the same however the log was cut, and holds a few bytes of each pair."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.dataset.event_aggregation import aggregate_events
from recsys.dataset.event_weights import baseline_strength, preference_scores
from recsys.dataset.events import EventKind
from recsys.dataset.evidence import Evidence, empty_evidence
from recsys.dataset.interactions import Interactions
from tests.support.ranker_contract import EVERYBODY, FACTS, many, taught
from tests.support.toy_catalogs import NOW, event, rows

CROWD = many()
LAST = int(CROWD.customer.max()) + 1


def between(first: int, last: int) -> Evidence:
    """What the customers numbered [first, last) did."""
    return CROWD.for_customers(np.arange(first, last))


@given(st.sets(st.integers(0, LAST), max_size=12))
@settings(max_examples=40, deadline=None)
def test_however_customers_are_cut_into_chunks_they_teach_the_same_to_the_bit(
    edges: set[int],
) -> None:
    chunks = (between(*edge) for edge in pairwise(sorted({0, LAST, *edges})))
    lesson = Interactions.from_evidence(chunks, 60)
    for name in Interactions.__slots__:
        assert getattr(lesson, name).tobytes() == getattr(EVERYBODY, name).tobytes(), name


def test_a_row_of_its_matrix_is_a_customer_and_holds_what_she_loves() -> None:
    numbers = np.unique(CROWD.customer)
    matrix = EVERYBODY.matrix(EVERYBODY.preference)
    assert EVERYBODY.n_customers == len(numbers) == matrix.shape[0]
    assert len(EVERYBODY) == len(CROWD)
    for row in (0, 17, len(numbers) - 1):
        hers = between(numbers[row], numbers[row] + 1)
        held = preference_scores(hers) > 0
        assert matrix[row].indices.tolist() == hers.brand[held].tolist()
        assert matrix[row].data == pytest.approx(preference_scores(hers)[held])


def test_it_knows_what_rivals_count() -> None:
    assert EVERYBODY.baseline_strength == pytest.approx(baseline_strength(CROWD))


def test_a_customer_who_loves_nothing_has_a_row_of_her_own() -> None:
    log = rows(
        event(0, EventKind.PURCHASE), event(2, EventKind.RETURN), event(4, EventKind.PURCHASE)
    )
    lesson = taught(aggregate_events(log, FACTS, NOW, np.arange(3)))
    assert np.diff(lesson.matrix(lesson.preference).indptr).tolist() == [1, 0, 1]


def test_each_brand_s_buyers_are_counted_and_where_nobody_bought_whoever_did_anything() -> None:
    looked = aggregate_events(
        rows(event(4, EventKind.VIEW), event(6, EventKind.FOLLOW)), FACTS, NOW, np.arange(2)
    )
    assert np.flatnonzero(taught(looked).buyers).tolist() == [2, 3]
    bought = aggregate_events(rows(event(0, EventKind.PURCHASE)), FACTS, NOW, np.array([2]))
    assert np.flatnonzero(Interactions.from_evidence([looked, bought], 60).buyers).tolist() == [0]


def test_sixteen_bytes_of_a_pair_are_kept() -> None:
    kept = sum(
        getattr(EVERYBODY, name).nbytes for name in ("brand", "preference", "baseline_strength")
    )
    assert kept == 16 * len(EVERYBODY)
    assert EVERYBODY.starts.nbytes == 8 * (EVERYBODY.n_customers + 1)


@pytest.mark.parametrize("chunks", [[], [empty_evidence()]])
def test_nobody_teaches_nothing(chunks: list[Evidence]) -> None:
    lesson = Interactions.from_evidence(chunks, 60)
    assert (len(lesson), lesson.n_customers, lesson.buyers.sum()) == (0, 0, 0)
    assert lesson.matrix(lesson.preference).shape == (0, 60)
