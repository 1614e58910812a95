"""A report is made of published batches, and shows nobody."""

import json
from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.report.batches import apply_exclusions
from recsys.report.evaluate import build_report
from recsys.report.report_data import Report
from recsys.study.deck import CardRole, HistoryDepth, Origin
from recsys.study.exclusions import (
    ExclusionReason,
    ResponseTimes,
    complete_blocks,
    exclusion_reason,
    is_complete,
    is_too_fast,
)
from recsys.study.policy import StudyKind, TooFast
from recsys.study.scoring import DeckScore, score_deck
from recsys.study.swipes import CompletedDeck
from tests.support.betting_oracle import log_wealth
from tests.support.closed_decks import (
    POLICY,
    STUDY,
    D,
    F,
    N,
    S,
    card,
    closed,
    deck_of,
    panel,
    player,
    small,
)
from tests.support.reference_measures import (
    answered_cards,
    auc_of_all_picks,
    binary_auc,
    decoy_rejection,
    new_discrimination,
    new_hit_rate,
    rival_discrimination,
    rival_weights,
    weighted_share,
)

LIVE = replace(STUDY, kind=StudyKind.LIVE)
RULE = TooFast()


def published(report: Report) -> str:
    return json.dumps(report.to_dict(), allow_nan=False, sort_keys=True)


class TestTheScoreOfADeck:
    def test_recorded_deck(self) -> None:
        played = closed(*small([2, 1, 1, 0, 2, 1], [0, 1, 0], [1, 0]))
        found = score_deck(played)
        assert found.precision == pytest.approx(0.8333333333, abs=1e-9)
        assert found.discrimination == pytest.approx(0.8055555556, abs=1e-9)
        assert found.lift == pytest.approx(0.6666666667, abs=1e-9)
        assert decoy_rejection(answered_cards(played)) == pytest.approx(0.6666666667, abs=1e-9)

    @pytest.mark.parametrize("grade", [0, 1, 2])
    def test_who_says_the_same_of_all_tells_nothing_apart(self, grade: int) -> None:
        found = score_deck(closed(*small([grade] * 4, [grade] * 2, [grade] * 2)))
        assert found == DeckScore(float(grade > 0), 0.5, 0.5)

    def test_only_dont_know_is_no_favourite_and_leaves_no_decoy(self) -> None:
        deck, answers = small([1, 1], [1], [1])
        found = score_deck(closed(deck, dict.fromkeys(answers, D)))
        assert found == DeckScore(0.0, 0.5, 0.5)

    def test_a_decoy_she_does_not_know_is_taken_out(self) -> None:
        deck, answers = small([1, 1], [0, 1], [])
        assert score_deck(closed(deck, answers)).discrimination == 0.75
        assert score_deck(closed(deck, {**answers, 4: D})).discrimination == 1.0

    def test_without_decoys_or_baseline_cards_both_scores_are_exactly_a_half(self) -> None:
        assert score_deck(closed(*small([1, 2, 0], [], []))) == DeckScore(2 / 3, 0.5, 0.5)

    def test_identical_lists_have_no_lift(self) -> None:
        cards = [card(i, CardRole.PICK, shared=True) for i in range(1, 5)]
        assert score_deck(closed(deck_of(cards), {1: F, 2: F, 3: N, 4: S})).lift == 0.5

    def test_a_pick_that_the_rival_names_too_is_no_part_of_the_lift(self) -> None:
        cards = [
            card(1, CardRole.PICK, shared=True),
            card(2, CardRole.PICK),
            card(3, CardRole.BASELINE_ONLY),
        ]
        assert score_deck(closed(deck_of(cards), {1: N, 2: F, 3: N})).lift == 1.0

    def test_only_paired_picks_are_told_apart_from_decoys(self) -> None:
        cards = [
            card(1, CardRole.PICK, partner=3),
            card(2, CardRole.PICK),
            card(3, CardRole.MATCHED_DECOY, partner=1),
        ]
        played = closed(deck_of(cards), {1: F, 2: N, 3: N})
        assert score_deck(played).discrimination == 1.0
        assert auc_of_all_picks(answered_cards(played)) == 0.75

    def test_near_and_spare_decoys_are_never_scored(self) -> None:
        cards = [
            card(1, CardRole.PICK, partner=2),
            card(2, CardRole.MATCHED_DECOY, partner=1),
            card(3, CardRole.FAMILIAR_DECOY),
            card(4, CardRole.FILLER),
        ]
        liked = score_deck(closed(deck_of(cards), {1: F, 2: N, 3: S, 4: S}))
        assert liked == score_deck(closed(deck_of(cards), {1: F, 2: N, 3: N, 4: N}))

    def test_a_card_without_an_answer_is_not_counted(self) -> None:
        deck, answers = small([1, 0], [0], [0])
        del answers[2]
        assert score_deck(closed(deck, answers)).precision == 1.0

    @given(
        st.lists(st.integers(0, 2), min_size=1, max_size=8),
        st.lists(st.integers(0, 2), min_size=1, max_size=5),
    )
    def test_binary_auc_is_half_of_one_plus_hit_rate_less_false_alarms(
        self, picks: list[int], decoys: list[int]
    ) -> None:
        played = closed(*small(picks, decoys, []))
        rejection = decoy_rejection(answered_cards(played))
        assert rejection is not None
        expected = (1 + score_deck(played).precision - (1 - rejection)) / 2
        assert binary_auc(answered_cards(played)) == pytest.approx(expected, abs=1e-9)

    @given(st.integers(0, 2**32))
    def test_every_score_lies_in_the_unit(self, seed: int) -> None:
        found = score_deck(player(np.random.default_rng(seed), "p"))
        assert all(0 <= getattr(found, f.name) <= 1 for f in fields(found))


