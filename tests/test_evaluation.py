"""Evaluation asks about the end of the log, of which the models saw nothing."""

from pathlib import Path

import pytest

from app.evaluation import HELD_OUT, Evaluation, _cases, _cut, evaluate_offline
from app.fitting import policy_catalogue
from app.house import House
from app.settings import Settings
from recsys.baseline import BASELINES
from recsys.errors import NotEnoughError
from recsys.model import FitOptions
from recsys.offline import TASKS
from tests.events_on_disk import write
from tests.shops import silent
from tests.terminal import brandswipe

CASES = 300  # of 2,000: these tests are no benchmark


def evaluated(house: House) -> Evaluation:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.evaluation.MOST_CASES", CASES)
        return evaluate_offline(house.warehouse, house.policy, FitOptions(), silent)


@pytest.fixture(scope="module")
def done(planted_house: House) -> Evaluation:
    return evaluated(planted_house)


def shop_of(folder: Path, rows: list[dict[str, object]]) -> House:
    said = brandswipe("ingest", str(write(rows, folder / "e.csv")), workspace=folder / "ws")
    assert said.code == 0, said.err
    return House(Settings(workspace=folder / "ws"))


def test_every_ranker_is_judged_at_every_task(done: Evaluation) -> None:
    rankers = ["favourite", *BASELINES]
    assert [(line.task, line.ranker) for line in done.lines] == [
        (task, ranker) for task in TASKS for ranker in rankers
    ]
    assert all(line.ndcg.n <= done.customers for line in done.lines)


def test_the_model_beats_popularity_at_what_people_buy_next(done: Evaluation) -> None:
    ahead = {line.ranker: line.ndcg_ahead for line in done.lines if line.task == "any"}
    assert ahead["popularity"].low is not None
    assert ahead["popularity"].low > 0.1
    assert ahead["favourite"].value == 0


def test_nothing_known_of_a_case_comes_from_the_time_it_is_asked_about(
    planted_house: House,
) -> None:
    store = planted_house.warehouse
    catalogue = policy_catalogue(store, planted_house.policy)
    cut = _cut(store, FitOptions())
    cases = list(_cases(store, catalogue, cut, FitOptions()))
    assert len(cases) > 500
    for case in cases:
        assert case.before.last.max() <= cut
        assert case.bought


def test_the_last_quarter_of_the_time_is_held_out(done: Evaluation, planted_house: House) -> None:
    store = planted_house.warehouse
    first = min(int(rows["ts"].min()) for _, rows in store.scan())
    held = (store.as_of - done.cut) / (store.as_of - first)
    assert held == pytest.approx(HELD_OUT, abs=1e-6)
    assert done.customers == CASES


def test_the_same_seed_finds_the_same(done: Evaluation, planted_house: House) -> None:
    assert evaluated(planted_house) == done


def test_sensitive_brands_are_neither_asked_for_nor_found(planted_house: House) -> None:
    store = planted_house.warehouse
    catalogue = policy_catalogue(store, planted_house.policy)
    hidden = {str(name) for name in catalogue.brands[catalogue.brand_sensitive]}
    for case in _cases(store, catalogue, _cut(store, FitOptions()), FitOptions()):
        assert not (case.bought | case.known) & hidden


def test_a_log_without_times_says_what_is_missing(tmp_path: Path) -> None:
    house = shop_of(tmp_path, [{"customer_id": "a", "brand": "Lego"}] * 2)
    with pytest.raises(NotEnoughError, match="needs a ts column"):
        evaluate_offline(house.warehouse, house.policy, FitOptions(), silent)


def test_a_log_whose_end_holds_no_purchase_says_so(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"customer_id": "a", "ts": 1_700_000_000 + day * 86_400, "event": "view", "brand": "Lego"}
        for day in range(10)
    ]
    house = shop_of(tmp_path, rows)
    with pytest.raises(NotEnoughError, match="last quarter"):
        evaluate_offline(house.warehouse, house.policy, FitOptions(), silent)


def test_a_log_that_begins_within_its_last_quarter_cannot_be_learnt_from(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"customer_id": "a", "ts": 1_600_000_000, "event": "view", "brand": "merkloos"},
        {"customer_id": "a", "ts": 1_700_000_000, "event": "purchase", "brand": "Lego"},
    ]
    house = shop_of(tmp_path, rows)
    with pytest.raises(NotEnoughError, match="brand that may be shown"):
        evaluate_offline(house.warehouse, house.policy, FitOptions(), silent)
