"""A plan is simulated as the gate decides: all criteria jointly, at every batch."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.errors import BadInputError
from recsys.report.evaluate import smallest_panel_for_policy
from recsys.stats import FRACTIONS
from recsys.study.power import (
    REASON_INCOMPLETE,
    PowerAssumptions,
    _graded_auc_scores,
    _lift_scores,
    _simulate_likes,
    batch_log_wealth,
    simulate_scenario,
    stopping_decisions,
)
from tests.support.betting_oracle import log_wealth_lower, log_wealth_upper
from tests.support.closed_decks import POLICY

GOOD = PowerAssumptions(0.85, 0.70, 0.35, drop_out=0.0)


class TestAnOutlook:
    def test_it_takes_about_as_many_people_as_was_simulated_before(self) -> None:
        """Another simulation, of a latent model, has a median of 47 and 63 for nine of ten."""
        found = simulate_scenario(POLICY, GOOD, 0.05, seed=1)
        assert found.median is not None
        assert found.most is not None
        assert found.released > 0.98
        assert 40 <= found.median <= 65
        assert 55 <= found.most <= 85

    def test_a_better_modeldecides_sooner_and_a_better_rival_later(self) -> None:
        medians = [
            simulate_scenario(POLICY, truth, 0.05, seed=1).median or 9999
            for truth in (replace(GOOD, precision=0.9), GOOD, replace(GOOD, baseline=0.8))
        ]
        assert medians == sorted(medians)
        assert medians[0] < medians[2]

    def test_a_model_that_is_no_better_than_everything_is_held(self) -> None:
        found = simulate_scenario(POLICY, PowerAssumptions(0.85, 0.85, 0.85), 0.05, seed=1)
        assert found.held > 0.9

    def test_a_model_at_the_bar_is_hardly_ever_released(self) -> None:
        found = simulate_scenario(POLICY, PowerAssumptions(0.75, 0.3, 0.2), 0.05, seed=1)
        assert found.released <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5
        assert found.median is None

    def test_nobodydecides_under_the_least_players(self) -> None:
        perfect = PowerAssumptions(1.0, 0.0, 0.0, drop_out=0.0)
        assert simulate_scenario(POLICY, perfect, 0.05, seed=1).median == smallest_panel_for_policy(
            POLICY, 0.05
        )

    def test_who_drops_out_asks_for_more_decks(self) -> None:
        whole, some = (
            simulate_scenario(POLICY, replace(GOOD, drop_out=d), 0.05, 1).median
            for d in (0.0, 0.15)
        )
        assert whole is not None
        assert some is not None
        assert some > whole

    def test_too_many_unfinished_decks_never_decide(self) -> None:
        found = simulate_scenario(POLICY, replace(GOOD, drop_out=0.3), 0.05, seed=1)
        assert (found.median, found.reason) == (None, REASON_INCOMPLETE)

    def test_the_same_seed_says_the_same(self) -> None:
        assert simulate_scenario(POLICY, GOOD, 0.05, 3) == simulate_scenario(POLICY, GOOD, 0.05, 3)

    def test_a_policy_of_one_criterion_is_planned_as_well(self) -> None:
        alone = replace(POLICY, criteria=POLICY.criteria[:1], deck=replace(POLICY.deck, scored=0))
        median = simulate_scenario(alone, GOOD, 0.05, seed=1).median
        assert median is not None
        assert 30 <= median <= 50  # 39 was planned for the hit rate alone

    @pytest.mark.parametrize("field", ["precision", "baseline", "decoys", "icc", "drop_out"])
    @pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
    def test_a_share_outside_the_unit_is_refused(self, field: str, value: float) -> None:
        with pytest.raises(BadInputError, match=field):
            replace(GOOD, **{field: value})

    @pytest.mark.parametrize("field", ["icc", "drop_out"])
    def test_all_alike_or_all_gone_is_no_panel(self, field: str) -> None:
        with pytest.raises(BadInputError, match="below 1"):
            replace(GOOD, **{field: 1.0})


class TestItsParts:
    def test_a_batch_adds_what_the_gate_would_bet(self) -> None:
        scores = np.random.default_rng(1).random((1, 10, 3))
        bars = [0.75, 0.65, 0.5]
        logs = batch_log_wealth(scores, bars, 5).cumsum(axis=1)[0, -1]
        top = logs.max(axis=-1)
        wealth = top + np.log(np.exp(logs - top[..., None]).mean(axis=-1))
        for i, bar in enumerate(bars):
            assert wealth[0, i] == pytest.approx(log_wealth_lower(scores[0, :, i], bar)[-1])
            assert wealth[1, i] == pytest.approx(log_wealth_upper(scores[0, :, i], bar)[-1])

    def test_every_criterion_must_pass_and_one_may_fail(self) -> None:
        logs = np.zeros((1, 2, 2, 3, len(FRACTIONS)))
        logs[0, 1, 0], logs[0, 0, 1, 2] = 9.0, 9.0
        won, lost = stopping_decisions(logs, 0.05, np.array([True, True]))
        assert won.tolist() == [[False, True]]
        assert lost.tolist() == [[True, False]]
        assert not stopping_decisions(logs, 0.05, np.array([False, False]))[0].any()

    def test_a_persons_chances_have_the_mean_and_the_correlation_asked_for(self) -> None:
        rng = np.random.default_rng(2)
        liked = _simulate_likes(0.8, 0.3, rng.random((1, 20_000)), 10, rng)[0]
        assert liked.mean() == pytest.approx(0.8, abs=0.01)
        between = liked.mean(axis=1).var() / (0.8 * 0.2)
        assert between == pytest.approx(0.3 + 0.7 / 10, abs=0.02)

    @pytest.mark.parametrize(("chance", "icc"), [(0.0, 0.3), (1.0, 0.3), (0.5, 0.0)])
    def test_a_chance_without_spread_is_the_same_for_all(self, chance: float, icc: float) -> None:
        rng = np.random.default_rng(2)
        liked = _simulate_likes(chance, icc, rng.random((1, 5_000)), 4, rng)
        assert liked.mean() == pytest.approx(chance, abs=0.02)

    def test_without_decoys_nothing_is_told_apart(self) -> None:
        rng = np.random.default_rng(1)
        none = np.zeros((1, 3, 0), dtype=bool)
        assert _graded_auc_scores(none, none, 0.3, rng).tolist() == [[0.5] * 3]

    def test_lists_without_a_brand_of_their_own_have_no_lift(self) -> None:
        picks, unique = np.ones((1, 2, 4), dtype=bool), np.zeros((1, 2, 3), dtype=bool)
        assert _lift_scores(picks, unique, np.array([[4, 1]])).tolist() == [[0.5, 1.0]]
