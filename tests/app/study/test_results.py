"""A study is written down once, counts who may count, and takes its decision once."""

from dataclasses import replace

import pytest

from app.modeling.recommender import load_recommender
from app.storage.study_db.records import ClosedBy, StudyRow, study_of
from app.storage.study_db.store import StudyStore, find_mismatches
from app.study.closing import settle_study
from app.study.dealing import Player
from app.study.game import Game
from app.study.opening import open_study
from app.study.results import latest_study, study_status
from app.workspace.policies import bundled_policy, default_policy, policy_from_toml
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.errors import BadInputError, BadPolicyError, IntegrityError, UnknownNameError
from recsys.report.gate import Outcome
from recsys.study.deck import SHORT_RECIPE, Origin
from recsys.study.exclusions import ExclusionReason
from recsys.study.policy import Policy, StudyKind
from recsys.study.swipes import Answer
from tests.support.games import Clock, game_of, known_customers, people, perfect, play, posts

POLICY = default_policy()


def opened(
    store: StudyStore, name: str | None, kind: StudyKind = StudyKind.LIVE, rule: Policy = POLICY
) -> StudyRow:
    return open_study(store, name, kind, rule, "m" * 64, DEFAULT_BASELINE, 1)


def judged_after(game: Game, players: list[Player], n: int, say: object = perfect) -> Outcome:
    for player in players[:n]:
        play(game, player, say)
    return study_status(game.store, game.row).verdict.outcome


def everything(card: object) -> Answer:
    """What somebody says who likes whatever she sees."""
    del card
    return Answer.FAVOURITE


class TestOpening:
    def test_a_name_is_given_where_none_was(self) -> None:
        store = StudyStore()
        names = [opened(store, None).name, opened(store, None).name]
        assert names == ["live 1", "live 2"]
        assert opened(store, None, StudyKind.SIMULATED).name == "simulated 1"

    def test_a_name_that_is_taken_is_refused(self) -> None:
        store = StudyStore()
        opened(store, "autumn")
        with pytest.raises(BadInputError, match="'autumn' exists: choose another name"):
            opened(store, "autumn", StudyKind.SIMULATED)

    def test_every_live_study_is_one_attempt_more_under_whatever_policy(self) -> None:
        store, other = StudyStore(), replace(POLICY, name=POLICY.name + ".")
        attempts = [
            opened(store, "a").attempt,
            opened(store, "s", StudyKind.SIMULATED).attempt,
            opened(store, "b").attempt,
            opened(store, "c", rule=other).attempt,
            opened(store, "d").attempt,
        ]
        assert attempts == [1, 1, 2, 3, 4]

    def test_simulated_studies_are_no_attempts(self) -> None:
        store = StudyStore()
        rows = [opened(store, str(n), StudyKind.SIMULATED) for n in range(3)]
        assert [row.attempt for row in rows] == [1, 1, 1]

    def test_what_was_written_down_comes_back_with_its_hash(self) -> None:
        row = opened(StudyStore(), "autumn")
        assert study_of(row).hash == row.hash
        assert study_of(row).policy == POLICY

    def test_two_studies_of_one_model_are_two_studies(self) -> None:
        store = StudyStore()
        assert opened(store, "a").hash != opened(store, "b").hash


class TestFinding:
    def test_the_newest_is_found_and_a_playground_is_none(self) -> None:
        store = StudyStore()
        opened(store, "first")
        opened(store, "second")
        opened(store, "fun", StudyKind.PLAYGROUND)
        assert latest_study(store).name == "second"
        assert latest_study(store, "fun").name == "fun"

    def test_without_a_study_it_says_how_to_open_one(self) -> None:
        with pytest.raises(BadInputError, match="brandswipe study open"):
            latest_study(StudyStore())

    def test_an_unknown_name_is_told_the_nearest(self) -> None:
        store = StudyStore()
        opened(store, "autumn")
        with pytest.raises(UnknownNameError, match="Did you mean 'autumn'"):
            latest_study(store, "autum")


