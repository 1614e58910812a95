"""The page of the game, for somebody whose shop account is known: asked, dealt, told the truth."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from app.modeling.recommender import Stopwatch, load_recommender
from app.storage.study_db.records import DealtDeck, FunnelStep
from app.study import privacy
from app.study.deal_queue import DealQueue, PendingDeal
from app.study.dealing import Player
from app.study.game import Game, load_game, study_to_play
from app.study.opening import open_study
from app.web import runtime
from app.web.views import players
from app.web.views.play import loading
from app.workspace.settings import Login, Settings
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.errors import WorkspaceError
from recsys.study.deck import Origin
from recsys.study.policy import StudyKind
from recsys.study.swipes import Answer
from tests.support.games import known_customers, posts
from tests.support.paths import ROOT

MAIN = str(ROOT / "app" / "web" / "main.py")
HER = "her pseudonym"
YES, NO = "welcome_yes", "welcome_no"


@pytest.fixture
def live(workspace: Path) -> Iterator[Workspace]:
    """A server in local mode whose shop has a live study open."""
    runtime.use_settings(Settings(workspace=workspace, login=Login.LOCAL))
    house = runtime.workspace()
    model = house.version().hash
    open_study(house.store, "Autumn", StudyKind.LIVE, house.policy, model, DEFAULT_BASELINE, 1)
    runtime.mark_guarded()
    yield house
    runtime.close_all()


Opens = Callable[..., AppTest]


@pytest.fixture
def arrive(live: Workspace, monkeypatch: pytest.MonkeyPatch) -> Opens:
    """Open the page as somebody whose account is known."""
    customer = known_customers(load_recommender(live), 1)[0]

    def open_page(customer: str = customer, built_it: bool = False) -> AppTest:
        monkeypatch.setattr(players, "current_player", lambda: Player(HER, Origin.OWN, customer))
        monkeypatch.setattr(players, "built_the_model", lambda: built_it)
        at = AppTest.from_file(MAIN, default_timeout=30)
        at.query_params["lang"] = "en"
        return at.run()

    return open_page


def game() -> Game:
    house = runtime.workspace()
    row = study_to_play(house.store)
    assert row is not None
    return load_game(house, row)


def shown(at: AppTest) -> set[str]:
    """Which components of ours can be seen on the page."""
    protos = [found.proto for found in at.get("bidi_component")]
    return {proto.component_name.removeprefix("brandswipe_") for proto in protos} - {"memory"}


def title(at: AppTest) -> str:
    return str(at.title[0].value)


def press(at: AppTest, key: str) -> AppTest:
    return at.button(key=key).click().run()


class HinderedQueue(DealQueue):
    """A queue in which something happens before each deal."""

    def __init__(self, before: Callable[[], None]) -> None:
        super().__init__()
        self.before = before

    def submit(self, deal: Callable[[Stopwatch], DealtDeck]) -> PendingDeal:
        def hindered(stopwatch: Stopwatch) -> DealtDeck:
            self.before()
            return deal(stopwatch)

        return super().submit(hindered)


def deal_after(before: Callable[[], None]) -> None:
    """Let the server deal in a queue that is hindered, before it deals for the first time."""
    queue = HinderedQueue(before)
    assert runtime.state().once("deal queue", lambda: queue) is queue


def origins() -> list[Origin]:
    return [dealt.deck.origin for dealt in runtime.store().decks.of_participant(HER)]


def finish() -> None:
    """Answer every card of her open deck, and close it."""
    deck = runtime.store().decks.of_participant(HER)[-1].deck
    every = {card.position: Answer.FAVOURITE for card in deck.cards}
    game().store.swipes.add(deck.id, posts(deck, every))
    game().finish(deck.id)


def test_nothing_is_read_or_dealt_before_the_yes_and_one_card_teaches_the_ways(
    arrive: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> None:
        raise AssertionError("her events were read")

    monkeypatch.setattr(type(runtime.event_store()), "events_of", read)
    at = arrive()
    assert title(at) == "Which brands are yours?"
    assert shown(at) == {"practice"}
    words = " ".join(str(said.value) for said in [*at.markdown, *at.caption])
    assert game().study.policy.question.en in words
    assert "in the shop up to" in words
    assert (origins(), privacy.has_consented(runtime.store(), HER)) == ([], None)


def test_a_yes_is_kept_and_deals_her_own_deck(arrive: Opens) -> None:
    at = press(arrive(), YES)
    assert shown(at) == {"swipe"}
    assert origins() == [Origin.OWN]
    assert privacy.has_consented(runtime.store(), HER) is True
    assert any("Found you among" in str(said.value) for said in at.caption)


def test_who_comes_back_is_greeted_with_her_answers(arrive: Opens) -> None:
    press(arrive(), YES)
    deck = runtime.store().decks.of_participant(HER)[-1].deck
    game().store.swipes.add(deck.id, posts(deck, {1: Answer.FAVOURITE, 2: Answer.SUPER_LIKE}))
    at = arrive()
    assert shown(at) == {"swipe"}
    assert [said.value for said in at.caption] == [
        "Welcome back. Your 2 answers are here; go on where you were."
    ]
    assert len(origins()) == 1


def test_a_no_is_kept_and_respected_until_she_thinks_again(arrive: Opens) -> None:
    at = press(arrive(), NO)
    assert shown(at) == {"wall"}
    assert privacy.has_consented(runtime.store(), HER) is False
    assert shown(arrive()) == {"wall"}  # at the next visit too
    at = press(arrive(), "reconsider")
    assert shown(at) == {"practice"}
    at = press(at, YES)
    assert (shown(at), origins()) == ({"swipe"}, [Origin.OWN])


def test_after_her_deck_come_the_reveal_and_practice_that_does_not_count(arrive: Opens) -> None:
    press(arrive(), YES)
    finish()
    at = arrive()
    assert "reveal" in shown(at)
    press(at, "again_button")
    assert (shown(at), origins()) == ({"swipe"}, [Origin.OWN, Origin.PRACTICE])
    finish()
    closings = runtime.store().decks.closings(game().row.hash)
    assert [closing.why_not is None for closing in closings] == [True, False]
    assert "reveal" in shown(arrive())


def test_too_little_history_is_said_and_the_wall_is_the_way_on(
    arrive: Opens, live: Workspace
) -> None:
    brain = load_recommender(live)
    few = next(c for c in brain.event_store.customer_ids() if len(brain.evidence_of(c)) < 5)
    at = press(arrive(few), YES)
    assert title(at) == "We hardly know you"
    at = press(at, "thin_pick")
    assert (shown(at), origins()) == ({"wall"}, [])


def test_who_built_the_model_is_told_so_and_plays_for_fun(arrive: Opens) -> None:
    at = arrive(built_it=True)
    assert title(at) == "You built the model"
    at = press(press(at, "built_it_practise"), YES)
    assert (shown(at), origins()) == ({"swipe"}, [Origin.PRACTICE])


def test_a_closed_study_says_so_and_can_still_be_played_for_fun(
    arrive: Opens, live: Workspace
) -> None:
    live.store.studies.close(game().row.hash, "it was decided")
    at = arrive()
    assert title(at) == "This study is closed"
    assert shown(press(at, "closed_pick")) == {"wall"}


def test_that_practice_does_not_count_is_said_once_and_not_before_every_deck(
    arrive: Opens, live: Workspace
) -> None:
    live.store.studies.close(game().row.hash, "it was decided")
    press(press(arrive(), "closed_practise"), YES)
    finish()
    at = press(arrive(), "again_button")
    assert (shown(at), origins()) == ({"swipe"}, [Origin.PRACTICE, Origin.PRACTICE])


def test_who_picks_brands_instead_may_pick_others_and_come_back_to_her_history(
    arrive: Opens, live: Workspace
) -> None:
    live.store.studies.close(game().row.hash, "it was decided")
    at = press(arrive(), "closed_pick")
    game().start(Player(HER, Origin.ELICITED, picked_brands=("Lego", "Nike", "Xbox")))
    assert shown(at.run()) == {"swipe"}
    finish()
    at = press(at.run(), "again_button")
    assert shown(at) == {"wall"}
    assert title(press(at, "reconsider")) == "This study is closed"


def test_a_wait_that_can_be_felt_tells_a_story_and_its_stages(
    arrive: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, story_begun = list[str](), threading.Event()

    def until_the_story_begins() -> None:
        assert story_begun.wait(10)

    def tell(lines: list[str], **_: object) -> SimpleNamespace:
        told.extend(lines)
        story_begun.set()
        return SimpleNamespace(ended=None)

    deal_after(until_the_story_begins)
    monkeypatch.setattr(loading, "STORY_DELAY", 0.05)
    monkeypatch.setattr(loading, "story_crawl", tell)
    at = press(arrive(), YES)
    assert told[0] == "A long, long shopping list ago"
    assert len(told) == 6
    assert shown(at) == {"swipe"}


def test_a_failure_is_a_sentence_with_a_way_on_and_the_next_try_deals(arrive: Opens) -> None:
    failures = [WorkspaceError("The disk is full: make room, then try again.")]

    def fail_once() -> None:
        if failures:
            raise failures.pop()

    at = arrive()
    deal_after(fail_once)
    at = press(at, YES)
    assert title(at) == "No cards this time"
    assert "The disk is full" in " ".join(str(said.value) for said in at.markdown)
    at = press(press(at, "failed_retry"), YES)
    assert (shown(at), origins()) == ({"swipe"}, [Origin.OWN])


def test_how_far_an_invited_person_came_is_noted_as_she_comes_there(arrive: Opens) -> None:
    store, row = runtime.store(), game().row
    arrive()
    assert store.invitations.steps_of(row.hash, HER) == [], "of who is on no list nothing is noted"
    store.invitations.add(row.hash, [HER])
    at = arrive()
    assert [step for step, _ in store.invitations.steps_of(row.hash, HER)] == [
        FunnelStep.OPENED,
        FunnelStep.LINKED,
    ]
    press(at, YES).run()
    assert [step for step, _ in store.invitations.steps_of(row.hash, HER)] == list(FunnelStep)
