"""Each formula meets its oracle, and keeps what it promises."""

from math import exp, inf, log

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recsys.report.forecast import BEYOND, DECIDED, HORIZON, TOO_SOON, forecast
from recsys.stats import (
    Estimate,
    Floats,
    ScoreCounts,
    betting_estimate,
    clip_rounding,
    clustered_proportion,
    graded_auc,
    smallest_panel,
    standardized_difference,
    study_outcomes,
)
from tests.support import reference_measures
from tests.support.betting_oracle import (
    log_wealth,
    log_wealth_lower,
    log_wealth_upper,
    lower_bound,
    upper_bound,
)

B20 = np.array([9, 11, 12, 10, 6, 12, 11, 10, 12, 9, 8, 12, 11, 12, 10, 11, 9, 12, 10, 11]) / 12
HITS = [12, 10, 9, 12, 6, 11, 8, 10, 12, 3, 9, 10]
CARDS = [12, 12, 12, 12, 12, 12, 9, 12, 12, 6, 12, 11]

tenths = st.lists(st.integers(0, 10).map(lambda k: k / 10), min_size=1, max_size=60)
floats = st.lists(st.floats(0, 1), min_size=1, max_size=40)
grades = st.lists(st.integers(0, 2), max_size=12)


def near(value: float) -> object:
    return pytest.approx(value, rel=0, abs=1e-9)


class TestTheWealth:
    def test_one_perfect_score_at_a_half_wins_half_the_stake(self) -> None:
        assert exp(log_wealth([1], 0.5)) == near(1.5)

    def test_two_perfect_scores_at_a_half(self) -> None:
        assert exp(log_wealth([1, 1], 0.5)) == near(2.333251953125)

    def test_nobody_wins_nothing(self) -> None:
        assert log_wealth([], 0.3) == 0.0

    def test_scores_at_the_bar_win_nothing(self) -> None:
        assert log_wealth([0.75] * 9, 0.75) == 0.0

    def test_twenty_recorded_scores(self) -> None:
        assert log_wealth(B20, 0.75) == near(1.6552999407943962)

    def test_sixty_recorded_scores(self) -> None:
        assert log_wealth(np.tile(B20, 3), 0.75) == near(5.948339551225638)

    def test_the_last_of_the_run_is_the_whole(self) -> None:
        run = log_wealth_lower(B20, 0.75)
        assert [run[4], run[-1]] == [near(log_wealth(B20[:5], 0.75)), near(log_wealth(B20, 0.75))]

    def test_many_studies_at_once_are_each_alone(self) -> None:
        many = np.stack([B20, B20[::-1]])
        assert log_wealth_lower(many, 0.7)[1] == near(log_wealth_lower(B20[::-1], 0.7))

    def test_a_very_long_run_does_not_overflow(self) -> None:
        assert np.isfinite(log_wealth_lower(np.ones(20_000), 0.01)).all()

    @given(tenths, st.randoms(use_true_random=False))
    def test_order_does_not_matter(self, scores: list[float], random: object) -> None:
        shuffled = scores.copy()
        random.shuffle(shuffled)  # type: ignore[attr-defined]
        assert log_wealth(shuffled, 0.75) == near(log_wealth(scores, 0.75))

    @given(floats, st.floats(0.05, 0.95))
    def test_the_two_bets_are_mirror_images(self, scores: list[float], bar: float) -> None:
        mirrored = log_wealth_lower([1 - x for x in scores], 1 - bar)
        assert log_wealth_upper(scores, bar) == near(mirrored)

    @given(floats, st.floats(0.05, 0.95), st.floats(0.01, 0.3))
    def test_a_bar_is_never_passed_and_failed_at_once(
        self, scores: list[float], bar: float, alpha: float
    ) -> None:
        passed = log_wealth_lower(scores, bar) >= -log(alpha)
        assert not np.any(passed & (log_wealth_upper(scores, bar) >= -log(alpha)))

    @pytest.mark.parametrize("bar", [0.0, 1.0, -1.0, 1.2, float("nan")])
    def test_a_bar_at_the_edge_is_refused(self, bar: float) -> None:
        with pytest.raises(ValueError, match="strictly between 0 and 1"):
            log_wealth([0.5], bar)

    @pytest.mark.parametrize("score", [-0.1, -2e-9, 1 + 2e-9, 1.1, float("nan"), inf])
    def test_a_score_outside_the_unit_is_refused(self, score: float) -> None:
        with pytest.raises(ValueError, match="between 0 and 1"):
            log_wealth([0.5, score], 0.5)

    @pytest.mark.parametrize(("score", "edge"), [(-5e-17, 0.0), (1 + 2.3e-16, 1.0), (1 + 9e-10, 1)])
    def test_a_score_that_rounding_carried_outside_counts_as_the_edge(
        self, score: float, edge: float
    ) -> None:
        assert clip_rounding([score, 0.3]).tolist() == [edge, 0.3]
        assert betting_estimate([0.4, score], 0.05) == betting_estimate([0.4, edge], 0.05)

    def test_clipping_leaves_what_is_unknown_or_far_outside_as_it_is(self) -> None:
        found = clip_rounding([float("nan"), 1.5, -0.2])
        assert np.array_equal(found, [float("nan"), 1.5, -0.2], equal_nan=True)


