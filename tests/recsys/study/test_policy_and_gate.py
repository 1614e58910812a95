"""The policy is checked before it gates, and the gate says what it found."""

import json
import tomllib
from dataclasses import fields, replace
from typing import Any

import pytest

from recsys.errors import BadPolicyError
from recsys.report.evaluate import build_report, smallest_panel_for_study
from recsys.report.gate import (
    CriterionVerdict,
    Outcome,
    Verdict,
    VerdictFacts,
    VerdictReason,
    decide,
    first_decision,
    make_verdict,
    verdict_to_row,
)
from recsys.report.report_data import Report
from recsys.report.snapshot import StudySnapshot
from recsys.report.study_result import evaluate_study
from recsys.study.policy import Policy, Study, StudyKind
from recsys.study.scoring import score_deck, score_to_row
from tests.support.betting_oracle import log_wealth
from tests.support.closed_decks import POLICY, STUDY, N, closed, panel, small
from tests.support.paths import ROOT

TEXT = (ROOT / "data" / "policy.toml").read_text(encoding="utf-8")


def raw() -> dict[str, Any]:
    return tomllib.loads(TEXT)


def judged(people: int, seed: int = 1, **chances: float) -> Verdict:
    return decide(build_report(STUDY, panel(people, seed, **chances)), POLICY)