class TestWhatTheRivalWouldHaveScored:
    def test_a_dealt_card_stands_for_its_part_of_the_list(self) -> None:
        """Of the rival's ten, four are shared; three of its other six are dealt."""
        cards = [card(i, CardRole.PICK, shared=i <= 4) for i in range(1, 11)]
        cards += [card(i, CardRole.BASELINE_ONLY) for i in range(11, 14)]
        weights = rival_weights(cards)
        assert sum(weights.values()) == 10
        assert weights[1] == 1
        assert weights[11] == 2

    def test_its_hit_rate_weighs_shared_and_own(self) -> None:
        cards = [
            card(1, CardRole.PICK, shared=True),
            card(2, CardRole.PICK),
            card(3, CardRole.PICK),
        ]
        cards.append(card(4, CardRole.BASELINE_ONLY))
        answers = answered_cards(closed(deck_of(cards), {1: F, 2: F, 3: F, 4: N}))
        found = weighted_share(answers, rival_weights(cards), lambda a: a.liked)
        assert found == pytest.approx(1 / 3)

    def test_its_cards_meet_the_same_decoys(self) -> None:
        cards = [card(1, CardRole.PICK, shared=True), card(2, CardRole.MATCHED_DECOY, partner=1)]
        answers = answered_cards(closed(deck_of(cards), {1: F, 2: N}))
        assert rival_discrimination(answers, rival_weights(cards)) == 1.0

    def test_without_a_rival_nothing_is_known(self) -> None:
        played = closed(*small([1, 0], [0], []))
        weights = rival_weights(played.deck.cards)
        assert weights == {}
        assert weighted_share(answered_cards(played), weights, lambda a: a.liked) is None
        assert rival_discrimination(answered_cards(played), weights) is None

    def test_picks_new_to_her_are_those_she_neither_viewed_nor_bought(self) -> None:
        cards = [
            card(1, CardRole.PICK, partner=3, known=True),
            card(2, CardRole.PICK, partner=3),
            card(3, CardRole.MATCHED_DECOY, partner=2),
        ]
        answers = answered_cards(closed(deck_of(cards), {1: F, 2: N, 3: N}))
        assert (new_hit_rate(answers), new_discrimination(answers)) == (0.0, 0.5)
        assert new_discrimination(answers[:1]) is None
        assert decoy_rejection(answers[:1]) is None