class TestTheBounds:
    def test_twenty_recorded_scores(self) -> None:
        assert lower_bound(B20, 0.05) == pytest.approx(0.6867297853, abs=1e-10)
        assert upper_bound(B20, 0.05) == pytest.approx(0.9337361248, abs=1e-10)

    def test_sixty_recorded_scores(self) -> None:
        sixty = np.tile(B20, 3)
        assert lower_bound(sixty, 0.05) == pytest.approx(0.7956081235, abs=1e-10)
        assert upper_bound(sixty, 0.05) == pytest.approx(0.9101342776, abs=1e-10)

    def test_one_perfect_score_by_hand(self) -> None:
        """W(m) = (1 + 1/m) / 2 reaches 20 at m = 1/39."""
        assert lower_bound([1], 0.05) == near(1 / 39)

    def test_nothing_liked_has_no_lower_bound_but_zero(self) -> None:
        assert (lower_bound([0, 0, 0], 0.05), upper_bound([1, 1], 0.05)) == (0.0, 1.0)

    @example([0.0, 5e-324], 0.5)  # their mean is 0 in floating point
    @given(floats, st.floats(0.001, 0.5))
    def test_the_mean_lies_between(self, scores: list[float], alpha: float) -> None:
        found = betting_estimate(scores, alpha)
        assert found.low is not None
        assert found.high is not None
        assert found.value is not None
        assert found.low - 1e-12 <= found.value <= found.high + 1e-12

    @given(tenths, st.floats(0.001, 0.5))
    def test_the_upper_bound_is_the_lower_one_mirrored(
        self, scores: list[float], alpha: float
    ) -> None:
        mirrored = 1 - lower_bound(1 - np.array(scores), alpha)
        assert upper_bound(scores, alpha) == near(mirrored)

    @given(tenths.filter(any), st.floats(0.001, 0.5))
    def test_the_wealth_at_the_bound_is_one_over_alpha(
        self, scores: list[float], alpha: float
    ) -> None:
        assert log_wealth(scores, lower_bound(scores, alpha)) == near(-log(alpha))

    @given(tenths, st.sampled_from([0.05, 0.05 / 3]))
    def test_whole_percents_are_the_bounds_rounded_outward(
        self, scores: list[float], alpha: float
    ) -> None:
        ends = [1, len(scores)] if len(scores) > 1 else [1]
        for end, low, high in zip(
            ends,
            ScoreCounts.from_scores(scores, ends).lower_percents(alpha),
            ScoreCounts.from_scores(scores, ends).upper_percents(alpha),
            strict=True,
        ):
            exact = (lower_bound(scores[:end], alpha), upper_bound(scores[:end], alpha))
            assert low <= exact[0] * 100 + 1e-9 < low + 1 + 2e-9
            assert high - 1 - 2e-9 < exact[1] * 100 - 1e-9 <= high

    def test_scores_as_good_as_nothing_have_a_bound_as_good_as_zero(self) -> None:
        """One person of ten thousand liked anything: the bound is too deep for a float."""
        scores = np.zeros(10_000_000)
        scores[0] = 1.0
        assert 0 <= lower_bound(scores, 1e-300) < 1e-200

    @given(tenths, st.floats(0.05, 0.95))
    def test_counted_scores_have_the_wealth_of_the_run(
        self, scores: list[float], bar: float
    ) -> None:
        ends = list(range(1, len(scores) + 1))
        counted = ScoreCounts.from_scores(scores, ends)
        assert counted.log_wealth(bar) == near(log_wealth_lower(scores, bar))
        assert counted.mirrored.log_wealth(1 - bar) == near(log_wealth_upper(scores, bar))

    def test_a_bound_is_never_shown_as_certainty(self) -> None:
        assert ScoreCounts.from_scores(np.ones(2000), [2000]).lower_percents(0.05).tolist() == [99]
        assert ScoreCounts.from_scores(np.zeros(2000), [2000]).upper_percents(0.05).tolist() == [1]

    @given(tenths)
    def test_a_bar_is_passed_on_the_page_when_it_is_passed_in_the_test(
        self, scores: list[float]
    ) -> None:
        shown = ScoreCounts.from_scores(scores, [len(scores)]).lower_percents(0.05)[0] >= 75
        assert shown == (log_wealth(scores, 0.75) >= log(20))

    @pytest.mark.parametrize(("bar", "people"), [(0.65, 11), (0.75, 16), (0.80, 20), (0.85, 28)])
    def test_the_smallest_panel_that_can_release(self, bar: float, people: int) -> None:
        assert smallest_panel(bar, 0.05) == people