class TestThePolicy:
    def test_the_shipped_one_holds_the_default_bars(self) -> None:
        bars = {criterion.name: criterion.bar for criterion in POLICY.criteria}
        assert bars == {"hit_rate": 0.75, "discrimination": 0.65, "lift": 0.5}
        assert all(criterion.because for criterion in POLICY.criteria)

    def test_what_the_shipped_one_writes_down_is_the_default(self) -> None:
        plain = Policy(POLICY.name, POLICY.criteria, POLICY.question)
        assert replace(plain, segments=POLICY.segments) == POLICY

    def test_a_policy_of_before_a_field_came_keeps_its_hash(self) -> None:
        plain = Policy(POLICY.name, POLICY.criteria, POLICY.question)
        assert not {"segments", "releases"} & set(plain.to_dict())
        assert replace(plain, releases=False).hash != plain.hash
        assert Policy.from_dict(plain.to_dict()).hash == plain.hash

    def test_it_comes_back_from_its_own_dict(self) -> None:
        assert Policy.from_dict(POLICY.to_dict()) == POLICY

    def test_every_field_is_written_down_in_the_file(self) -> None:
        assert {field.name for field in fields(Policy)} == set(raw())

    def test_the_hash_hears_every_change(self) -> None:
        assert Policy.from_dict(raw()).hash == POLICY.hash
        assert replace(POLICY, alpha=0.04).hash != POLICY.hash
        assert replace(POLICY, question=replace(POLICY.question, nl="Mooi?")).hash != POLICY.hash

    @pytest.mark.parametrize("bar", [0.0, 1.0, 1.2, -1.0, float("nan")])
    def test_a_bar_outside_the_unit_is_refused(self, bar: float) -> None:
        policy = raw()
        policy["criteria"]["lift"]["bar"] = bar
        with pytest.raises(BadPolicyError, match=r"bar of `lift` is .* between 0 and 1"):
            Policy.from_dict(policy)

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"alhpa": 0.1}, "no field `alhpa` in the policy. Did you mean `alpha`?"),
            ({"zzz": 1}, "There is no field `zzz` in the policy."),
            ({"alpha": "low"}, "`alpha` cannot be 'low': it needs a number."),
            ({"alpha": 0}, "`alpha` is 0.0"),
            ({"alpha": float("nan")}, "`alpha` is nan"),
            ({"batch": 5.5}, "`batch` cannot be 5.5: it needs a whole number."),
            ({"batch": 1}, "`batch` is 1; below 5"),
            ({"cell": 3}, "`cell` is 3; below 10"),
            ({"least_players": 4}, "`least_players` is 4"),
            ({"completion": 80}, "`completion` is 80"),
            ({"balance": 0}, "`balance` is 0"),
            ({"whole_blocks": 0}, "`whole_blocks` is 0"),
            ({"strict": "yes"}, "it needs true or false"),
            ({"name": 3}, "it needs a text in quotes"),
            ({"sensitive": "all"}, "it needs a list of texts"),
            ({"sensitive": [1]}, "it needs a list of texts"),
            ({"segments": ["age"]}, "no segment 'age'. Known: language, device"),
            ({"deck": 20}, "`deck` must be a table, like [deck]"),
            ({"deck": {"picks": 0, "scored": 1}}, "at least one pick"),
            ({"deck": {"block": 0}}, "at least one card"),
            ({"deck": {"pick": 3}}, "no field `pick` in [deck]. Did you mean `picks`?"),
            ({"deck": {"baseline": 0}}, "`lift` needs baseline cards"),
            ({"deck": {"scored": 0}}, "`discrimination` needs scored decoys"),
            ({"deck": {"scored": 11}}, "it must not exceed the number of picks"),
            ({"deck": {"scored": -1}}, "it must not exceed the number of picks"),
            ({"question": {"en": "Yes?"}}, "Give [question] its `nl`."),
            ({"criteria": {}}, "at least one criterion"),
            ({"criteria": [1]}, "[criteria.hit_rate]"),
            ({"criteria": {"lift": 0.5}}, "[criteria.lift]"),
            ({"criteria": {"lift": {"bar": 0.5}}}, "Give [criteria.lift] its `because`."),
            ({"criteria": {"lift": {"bar": 0.5, "because": ""}}}, "Say in `because`"),
            (
                {"criteria": {"hitrate": {"bar": 0.5, "because": "x"}}},
                "There is no criterion `hitrate`. Did you mean `hit_rate`?",
            ),
            ({"criteria": {"zzz": {"bar": 0.5, "because": "x"}}}, "criterion `zzz`. Known:"),
            ({"criteria": {"precision": {"bar": 0.5, "because": "x"}}}, "Write `format = 2`"),
            ({"format": 3}, "`format` is 3; write 1 or 2."),
        ],
    )
    def test_what_cannot_gate_is_refused_with_a_sentence(
        self, change: dict[str, Any], sentence: str
    ) -> None:
        with pytest.raises(BadPolicyError) as caught:
            Policy.from_dict({**raw(), **change})
        assert sentence in str(caught.value)

    def test_a_criterion_is_named_once(self) -> None:
        with pytest.raises(BadPolicyError, match="once"):
            replace(POLICY, criteria=POLICY.criteria * 2)

    def test_from_format_2_on_the_first_criterion_is_called_precision(self) -> None:
        policy = raw()
        bars = policy["criteria"]
        renamed = {"precision" if name == "hit_rate" else name: bar for name, bar in bars.items()}
        new = Policy.from_dict({**policy, "format": 2, "criteria": renamed})
        assert new.criteria == POLICY.criteria
        assert list(new.to_dict()["criteria"]) == ["precision", "discrimination", "lift"]
        assert Policy.from_dict(new.to_dict()) == new
        assert Policy.from_dict({**policy, "format": 2}) == new
        assert new.hash != POLICY.hash

    def test_a_policy_without_a_format_is_of_the_first_and_hashes_as_ever(self) -> None:
        assert POLICY.format == 1
        assert "format" not in POLICY.to_dict()
        assert Policy.from_dict({**raw(), "format": 1}).hash == POLICY.hash

    def test_a_criterion_under_both_its_names_is_refused(self) -> None:
        bars = raw()["criteria"]
        both = {**bars, "precision": bars["hit_rate"]}
        with pytest.raises(BadPolicyError, match="are one criterion"):
            Policy.from_dict({**raw(), "format": 2, "criteria": both})

    def test_a_policy_without_a_name_says_so(self) -> None:
        policy = raw()
        del policy["name"]
        with pytest.raises(BadPolicyError, match="its `name`"):
            Policy.from_dict(policy)

    def test_a_policy_without_rival_or_decoys_gates_on_the_hit_rate(self) -> None:
        policy = {**raw(), "deck": {"baseline": 0, "scored": 0}}
        del policy["criteria"]["lift"], policy["criteria"]["discrimination"]
        assert [c.name for c in Policy.from_dict(policy).criteria] == ["hit_rate"]

    @pytest.mark.parametrize("category", ["Intimate care", "Medical devices", "WEAPONS"])
    def test_sensitive_categories_are_found_by_their_words(self, category: str) -> None:
        assert POLICY.is_sensitive(category)

    def test_a_toy_is_not_sensitive(self) -> None:
        assert not POLICY.is_sensitive("Building toys")


