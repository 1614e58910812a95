"""The end of a log is held out: in time, or of each customer's sequence where there is none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.modeling.split import HoldoutTask, TemporalSplit
from app.modeling.training_data import policy_catalog
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.dataset.events import EventKind
from recsys.evaluation.metrics import EvalUser, Relevance
from tests.support.cli_runner import brandswipe
from tests.support.event_files import write
from tests.support.toy_catalogs import DAY, NOW, event, rows

DATED = TemporalSplit(NOW - 400 * DAY, NOW, 0.25)
UNDATED = TemporalSplit(NOW, NOW, 0.25)


def shop_of(folder: Path, events: list[dict[str, object]]) -> Workspace:
    said = brandswipe(
        "data", "ingest", str(write(events, folder / "e.csv")), workspace=folder / "ws"
    )
    assert said.code == 0, said.err
    return Workspace(Settings(workspace=folder / "ws"))


def cases_of(house: Workspace, depth: int = 0) -> list[EvalUser]:
    store, catalogue = house.event_store, policy_catalog(house.event_store, house.policy)
    start = TemporalSplit.of(store, 0.25, 1.0, 0)
    for _ in range(depth):
        start = start.training_part()
    asked = HoldoutTask.of(store, catalogue, Relevance(), start)
    return [
        case
        for numbers, log in store.scan()
        for case in asked.eval_users(numbers, log, asked.history(numbers, log))
    ]


class TestTheStart:
    def test_in_time_it_lacks_the_last_quarter_and_then_that_again(self) -> None:
        starts = [DATED, DATED.training_part(), DATED.training_part().training_part()]
        days = [(start.as_of - DATED.first) / DAY for start in starts]
        assert days == [400, 300, 225]
        log = rows(*[event(0, EventKind.VIEW, days_ago=d) for d in (0, 99, 101, 174, 176, 400)])
        held = [int(start.contains(np.zeros(6, np.int64), log).sum()) for start in starts]
        assert held == [6, 4, 2]

    @pytest.mark.parametrize(
        ("events", "kept"), [(1, [1, 1, 1]), (2, [2, 1, 1]), (4, [4, 3, 2]), (16, [16, 12, 9])]
    )
    def test_without_times_it_is_of_each_customers_sequence(
        self, events: int, kept: list[int]
    ) -> None:
        log = rows(*[event(0, EventKind.VIEW)] * (events + 1))
        whose = np.array([3] + [8] * events)
        starts = [UNDATED, UNDATED.training_part(), UNDATED.training_part().training_part()]
        for start, wanted in zip(starts, kept, strict=True):
            held = start.contains(whose, log)
            assert held[0]  # somebody with one event keeps it
            assert held[1:].tolist() == [True] * wanted + [False] * (events - wanted)
        assert [start.as_of for start in starts] == [NOW] * 3

    def test_where_hardly_anybody_comes_back_the_end_of_each_sequence_can_be_held_out(
        self,
    ) -> None:
        """Of the part of the log that an evaluation does not ask about, and of that alone."""
        own = replace(DATED.training_part(), cuts_sequences=True)
        days = [400, 390, 380, 370, 360, 50, 90, 80]
        log = rows(*[event(0, EventKind.VIEW, days_ago=d) for d in days])
        held = own.contains(np.array([1] * 6 + [2] * 2), log)
        assert held.tolist() == [True] * 4 + [False] * 4


class TestWhoIsAsked:
    def test_all_customers_are_looked_through_for_those_who_came_back(
        self, planted_house: Workspace
    ) -> None:
        store = planted_house.event_store
        catalogue = policy_catalog(store, planted_house.policy)
        asked = HoldoutTask.of(store, catalogue, Relevance(), TemporalSplit.of(store, 0.25, 1.0, 0))
        found = [case.customer for case in asked.all_eval_users(store)]
        assert found == [case.customer for case in cases_of(planted_house)]

    def test_nothing_known_comes_from_the_time_that_is_asked_about(
        self, planted_house: Workspace
    ) -> None:
        start = TemporalSplit.of(planted_house.event_store, 0.25, 1.0, 0)
        found = cases_of(planted_house)
        assert len(found) > 500
        for case in found:
            assert case.evidence.last.max() <= start.training_part().as_of
            assert case.gains
            assert set(case.gains.values()) <= {1.0, 2.0}
            assert len(case.known_brands) == len(case.evidence)

    def test_the_weights_are_chosen_before_the_time_that_an_evaluation_asks_about(
        self, planted_house: Workspace
    ) -> None:
        start = TemporalSplit.of(planted_house.event_store, 0.25, 1.0, 0)
        for case in cases_of(planted_house, depth=1):
            assert case.evidence.last.max() <= start.training_part().training_part().as_of

    def test_sensitive_brands_are_neither_asked_for_nor_known(
        self, planted_house: Workspace
    ) -> None:
        catalogue = policy_catalog(planted_house.event_store, planted_house.policy)
        hidden = {str(name) for name in catalogue.brands[catalogue.brand_sensitive]}
        for case in cases_of(planted_house):
            assert not (set(case.gains) | case.known_brands) & hidden

    def test_in_a_log_without_times_her_last_events_are_asked_about(self, tmp_path: Path) -> None:
        brands = ["Lego", "Nike", "Bic", "Aldi"]
        house = shop_of(tmp_path, [{"customer_id": "ann", "brand": brand} for brand in brands])
        (case,) = cases_of(house)
        assert (case.gains, case.known_brands) == ({"Aldi": 1.0}, frozenset(brands[:3]))
        assert case.relevant("new") == case.gains

    def test_in_a_log_of_views_what_she_looked_at_next_counts(self, tmp_path: Path) -> None:
        house = shop_of(
            tmp_path,
            [
                {"customer_id": "ann", "ts": NOW + day * DAY, "event": "view", "brand": brand}
                for day, brand in enumerate(["Lego", "Nike", "Bic", "Aldi"])
            ],
        )
        (case,) = cases_of(house)
        assert case.gains == {"Aldi": 1.0}

    def test_who_only_came_at_the_end_is_not_asked(self, tmp_path: Path) -> None:
        house = shop_of(
            tmp_path,
            [
                {"customer_id": "ann", "ts": NOW, "event": "purchase", "brand": "Lego"},
                {"customer_id": "bob", "ts": NOW + 9 * DAY, "event": "purchase", "brand": "Lego"},
            ],
        )
        assert cases_of(house) == []
