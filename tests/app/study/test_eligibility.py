"""Where somebody sits: whose deck counts, and in which words it does not."""

from dataclasses import replace

import pytest

from app.modeling.recommender import load_recommender
from app.study import privacy
from app.study.dealing import Player
from app.study.eligibility import Eligibility, Ineligible, check_eligibility
from app.study.game import Game
from app.workspace.workspace import Workspace
from recsys.errors import NotAllowedError
from recsys.study.deck import SHORT_RECIPE, Origin
from recsys.study.policy import StudyKind
from tests.support.games import Clock, game_of, known_customers, play


@pytest.fixture
def game(planted_house: Workspace) -> Game:
    return game_of(planted_house)


@pytest.fixture(scope="module")
def her(planted_house: Workspace) -> Player:
    return Player("p", Origin.OWN, known_customers(load_recommender(planted_house), 1)[0])


def practising(player: Player, why: Ineligible) -> Eligibility:
    return Eligibility(replace(player, origin=Origin.PRACTICE), why)


def closed(game: Game) -> Game:
    game.store.studies.close(game.row.hash, "it was decided")
    return replace(game, row=game.store.studies.get(game.row.hash))


def test_somebody_with_a_history_counts_in_an_open_live_study(game: Game, her: Player) -> None:
    assert check_eligibility(game, her, is_model_builder=False) == Eligibility(her)


@pytest.mark.parametrize("origin", [Origin.ELICITED, Origin.PERSONA])
def test_who_could_never_count_is_told_nothing(game: Game, her: Player, origin: Origin) -> None:
    player = replace(her, origin=origin)
    assert check_eligibility(closed(game), player, is_model_builder=True) == Eligibility(player)


def test_who_built_the_model_practises(game: Game, her: Player) -> None:
    assert check_eligibility(game, her, is_model_builder=True) == practising(
        her, Ineligible.MODEL_BUILDER
    )


def test_a_closed_study_counts_nobody_new(game: Game, her: Player) -> None:
    assert check_eligibility(closed(game), her, is_model_builder=False) == practising(
        her, Ineligible.CLOSED
    )


def test_before_the_first_day_of_play_nothing_counts(planted_house: Workspace, her: Player) -> None:
    clock = Clock()
    game = game_of(planted_house, clock=clock)
    early = replace(game, row=replace(game.row, plays_from=clock.now + 1))
    assert check_eligibility(early, her, is_model_builder=False) == practising(
        her, Ineligible.NOT_OPEN
    )
    with pytest.raises(NotAllowedError, match="is not open yet"):
        early.start(her)
    clock.now += 1
    assert check_eligibility(early, her, is_model_builder=False) == Eligibility(her)


def test_after_the_last_day_of_play_nothing_new_counts_and_what_is_open_does(
    planted_house: Workspace, her: Player
) -> None:
    clock = Clock()
    game = game_of(planted_house, clock=clock)
    dated = replace(game, row=replace(game.row, plays_until=clock.now + 1))
    privacy.record_consent(game.store, her.participant, True)
    deck = dated.start(her)
    clock.now += 1
    assert check_eligibility(dated, her, is_model_builder=False) == Eligibility(her)
    assert dated.start(her) == deck
    dated.finish(deck.deck.id)
    other = replace(her, participant="q")
    assert check_eligibility(dated, other, is_model_builder=False) == practising(
        other, Ineligible.CLOSED
    )
    with pytest.raises(NotAllowedError, match="its last day of play is past"):
        dated.start(other)


def test_where_there_is_a_list_who_is_not_on_it_practises(game: Game, her: Player) -> None:
    game.store.invitations.add(game.row.hash, ["somebody else"])
    assert check_eligibility(game, her, is_model_builder=False) == practising(
        her, Ineligible.NOT_INVITED
    )


def test_who_is_on_the_list_counts(game: Game, her: Player) -> None:
    game.store.invitations.add(game.row.hash, [her.participant])
    assert check_eligibility(game, her, is_model_builder=False) == Eligibility(her)


def test_a_playground_counts_nobody(planted_house: Workspace, her: Player) -> None:
    game = game_of(planted_house, StudyKind.PLAYGROUND)
    assert check_eligibility(game, her, is_model_builder=False) == practising(
        her, Ineligible.NOT_LIVE
    )


def test_a_deck_that_was_begun_is_finished_whatever_happens_meanwhile(
    game: Game, her: Player
) -> None:
    game.start(her)
    assert check_eligibility(closed(game), her, is_model_builder=True) == Eligibility(her)


def test_one_deck_a_person_counts_and_what_follows_is_practice(game: Game, her: Player) -> None:
    play(game, her)
    seat = check_eligibility(game, her, is_model_builder=False)
    assert seat == practising(her, Ineligible.PLAYED)
    dealt, closing = play(game, seat.player, recipe=SHORT_RECIPE)
    assert len(dealt.deck.cards) == 8
    assert closing.why_not is not None
    assert check_eligibility(game, her, is_model_builder=False) == seat


def test_who_is_forgotten_and_comes_back_counts_once_and_is_told_why(
    game: Game, her: Player
) -> None:
    her = replace(her, participant="a pseudonym of hers")
    privacy.record_consent(game.store, her.participant, yes=True)
    play(game, her)
    game.store.participants.forget(her.participant)
    seat = check_eligibility(game, her, is_model_builder=False)
    assert seat == practising(her, Ineligible.COUNTED)
    privacy.record_consent(game.store, her.participant, yes=True)
    assert play(game, seat.player, recipe=SHORT_RECIPE)[1].why_not == "origin"
    game.store.participants.forget(her.participant)
    assert check_eligibility(game, her, is_model_builder=False) == seat
    assert (
        check_eligibility(game, replace(her, participant="q"), is_model_builder=False).reason
        is None
    )
    assert her.participant not in "".join(game.store.db._db.conn.iterdump())


def test_a_mark_of_the_forgotten_goes_when_the_study_closes(game: Game, her: Player) -> None:
    play(game, her)
    game.store.participants.forget(her.participant)
    assert game.store.participants.has_counted(game.row.hash, her.participant)
    closed(game)
    assert not game.store.participants.has_counted(game.row.hash, her.participant)


def test_who_is_forgotten_before_her_deck_was_closed_may_still_count(
    game: Game, her: Player
) -> None:
    game.start(her)
    game.store.participants.forget(her.participant)
    assert check_eligibility(game, her, is_model_builder=False) == Eligibility(her)


def test_practice_deals_no_brand_that_was_seen_before(game: Game, her: Player) -> None:
    seen = {card.brand for card in play(game, her)[0].deck.cards}
    practice = replace(her, origin=Origin.PRACTICE)
    for _ in range(2):
        brands = {card.brand for card in play(game, practice, recipe=SHORT_RECIPE)[0].deck.cards}
        assert brands.isdisjoint(seen)
        seen |= brands


def test_a_deck_whose_time_is_over_counts_as_played(planted_house: Workspace, her: Player) -> None:
    clock = Clock()
    game = game_of(planted_house, clock=clock)
    game.start(her)
    clock.now += 25 * 3_600_000
    assert check_eligibility(game, her, is_model_builder=False) == practising(
        her, Ineligible.PLAYED
    )
