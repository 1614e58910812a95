"""What is told to a person of herself, and what is left when she is forgotten."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.auth.identity import pseudonym
from app.modeling.recommender import load_recommender
from app.presentation.i18n import format_day
from app.storage.study_db.store import find_mismatches
from app.study import privacy
from app.study.dealing import Player
from app.study.game import Game
from app.study.privacy import forget_person, personal_data
from app.study.results import study_status
from app.web import runtime
from app.web.views.session import SESSION_KEY, Session, WantedPage
from app.workspace.settings import Login, Settings
from app.workspace.workspace import Workspace
from recsys.study.deck import SHORT_RECIPE, Origin
from recsys.study.swipes import Answer
from tests.support.games import game_of, known_customers, people, play, posts
from tests.support.paths import ROOT

NOTHING = {
    "schema": 2,
    "shop_account": None,
    "invited_to": [],
    "invited_as": [],
    "counted_in": [],
    "steps": [],
    "consents": [],
    "decks": [],
}
MAIN = str(ROOT / "app" / "web" / "main.py")


@pytest.fixture
def game(planted_house: Workspace) -> Game:
    return game_of(planted_house)


@pytest.fixture(scope="module")
def her(planted_house: Workspace) -> Player:
    return Player("p", Origin.OWN, known_customers(load_recommender(planted_house), 1)[0])


def test_a_closed_deck_is_told_whole(game: Game, her: Player) -> None:
    dealt, _ = play(game, her)
    ((deck,), consents) = (
        personal_data(game.store, ["p"])["decks"],
        personal_data(game.store, ["p"])["consents"],
    )
    assert (deck["study"], deck["origin"], deck["counts"]) == (game.row.name, "own", True)
    assert [card["brand"] for card in deck["cards"]] == [c.brand for c in dealt.deck.cards]
    assert all(card["answer"] and card["proposed_by"] for card in deck["cards"])
    assert len(deck["swipes"]) == 20
    assert [said["yes"] for said in consents] == [True]


def test_an_open_deck_says_nothing_of_who_proposed_a_card(game: Game, her: Player) -> None:
    deck = game.start(her).deck
    game.store.swipes.add(deck.id, posts(deck, {1: Answer.FAVOURITE}))
    (told,) = personal_data(game.store, ["p"])["decks"]
    assert {key for card in told["cards"] for key in card} == {
        "position", "brand", "category", "answer",
    }  # fmt: skip
    assert [card["answer"] for card in told["cards"]] == ["favourite", *[None] * 19]
    assert (told["closed_at"], told["counts"]) == (None, False)


def test_it_holds_no_customer_seed_hash_or_pseudonym(game: Game, her: Player) -> None:
    dealt, _ = play(game, her)
    told = json.dumps(personal_data(game.store, ["p"]))
    deck = dealt.deck
    for secret in (str(her.customer), str(deck.seed), deck.hash, deck.id, deck.model):
        assert secret not in told


def test_forgetting_leaves_the_verdict_and_nothing_of_her(game: Game) -> None:
    players = people(game.recommender, 12, Origin.OWN)
    for player in players:
        play(game, player)
    before = study_status(game.store, game.row).report
    gone = forget_person(game.store, [players[0].participant, "never played"])
    assert (gone.decks, gone.swipes) == (1, 20)
    known = personal_data(game.store, [players[0].participant])
    assert known == NOTHING | {"counted_in": [game.row.name]}
    after = study_status(game.store, game.row).report
    assert [c.estimate for c in after.criteria] == [c.estimate for c in before.criteria]
    assert game.store.participants.withdrawn_decks(game.row.hash) == 1
    assert find_mismatches(game.store) == []


@pytest.fixture
def opened(workspace: Path) -> Iterator[Workspace]:
    """The page in local mode, in a shop with a playground."""
    runtime.use_settings(Settings(workspace=workspace, login=Login.LOCAL))
    runtime.mark_guarded()
    yield runtime.workspace()
    runtime.close_all()


def arrive() -> AppTest:
    """Open the page of her data in a browser that keeps no cookie."""
    at = AppTest.from_file(MAIN, default_timeout=30)
    at.query_params["lang"] = "en"
    at.session_state[SESSION_KEY] = Session(
        visit_name="somebody", wanted_page=WantedPage("employee", "my_data", {})
    )
    return at.run()


def test_the_page_forgets_at_two_presses_and_not_at_one(opened: Workspace) -> None:
    who = pseudonym(runtime.secret_keys(), "guest somebody")
    game = game_of(opened, store=opened.store)
    fun = Player(who, Origin.ELICITED, picked_brands=("Lego", "Nike", "Xbox"))
    deck = game.start(fun, SHORT_RECIPE).deck
    game.store.swipes.add(deck.id, posts(deck, {1: Answer.SUPER_LIKE}))
    privacy.record_consent(opened.store, who, yes=False)
    at = arrive()
    assert [box.label for box in at.expander] == [
        f"Deck 1, {format_day('en', opened.store.decks.of_participant(who)[0].dealt_at // 1000)}, "
        "still open: 1 of 8 answered"
    ]
    at.button(key="forget").click().run()
    at.button(key="forget_not").click().run()
    assert len(opened.store.decks.of_participant(who)) == 1
    at.button(key="forget").click().run()
    at.button(key="forget_sure").click().run()
    assert [said.value for said in at.success] == ["You are forgotten."]
    assert personal_data(opened.store, [who]) == NOTHING
    assert at.run().success  # said as long as it is true
