"""A snapshot and an hour give one result, whether or not the rows of overdue decks are written."""

from dataclasses import replace

import pytest

from recsys.errors import IntegrityError
from recsys.report.gate import Outcome
from recsys.report.snapshot import InvitationList, StoredDecision, StudySnapshot
from recsys.report.study_result import evaluate_study
from recsys.study.deck import Origin
from recsys.study.exclusions import ExclusionReason
from recsys.study.scoring import score_deck
from tests.support.closed_decks import STUDY, panel

DECKS = panel(40, pick=0.95, rival=0.5, decoy=0.1)
DECIDED = evaluate_study(StudySnapshot(STUDY, tuple(DECKS)), now=0).verdict
LATER = max(deck.closed_at for deck in DECKS) + 1_000


def test_the_panel_decides() -> None:
    assert DECIDED.outcome is Outcome.RELEASE
    assert 10 <= DECIDED.n <= 40


class TestOverdue:
    @pytest.mark.parametrize("written", [0, 7, 20, 40])
    def test_a_deck_whose_time_is_over_counts_as_if_its_row_were_there(self, written: int) -> None:
        ended = [replace(deck, closed_at=LATER + place) for place, deck in enumerate(DECKS)]
        whole = evaluate_study(StudySnapshot(STUDY, tuple(ended)), LATER + 40)
        unwritten = tuple(ended[written:][::-1])  # in whatever order they are read
        part = StudySnapshot(STUDY, tuple(ended[:written]), unwritten)
        assert evaluate_study(part, LATER + 40) == whole

    def test_a_deck_that_is_open_counts_for_nothing_but_completion(self) -> None:
        waiting = replace(DECKS[20], closed_at=LATER)
        snapshot = StudySnapshot(STUDY, tuple(DECKS[:20]), (waiting,))
        assert snapshot.closed_by(LATER - 1) == DECKS[:20]
        assert snapshot.open_dealt_at(LATER - 1) == [waiting.dealt_at]
        assert snapshot.open_dealt_at(LATER) == []

    def test_of_one_person_one_open_deck_could_count(self) -> None:
        mine = replace(DECKS[0], closed_at=LATER)
        again = replace(mine, dealt_at=mine.dealt_at + 1)
        assert len(StudySnapshot(STUDY, open=(mine, again)).open_dealt_at(0)) == 1
        assert StudySnapshot(STUDY, (DECKS[0],), (again,)).open_dealt_at(0) == []

    def test_a_deck_that_can_never_count_is_not_waited_for(self) -> None:
        deck = replace(DECKS[0].deck, origin=Origin.PRACTICE)
        practice = replace(DECKS[0], deck=deck, closed_at=LATER)
        assert StudySnapshot(STUDY, open=(practice,)).open_dealt_at(0) == []

    def test_who_played_elsewhere_before_could_not_count(self) -> None:
        mine = replace(DECKS[0], closed_at=LATER)
        earlier = {mine.deck.participant: LATER - 10}
        snapshot = StudySnapshot(STUDY, open=(mine,), earlier=earlier)
        assert snapshot.open_dealt_at(LATER - 11) == [mine.dealt_at]
        assert snapshot.open_dealt_at(LATER - 10) == []


class TestTheDecisionThatStands:
    def test_it_is_what_the_answers_say(self) -> None:
        decision = StoredDecision("release", DECIDED.n)
        found = evaluate_study(StudySnapshot(STUDY, tuple(DECKS), decision=decision), now=0)
        assert (found.verdict.outcome, found.verdict.n) == (Outcome.RELEASE, DECIDED.n)

    @pytest.mark.parametrize("outcome", ["hold", "release"])
    def test_another_one_is_an_integrity_error(self, outcome: str) -> None:
        decision = StoredDecision(outcome, DECIDED.n + 5)
        with pytest.raises(IntegrityError, match=f"was {outcome} after {DECIDED.n + 5} people"):
            evaluate_study(StudySnapshot(STUDY, tuple(DECKS), decision=decision), now=0)

    def test_it_outlives_decks_without_which_its_limits_cannot_be_checked(self) -> None:
        strict = replace(STUDY, policy=replace(STUDY.policy, completion=0.999))
        gone = tuple(score_deck(deck) for deck in DECKS[: DECIDED.n])
        unfinished = replace(DECKS[39], answers=dict(list(DECKS[39].answers.items())[:12]))
        decks = (*gone, *DECKS[DECIDED.n : 39], unfinished)
        decision = StoredDecision("release", DECIDED.n)
        found = evaluate_study(StudySnapshot(strict, decks, decision=decision), now=0)
        assert (found.verdict.outcome, found.verdict.n) == (Outcome.RELEASE, DECIDED.n)


class TestTheInvited:
    def test_without_a_list_nothing_is_said_of_one(self) -> None:
        assert evaluate_study(StudySnapshot(STUDY, tuple(DECKS)), now=0).invited is None

    def test_they_are_counted_in_whole_groups_at_the_last_batch(self) -> None:
        end = max(deck.closed_at for deck in DECKS)
        yes, no = {end - 5: True}, {end - 5: True, end: False}
        late, never = {end + 1: True}, {end - 5: False}
        invitations = InvitationList(
            people=60,
            consents=(*[yes] * 19, *[no] * 3, *[late] * 15, *[never] * 10),
            step_times={"opened": [end] * 25, "linked": [end + 1] * 25},
        )
        snapshot = StudySnapshot(STUDY, tuple(DECKS), invitations=invitations)
        found = evaluate_study(snapshot, now=0).invited
        assert found is not None
        assert (found.people, found.consented) == (60, 10)
        assert found.step_counts == {"opened": 20, "linked": 0}

    def test_players_are_compared_by_column(self) -> None:
        teams = {deck.deck.participant: {"team": "ab"[n % 2]} for n, deck in enumerate(DECKS)}
        invitations = InvitationList(
            people=100, column_counts={"team": {"a": 60, "b": 40}}, column_values=teams
        )
        snapshot = StudySnapshot(STUDY, tuple(DECKS), invitations=invitations)
        shares = evaluate_study(snapshot, now=0).frame_shares["team"]
        assert [(row.label, row.invited, row.players) for row in shares] == [
            ("a", 0.6, 0.5),
            ("b", 0.4, 0.5),
        ]
        # once somebody is forgotten nobody's value is shown
        decks = (score_deck(DECKS[0]), ExclusionReason.TOO_FEW, *DECKS[1:])
        forgotten = replace(snapshot, closed=decks)
        shares = evaluate_study(forgotten, now=0).frame_shares["team"]
        assert {row.players for row in shares} == {None}
