"""Promises that several classes keep; a test class inherits them."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from recsys.dataset.event_aggregation import ItemFacts, aggregate_events
from recsys.dataset.events import EventKind
from recsys.dataset.evidence import Evidence, empty_evidence
from recsys.dataset.interactions import Interactions
from recsys.models.base import Ranker
from tests.support.toy_catalogs import NOW, catalogue, crowd, event, rows

SHOP = catalogue()
FACTS = ItemFacts.from_catalog(SHOP)


def many() -> Evidence:
    """The evidence of a crowd."""
    who, log = crowd()
    return aggregate_events(log, FACTS, NOW, who)


def taught(evidence: Evidence, brands: int = 60) -> Interactions:
    """What customers teach of so many brands."""
    return Interactions.from_evidence([evidence], brands)


EVERYBODY = taught(many())
SOMEBODY = aggregate_events(
    rows(
        event(0, EventKind.PURCHASE, 1000),
        event(12, EventKind.PURCHASE, 1000),
        event(25, EventKind.VIEW),
    ),
    FACTS,
    NOW,
)


class RankerContract:
    """What the model and every rival promise. Inherit and give `make`."""

    make: Callable[[], Ranker]

    @pytest.fixture
    def ranker(self) -> Ranker:
        return type(self).make()

    def test_ranks_count_from_one_and_scores_fall(self, ranker: Ranker) -> None:
        ranked = ranker.rank(SOMEBODY, n=20)
        assert [score.rank for score in ranked] == list(range(1, 21))
        assert all(a.score >= b.score for a, b in pairwise(ranked))

    def test_no_brand_comes_twice(self, ranker: Ranker) -> None:
        names = [score.brand for score in ranker.rank(SOMEBODY, n=60)]
        assert len(set(names)) == len(names) == 60

    @pytest.mark.parametrize("evidence", [SOMEBODY, empty_evidence()], ids=["somebody", "nobody"])
    def test_a_shorter_list_is_the_start_of_a_longer_one(
        self, ranker: Ranker, evidence: Evidence
    ) -> None:
        brands = [score.brand for score in ranker.rank(evidence, n=9)]
        assert [score.brand for score in ranker.rank(evidence, n=4)] == brands[:4]
        assert ranker.rank(evidence, n=0) == []

    def test_a_list_longer_than_the_shop_holds_every_brand(self, ranker: Ranker) -> None:
        assert len(ranker.rank(SOMEBODY, n=1000)) == 60

    def test_a_brand_left_out_is_not_ranked(self, ranker: Ranker) -> None:
        first = ranker.rank(SOMEBODY, n=1)[0].brand
        names = [s.brand for s in ranker.rank(SOMEBODY, n=60, without={first, "no such brand"})]
        assert first not in names
        assert len(names) == 59

    def test_no_score_is_ever_not_a_number(self, ranker: Ranker) -> None:
        for evidence in (SOMEBODY, empty_evidence()):
            assert np.isfinite([score.score for score in ranker.rank(evidence, n=60)]).all()

    def test_the_same_question_has_the_same_answer(self, ranker: Ranker) -> None:
        assert ranker.rank(SOMEBODY, n=10) == ranker.rank(SOMEBODY, n=10)

    def test_it_has_a_name_to_write_down(self, ranker: Ranker) -> None:
        assert ranker.name
