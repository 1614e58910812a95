"""Two model versions in one deck: each brand once, the difference within a person."""

import tomllib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from recsys.errors import BadPolicyError, NotEnoughBrandsError
from recsys.report.card_measures import NEEDS_DECOYS
from recsys.report.evaluate import build_report
from recsys.report.gate import Outcome, Verdict, decide
from recsys.report.report_data import Report
from recsys.study.deck import CardRole, DeckRecipe, RankedProposals, Source
from recsys.study.decoys import BrandPool
from recsys.study.paired_deck import deal_paired_deck
from recsys.study.policy import Policy, Study
from recsys.study.power import PowerAssumptions, simulate_scenario
from recsys.study.scoring import score_deck
from recsys.study.swipes import CompletedDeck
from tests.statistical.simulated_studies import ever
from tests.support.closed_decks import POLICY, STUDY, F, N, card, closed, deck_of, panel
from tests.support.paths import ROOT

RULE = Policy.from_dict(
    tomllib.loads((ROOT / "data" / "champion-and-challenger.toml").read_text("utf-8"))
)
DUEL = Study("duel", STUDY.kind, RULE, "model-1", "popularity", 7, challenger="model-2")
RECIPE = DeckRecipe(baseline=0, scored=0, near=0)
NAMES = [f"b{i}" for i in range(40)]
SHELF = BrandPool(
    names=np.array(NAMES, dtype=object),
    codes={name: i for i, name in enumerate(NAMES)},
    category=np.zeros(40, np.int32),
    category_names=np.array(["toys"], dtype=object),
    tier=np.zeros(40, np.int64),
    buyers=np.arange(40, 0, -1),
    allowed=np.ones(40, bool),
)


def lists(picks: Sequence[str], revealed: Sequence[str] = ()) -> RankedProposals:
    return RankedProposals(picks, (), {"b3"}, revealed)


class TestDealing:
    def test_both_lists_are_whole_and_shared_brands_come_once(self) -> None:
        cards = deal_paired_deck(lists(NAMES[:30]), NAMES[6:20], SHELF, RECIPE, seed=1)
        assert sorted(c.brand for c in cards) == sorted(NAMES[:16])
        assert [c.position for c in cards] == list(range(1, 17))
        arms = {c.brand: c.sources for c in cards}
        assert arms["b0"] == {Source.PICK}
        assert arms["b7"] == {Source.PICK, Source.CHALLENGER}
        assert arms["b12"] == {Source.CHALLENGER}
        assert {c.brand for c in cards if c.known} == {"b3"}

    def test_what_was_revealed_to_her_is_on_neither_list(self) -> None:
        seen = lists(NAMES[:30], revealed=("b1", "b12"))
        cards = deal_paired_deck(seen, NAMES[6:20], SHELF, RECIPE, seed=1)
        assert not {"b1", "b12"} & {c.brand for c in cards}
        assert sum(Source.PICK in c.sources for c in cards) == 10
        assert sum(Source.CHALLENGER in c.sources for c in cards) == 10

    def test_the_same_seed_deals_the_same_and_another_shuffles(self) -> None:
        one, same, other = (
            deal_paired_deck(lists(NAMES[:10]), NAMES[5:15], SHELF, RECIPE, seed)
            for seed in (1, 1, 2)
        )
        assert one == same
        assert [c.brand for c in one] != [c.brand for c in other]

    def test_two_equal_lists_are_one(self) -> None:
        cards = deal_paired_deck(lists(NAMES[:10]), NAMES[:10], SHELF, RECIPE, seed=1)
        assert len(cards) == 10
        assert all(c.role is CardRole.PICK for c in cards)

    def test_a_list_that_is_too_short_is_refused(self) -> None:
        with pytest.raises(NotEnoughBrandsError, match="10 picks of each version"):
            deal_paired_deck(lists(NAMES[:10]), NAMES[:7], SHELF, RECIPE, seed=1)


def played(rng: np.random.Generator, who: int, ours: float, theirs: float) -> CompletedDeck:
    """Five brands of the champion's own, five of the challenger's, five shared."""
    arms = [{Source.PICK}] * 5 + [{Source.CHALLENGER}] * 5 + [{Source.PICK, Source.CHALLENGER}] * 5
    chance = [ours] * 5 + [theirs] * 5 + [0.8] * 5
    cards = [
        card(
            i,
            CardRole.CHALLENGER_ONLY if a == {Source.CHALLENGER} else CardRole.PICK,
            sources=frozenset(a),
        )
        for i, a in enumerate(arms, start=1)
    ]
    said = {i: F if rng.random() < c else N for i, c in enumerate(chance, start=1)}
    deck = deck_of(cards, f"p{who}", study=DUEL.hash)
    return closed(replace(deck, id=f"d{who}"), said, who)


