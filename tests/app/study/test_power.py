"""The command that plans a study, and what it takes from an earlier one."""

from pathlib import Path

import pytest

from app.study.power import resolve_assumptions
from app.study.results import StudyStatus
from recsys.errors import BadInputError
from recsys.report.evaluate import build_report
from recsys.study.power import REASON_INCOMPLETE
from tests.support.cli_runner import brandswipe
from tests.support.closed_decks import STUDY, panel
from tests.support.planted_shops import FEW, asking


class TestWhatIsAssumed:
    def judged(self, people: int) -> StudyStatus:
        row = type("Row", (), {"name": "spring"})()
        return StudyStatus(row, build_report(STUDY, panel(people)), None, None)  # type: ignore[arg-type]

    def test_an_earlier_study_gives_both(self) -> None:
        found = resolve_assumptions(self.judged(40), None, None)
        assert found.source == "spring"
        assert 0 <= found.icc < 1
        assert found.drop_out == pytest.approx(0.1)  # published as "at least nine in ten finish"

    def test_what_is_given_wins(self) -> None:
        assert resolve_assumptions(self.judged(40), 0.2, None).icc == 0.2
        assert resolve_assumptions(None, None, 0.1).drop_out == 0.1
        assert resolve_assumptions(None, None, None).source == "assumed"

    def test_one_that_published_nothing_says_so(self) -> None:
        with pytest.raises(BadInputError, match="plan without --like"):
            resolve_assumptions(self.judged(4), None, None)


class TestTheCommand:
    def test_it_answers_in_words_and_in_json(self, planted: Path) -> None:
        few = ("--truth", "0.85", "--rival", "0.6", "--linked", "0.5")
        said = brandswipe("study", "plan", *few, "--format", "json", workspace=planted)
        assert said.code == 0, said.err
        plan = said.data
        assert plan["smallest_panel"] == 20
        assert 0 <= plan["shop"]["overlap"] <= 10
        assert 60 < plan["shop"]["customers"] <= FEW["app.study.power.TRIAL_CUSTOMERS"]
        (scenario,) = plan["scenarios"]
        people, invited = scenario["colleagues"], scenario["invitations"]
        assert invited["median"] == 2 * people["median"]
        words = brandswipe("study", "plan", *few, workspace=planted).out
        assert "Fewer than 20 people can never release" in words
        assert f"{people['median']} people" in words
        assert "50%" in words

    def test_what_is_not_known_is_said_to_be_unknown(self, planted: Path) -> None:
        few = ("--truth", "0.9", "--rival", "0.5", "--drop-out", "0.4")
        few = (*few, "--policy", "worth-a-quarter")
        with asking({"app.study.power.TRIAL_CUSTOMERS": 0}):
            said = brandswipe("study", "plan", *few, "--format", "json", workspace=planted).data
            words = brandswipe("study", "plan", *few, workspace=planted).out
        assert said["shop"]["overlap"] is said["shop"]["balance"] is None
        assert said["linked"]["share"] is None
        assert said["linked"]["reason"]
        assert said["alpha"] == 0.025
        assert said["scenarios"][0]["invitations"] == {"median": None, "nine_in_ten": None}
        assert said["scenarios"][0]["reason"] == REASON_INCOMPLETE
        assert "share unknown brands" in words
        assert "Never: fewer decks would be finished" in words