class TestPolicies:
    def test_two_come_with_the_program(self) -> None:
        first, second = bundled_policy("release"), bundled_policy("worth-a-quarter")
        assert first == default_policy()
        bars = [{c.name: c.bar for c in rule.criteria} for rule in (first, second)]
        assert all(bars[1][name] < bars[0][name] for name in bars[0])
        assert second.strict
        assert second.question == first.question
        assert sum(second.alpha_at(k) for k in range(1, 1000)) < second.alpha

    def test_another_name_is_told_the_known_ones(self) -> None:
        with pytest.raises(UnknownNameError, match="Did you mean 'worth-a-quarter'"):
            bundled_policy("worth-quarter")

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("name = ", "not readable as TOML"),
            ("", "criterion|Give the policy"),
            ("name = 'x'\nbogus = 1", "There is no field `bogus`"),
        ],
    )
    def test_a_policy_that_cannot_gate_is_refused(self, text: str, said: str) -> None:
        with pytest.raises(BadPolicyError, match=said):
            policy_from_toml(text)


class TestDeciding:
    def test_the_first_batch_that_decides_writes_the_decision_and_closes_the_study(
        self, planted_house: Workspace
    ) -> None:
        game = game_of(planted_house, StudyKind.SIMULATED)
        players = people(game.recommender, 30, Origin.SIMULATED)
        assert judged_after(game, players, 19) is Outcome.UNDECIDED
        assert game.store.studies.decision(game.row.hash) is None
        play(game, players[19])  # the answer that closes the deck writes the decision
        judged = study_status(game.store, game.row)
        assert judged.verdict.outcome is Outcome.RELEASE
        assert judged.decision is not None
        assert judged.decision.batch == judged.verdict.n == 20
        assert judged.row.why_closed == "decided after 20 people"

    def test_it_is_never_taken_back_whatever_follows(self, planted_house: Workspace) -> None:
        rule = replace(POLICY, completion=0.5)  # the late decks are open when it decides
        game = game_of(planted_house, StudyKind.SIMULATED, rule)
        players = people(game.recommender, 35, Origin.SIMULATED)
        late = [game.start(player).deck for player in players[20:]]
        judged_after(game, players, 20)
        first = game.store.studies.decision(game.row.hash)
        assert first is not None
        for deck in late:  # they were open when the study decided, and may be finished
            hate = {card.position: Answer.NOT_FAVOURITE for card in deck.cards}
            game.store.swipes.add(deck.id, posts(deck, hate))
            game.finish(deck.id)
        judged = study_status(game.store, game.row)
        assert judged.decision == first
        assert judged.verdict.outcome is Outcome.RELEASE
        assert judged.report.players.counted == 35

    def test_who_likes_everything_is_a_hold(self, planted_house: Workspace) -> None:
        game = game_of(planted_house, StudyKind.SIMULATED)
        for player in people(game.recommender, 60, Origin.SIMULATED):
            if game.store.studies.decision(game.row.hash) is None:
                play(game, player, everything)
        assert study_status(game.store, game.row).verdict.outcome is Outcome.HOLD

    def test_no_answers_are_no_pass(self, planted_house: Workspace) -> None:
        game = game_of(planted_house)
        judged = study_status(game.store, game.row)
        assert (judged.verdict.outcome, judged.decision) == (Outcome.UNDECIDED, None)

    @pytest.mark.parametrize(("batch", "outcome"), [(20, "hold"), (30, "release")])
    def test_a_decision_that_the_answers_do_not_give_is_an_integrity_error(
        self, planted_house: Workspace, batch: int, outcome: str
    ) -> None:
        game = game_of(planted_house, StudyKind.SIMULATED)
        game.store.studies.record_decision(game.row.hash, batch, outcome, {"en": "slipped in"})
        for player in people(game.recommender, 30, Origin.SIMULATED):
            play(game, player)
        with pytest.raises(IntegrityError, match=f"was {outcome} after {batch} people.*backup"):
            study_status(game.store, game.row)

    def test_a_store_that_nobody_touched_differs_in_nothing(self, planted_house: Workspace) -> None:
        game = game_of(planted_house, StudyKind.SIMULATED)
        judged_after(game, people(game.recommender, 20, Origin.SIMULATED), 20)
        assert find_mismatches(game.store) == []

    def test_a_decision_outlives_the_forgetting_of_those_who_took_it(
        self, planted_house: Workspace
    ) -> None:
        # with completion exactly at its bar: one finished deck less would fall below it
        rule = replace(POLICY, completion=0.80)
        game = game_of(planted_house, StudyKind.SIMULATED, rule)
        players = people(game.recommender, 25, Origin.SIMULATED)
        for player in players[20:]:
            game.start(player)
        assert judged_after(game, players, 20) is Outcome.RELEASE
        for player in players[:9]:
            game.store.participants.forget(player.participant)
        judged = study_status(game.store, game.row)
        assert judged.verdict.outcome is Outcome.RELEASE
        assert sum(c.deck is None for c in game.store.decks.closings(game.row.hash)) == 9
        assert find_mismatches(game.store) == []

    def test_forgetting_does_not_hide_a_decision_that_was_slipped_in(
        self, planted_house: Workspace
    ) -> None:
        game = game_of(planted_house, StudyKind.SIMULATED)
        players = people(game.recommender, 20, Origin.SIMULATED)
        game.store.studies.record_decision(game.row.hash, 20, "hold", {"en": "slipped in"})
        for player in players:
            play(game, player)
        game.store.participants.forget(players[0].participant)
        with pytest.raises(IntegrityError):
            study_status(game.store, game.row)


