"""What is kept or published has literal keys, whatever the fields are called in Python."""

from recsys.evaluation.behavioral_tests import BehaviorResult, behavior_result_to_row
from recsys.evaluation.comparison import (
    MetricDifference,
    RankChange,
    metric_difference_to_row,
    rank_change_to_row,
)
from recsys.evaluation.offline import RankerMetrics, ranker_metrics_to_row
from recsys.evaluation.slices import EvaluationSlice, evaluation_slice_to_row
from recsys.evaluation.tuning import TuningResult, tuning_result_to_row
from recsys.models.base import Explanation, explanation_to_row
from recsys.models.hybrid_params import HybridParams, hybrid_params_to_row
from recsys.report.rejections import RejectedBrand, rejected_brand_to_row
from recsys.report.representativeness import FrameShare, frame_share_to_row
from recsys.report.shown_measures import ShownMeasures
from recsys.simulation.personas import Persona, persona_from_row, persona_to_row
from recsys.stats import Estimate, estimate_to_row
from recsys.study.resampled_power import DecisionRate, PowerEstimate, power_to_row
from recsys.study.scoring import DeckScore, score_from_row, score_to_row

HALF = Estimate(0.5, 0.4, 0.6, 30, "bootstrap")
PLAIN = estimate_to_row(HALF)


def test_a_score_and_a_persona_come_back_from_their_rows() -> None:
    score = DeckScore(0.8, 0.7, 0.6, 0.5)
    assert score_to_row(score) == {
        "hit_rate": 0.8, "discrimination": 0.7, "lift": 0.6, "challenger": 0.5,
    }  # fmt: skip
    assert score_from_row(score_to_row(score)) == score
    before = {"hit_rate": 0.8, "discrimination": 0.7, "lift": 0.6}
    assert score_from_row(before) == score
    noor = Persona("persona-noor", "Noor", "en", "nl")
    assert persona_from_row(persona_to_row(noor)) == noor


def test_results_of_an_evaluation_keep_their_keys() -> None:
    metrics = RankerMetrics(
        "ease", "any", HALF, HALF, HALF, HALF, {"few": 0.1}, {"famous": 0.2}, 0.3, None
    )
    row = ranker_metrics_to_row(metrics)
    assert row["recall"] == PLAIN
    assert row["by_fame"] == {"famous": 0.2}
    found = evaluation_slice_to_row(EvaluationSlice("known", "1-4", HALF))
    assert found == {"by": "known", "name": "1-4", "found": PLAIN}
    ahead = metric_difference_to_row(MetricDifference("any", "ndcg", HALF))
    assert ahead == {"task": "any", "metric": "ndcg", "ahead": PLAIN}
    moved = rank_change_to_row(RankChange("Lego", 12, None))
    assert moved == {"brand": "Lego", "first": 12, "second": None}
    chosen = tuning_result_to_row(TuningResult(HybridParams(), 300))
    assert chosen["blend"] == hybrid_params_to_row(HybridParams())


def test_results_of_other_commands_keep_their_keys() -> None:
    behavior = behavior_result_to_row(BehaviorResult("more", 3, 3, ()))
    assert behavior == {"question": "more", "asked": 3, "held": 3, "broken": [], "passed": True}
    rejected = rejected_brand_to_row(RejectedBrand("Lego", 20, 0.5, {"gift": 10}, {"bought": 0.1}))
    assert rejected == {
        "brand": "Lego", "people": 20, "share": 0.5, "reasons": {"gift": 10},
        "kinds": {"bought": 0.1},
    }  # fmt: skip
    share = frame_share_to_row(FrameShare("sales", 0.4, None))
    assert share == {"label": "sales", "invited": 0.4, "players": None}
    power = power_to_row(PowerEstimate(50, 400, (DecisionRate(20, 0.1, 0.2),), 40, None))
    assert power == {
        "people": 50, "horizon": 400, "looks": [{"people": 20, "released": 0.1, "held": 0.2}],
        "median": 40, "most": None,
    }  # fmt: skip
    assert explanation_to_row(Explanation(purchases=2))["purchases"] == 2


def test_a_measure_that_fails_is_unknown_and_says_which_and_where() -> None:
    def fail() -> int:
        raise ZeroDivisionError("a value of one person")

    shown = ShownMeasures()
    assert shown.compute("lift", lambda: 3, 0) == 3
    assert shown.compute("coverage", fail, -1) == -1
    (failure,) = shown.failures
    assert failure.measure == "coverage"
    assert failure.error.startswith("ZeroDivisionError at ")
    assert "one person" not in failure.error