class TestTheStudy:
    def test_its_hash_holds_what_was_fixed(self) -> None:
        changed = [
            replace(STUDY, policy=replace(POLICY, alpha=0.01)),
            replace(STUDY, model="model-2"),
            replace(STUDY, baseline="bought"),
            replace(STUDY, invitation_seed=8),
            replace(STUDY, attempt=2),
            replace(STUDY, kind=StudyKind.LIVE),
        ]
        assert len({study.hash for study in [STUDY, *changed]}) == 7

    def test_it_comes_back_from_its_own_dict(self) -> None:
        plain = json.loads(json.dumps(STUDY.to_dict()))
        assert Study.from_dict(plain) == STUDY
        assert Study.from_dict(plain).hash == STUDY.hash

    def test_when_it_was_opened_is_no_part_of_the_hash(self) -> None:
        assert replace(STUDY, opened_at=99).hash == STUDY.hash

    def test_under_a_strict_policy_all_attempts_together_stay_below_alpha(self) -> None:
        strict = replace(STUDY, policy=replace(POLICY, strict=True))
        spent = [replace(strict, attempt=k).alpha for k in range(1, 2000)]
        assert spent[0] == 0.025
        assert sum(spent) < 0.05
        assert replace(STUDY, attempt=9).alpha == 0.05


class TestTheVerdict:
    def test_a_good_model_is_released_and_passes_every_bar(self) -> None:
        found = judged(100)
        assert (found.outcome, found.why) == (Outcome.RELEASE, VerdictReason.PASSED)
        assert all(criterion.passed for criterion in found.criteria)

    def test_a_model_whose_decoys_are_liked_as_well_is_held(self) -> None:
        found = judged(60, decoy=0.85)
        assert found.outcome is Outcome.HOLD
        assert [c.name for c in found.criteria if c.failed] == ["discrimination"]
        assert found.why is VerdictReason.FAILED

    def test_a_model_that_the_rival_beats_is_held(self) -> None:
        found = judged(100, rival=0.98, pick=0.8, decoy=0.1)
        assert found.outcome is Outcome.HOLD
        assert [c.name for c in found.criteria if c.failed] == ["lift"]

    def test_a_model_that_fails_everywhere_is_held(self) -> None:
        found = judged(100, pick=0.2, rival=0.9, decoy=0.9)
        assert all(criterion.failed for criterion in found.criteria)
        assert found.outcome is Outcome.HOLD

    def test_a_model_near_its_bar_is_undecided_and_says_how_many_more(self) -> None:
        found = judged(35)
        assert (found.outcome, found.why) == (Outcome.UNDECIDED, VerdictReason.OPEN)
        assert found.n == 35
        assert found.facts.forecast.low

    def test_the_first_batch_that_decides_decides_for_ever(self) -> None:
        """Sixty like nothing after the release; the verdict is that of its batch."""
        decks = panel(100)
        report = build_report(STUDY, decks)
        found = decide(report, POLICY)
        later = [replace(d, answers=dict.fromkeys(d.answers, N)) for d in panel(160)[100:]]
        assert decide(build_report(STUDY, [*decks, *later]), POLICY) == found
        assert first_decision(report, POLICY) == found
        before = build_report(STUDY, decks[: found.n - 1])
        assert first_decision(before, POLICY) is None

    def test_it_releases_exactly_when_every_wealth_has_reached_one_over_alpha(self) -> None:
        decks = panel(100)
        found = decide(build_report(STUDY, decks), POLICY)
        names = [criterion.name for criterion in POLICY.criteria]
        scores = {n: [score_to_row(score_deck(d))[n] for d in decks] for n in names}
        passing = [
            n
            for n in range(20, 101, 5)
            if all(
                log_wealth(scores[c.name][:n], c.bar) >= 2.995732273553991 for c in POLICY.criteria
            )
        ]
        assert found.n == passing[0]

    def test_fail_beats_pass(self) -> None:
        report = released()
        held = replace(report.criteria[2].run[-1], log_upper=99.0, log_lower=99.0)
        criterion = replace(report.criteria[2], run=(*report.criteria[2].run[:-1], held))
        report = replace(report, criteria=(*report.criteria[:2], criterion))
        assert decide(report, POLICY).outcome is Outcome.HOLD


def released() -> Report:
    """Return a report cut at the batch that releases it."""
    decks = panel(100)
    found = decide(build_report(STUDY, decks), POLICY)
    return build_report(STUDY, decks[: found.n])


