"""Offline evaluation: known lists get the numbers that a textbook gives them."""

import numpy as np
import pytest

from recsys.dataset.event_aggregation import aggregate_events
from recsys.dataset.events import EventKind
from recsys.dataset.evidence import empty_evidence
from recsys.evaluation.metrics import EvalUser
from recsys.evaluation.offline import RankerMetrics, best_baseline, bootstrap, evaluate_rankers
from recsys.models.base import build_brand_index
from recsys.models.baselines import OwnPurchasesThenViews, Popularity
from tests.support.ranker_contract import EVERYBODY, FACTS, SHOP
from tests.support.toy_catalogs import NOW, event, rows

BASIS = build_brand_index(EVERYBODY.buyers, SHOP)
RANKERS = [OwnPurchasesThenViews(BASIS), Popularity(BASIS)]
OWN, POPULAR = (ranker.name for ranker in RANKERS)


def case(item: int, *bought: str, loved: frozenset[str] = frozenset()) -> EvalUser:
    """Somebody who bought one item before, and these brands after."""
    before = aggregate_events(rows(event(item, EventKind.PURCHASE)), FACTS, NOW)
    gains = dict.fromkeys(bought, 1.0)
    return EvalUser(before, gains, frozenset({f"Brand {item // 2:03d}"}), loved)


def judged(
    cases: list[EvalUser], needed: frozenset[str] = frozenset()
) -> dict[tuple[str, str], RankerMetrics]:
    return {
        (line.ranker, line.task): line
        for line in evaluate_rankers(RANKERS, cases, BASIS, seed=1, needed=needed)
    }


AGAIN = [case(2 * b, f"Brand {b:03d}", "Brand 059") for b in range(40, 58)]


def test_own_purchases_win_where_people_buy_again_and_find_nothing_new() -> None:
    lines = judged(AGAIN)
    assert lines[OWN, "any"].recall.value == pytest.approx(0.5)
    assert lines[OWN, "any"].mrr.value == pytest.approx(1.0)
    assert lines[OWN, "any"].ndcg.value > lines[POPULAR, "any"].ndcg.value
    assert lines[POPULAR, "any"].ndcg_ahead.low > 0
    assert lines[OWN, "any"].ndcg_ahead.value == 0.0
    assert lines[OWN, "new"].recall.value == lines[POPULAR, "new"].recall.value


def test_the_same_list_for_everybody_covers_ten_brands_and_leans_to_the_popular() -> None:
    lines = judged(AGAIN)
    assert lines[POPULAR, "any"].coverage == pytest.approx(10 / 60)
    assert lines[OWN, "any"].coverage == pytest.approx((9 + 18) / 60, abs=2 / 60)
    assert lines[POPULAR, "any"].bias > lines[OWN, "any"].bias > 0


def test_what_is_found_is_told_by_place_by_activity_and_by_fame() -> None:
    line = judged(AGAIN)[OWN, "any"]
    assert line.by_place[0] == 1.0
    assert line.by_place[9] == 0.0
    assert line.by_activity["few"] == pytest.approx(line.ndcg.value)
    assert line.by_popularity["famous"] is None
    assert line.by_popularity["other"] == pytest.approx(0.5)


def test_activity_is_told_in_thirds_of_the_customers() -> None:
    log = [event(2 * b, EventKind.PURCHASE) for b in range(20)]
    cases = [
        EvalUser(
            aggregate_events(rows(*log[:n]), FACTS, NOW),
            {"Brand 000": 1.0},
            frozenset(f"Brand {b:03d}" for b in range(n)),
        )
        for n in (1, 2, 3, 18, 19, 20)
    ]
    found = judged(cases)[OWN, "any"].by_activity
    assert None not in found.values()
    assert 1.0 >= found["few"] > found["many"] > 0.0


def test_planted_favourites_and_needs_are_told_where_they_are_known() -> None:
    loved = frozenset({"Brand 050", "Brand 047"})
    cases = [case(100, "Brand 050", "Brand 020", loved=loved), case(110, "Brand 055")]
    lines = judged(cases, needed=frozenset({"Brand 055", "Brand 050"}))
    assert lines[OWN, "any"].favourites.value == pytest.approx(0.5)
    assert lines[OWN, "any"].favourites.n == 1
    assert lines[OWN, "any"].avoided.value == 0.0  # she bought it, and it is listed
    assert lines[POPULAR, "any"].avoided.value == 1.0
    assert lines[OWN, "new"].favourites.value == 0.0
    assert lines[OWN, "new"].avoided is None
    plain = judged(AGAIN)[OWN, "any"]
    assert (plain.favourites, plain.avoided) == (None, None)


def test_the_best_rival_is_never_the_model_itself() -> None:
    lines = evaluate_rankers(RANKERS, AGAIN, BASIS, seed=1)
    assert best_baseline(lines, "any").ranker == POPULAR


def test_a_task_in_which_nobody_wanted_anything_is_unknown() -> None:
    told: list[float] = []
    lines = evaluate_rankers(
        RANKERS,
        [EvalUser(empty_evidence(), {"Brand 001": 1.0}, frozenset({"Brand 001"}))],
        BASIS,
        1,
        progress=lambda _stage, share: told.append(share),
    )
    new = next(line for line in lines if line.task == "new")
    assert new.ndcg.value is None
    assert new.ndcg.reason
    assert (new.bias, new.by_place[0], new.coverage) == (None, None, 0.0)
    assert told == [1.0]
    assert best_baseline(lines, "new").ranker == POPULAR


def test_the_interval_of_the_bootstrap_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(300):
        found = bootstrap(rng.random(120), rng, draws=400)
        covered += found.low <= 0.5 <= found.high
    assert 0.90 <= covered / 300 <= 0.99