class TestWhoCounts:
    def play_all(self, game: Game) -> dict[Origin, str | None]:
        """One deck of every origin; why each was not counted."""
        customers = known_customers(game.recommender, 4)
        who = {
            Origin.OWN: Player("own", Origin.OWN, customers[0]),
            Origin.SIMULATED: Player("simulated", Origin.SIMULATED, customers[1]),
            Origin.PERSONA: Player("persona", Origin.PERSONA, customers[2]),
            Origin.PRACTICE: Player("practice", Origin.PRACTICE, customers[3]),
            Origin.ELICITED: Player("elicited", Origin.ELICITED, picked_brands=("Lego", "Nike")),
        }
        return {origin: play(game, player)[1].why_not for origin, player in who.items()}

    @pytest.mark.parametrize(
        ("kind", "counted"),
        [
            (StudyKind.LIVE, Origin.OWN),
            (StudyKind.SIMULATED, Origin.SIMULATED),
            (StudyKind.PLAYGROUND, Origin.SIMULATED),
        ],
    )
    def test_one_origin_alone_enters_a_study_of_each_kind(
        self, planted_house: Workspace, kind: StudyKind, counted: Origin
    ) -> None:
        game = game_of(planted_house, kind)
        why = self.play_all(game)
        assert [origin for origin, reason in why.items() if reason is None] == [counted]
        assert {r for r in why.values() if r} == {ExclusionReason.ORIGIN.value}

    def test_elicited_and_borrowed_decks_never_move_a_live_gate(
        self, planted_house: Workspace
    ) -> None:
        game = game_of(planted_house)
        for n, customer in enumerate(known_customers(game.recommender, 25)):
            play(game, Player(f"p{n}", Origin.PERSONA, customer))
            play(game, Player(f"q{n}", Origin.SIMULATED, customer))
            play(
                game, Player(f"e{n}", Origin.ELICITED, picked_brands=("Lego",)), recipe=SHORT_RECIPE
            )
        judged = study_status(game.store, game.row)
        assert judged.verdict.outcome is Outcome.UNDECIDED
        assert judged.report.players.counted == judged.report.players.dealt == 0

    def test_of_each_person_the_first_closed_deck_counts(self, planted_house: Workspace) -> None:
        game = game_of(planted_house)
        player = people(game.recommender, 1, Origin.OWN)[0]
        reasons = [play(game, player)[1].why_not for _ in range(3)]
        assert reasons == [None, ExclusionReason.NOT_FIRST.value, ExclusionReason.NOT_FIRST.value]

    def test_the_same_model_and_policy_again_do_not_count_the_same_people_again(
        self, planted_house: Workspace
    ) -> None:
        clock = Clock()
        store = StudyStore(clock=clock)
        player = people(load_recommender(planted_house), 1, Origin.OWN)[0]
        other = replace(planted_house.policy, name="another policy")
        reasons = []
        for rule in (planted_house.policy, planted_house.policy, other):
            game = game_of(planted_house, rule=rule, store=store)
            reasons.append(play(game, player)[1].why_not)
            clock.now += 1000
            assert study_status(store, game.row).report.players.dealt == 0  # no batch is full
        assert reasons == [None, ExclusionReason.NOT_FIRST.value, None]

    def test_whose_answers_taught_a_version_never_judges_it_under_whatever_policy(
        self, planted_house: Workspace
    ) -> None:
        clock = Clock()
        store = StudyStore(clock=clock)
        taught, stranger = people(load_recommender(planted_house), 2, Origin.OWN)
        earlier = replace(planted_house.policy, name="another policy")
        teacher = game_of(planted_house, rule=earlier, store=store)
        play(teacher, taught)
        store.studies.add_training_studies(planted_house.version().hash, [teacher.row.hash])
        clock.now += 1000
        pupil = game_of(planted_house, store=store)
        reasons = [play(pupil, who)[1].why_not for who in (taught, stranger)]
        assert reasons == [ExclusionReason.NOT_FIRST.value, None]
        assert store.studies.training_studies(planted_house.version().hash) == [teacher.row.hash]

    def test_a_second_deck_that_is_open_takes_nothing_from_completion(
        self, planted_house: Workspace
    ) -> None:
        game = game_of(planted_house)
        for player in people(load_recommender(planted_house), 10, Origin.OWN):
            play(game, player)
        before = study_status(game.store, game.row).report.players
        for player in people(load_recommender(planted_house), 10, Origin.OWN):
            game.start(player)
        assert study_status(game.store, game.row).report.players == before

    @pytest.mark.parametrize(
        ("cards", "ms", "why"),
        [
            (0, 1500, ExclusionReason.TOO_FEW),
            (7, 1500, ExclusionReason.TOO_FEW),
            (20, 100, ExclusionReason.TOO_FAST),
        ],
    )
    def test_who_stopped_early_or_did_not_look_does_not_count(
        self, planted_house: Workspace, cards: int, ms: int, why: ExclusionReason
    ) -> None:
        game = game_of(planted_house)
        deck = game.start(people(game.recommender, 1, Origin.OWN)[0]).deck
        given = {card.position: perfect(card) for card in deck.cards[:cards]}
        game.store.swipes.add(deck.id, posts(deck, given, ms))
        closing = game.finish(deck.id)
        assert closing.why_not == why.value
        assert closing.score is None

    def test_two_whole_blocks_count(self, planted_house: Workspace) -> None:
        game = game_of(planted_house)
        _, closing = play(game, people(game.recommender, 1, Origin.OWN)[0], cards=8)
        assert closing.why_not is None
        assert closing.score is not None