class TestWhoCounts:
    def test_a_live_study_counts_people_who_are_known_well_enough(self) -> None:
        deck = deck_of([], origin=Origin.OWN)
        assert excluded_of(deck, StudyKind.LIVE) is ExclusionReason.TOO_FEW
        assert (
            excluded_of(replace(deck, evidence=HistoryDepth.THIN), StudyKind.LIVE)
            is ExclusionReason.THIN_HISTORY
        )

    @pytest.mark.parametrize("origin", [o for o in Origin if o is not Origin.OWN])
    def test_no_other_origin_enters_a_live_study(self, origin: Origin) -> None:
        assert excluded_of(deck_of([], origin=origin), StudyKind.LIVE) is ExclusionReason.ORIGIN

    @pytest.mark.parametrize("kind", [StudyKind.SIMULATED, StudyKind.PLAYGROUND])
    def test_nobody_real_enters_a_simulated_study(self, kind: StudyKind) -> None:
        assert excluded_of(deck_of([], origin=Origin.OWN), kind) is ExclusionReason.ORIGIN
        assert excluded_of(deck_of([], evidence=HistoryDepth.THIN), kind) is ExclusionReason.TOO_FEW

    def test_two_whole_blocks_count_and_seven_cards_do_not(self) -> None:
        whole = player(np.random.default_rng(1), "p")
        eight = replace(whole, answers={p: a for p, a in whole.answers.items() if p <= 8})
        seven = replace(whole, answers={p: a for p, a in whole.answers.items() if p <= 7})
        assert exclusion_reason(ResponseTimes.from_deck(eight), StudyKind.SIMULATED, POLICY) is None
        assert (
            exclusion_reason(ResponseTimes.from_deck(seven), StudyKind.SIMULATED, POLICY)
            is ExclusionReason.TOO_FEW
        )
        assert (
            is_complete(ResponseTimes.from_deck(whole)),
            is_complete(ResponseTimes.from_deck(eight)),
        ) == (True, False)

    def test_whole_blocks_may_stand_anywhere(self) -> None:
        assert complete_blocks(20, frozenset({5, 6, 7, 8, 17, 18, 19, 20, 1, 2, 3}), 4) == 2
        assert complete_blocks(6, frozenset({5, 6}), 4) == 1

    def test_blocks_without_a_pick_have_no_hit_rate_and_do_not_count(self) -> None:
        whole = player(np.random.default_rng(1), "p")
        late = replace(whole, answers={p: a for p, a in whole.answers.items() if p > 12})
        assert (
            exclusion_reason(ResponseTimes.from_deck(late), StudyKind.SIMULATED, POLICY)
            is ExclusionReason.TOO_FEW
        )

    @pytest.mark.parametrize(
        ("times", "left_out"),
        [
            ([500] * 10, False),
            ([499] * 10, True),
            ([299] * 5 + [2000] * 5, False),
            ([299] * 6 + [2000] * 4, True),
            ([], False),
        ],
    )
    def test_times_alone_tell_who_did_not_read(self, times: Sequence[int], left_out: bool) -> None:
        assert is_too_fast(times, RULE) is left_out

    def test_what_was_answered_changes_nothing_about_who_is_left_out(self) -> None:
        quick = player(np.random.default_rng(1), "p")
        quick = replace(quick, shown_ms=dict.fromkeys(quick.answers, 200))
        for answer in (N, F, S, D):
            same = replace(quick, answers=dict.fromkeys(quick.answers, answer))
            assert (
                exclusion_reason(ResponseTimes.from_deck(same), StudyKind.SIMULATED, POLICY)
                is ExclusionReason.TOO_FAST
            )

    def test_of_one_person_the_first_closed_deck_counts(self) -> None:
        decks = panel(9)
        again = replace(decks[0], closed_at=decks[-1].closed_at)
        report = build_report(STUDY, [*decks, again, *panel_of(1, "late")])
        assert report.players.counted == 10
        assert report.players.closed == 10

    def test_each_deck_has_its_reason_and_one_of_an_earlier_study_is_played_again(self) -> None:
        decks = panel(3)
        before = {decks[1].deck.participant: decks[1].closed_at - 1}
        whys = [row.exclusion for row in apply_exclusions([*decks, decks[0]], STUDY, before)]
        assert whys == [None, ExclusionReason.NOT_FIRST, None, ExclusionReason.NOT_FIRST]

    def test_a_first_deck_left_out_by_time_is_not_played_again(self) -> None:
        decks = panel(5)
        quick = replace(decks[0], shown_ms=dict.fromkeys(decks[0].answers, 100))
        assert build_report(STUDY, [quick, *decks]).players.counted == 0

    def test_a_deck_for_fun_does_not_use_up_the_one_that_counts(self) -> None:
        decks = panel(5)
        fun = replace(decks[0], deck=replace(decks[0].deck, origin=Origin.PRACTICE))
        assert build_report(STUDY, [fun, *decks]).players.counted == 5