class TestAnEstimate:
    def test_nobody_is_unknown_with_a_reason_and_no_number(self) -> None:
        assert betting_estimate([], 0.05) == Estimate.unknown("nobody has played")
        assert Estimate.unknown("why").published().value is None

    def test_the_upper_bound_pays_for_the_number_of_criteria(self) -> None:
        assert betting_estimate(B20, 0.05, 3).high == near(upper_bound(B20, 0.05 / 3))

    def test_it_is_published_in_whole_percents_rounded_outward(self) -> None:
        plain = Estimate(0.8149, 0.7099, 0.8801, 35, "betting").published()
        assert (plain.value, plain.low, plain.high) == (0.81, 0.70, 0.89)

    def test_a_bound_at_a_whole_percent_stays_there(self) -> None:
        plain = Estimate(0.57, 0.29, 0.58, 35, "betting").published()
        assert (plain.low, plain.high) == (0.29, 0.58)


class TestTheClusteredRatio:
    def test_recorded_figures(self) -> None:
        found = clustered_proportion(HITS, CARDS)
        assert found is not None
        assert found.value == near(0.835820895522)
        assert found.error == near(0.046692987967)
        assert found.icc == near(0.115986291661)
        assert found.design_effect == near(2.176230045964)

    def test_its_interval_is_students(self) -> None:
        found = clustered_proportion(HITS, CARDS)
        assert found is not None
        low, high = found.interval(0.05)
        assert high - found.value == near(2.200985160082949 * found.error)  # t(.975, 11)
        assert low == near(2 * found.value - high)

    def test_an_interval_ends_within_the_unit(self) -> None:
        found = clustered_proportion([0, 2], [2, 2])
        assert found is not None
        assert found.interval(0.05) == (0.0, 1.0)

    @pytest.mark.parametrize(("hits", "cards"), [([], []), ([3], [4]), ([3, 0], [4, 0])])
    def test_one_person_is_not_enough(self, hits: list[int], cards: list[int]) -> None:
        assert clustered_proportion(hits, cards) is None

    def test_people_who_all_agree_have_no_spread(self) -> None:
        found = clustered_proportion([4, 4], [4, 4])
        assert found is not None
        assert (found.error, found.icc) == (0.0, 0.0)


def counts(grades: list[int]) -> Floats:
    """How many cards have each grade, as the AUC takes them."""
    return np.bincount(grades, minlength=3)[:, None].astype(np.float64)


def auc(picks: list[int], decoys: list[int]) -> float:
    return float(graded_auc(counts(picks), counts(decoys))[0])


class TestTheAuc:
    def test_recorded_deck(self) -> None:
        assert auc([2, 1, 1, 0, 2, 1], [0, 1, 0]) == near(0.8055555556)

    def test_without_a_decoy_it_is_exactly_a_half_and_without_a_pick_unknown(self) -> None:
        assert auc([1], []) == 0.5
        assert np.isnan(auc([], [1]))

    @given(grades, grades)
    def test_it_is_what_comparing_each_pair_says(self, picks: list[int], decoys: list[int]) -> None:
        if picks:
            assert auc(picks, decoys) == near(reference_measures.graded_auc(picks, decoys))

    @given(grades.filter(bool), grades.filter(bool))
    def test_turned_round_it_is_the_rest_to_one(self, a: list[int], b: list[int]) -> None:
        assert auc(a, b) + auc(b, a) == near(1.0)

    @given(grades.filter(bool), grades.filter(bool))
    def test_binary_it_is_half_of_one_plus_hits_less_false_alarms(
        self, picks: list[int], decoys: list[int]
    ) -> None:
        picks, decoys = [min(p, 1) for p in picks], [min(d, 1) for d in decoys]
        expected = (1 + np.mean(picks) - np.mean(decoys)) / 2
        assert auc(picks, decoys) == near(float(expected))


