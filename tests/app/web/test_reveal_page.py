"""After the last card: what is said, what is kept, and what stays closed until then."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.modeling.recommender import load_recommender
from app.presentation.i18n import LANGUAGES
from app.storage.study_db.records import Closing, RejectionReason
from app.study import privacy
from app.study.dealing import Player
from app.study.game import Game, RevealedCard, load_game, study_to_play
from app.study.opening import open_study
from app.web import runtime
from app.web.components.reveal import TONES, RevealedCardView
from app.web.views import my_brands, players
from app.web.views.play.reveal import (
    deck_status_text,
    keep_rejections,
    liked_decoys_text,
    reveal_headline,
)
from app.web.views.play.story_crawl import STORY_PARTS, story_lines
from app.workspace.settings import Login, Settings
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.errors import NotAllowedError, UnknownNameError
from recsys.study.deck import Card, CardRole, Face, Origin, Source
from recsys.study.exclusions import ExclusionReason
from recsys.study.policy import StudyKind
from recsys.study.swipes import Answer
from tests.support.games import game_of, known_customers, perfect, play
from tests.support.paths import ROOT

MAIN = str(ROOT / "app" / "web" / "main.py")
HER = "her pseudonym"


def turned(brand: str, answer: Answer | None, *arms: Source) -> RevealedCard:
    """A card that was turned over."""
    stratum = CardRole.PICK if Source.PICK in arms else CardRole.MATCHED_DECOY
    card = Card(1, brand, "Toys", frozenset(arms), stratum, None, None, False, 9)
    return RevealedCard(card, Face(1, brand, None, "Toys", ()), answer, None)


PICK = turned("Lego", Answer.FAVOURITE, Source.PICK)
MISS = turned("Nike", Answer.NOT_FAVOURITE, Source.PICK, Source.BASELINE)
UNMASKED = turned("Bose", Answer.NOT_FAVOURITE, Source.DECOY)
SLY = turned("Casio", Answer.SUPER_LIKE, Source.DECOY)
DIM = turned("Philips", None, Source.DECOY)


class TestWhatIsSaid:
    def test_hits_and_unmasked_decoys_are_counted(self) -> None:
        assert reveal_headline("en", [PICK, MISS, UNMASKED, SLY, DIM]) == (
            "We guessed 1 of your 2. You unmasked 1 of 3 decoys."
        )
        assert reveal_headline("nl", [PICK, MISS]) == "Wij raadden er 1 van jouw 2."

    def test_a_decoy_that_fooled_her_has_a_name(self) -> None:
        assert liked_decoys_text("en", [PICK, UNMASKED, SLY]).startswith(
            "You liked one decoy all the same: Casio."
        )
        both = [SLY, turned("{n}", Answer.FAVOURITE, Source.DECOY)]
        assert "2 lokmerken, Casio en {n}." in liked_decoys_text("nl", both)

    def test_nothing_is_said_of_decoys_where_none_was_dealt(self) -> None:
        assert liked_decoys_text("en", [PICK, MISS]) == ""
        assert liked_decoys_text("en", [PICK, UNMASKED, DIM]) == "No decoy fooled you."

    def test_a_closed_deck_says_whether_it_counts_and_why_not(self) -> None:
        good = Closing("study", 1, None, {"hit_rate": 1.0})
        assert deck_status_text("en", good) == "This deck counts."
        said = {deck_status_text("en", replace(good, why_not=why.value)) for why in ExclusionReason}
        assert len(said) == len(ExclusionReason)
        assert all(sentence.startswith("This deck does not count") for sentence in said)
        assert "too few" in deck_status_text("en", replace(good, score=None))

    def test_the_story_names_every_brand_once_the_favourite_first(self) -> None:
        names = [f"Brand {n:02}" for n in range(10)]
        for language in LANGUAGES:
            title, *lines = story_lines(language, names)
            told = " ".join(lines)
            assert [told.count(name) for name in names] == [1] * 10
            assert told.index(names[0]) == min(map(told.index, names))
            assert len(lines) == len(STORY_PARTS) + 1
            assert "{" not in title + told

    def test_who_has_few_brands_gets_a_shorter_story(self) -> None:
        assert len(list(story_lines("en", ["Lego", "Nike"]))) == 4


class TestWhatIsKept:
    @pytest.fixture
    def game(self, planted_house: Workspace) -> Game:
        return game_of(planted_house)

    @pytest.fixture
    def player(self, planted_house: Workspace) -> Player:
        return Player("p", Origin.OWN, known_customers(load_recommender(planted_house), 1)[0])

    def refused(self, game: Game, player: Player) -> tuple[str, list[str]]:
        """Her closed deck in which every card was refused, and the places of its picks."""
        deck = play(game, player, lambda _: Answer.NOT_FAVOURITE)[0].deck
        picks = [str(c.position) for c in deck.cards if c.role is CardRole.PICK]
        return deck.id, picks

    def test_all_taps_of_a_page_come_each_time_and_each_is_kept_once(
        self, game: Game, player: Player
    ) -> None:
        deck, (one, two, *_) = self.refused(game, player)
        done: dict[str, str] = {}
        for taps in ({one: "gift"}, {one: "gift", two: "bad"}, {one: "taken_back", two: "bad"}):
            keep_rejections(game, player, deck, taps, done)
        assert game.store.swipes.rejections(deck) == {int(two): RejectionReason.BAD}
        assert len(game.store.db.query("select * from refusals")) == 3

    def test_a_later_word_of_another_tab_is_left_alone(self, game: Game, player: Player) -> None:
        deck, (one, two, *_) = self.refused(game, player)
        here: dict[str, str] = {}
        keep_rejections(game, player, deck, {one: "gift"}, here)
        keep_rejections(game, player, deck, {one: "once"}, {})
        keep_rejections(game, player, deck, {one: "gift", two: "shared"}, here)
        assert game.store.swipes.rejections(deck) == {
            int(one): RejectionReason.ONCE,
            int(two): RejectionReason.SHARED,
        }

    def test_a_reason_that_nobody_offered_is_refused(self, game: Game, player: Player) -> None:
        deck, (one, *_) = self.refused(game, player)
        with pytest.raises(UnknownNameError, match="Did you mean 'gift'"):
            keep_rejections(game, player, deck, {one: "gifts"}, {})
        with pytest.raises(NotAllowedError, match="not your favourite"):
            keep_rejections(game, player, deck, {"99": "gift"}, {})
        assert game.store.swipes.rejections(deck) == {}

    def test_the_row_waits_until_her_deck_is_closed(self, game: Game, player: Player) -> None:
        assert my_brands.would_reveal_picks(game, player)
        game.start(player)
        assert my_brands.would_reveal_picks(game, player)
        game.finish(game.store.decks.of_participant("p")[-1].deck.id)
        assert not my_brands.would_reveal_picks(game, player)
        practice = replace(player, origin=Origin.PRACTICE)
        game.start(practice)
        assert my_brands.would_reveal_picks(game, player)

    def test_who_counts_nowhere_may_look_before_she_plays(self, game: Game, player: Player) -> None:
        assert not my_brands.would_reveal_picks(game, replace(player, origin=Origin.PERSONA))
        guest = Player("guest", Origin.ELICITED, picked_brands=("Lego", "Nike"))
        assert not my_brands.would_reveal_picks(game, guest)
        assert [face.brand for face in my_brands.favourite_faces(game, guest)][:2] == [
            "Lego",
            "Nike",
        ]
        assert my_brands.favourite_faces(game, replace(guest, picked_brands=())) == []

    def test_no_row_is_computed_of_a_history_without_a_yes(
        self, game: Game, player: Player
    ) -> None:
        silent = replace(player, participant="not asked yet")
        assert my_brands.favourite_faces(game, silent) == []
        privacy.record_consent(game.store, silent.participant, True)
        assert len(my_brands.favourite_faces(game, silent)) == my_brands.ROW_LENGTH


class TestThePage:
    @pytest.fixture
    def house(self, workspace: Path) -> Iterator[Workspace]:
        runtime.use_settings(Settings(workspace=workspace, login=Login.LOCAL))
        house = runtime.workspace()
        model = house.version().hash
        open_study(house.store, "Autumn", StudyKind.LIVE, house.policy, model, DEFAULT_BASELINE, 1)
        runtime.mark_guarded()
        yield house
        runtime.close_all()

    def opened(
        self, monkeypatch: pytest.MonkeyPatch, player: Player, language: str = "en"
    ) -> AppTest:
        monkeypatch.setattr(players, "current_player", lambda: player)
        at = AppTest.from_file(MAIN, default_timeout=30)
        at.query_params["lang"] = language
        return at.run()

    def played(self, house: Workspace) -> Player:
        """Somebody whose counted deck is closed: one pick refused, one left open."""
        row = study_to_play(house.store)
        assert row is not None
        player = Player(HER, Origin.OWN, known_customers(load_recommender(house), 1)[0])
        privacy.record_consent(house.store, HER, True)
        play(load_game(house, row), player, perfect, cards=19)
        return player

    def data(self, at: AppTest, name: str) -> dict[str, Any]:
        protos = [found.proto for found in at.get("bidi_component")]
        (found,) = [p for p in protos if p.component_name == f"brandswipe_{name}"]
        said: dict[str, Any] = json.loads(found.json)
        return said

    def test_a_counted_deck_is_told_so_and_the_team_s_way_stands_beside(
        self, house: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at = self.opened(monkeypatch, self.played(house))
        assert self.data(at, "reveal")["lead"] == "This deck counts."
        headings = [found.value for found in at.header]
        assert headings == [
            "Your row in the shop", "How far we are together", "Invite a colleague",
        ]  # fmt: skip
        assert any("Fewer than 10 people" in str(said.value) for said in at.markdown)
        assert at.button(key="again_button").label == "Practice on eight more cards"

    def test_cards_come_in_groups_what_she_likes_first(
        self, house: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at = self.opened(monkeypatch, self.played(house))
        groups = self.data(at, "reveal")["groups"]
        assert [group["tone"] for group in groups] == [*TONES]
        assert sum(len(group["cards"]) for group in groups) == 20
        order = ["super_like", "favourite", "not_favourite", "dont_know", None]
        for group in groups:
            places = [order.index(card["answer"]) for card in group["cards"]]
            assert places == sorted(places)
            assert all(bool(card["why"]) == (group["tone"] == "pick") for card in group["cards"])

    def test_her_row_is_ten_brands_and_the_story_does_not_begin_by_itself(
        self, house: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at = self.opened(monkeypatch, self.played(house), "nl")
        row = self.data(at, "carousel")
        assert (len(row["brands"]), row["chosen"]) == (my_brands.ROW_LENGTH, None)
        names = [found.proto.component_name for found in at.get("bidi_component")]
        assert "brandswipe_crawl" not in names
        at.button(key="galaxy_button").click().run()
        story_data = self.data(at, "crawl")
        assert story_data["stars"] == [brand["brand"] for brand in row["brands"]]
        assert story_data["lines"][0] == "Een hemel voor één reiziger"

    def test_the_link_to_pass_on_names_nobody(
        self, house: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        passed = self.data(self.opened(monkeypatch, self.played(house)), "pass_on")
        assert passed["home"] == "/"
        assert [code for code, *_ in passed["sentences"]] == list(LANGUAGES)
        assert HER[:8] not in json.dumps(passed)


def test_a_card_without_an_answer_says_so() -> None:
    from app.presentation.i18n import section_texts
    from app.web.components.reveal import _revealed_card_data

    plain = RevealedCardView(Face(1, "Lego", None, "Toys", ()), {Source.PICK}, None)
    said = _revealed_card_data(plain, section_texts("en", "reveal"))
    assert (said["outcome"], said["answer_words"]) == ("You gave no answer.", "No answer")
    assert not said["right"]
