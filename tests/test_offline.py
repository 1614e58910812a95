"""Offline evaluation: known lists get the numbers that a textbook gives them."""

import numpy as np
import pytest

from recsys.baseline import OwnPurchasesThenViews, Popularity
from recsys.events import Kind
from recsys.evidence import no_evidence
from recsys.offline import Case, bootstrap, evaluate, ndcg, recall
from recsys.ranking import basis
from recsys.signals import summarise
from tests.contracts import FACTS, SHOP, many
from tests.worlds import NOW, event, rows

BASIS = basis(many(), SHOP)


def case(item: int, *bought: str) -> Case:
    """Somebody who bought one item before, and these brands after."""
    before = summarise(rows(event(item, Kind.PURCHASE)), FACTS, NOW)
    return Case(before, frozenset(bought), frozenset({f"Brand {item // 2:03d}"}))


def test_recall_is_out_of_ten_or_of_what_could_be_found() -> None:
    ranked = [f"b{i}" for i in range(20)]
    assert recall(ranked, {"b0", "b9", "b10", "other"}) == 2 / 4
    assert recall(ranked, set(ranked)) == 1.0


def test_ndcg_is_that_of_the_textbook() -> None:
    # one hit at place 3 of one wanted: 1 / log2(4)
    assert ndcg(["a", "b", "c"], {"c"}) == pytest.approx(0.5)
    assert ndcg(["a", "b"], {"a", "b"}) == pytest.approx(1.0)
    assert ndcg(["a"], {"z"}) == 0.0


def test_own_purchases_win_where_people_buy_again_and_find_nothing_new() -> None:
    cases = [case(2 * b, f"Brand {b:03d}", "Brand 059") for b in range(40, 58)]
    lines = {
        (line.ranker, line.task): line
        for line in evaluate([OwnPurchasesThenViews(BASIS), Popularity(BASIS)], cases, seed=1)
    }
    own, popular = "own-purchases-then-views", "popularity"
    assert lines[own, "any"].recall.value == pytest.approx(0.5)
    assert lines[own, "any"].ndcg.value > lines[popular, "any"].ndcg.value
    assert lines[popular, "any"].ndcg_ahead.low > 0
    assert lines[own, "any"].ndcg_ahead.value == 0.0
    assert lines[own, "new"].recall.value == lines[popular, "new"].recall.value


def test_a_task_in_which_nobody_wanted_anything_is_unknown() -> None:
    told: list[float] = []
    lines = evaluate(
        [Popularity(BASIS)],
        [Case(no_evidence(), frozenset({"x"}), frozenset({"x"}))],
        1,
        lambda _stage, share: told.append(share),
    )
    new = next(line for line in lines if line.task == "new")
    assert new.ndcg.value is None
    assert new.ndcg.reason
    assert told == [1.0]


def test_the_interval_of_the_bootstrap_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(300):
        found = bootstrap(rng.random(120), rng, draws=400)
        covered += found.low <= 0.5 <= found.high
    assert 0.90 <= covered / 300 <= 0.99