class TestClosing:
    def test_a_deck_is_closed_once_and_its_score_stands(self, planted_house: Workspace) -> None:
        game = game_of(planted_house)
        dealt, first = play(game, people(game.recommender, 1, Origin.OWN)[0])
        late = posts(dealt.deck, {1: Answer.NOT_FAVOURITE})
        receipt = game.store.swipes.add(dealt.deck.id, [replace(late[0], id="late")])
        assert receipt.late == ("late",)
        assert game.finish(dealt.deck.id) == first

    def test_decks_whose_time_is_over_are_closed_with_what_was_answered(
        self, planted_house: Workspace
    ) -> None:
        clock = Clock()
        game = game_of(planted_house, clock=clock)
        players = people(game.recommender, 3, Origin.OWN)
        decks = [game.start(player).deck for player in players[:2]]
        given = {card.position: perfect(card) for card in decks[0].cards}
        game.store.swipes.add(decks[0].id, posts(decks[0], given))
        assert settle_study(game.store, game.row) == 0
        clock.now += 24 * 3_600_000 + 1
        game.start(players[2])  # closes what is overdue before it deals
        assert settle_study(game.store, game.row) == 0
        closings = game.store.decks.closings(game.row.hash)
        assert [closing.by for closing in closings] == [ClosedBy.TIME] * 2
        assert [closing.why_not for closing in closings] == [None, ExclusionReason.TOO_FEW.value]
        assert [closing.closed_at for closing in closings] == [clock.now - 1] * 2


def test_the_policy_of_the_program_survives_being_stored() -> None:
    assert Policy.from_dict(POLICY.to_dict()).hash == POLICY.hash