def judged(people: int, ours: float, theirs: float) -> tuple[Report, Verdict]:
    rng = np.random.default_rng(1)
    report = build_report(DUEL, [played(rng, who, ours, theirs) for who in range(people)])
    return report, decide(report, RULE)


class TestTheVerdict:
    def test_a_better_challenger_is_proven_ahead(self) -> None:
        report, verdict = judged(60, 0.4, 0.9)
        assert verdict.outcome is Outcome.RELEASE
        difference = 2 * (report.criteria[0].estimate.value or 0) - 1
        assert difference == pytest.approx(0.25, abs=0.06)  # half of each list is its own

    def test_a_better_champion_stays(self) -> None:
        _, verdict = judged(60, 0.9, 0.4)
        assert verdict.outcome is Outcome.HOLD

    def test_two_equals_are_not_told_apart(self) -> None:
        report, verdict = judged(60, 0.7, 0.7)
        assert verdict.outcome is Outcome.UNDECIDED
        assert report.criteria[0].estimate.n == 60

    def test_each_side_has_a_fortieth(self) -> None:
        report, _ = judged(60, 0.7, 0.7)
        assert report.alpha / len(report.criteria) == report.alpha == 0.025

    def test_early_and_late_show_the_difference_and_no_decoy_is_made_up(self) -> None:
        report, _ = judged(60, 0.4, 0.9)
        middle = (report.early.value or 0) / 2 + (report.late.value or 0) / 2
        assert middle == pytest.approx(report.criteria[0].estimate.value, abs=0.01)
        unknown = {name for name, found in report.secondary_metrics.items() if found.value is None}
        assert unknown >= NEEDS_DECOYS == {
            "binary_auc", "auc_of_all_picks", "decoy_rejection", "rival_discrimination",
            "new_discrimination", "new_rival_discrimination",
        }  # fmt: skip
        assert report.secondary_metrics["binary_auc"].reason == "the deck has no scored decoys"

    def test_both_whole_lists_stand_in_the_table_of_arms(self) -> None:
        report, _ = judged(60, 0.4, 0.9)
        liked = {row.label: row.liked for row in report.arms}
        assert set(liked) == {"pick", "challenger"}
        assert liked["challenger"] == pytest.approx(0.85, abs=0.05)
        assert liked["pick"] == pytest.approx(0.6, abs=0.05)

    def test_the_score_of_who_is_forgotten_still_counts(self) -> None:
        rng = np.random.default_rng(1)
        decks = [played(rng, who, 0.4, 0.9) for who in range(60)]
        whole = build_report(DUEL, decks)
        gone = [score_deck(deck) if i < 5 else deck for i, deck in enumerate(decks)]
        assert build_report(DUEL, gone).criteria[0].run == whole.criteria[0].run

    def test_equals_are_told_apart_in_one_study_of_twenty_at_most(self) -> None:
        """Looked at after every person of 1,000 studies, both sides together."""
        rng = np.random.default_rng(4)
        liked = rng.binomial(10, 0.8, (2, 1000, 200)) / 10
        scores = (1 + liked[0] - liked[1]) / 2
        ahead, behind = (ever(scores, 1 / 0.025, bar=0.5, upper=side) for side in (False, True))
        assert 0 < ahead + behind <= 0.05


class TestTheStudy:
    def test_the_challenger_is_locked_into_the_hash(self) -> None:
        assert replace(DUEL, challenger="model-3").hash != DUEL.hash
        assert Study.from_dict(DUEL.to_dict()) == DUEL

    def test_a_study_of_one_version_says_nothing_of_a_second(self) -> None:
        assert "challenger" not in STUDY.to_dict()

    @pytest.mark.parametrize(
        "changed",
        [
            {"deck": {"picks": 10, "baseline": 0, "scored": 4, "near": 0, "block": 4}},
            {"criteria": RULE.to_dict()["criteria"] | POLICY.to_dict()["criteria"]},
        ],
    )
    def test_a_duel_stands_alone(self, changed: dict[str, object]) -> None:
        with pytest.raises(BadPolicyError, match="stands alone"):
            Policy.from_dict(RULE.to_dict() | changed)

    def test_a_deck_of_one_version_is_level(self) -> None:
        report = build_report(DUEL, panel(20, 1))
        assert report.criteria[0].estimate.value == 0.5


class TestThePlan:
    def test_a_shared_brand_makes_a_difference_smaller_and_surer(self) -> None:
        apart = simulate_scenario(
            RULE, PowerAssumptions(0.8, 0.85, 0.0, shared=(1.0,)), RULE.alpha, seed=1
        )
        level = simulate_scenario(
            RULE, PowerAssumptions(0.8, 0.8, 0.0, shared=(1.0,)), RULE.alpha, seed=1
        )
        assert apart.released > 0.9
        assert apart.median is not None
        assert 40 <= apart.median <= 160  # STATISTICS: 78 of two lists that share nothing
        assert level.released + level.held <= 0.05