def excluded_of(deck: object, kind: StudyKind) -> ExclusionReason | None:
    return exclusion_reason(ResponseTimes.from_deck(closed(deck, {})), kind, POLICY)  # type: ignore[arg-type]


def panel_of(people: int, prefix: str, **chances: float) -> list[CompletedDeck]:
    rng = np.random.default_rng(99)
    return [player(rng, f"{prefix}{i}", 1000 + i, **chances) for i in range(people)]


class TestBatches:
    @pytest.mark.parametrize("people", [0, 1, 2, 4])
    def test_before_the_first_batch_there_is_nothing(self, people: int) -> None:
        report = build_report(STUDY, panel(people))
        assert published(report) == published(build_report(STUDY, []))
        assert report.players.counted == 0

    def test_two_refreshes_within_a_batch_are_equal_bytes(self) -> None:
        decks = panel(25)
        opened = [deck.dealt_at for deck in decks]
        for start in (10, 15, 20):
            texts = {
                published(build_report(STUDY, decks[:n], opened[n:]))
                for n in range(start, start + 5)
            }
            assert len(texts) == 1

    def test_the_next_batch_is_another_report(self) -> None:
        decks = panel(25)
        assert published(build_report(STUDY, decks[:20])) != published(build_report(STUDY, decks))

    def test_a_deck_left_out_shows_only_with_the_next_batch(self) -> None:
        decks = panel(20)
        quick = [replace(d, shown_ms=dict.fromkeys(d.answers, 100)) for d in panel_of(12, "fast")]
        assert published(build_report(STUDY, [*decks, *quick])) == published(
            build_report(STUDY, decks)
        )

    def test_under_ten_people_no_number_is_shown(self) -> None:
        plain = build_report(STUDY, panel(9)).to_dict()
        assert all(c["estimate"]["value"] is None and c["run"] == [] for c in plain["criteria"])
        assert plain["arms"] == plain["brands"] == plain["categories"] == plain["batches"] == []
        assert all(estimate["value"] is None for estimate in plain["beside"].values())
        assert plain["early"]["value"] is plain["cards"] is None

    def test_the_run_starts_at_ten_people_and_ends_at_the_last_batch(self) -> None:
        report = build_report(STUDY, panel(33))
        for criterion in report.criteria:
            assert [point.n for point in criterion.run] == [10, 15, 20, 25, 30]
        assert [batch.n for batch in report.batches] == [10, 15, 20, 25, 30]

    def test_the_run_is_what_the_statistics_say(self) -> None:
        decks = panel(30)
        found = build_report(STUDY, decks).criteria[0]
        scores = [score_deck(deck).precision for deck in decks]
        at = found.run[2]
        assert at.mean == pytest.approx(np.mean(scores[:20]))
        assert at.log_lower == pytest.approx(log_wealth(scores[:20], 0.75), abs=1e-9)
        last = found.run[-1]
        shown = found.estimate.published()
        assert (last.low, last.high) == (shown.low, shown.high)

    def test_batches_of_another_size_start_where_a_cell_is_full(self) -> None:
        study = replace(STUDY, policy=replace(POLICY, batch=7))
        report = build_report(study, panel(30))
        assert [point.n for point in report.criteria[0].run] == [14, 21, 28]


