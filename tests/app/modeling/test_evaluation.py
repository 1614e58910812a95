"""Evaluation asks about the end of the log, of which the models saw nothing."""

from pathlib import Path

import numpy as np
import pytest

from app.modeling.evaluation import OfflineEvaluation, evaluate_offline
from app.modeling.split import TemporalSplit
from app.modeling.training import tune_and_fit
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.errors import NotEnoughError
from recsys.evaluation.metrics import TASKS
from recsys.models.baselines import BASELINES
from recsys.models.hybrid import FitOptions, HybridParams, ScoreWeights
from tests.support.cli_runner import brandswipe
from tests.support.event_files import write
from tests.support.planted_shops import FEW, silent


def evaluated(house: Workspace, options: FitOptions | None = None) -> OfflineEvaluation:
    return evaluate_offline(house.event_store, house.policy, options or FitOptions(), silent)


@pytest.fixture(scope="module")
def done(planted_house: Workspace) -> OfflineEvaluation:
    return evaluated(planted_house)


def shop_of(folder: Path, rows: list[dict[str, object]]) -> Workspace:
    said = brandswipe("data", "ingest", str(write(rows, folder / "e.csv")), workspace=folder / "ws")
    assert said.code == 0, said.err
    return Workspace(Settings(workspace=folder / "ws"))


def test_every_ranker_is_judged_at_every_task(done: OfflineEvaluation) -> None:
    rankers = ["favourite", *BASELINES, "als", "cosine", "bm25", "ease"]
    assert [(line.task, line.ranker) for line in done.lines] == [
        (task, ranker) for task in TASKS for ranker in rankers
    ]
    assert all(line.ndcg.n <= done.customers for line in done.lines)


def test_the_model_beats_popularity_at_what_people_buy_next(done: OfflineEvaluation) -> None:
    ahead = {line.ranker: line.ndcg_ahead for line in done.lines if line.task == "any"}
    assert ahead["popularity"].low is not None
    assert ahead["popularity"].low > 0.1
    assert ahead["favourite"].value == 0


def test_the_last_quarter_of_the_time_is_held_out(
    done: OfflineEvaluation, planted_house: Workspace
) -> None:
    store = planted_house.event_store
    first = min(int(rows["ts"].min()) for _, rows in store.scan())
    held = (store.as_of - done.cut) / (store.as_of - first)
    assert held == pytest.approx(0.25, abs=1e-6)
    assert done.dated
    assert done.customers == FEW["app.modeling.evaluation.MAX_EVAL_USERS"]


def test_the_same_seed_finds_the_same(done: OfflineEvaluation, planted_house: Workspace) -> None:
    assert evaluated(planted_house) == done


def test_every_rival_is_asked_and_the_planted_favourites_are_told(done: OfflineEvaluation) -> None:
    found = {line.ranker: line for line in done.lines if line.task == "any"}
    model, best = found["favourite"], found["own-purchases-then-views"]
    assert model.favourites is not None
    assert best.favourites is not None
    assert model.favourites.low > best.favourites.high
    assert model.avoided is not None
    assert model.avoided.n > 50


def test_the_weights_are_those_that_a_fit_on_the_start_of_the_log_chooses(
    done: OfflineEvaluation, planted_house: Workspace
) -> None:
    store, policy = planted_house.event_store, planted_house.policy
    start = TemporalSplit.of(store, policy.relevance.held_out, 1.0, 0).training_part()
    _, _, weighed = tune_and_fit(store, policy, FitOptions(), silent, start)
    assert weighed.params == done.blend


def test_weights_that_were_given_are_judged_as_they_are(planted_house: Workspace) -> None:
    given = FitOptions(factors=4, iterations=2, weights=ScoreWeights(1.0, 0.0, 0.0))
    assert evaluated(planted_house, given).blend == HybridParams(given.weights)


def test_a_log_without_times_is_split_in_each_customers_sequence(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows: list[dict[str, object]] = [
        {"customer_id": f"c{n % 60}", "brand": f"brand {int(rng.integers(0, 9)) + n % 3}"}
        for n in range(600)
    ]
    done = evaluated(shop_of(tmp_path, rows))
    assert not done.dated
    assert done.customers == 60
    assert all(line.favourites is None for line in done.lines)


def test_a_log_whose_end_holds_no_purchase_says_so(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"customer_id": "a", "ts": 1_700_000_000 + day * 86_400, "event": "view", "brand": "Lego"}
        for day in range(10)
    ]
    rows[0]["event"] = "purchase"
    house = shop_of(tmp_path, rows)
    with pytest.raises(NotEnoughError, match="last quarter"):
        evaluate_offline(house.event_store, house.policy, FitOptions(), silent)


def test_a_log_that_begins_within_its_last_quarter_cannot_be_learnt_from(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"customer_id": "a", "ts": 1_600_000_000, "event": "view", "brand": "merkloos"},
        {"customer_id": "a", "ts": 1_700_000_000, "event": "purchase", "brand": "Lego"},
    ]
    house = shop_of(tmp_path, rows)
    with pytest.raises(NotEnoughError, match="brand that may be shown"):
        evaluate_offline(house.event_store, house.policy, FitOptions(), silent)