class TestWhenAStudyIsDecided:
    ALPHA = 0.05

    def test_all_must_pass_and_one_that_fails_is_enough(self) -> None:
        enough, more = log(1 / self.ALPHA), log(2 / self.ALPHA)
        lower = np.array([[enough, enough], [enough, enough - 1e-9], [enough, enough]])
        upper = np.array([[0.0, 0.0], [0.0, more], [0.0, more - 1e-9]])
        released, held = study_outcomes(lower, upper, self.ALPHA)
        assert released.tolist() == [True, False, True]
        assert held.tolist() == [False, True, False]

    def test_fail_beats_pass(self) -> None:
        certain = np.full((1, 2), 100.0)
        released, held = study_outcomes(certain, certain, self.ALPHA)
        assert (released.tolist(), held.tolist()) == ([False], [True])


class TestTheStandardisedDifference:
    def test_by_hand(self) -> None:
        assert standardized_difference([1, 3], [0, 2]) == near(1 / 2**0.5)

    def test_under_two_of_each_it_is_unknown(self) -> None:
        assert standardized_difference([1], [1, 2]) is None

    def test_equal_constants_do_not_differ_and_others_differ_without_measure(self) -> None:
        assert standardized_difference([2, 2], [2, 2]) == 0.0
        assert standardized_difference([3, 3], [2, 2]) == inf


class TestTheForecast:
    BARS = (0.75, 0.65, 0.5)

    def scores(self, people: int, level: float = 0.85) -> np.ndarray:
        rng = np.random.default_rng(3)
        return rng.binomial(10, level, (3, people)) / 10

    def test_under_twenty_players_it_is_too_early(self) -> None:
        found = forecast(self.scores(19), self.BARS, 0.05, 5, seed=1)
        assert (found.low, found.high, found.reason) == (None, None, TOO_SOON)

    def test_it_is_a_range_of_whole_batches_and_the_same_for_the_same_seed(self) -> None:
        found = forecast(self.scores(20), self.BARS, 0.05, 5, seed=1)
        assert found.low is not None
        assert found.high is not None
        assert found.low <= found.high
        assert found.low % 5 == found.high % 5 == 0
        assert found == forecast(self.scores(20), self.BARS, 0.05, 5, seed=1)

    def test_a_better_model_is_decided_sooner(self) -> None:
        far, close = (
            forecast(self.scores(20, level), self.BARS, 0.05, 5, seed=1) for level in (0.88, 0.82)
        )
        assert far.low is not None
        assert close.low is not None
        assert far.low < close.low

    @pytest.mark.parametrize("level", [0.3, 0.99])
    def test_what_is_decided_needs_nobody_more(self, level: float) -> None:
        found = forecast(self.scores(25, level), self.BARS, 0.05, 5, seed=1)
        assert (found.low, found.reason) == (None, DECIDED)

    def test_many_people_close_to_a_bar_need_hundreds_more(self) -> None:
        scores = np.tile([[0.6, 0.7, 0.8, 0.94]], 150)  # 600 people with a mean of .76
        found = forecast(scores, (0.75,), 0.05, 5, seed=1)
        assert found.low is not None
        assert 200 <= found.low <= 800

    def test_scores_at_the_bar_have_no_end_in_sight(self) -> None:
        found = forecast(np.full((3, 30), 0.75), (0.75, 0.7499, 0.7499), 0.05, 5, seed=1)
        assert found.beyond
        assert found.low is None

    def test_a_late_tail_is_said_to_be_open(self) -> None:
        """Twenty-four people exactly at the bar: half the futures drift off soon, half do not."""
        scores = np.tile([0.6, 0.7, 0.8, 0.9], (3, 6))
        found = forecast(scores, (0.75, 0.7, 0.7), 0.05, 5, seed=1)
        assert found.low is not None
        assert found.low <= HORIZON
        assert found.high is None

    def test_the_reason_is_the_horizon(self) -> None:
        assert forecast(np.full((1, 20), 0.5), (0.5,), 0.05, 5, seed=0).reason == BEYOND