class TestCompletion:
    def test_it_is_finished_over_dealt(self) -> None:
        decks = panel(20)
        for i in (3, 9, 12):
            some = {p: a for p, a in decks[i].answers.items() if p <= 12}
            decks[i] = replace(decks[i], answers=some)
        report = build_report(STUDY, decks)
        assert report.batches[-1].completion == pytest.approx(17 / 20)
        assert report.players.completion == 0.8

    def test_open_decks_count_as_dealt_from_their_time_on(self) -> None:
        decks = panel(20)
        before, after = decks[3].dealt_at, decks[-1].closed_at + 1
        report = build_report(STUDY, decks, [before, before, after])
        assert report.batches[-1].completion == pytest.approx(20 / 22)

    def test_a_deck_that_closes_later_was_dealt_all_the_same(self) -> None:
        decks = panel(20)
        slow = replace(panel_of(1, "slow")[0], dealt_at=decks[0].dealt_at)
        report = build_report(STUDY, [*decks, slow])
        assert report.batches[-1].completion == pytest.approx(20 / 21)
        assert report.players.closed == 20

    def test_decks_for_fun_are_no_part_of_it(self) -> None:
        decks = panel(20)
        fun = [replace(d, deck=replace(d.deck, origin=Origin.PERSONA)) for d in panel_of(5, "f")]
        fun = [replace(d, answers={}, dealt_at=0, closed_at=0) for d in fun]
        assert build_report(STUDY, [*fun, *decks]).batches[-1].completion == 1.0


class TestForgetting:
    def test_a_withdrawn_score_still_counts(self) -> None:
        decks: list[CompletedDeck] = panel(40)
        whole = build_report(STUDY, decks)
        gone = [score_deck(d) if i in (2, 17) else d for i, d in enumerate(decks)]
        report = build_report(STUDY, gone)
        assert report.criteria[1].run == whole.criteria[1].run
        assert report.criteria[0].estimate == whole.criteria[0].estimate
        assert report.players.counted == 40
        assert report.batches[-1].completion == 1.0

    def test_how_many_were_forgotten_is_told_in_whole_cells(self) -> None:
        decks = panel(40)
        gone = [
            build_report(STUDY, [*map(score_deck, decks[:n]), *decks[n:]]).players
            for n in (0, 9, 10, 19)
        ]
        assert [players.withdrawn for players in gone] == [0, 0, 10, 10]

    def test_if_everybody_is_forgotten_the_criteria_remain(self) -> None:
        decks = panel(20)
        report = build_report(STUDY, [score_deck(deck) for deck in decks])
        whole = build_report(STUDY, decks)
        assert report.criteria[0].run == whole.criteria[0].run
        assert report.players.completion is None
        assert report.arms == report.brands == ()
        assert report.criteria[0].once.n == 20