class TestTheLimits:
    @pytest.mark.parametrize("people", [0, 1, 2])
    def test_no_data_is_never_a_pass(self, people: int) -> None:
        found = judged(people)
        assert (found.outcome, found.why, found.n) == (Outcome.UNDECIDED, VerdictReason.NO_DATA, 0)

    def test_under_ten_people_it_is_too_early_for_numbers(self) -> None:
        found = judged(7)
        assert found.why is VerdictReason.TOO_EARLY
        assert found.criteria == ()

    def test_under_twenty_people_nothing_is_decided(self) -> None:
        found = judged(19, pick=1.0, rival=0.0, decoy=0.0)
        assert found.why is VerdictReason.TOO_FEW
        assert (found.n, found.facts.least_players) == (15, 20)

    def test_perfect_scores_are_released_at_twenty(self) -> None:
        found = judged(20, pick=1.0, rival=0.0, decoy=0.0)
        assert (found.outcome, found.n) == (Outcome.RELEASE, 20)

    @pytest.mark.parametrize("chances", [{"pick": 1.0, "rival": 0.0, "decoy": 0.0}, {"pick": 0.0}])
    def test_too_few_finished_decks_cap_release_and_hold(self, chances: dict[str, float]) -> None:
        decks = panel(40, **chances)
        found = decide(build_report(STUDY, decks, [0] * 12), POLICY)
        assert (found.outcome, found.why) == (Outcome.UNDECIDED, VerdictReason.INCOMPLETE)
        assert found.facts.completion is not None
        assert found.facts.completion < found.facts.completion_bar == 0.8

    def test_when_nobody_can_say_how_many_finished_nothing_is_decided(self) -> None:
        decks = panel(40, pick=1.0, rival=0.0, decoy=0.0)
        found = decide(build_report(STUDY, [score_deck(deck) for deck in decks]), POLICY)
        assert found.why is VerdictReason.INCOMPLETE
        assert found.facts.completion is None

    @pytest.mark.parametrize("chances", [{"pick": 1.0, "rival": 0.0, "decoy": 0.0}, {"pick": 0.0}])
    def test_decoys_out_of_balance_cap_release_and_hold(self, chances: dict[str, float]) -> None:
        report = build_report(STUDY, panel(40, **chances))
        batches = tuple(replace(batch, balance=-0.31) for batch in report.batches)
        found = decide(replace(report, batches=batches), POLICY)
        assert (found.outcome, found.why) == (Outcome.UNDECIDED, VerdictReason.UNBALANCED)
        assert (found.facts.balance, found.facts.balance_bar) == (0.31, 0.25)

    def test_decks_without_decoys_have_no_balance_to_break_and_release_nothing(self) -> None:
        decks = [closed(*small([1] * 8, [], []), i) for i in range(40)]
        decks = [replace(d, deck=replace(d.deck, participant=f"p{i}")) for i, d in enumerate(decks)]
        found = decide(build_report(STUDY, decks), POLICY)
        assert [c.name for c in found.criteria if c.failed] == ["discrimination"]

    def test_another_policy_than_that_of_the_decks_decides_nothing(self) -> None:
        found = decide(build_report(STUDY, panel(100)), replace(POLICY, alpha=0.2))
        assert (found.outcome, found.why) == (Outcome.UNDECIDED, VerdictReason.POLICY)

    def test_who_likes_everything_does_not_release(self) -> None:
        found = judged(100, pick=1.0, rival=1.0, decoy=1.0)
        assert found.outcome is Outcome.HOLD

    def test_a_strict_second_attempt_needs_more_evidence(self) -> None:
        policy = replace(POLICY, strict=True)
        second = Study("again", StudyKind.SIMULATED, policy, "model-1", "popularity", 7, attempt=2)
        strict = decide(build_report(second, panel(300)), policy)
        assert strict.n > judged(300).n


HIT = CriterionVerdict("hit_rate", 0.75, 0.81, 0.70, 0.89, False, False)


class TestTheVerdictAsAValue:
    def test_the_smallest_release_is_set_by_the_highest_bar_or_the_least_players(self) -> None:
        high = (replace(POLICY.criteria[0], bar=0.85), *POLICY.criteria[1:])
        assert smallest_panel_for_study(STUDY) == 20
        assert smallest_panel_for_study(replace(STUDY, policy=replace(POLICY, criteria=high))) == 28

    def test_a_verdict_is_plain_data_for_a_pipeline(self) -> None:
        plain = json.loads(json.dumps(verdict_to_row(judged(60, decoy=0.85))))
        assert plain["outcome"] == "hold"
        assert plain["criteria"][1]["failed"] is True
        assert plain["criteria"][0]["value"] == round(plain["criteria"][0]["value"], 2)

    def test_only_a_pass_releases_and_only_a_fail_holds(self) -> None:
        outcomes = {
            why: make_verdict(why, [HIT], VerdictFacts(n=35)).outcome for why in VerdictReason
        }
        assert [why for why, o in outcomes.items() if o is Outcome.RELEASE] == [
            VerdictReason.PASSED
        ]
        assert [why for why, o in outcomes.items() if o is Outcome.HOLD] == [VerdictReason.FAILED]


def test_a_study_without_a_deck_is_evaluated_and_undecided() -> None:
    result = evaluate_study(StudySnapshot(STUDY), now=0)
    assert result.verdict.outcome is Outcome.UNDECIDED
    assert not result.report.lacks("coverage")
