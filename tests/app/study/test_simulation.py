"""Simulated colleagues play through the same use cases as real ones, marked everywhere."""

from pathlib import Path

import pytest

from app.auth.identity import pseudonym
from app.storage.study_db.store import StudyStore
from app.study.dealing import Player
from app.study.simulation import RaterPool
from app.workspace.keys import SecretKeys
from app.workspace.workspace import Workspace
from recsys.errors import WorkspaceError
from recsys.simulation.raters import HONEST, POLITE, RaterBehavior
from recsys.study.deck import Origin
from recsys.study.policy import StudyKind
from recsys.study.scoring import score_from_row
from tests.support.games import game_of

KEYS = SecretKeys(b"s" * 32, b"p" * 32)


@pytest.fixture(scope="module")
def colleagues(planted: Path) -> RaterPool:
    return RaterPool.of(planted)


def played(
    house: Workspace, colleagues: RaterPool, n: int, seed: int, how: RaterBehavior
) -> StudyStore:
    """A study in which so many have played."""
    game = game_of(house, StudyKind.SIMULATED)
    assert list(colleagues.play(game, KEYS, n, seed, how)) == list(range(1, n + 1))
    return game.store


def answers(store: StudyStore) -> list[tuple[list[str], dict[int, str]]]:
    (row,) = store.studies.all()
    decks = store.decks.of_study(row.hash)
    standing = store.swipes.current(*(dealt.deck.id for dealt in decks))
    return [
        ([card.brand for card in dealt.deck.cards], dict(standing[dealt.deck.id].answers))
        for dealt in decks
        if dealt.deck.id in standing
    ]


def hit_rate(store: StudyStore) -> float:
    (row,) = store.studies.all()
    scores = [score_from_row(c.score).precision for c in store.decks.closings(row.hash) if c.score]
    return sum(scores) / len(scores)


def test_the_same_seed_plays_the_same_study(
    planted_house: Workspace, colleagues: RaterPool
) -> None:
    first, again, other = (
        answers(played(planted_house, colleagues, 8, seed, HONEST)) for seed in (3, 3, 4)
    )
    assert first == again != other


def test_everything_they_leave_says_simulated(
    planted_house: Workspace, colleagues: RaterPool
) -> None:
    store = played(planted_house, colleagues, 3, 1, HONEST)
    (row,) = store.studies.all()
    assert row.kind is StudyKind.SIMULATED
    for dealt in store.decks.of_study(row.hash):
        assert dealt.deck.origin is Origin.SIMULATED
        for swipe in store.swipes.of_deck(dealt.deck.id):
            assert swipe.input == swipe.device_class == swipe.tab == "simulated"


def test_a_panel_that_says_yes_to_all_likes_the_decoys_as_well(
    planted_house: Workspace, colleagues: RaterPool
) -> None:
    stores = [played(planted_house, colleagues, 25, 2, how) for how in (HONEST, POLITE)]
    (honest, polite) = (
        [
            score_from_row(c.score).discrimination
            for c in s.decks.closings(s.studies.all()[0].hash)
            if c.score
        ]
        for s in stores
    )
    assert sum(honest) / len(honest) > sum(polite) / len(polite) + 0.1
    assert all(hit_rate(store) > 0.7 for store in stores)


def test_who_has_played_does_not_play_again(
    planted_house: Workspace, colleagues: RaterPool
) -> None:
    game = game_of(planted_house, StudyKind.SIMULATED)
    for _ in range(2):
        assert list(colleagues.play(game, KEYS, 5, 9, HONEST)) == [1, 2, 3, 4, 5]
    decks = game.store.decks.of_study(game.row.hash)
    assert len({dealt.deck.participant for dealt in decks}) == len(decks) == 10


def test_who_was_interrupted_goes_on_with_the_open_deck(
    planted_house: Workspace, colleagues: RaterPool
) -> None:
    game = game_of(planted_house, StudyKind.SIMULATED)
    customer = next(
        c for c in colleagues.customer_order(9) if len(game.recommender.evidence_of(c)) >= 5
    )
    name = pseudonym(KEYS, f"simulated {game.row.hash} {customer}")
    deck = game.start(Player(name, Origin.SIMULATED, customer)).deck
    assert list(colleagues.play(game, KEYS, 1, 9, HONEST)) == [1]
    assert game.store.decks.closing(deck.id) is not None
    assert len(game.store.decks.of_study(game.row.hash)) == 1


def test_it_ends_when_nobody_is_left(planted_house: Workspace, colleagues: RaterPool) -> None:
    few = RaterPool(
        {c: colleagues.true_tastes[c] for c in colleagues.customer_order(1)[:12]}, colleagues.brands
    )
    game = game_of(planted_house, StudyKind.SIMULATED)
    done = list(few.play(game, KEYS, 100, 1, HONEST))
    assert 0 < len(done) <= 12
    assert list(few.play(game, KEYS, 100, 1, HONEST)) == []


def test_two_studies_know_the_same_person_by_two_names(
    planted_house: Workspace, colleagues: RaterPool
) -> None:
    stores = StudyStore()
    names = []
    for _ in range(2):
        game = game_of(planted_house, StudyKind.SIMULATED, store=stores)
        list(colleagues.play(game, KEYS, 1, 9, HONEST))
        names += [dealt.deck.participant for dealt in stores.decks.of_study(game.row.hash)]
    assert names[0] != names[1]


def test_without_a_planted_shop_nobody_can_be_simulated(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"planted shop only.*brandswipe data generate"):
        RaterPool.of(tmp_path)