class TestTheTables:
    def test_arms_stand_side_by_side(self) -> None:
        rows = {row.label: row for row in build_report(STUDY, panel(60)).arms}
        assert list(rows) == ["pick", "baseline", "decoy", "near"]
        assert rows["pick"].liked > rows["baseline"].liked > rows["decoy"].liked
        assert rows["pick"].people == 60
        assert 0 < rows["pick"].super_liked < rows["pick"].liked

    def test_dont_know_is_shown_by_arm(self) -> None:
        decks = [
            replace(d, answers={p: D if p > 15 else a for p, a in d.answers.items()})
            for d in panel(10)
        ]
        rows = {row.label: row for row in build_report(STUDY, decks).arms}
        assert rows["decoy"].dont_know == rows["near"].dont_know == 1.0
        assert rows["pick"].dont_know == 0.0

    def test_an_arm_that_was_not_dealt_has_no_row(self) -> None:
        study = replace(STUDY, policy=POLICY)
        decks = [closed(*small([1] * 8, [], []), i) for i in range(10)]
        decks = [replace(d, deck=replace(d.deck, participant=f"p{i}")) for i, d in enumerate(decks)]
        report = build_report(study, decks)
        assert [row.label for row in report.arms] == ["pick"]
        assert report.batches[-1].balance is None
        assert report.secondary_metrics["rival_hit_rate"].value is None

    def test_a_brand_is_shown_from_ten_viewers_on(self) -> None:
        report = build_report(STUDY, panel(40))
        assert report.brands
        assert all(row.people >= 10 for row in report.brands)
        liked = [row.liked for row in report.brands]
        assert liked == sorted(liked, reverse=True)

    def test_a_category_leaves_out_nobody_or_ten(self) -> None:
        decks = [with_categories(d, {"rare"} if i < 3 else set()) for i, d in enumerate(panel(30))]
        shown = build_report(STUDY, decks).categories
        assert all(row.people >= 10 for row in shown)
        assert all(30 - row.people in (0, *range(10, 31)) for row in shown)

    def test_few_people_hidden_hide_a_second_category(self) -> None:
        """Three people saw a rare one: the common one alone would show them by subtraction."""
        decks = [with_categories(d, {"rare"} if i < 3 else set()) for i, d in enumerate(panel(30))]
        assert build_report(STUDY, decks).categories == ()
        usual = [with_categories(d, set()) for d in panel(30)]
        assert [row.label for row in build_report(STUDY, usual).categories] == ["usual"]

    def test_popularity_out_of_balance_is_measured_on_the_pairs(self) -> None:
        decks = [
            replace(d, deck=replace(d.deck, cards=tuple(
                replace(c, popularity=c.popularity * (10 if c.role is CardRole.PICK else 1))
                for c in d.deck.cards
            )))
            for d in panel(20)
        ]  # fmt: skip
        balance = build_report(STUDY, decks).batches[-1].balance
        assert balance is not None
        assert balance > 1

    def test_without_spread_an_imbalance_has_no_number_in_json(self) -> None:
        decks = [
            replace(d, deck=replace(d.deck, cards=tuple(
                replace(c, popularity=10 if c.role is CardRole.PICK else 1)
                for c in d.deck.cards
            )))
            for d in panel(20)
        ]  # fmt: skip
        assert build_report(STUDY, decks).to_dict()["batches"][-1]["balance"] is None

    def test_the_early_half_stands_beside_the_late(self) -> None:
        report = build_report(STUDY, [*panel(20, pick=0.95), *panel_of(20, "late", pick=0.4)])
        assert report.early.value is not None
        assert report.late.value is not None
        assert report.early.value - report.late.value > 0.4
        assert (report.early.n, report.late.n) == (20, 20)

    def test_the_careless_are_shown_beside_once_they_are_ten(self) -> None:
        decks, quick = panel(20), panel_of(10, "fast", pick=0.0)
        quick = [replace(d, shown_ms=dict.fromkeys(d.answers, 100)) for d in quick]
        nine = build_report(STUDY, [*quick[:9], *decks])
        assert nine.excluded[ExclusionReason.TOO_FAST] is None
        assert nine.with_careless.value is None
        ten = build_report(STUDY, [*quick, *decks])
        assert ten.excluded[ExclusionReason.TOO_FAST] == 10
        assert ten.excluded[ExclusionReason.THIN_HISTORY] is None
        assert ten.with_careless.value is not None
        assert ten.criteria[0].estimate.value is not None
        assert ten.with_careless.value < ten.criteria[0].estimate.value

    def test_everybody_in_one_category_is_fine(self) -> None:
        decks = [with_categories(d, set()) for d in panel(12)]
        assert build_report(STUDY, decks).categories[0].people == 10


def with_categories(played: CompletedDeck, rare: set[str]) -> CompletedDeck:
    cards = [
        replace(c, category=next(iter(rare)) if rare and c.position == 1 else "usual")
        for c in played.deck.cards
    ]
    return replace(played, deck=replace(played.deck, cards=tuple(cards)))


class TestExtremePanels:
    @pytest.mark.parametrize("answer", [N, F, S, D])
    def test_everybody_says_the_same_of_everything(self, answer: object) -> None:
        decks = [replace(d, answers=dict.fromkeys(d.answers, answer)) for d in panel(20)]
        report = build_report(STUDY, decks)
        values = [criterion.estimate.value for criterion in report.criteria]
        assert values == [1.0 if answer in (F, S) else 0.0, 0.5, 0.5]
        assert published(report)


class TestThePublishedForm:
    def test_it_is_json_and_says_its_version(self) -> None:
        plain = json.loads(published(build_report(STUDY, panel(40))))
        assert plain["schema_version"] == 3
        assert plain["policy"]["hash"] == POLICY.hash
        assert plain["policy"]["criteria"]["hit_rate"]["bar"] == 0.75

    def test_shares_are_whole_percents_and_wealths_two_digits(self) -> None:
        plain = build_report(STUDY, panel(40)).to_dict()
        point = plain["criteria"][0]["run"][-1]
        assert all(value == round(value, 2) for value in point.values())
        assert set(point) == {"n", "mean", "low", "high", "log10_lower", "log10_upper"}

    def test_no_person_and_no_deck_is_in_it(self) -> None:
        decks = panel(40)
        text = published(build_report(STUDY, decks))
        assert not any(f'"{d.deck.participant}"' in text or d.deck.id in text for d in decks)
