"""A lesson is the same however the log was cut, and holds a few bytes of each pair."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.dataset.aggregation import summarise
from recsys.dataset.event_weights import counted, love
from recsys.dataset.events import Kind
from recsys.dataset.evidence import Evidence, no_evidence
from recsys.dataset.interactions import Lesson
from tests.support.ranker_contract import EVERYBODY, FACTS, many, taught
from tests.support.toy_catalogs import NOW, event, rows

CROWD = many()
LAST = int(CROWD.customer.max()) + 1


def between(first: int, last: int) -> Evidence:
    """What the customers numbered [first, last) did."""
    return CROWD.among(np.arange(first, last))


@given(st.sets(st.integers(0, LAST), max_size=12))
@settings(max_examples=40, deadline=None)
def test_however_customers_are_cut_into_chunks_they_teach_the_same_to_the_bit(
    edges: set[int],
) -> None:
    chunks = (between(*edge) for edge in pairwise(sorted({0, LAST, *edges})))
    lesson = Lesson.of(chunks, 60)
    for name in Lesson.__slots__:
        assert getattr(lesson, name).tobytes() == getattr(EVERYBODY, name).tobytes(), name


def test_a_row_of_its_matrix_is_a_customer_and_holds_what_she_loves() -> None:
    numbers = np.unique(CROWD.customer)
    matrix = EVERYBODY.matrix(EVERYBODY.loved)
    assert EVERYBODY.customers == len(numbers) == matrix.shape[0]
    assert len(EVERYBODY) == len(CROWD)
    for row in (0, 17, len(numbers) - 1):
        hers = between(numbers[row], numbers[row] + 1)
        held = love(hers) > 0
        assert matrix[row].indices.tolist() == hers.brand[held].tolist()
        assert matrix[row].data == pytest.approx(love(hers)[held])


def test_it_knows_what_rivals_count() -> None:
    assert EVERYBODY.counted == pytest.approx(counted(CROWD))


def test_a_customer_who_loves_nothing_has_a_row_of_her_own() -> None:
    log = rows(event(0, Kind.PURCHASE), event(2, Kind.RETURN), event(4, Kind.PURCHASE))
    lesson = taught(summarise(log, FACTS, NOW, np.arange(3)))
    assert np.diff(lesson.matrix(lesson.loved).indptr).tolist() == [1, 0, 1]


def test_each_brand_s_buyers_are_counted_and_where_nobody_bought_whoever_did_anything() -> None:
    looked = summarise(rows(event(4, Kind.VIEW), event(6, Kind.FOLLOW)), FACTS, NOW, np.arange(2))
    assert np.flatnonzero(taught(looked).buyers).tolist() == [2, 3]
    bought = summarise(rows(event(0, Kind.PURCHASE)), FACTS, NOW, np.array([2]))
    assert np.flatnonzero(Lesson.of([looked, bought], 60).buyers).tolist() == [0]


def test_sixteen_bytes_of_a_pair_are_kept() -> None:
    kept = sum(getattr(EVERYBODY, name).nbytes for name in ("brand", "loved", "counted"))
    assert kept == 16 * len(EVERYBODY)
    assert EVERYBODY.starts.nbytes == 8 * (EVERYBODY.customers + 1)


@pytest.mark.parametrize("chunks", [[], [no_evidence()]])
def test_nobody_teaches_nothing(chunks: list[Evidence]) -> None:
    lesson = Lesson.of(chunks, 60)
    assert (len(lesson), lesson.customers, lesson.buyers.sum()) == (0, 0, 0)
    assert lesson.matrix(lesson.loved).shape == (0, 60)
