"""The game deals what it may, remembers what it must, and keeps nothing else."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.modeling.recommender import load_recommender
from app.storage.study_db.records import ClosedBy, RejectionReason
from app.storage.study_db.store import StudyStore
from app.study import privacy
from app.study.dealing import Player
from app.study.game import Game
from app.workspace.workspace import Workspace
from recsys.errors import NotAllowedError, NotEnoughHistoryError
from recsys.study.deck import (
    SHORT_RECIPE,
    Card,
    CardRole,
    Deck,
    Face,
    HistoryDepth,
    MatchLevel,
    Origin,
    Source,
)
from recsys.study.policy import StudyKind
from recsys.study.swipes import Answer
from tests.support.cli_runner import brandswipe
from tests.support.games import RANDOM, Clock, game_of, known_customers, perfect, play, posts


@pytest.fixture
def game(planted_house: Workspace) -> Game:
    return game_of(planted_house)


@pytest.fixture(scope="module")
def her(planted_house: Workspace) -> str:
    return known_customers(load_recommender(planted_house), 1)[0]


@pytest.fixture(scope="module")
def wall(planted_house: Workspace) -> list[str]:
    shelf = load_recommender(planted_house).brand_pool
    return [str(name) for name in shelf.names[shelf.allowed]]


@pytest.fixture(scope="module")
def secretive(planted: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A shop in which `secret` bought sensitive brands alone and `mixed` many others as well."""
    import shutil

    from app.workspace.settings import Settings

    folder = tmp_path_factory.mktemp("secretive")
    shutil.copytree(planted, folder / "ws")
    house = Workspace(Settings(workspace=folder / "ws"))
    names, hidden = house.event_store.catalog.brands, house.event_store.catalog.brand_sensitive
    few = [str(name) for name in names[~hidden][::60]][:9]
    secret = [str(name) for name in names[hidden]]
    rows = [("secret", brand) for brand in secret] + [("mixed", brand) for brand in secret + few]
    lines = [f"{who},{1_760_000_000 + n},follow,{brand}" for n, (who, brand) in enumerate(rows)]
    (folder / "more.csv").write_text("customer_id,ts,event,brand\n" + "\n".join(lines) + "\n")
    assert brandswipe("data", "ingest", str(folder / "more.csv"), workspace=folder / "ws").code == 0
    return house


class TestAYes:
    """Nothing of a person's history is read before she said yes to the wording of today."""

    @pytest.mark.parametrize("origin", [Origin.OWN, Origin.PRACTICE])
    def test_without_it_nothing_is_dealt_listed_or_explained(
        self, game: Game, her: str, origin: Origin
    ) -> None:
        player = Player("asked by nobody", origin, her)
        for wanted in (lambda: game.start(player), lambda: game.favourites(player, 10)):
            with pytest.raises(NotAllowedError, match="only after you say yes"):
                wanted()
        assert game.store.decks.of_participant(player.participant) == []

    def test_her_last_word_holds(self, game: Game, her: str) -> None:
        player = Player("changes her mind", Origin.OWN, her)
        for yes in (True, False):
            privacy.record_consent(game.store, player.participant, yes)
        with pytest.raises(NotAllowedError):
            game.favourites(player, 10)
        privacy.record_consent(game.store, player.participant, yes=True)
        assert len(game.favourites(player, 10)) == 10

    def test_after_a_no_her_deck_is_still_hers_without_reasons(self, game: Game, her: str) -> None:
        player = Player("p", Origin.OWN, her)
        dealt, _ = play(game, player)
        assert any(turned.score for turned in game.reveal(dealt.deck.id, player))
        privacy.record_consent(game.store, "p", yes=False)
        turned = game.reveal(dealt.deck.id, player)
        assert (len(turned), [t.score for t in turned if t.score]) == (20, [])

    def test_another_wording_asks_again(
        self, game: Game, her: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert privacy.has_consented(game.store, "p") is True
        monkeypatch.setattr(privacy, "consent_version", lambda: "another wording")
        assert privacy.has_consented(game.store, "p") is None
        with pytest.raises(NotAllowedError):
            game.start(Player("p", Origin.OWN, her))


class TestCoffee:
    """One code a finished deck, the same for every answer, and nothing says who got it."""

    def codes(self, game: Game) -> list[str]:
        game.store.invitations.add(game.row.hash, ["p", "p1"], ["MILK", "SUGAR"])
        return ["MILK", "SUGAR"]

    def test_an_ended_deck_gets_one_code_however_often_it_is_ended(
        self, game: Game, her: str
    ) -> None:
        codes = self.codes(game)
        deck = game.start(Player("p", Origin.OWN, her)).deck
        with ThreadPoolExecutor(8) as crowd:
            given = [
                code
                for code in crowd.map(lambda _: game.finish_by_player(deck.id), range(8))
                if code
            ]
        assert len(given) == 1
        assert given[0] in codes
        assert game.store.decks.closing(deck.id) is not None

    def test_practice_gets_none_and_an_empty_pool_says_nothing(self, game: Game, her: str) -> None:
        self.codes(game)
        fun = game.start(Player("p", Origin.PRACTICE, her), SHORT_RECIPE).deck
        assert game.finish_by_player(fun.id) is None
        for who in ("p", "p1", "p2"):
            given = game.finish_by_player(game.start(Player(who, Origin.OWN, her)).deck.id)
            assert (given is None) == (who == "p2")


class TestDealing:
    def test_the_same_seed_deals_the_same_deck_and_another_one_another(
        self, planted_house: Workspace, her: str
    ) -> None:
        games = [
            replace(game_of(planted_house), random_bits=lambda _, seed=seed: seed)
            for seed in (RANDOM, RANDOM, RANDOM + 1)
        ]
        first, again, other = (g.start(Player("p", Origin.OWN, her)).deck for g in games)
        assert first.cards == again.cards
        assert first.seed == RANDOM
        assert [c.brand for c in first.cards] != [c.brand for c in other.cards]

    def test_a_deck_id_says_nothing_of_the_seed(self, planted_house: Workspace, her: str) -> None:
        games = [replace(game_of(planted_house), random_bits=lambda _: RANDOM) for _ in range(2)]
        first, second = (g.start(Player("p", Origin.OWN, her)).deck for g in games)
        assert first.id != second.id
        assert f"{RANDOM:x}" not in first.id

    def test_a_study_deck_has_twenty_cards_and_a_taster_eight(self, game: Game, her: str) -> None:
        own = game.start(Player("p1", Origin.OWN, her)).deck
        taster = game.start(
            Player("p2", Origin.ELICITED, picked_brands=("Lego", "Nike")), SHORT_RECIPE
        ).deck
        assert (len(own.cards), len(taster.cards)) == (20, 8)
        strata = [card.role for card in taster.cards]
        assert strata.count(CardRole.PICK) == 4
        assert sum(Source.DECOY in card.sources for card in taster.cards) == 2
        assert strata.count(CardRole.BASELINE_ONLY) == 2

    def test_a_brand_she_named_is_never_dealt(self, game: Game, wall: list[str]) -> None:
        draw = random.Random(4)
        for n in range(40):
            named = tuple(draw.sample(wall, draw.randint(1, 5)))
            deck = game.start(
                Player(f"p{n}", Origin.ELICITED, picked_brands=named), SHORT_RECIPE
            ).deck
            assert not {card.brand for card in deck.cards} & set(named)

    def test_names_that_the_shop_does_not_know_are_passed_over(self, game: Game) -> None:
        player = Player("p", Origin.ELICITED, picked_brands=("no such brand", "<script>"))
        assert len(game.start(player, SHORT_RECIPE).deck.cards) == 8

    @pytest.mark.parametrize("origin", [Origin.OWN, Origin.ELICITED])
    def test_a_brand_once_revealed_is_never_dealt_to_her_again(
        self, game: Game, her: str, origin: Origin
    ) -> None:
        seen: set[str] = set()
        for _ in range(4):
            named = ("Lego",) if origin is Origin.ELICITED else ()
            customer = her if origin is Origin.OWN else None
            deck = play(game, Player("p", origin, customer, named))[0].deck
            dealt = {card.brand for card in deck.cards}
            assert not dealt & seen
            seen |= dealt
        assert len(seen) == 80

    def test_what_she_saw_in_a_taster_is_not_dealt_from_her_history_either(
        self, game: Game, her: str
    ) -> None:
        taster = play(
            game, Player("p", Origin.ELICITED, picked_brands=("Lego",)), recipe=SHORT_RECIPE
        )[0].deck
        own = game.start(Player("p", Origin.OWN, her)).deck
        assert not {c.brand for c in own.cards} & {c.brand for c in taster.cards}

    def test_a_borrowed_life_is_the_same_however_often_it_is_played(
        self, game: Game, her: str
    ) -> None:
        decks = [play(game, Player("p", Origin.PERSONA, her))[0].deck for _ in range(2)]
        picks = [{c.brand for c in deck.cards if Source.PICK in c.sources} for deck in decks]
        assert picks[0] == picks[1]

    def test_an_open_deck_is_dealt_once(self, game: Game, her: str) -> None:
        player = Player("p", Origin.OWN, her)
        first = game.start(player)
        game.store.swipes.add(first.deck.id, posts(first.deck, {1: Answer.FAVOURITE}))
        assert game.start(player) == first
        game.finish(first.deck.id)
        assert game.start(player).deck.id != first.deck.id

    def test_who_presses_twice_at_once_is_dealt_one_deck(self, game: Game, her: str) -> None:
        player = Player("p", Origin.OWN, her)
        with ThreadPoolExecutor(8) as crowd:
            dealt = list(crowd.map(lambda _: game.start(player).deck.id, range(8)))
        assert len(set(dealt)) == len(game.store.decks.of_participant("p")) == 1

    def test_somebody_elses_open_deck_is_not_hers(self, game: Game, her: str) -> None:
        first = game.start(Player("p1", Origin.OWN, her))
        assert game.start(Player("p2", Origin.OWN, her)).deck.id != first.deck.id

    def test_a_deck_whose_time_is_over_is_closed_and_another_one_dealt(
        self, planted_house: Workspace, her: str
    ) -> None:
        clock = Clock()
        game, player = game_of(planted_house, clock=clock), Player("p", Origin.OWN, her)
        first = game.start(player).deck
        game.store.swipes.add(first.id, posts(first, {c.position: perfect(c) for c in first.cards}))
        clock.now += 25 * 3_600_000
        second = game.start(player).deck
        closing = game.store.decks.closing(first.id)
        assert second.id != first.id
        assert closing is not None
        assert closing.by is ClosedBy.TIME
        assert closing.score is not None

    def test_the_true_time_of_every_stage_is_kept(self, game: Game, her: str) -> None:
        dealt = game.start(Player("p", Origin.OWN, her))
        assert set(dealt.timings) == {
            "reading her events",
            "summing up",
            f"ranking {len(game.recommender.catalog.brands)} brands",
            "choosing decoys",
        }
        assert all(ms >= 0 for ms in dealt.timings.values())


class TestWhoMayPlay:
    @pytest.mark.parametrize("origin", [Origin.OWN, Origin.SIMULATED, Origin.PERSONA])
    def test_a_thin_history_is_said_to_be_thin(
        self, planted_house: Workspace, game: Game, origin: Origin
    ) -> None:
        brain = load_recommender(planted_house)
        thin = next(c for c in brain.event_store.customer_ids() if len(brain.evidence_of(c)) < 5)
        with pytest.raises(NotEnoughHistoryError, match=r"need 5 to guess.*brands you love"):
            game.start(Player("p", origin, thin))
        assert game.store.decks.of_participant("p") == []

    def test_an_unknown_customer_is_told_what_to_do(self, game: Game) -> None:
        with pytest.raises(NotEnoughHistoryError, match="Pick brands you love"):
            game.start(Player("p", Origin.OWN, "nobody"))

    @pytest.mark.parametrize("origin", [Origin.OWN, Origin.SIMULATED])
    def test_a_closed_study_deals_to_nobody_who_would_count(
        self, game: Game, her: str, origin: Origin
    ) -> None:
        game.store.studies.close(game.row.hash, "decided after 40 people")
        closed = replace(game, row=game.store.studies.get(game.row.hash))
        with pytest.raises(NotAllowedError, match=r"is closed: decided after 40 people"):
            closed.start(Player("p", origin, her))
        fun = closed.start(Player("p", Origin.ELICITED, picked_brands=("Lego",)), SHORT_RECIPE)
        assert fun.deck.evidence is HistoryDepth.THIN

    def test_a_deck_that_was_open_when_its_study_closed_may_be_finished(
        self, game: Game, her: str
    ) -> None:
        player = Player("p", Origin.OWN, her)
        first = game.start(player)
        game.store.studies.close(game.row.hash, "enough")
        assert replace(game, row=game.store.studies.get(game.row.hash)).start(player) == first


class TestSensitiveBrands:
    def test_who_bought_nothing_else_is_not_known_enough(self, secretive: Workspace) -> None:
        with pytest.raises(NotEnoughHistoryError, match="We know 0 of your brands"):
            game_of(secretive).start(Player("p", Origin.OWN, "secret"))

    def test_they_are_never_dealt_nor_do_they_speak_for_another_brand(
        self, secretive: Workspace
    ) -> None:
        game, catalogue = game_of(secretive), secretive.event_store.catalog
        hidden = {str(name) for name in catalogue.brands[catalogue.brand_sensitive]}
        assert len(hidden) > 5
        for _ in range(5):
            player = Player("p", Origin.OWN, "mixed")
            deck = play(game, player)[0].deck
            assert not {card.brand for card in deck.cards} & hidden
            for turned in game.reveal(deck.id, player):
                assert turned.score is None or not set(turned.score.explanation.neighbours) & hidden

    def test_naming_one_says_nothing(self, secretive: Workspace) -> None:
        brain = load_recommender(secretive)
        hidden = [str(n) for n in brain.catalog.brands[brain.catalog.brand_sensitive]]
        assert len(brain.evidence_from_brands(tuple(hidden))) == 0
        deck = game_of(secretive).start(
            Player("p", Origin.ELICITED, picked_brands=tuple(hidden[:5])), SHORT_RECIPE
        )
        assert not {card.brand for card in deck.deck.cards} & set(hidden)


class TestTheReveal:
    def test_it_waits_until_the_deck_is_closed(self, game: Game, her: str) -> None:
        player = Player("p", Origin.OWN, her)
        deck = game.start(player).deck
        with pytest.raises(NotAllowedError, match="still open"):
            game.reveal(deck.id, player)

    def test_it_is_hers_alone(self, game: Game, her: str) -> None:
        deck = play(game, Player("p", Origin.OWN, her))[0].deck
        with pytest.raises(NotAllowedError, match="somebody else's"):
            game.reveal(deck.id, Player("q", Origin.OWN, her))

    def test_it_turns_every_card_with_its_answer_and_the_reason_of_each_pick(
        self, game: Game, her: str
    ) -> None:
        player = Player("p", Origin.OWN, her)
        deck = play(game, player, cards=19)[0].deck
        turned = game.reveal(deck.id, player)
        assert [t.card for t in turned] == list(deck.cards)
        assert [t.answer for t in turned] == [*map(perfect, deck.cards[:19]), None]
        for t in turned:
            if t.card.role is CardRole.PICK:
                assert t.score is not None
                assert t.score.brand == t.card.brand == t.face.brand

    def test_it_still_turns_the_cards_when_her_history_has_gone(self, game: Game, her: str) -> None:
        deck = play(game, Player("p", Origin.OWN, her))[0].deck
        turned = game.reveal(deck.id, Player("p", Origin.OWN, "gone"))
        assert len(turned) == 20
        assert all(t.score is None for t in turned)


class TestWhyAPickWasRefused:
    @pytest.fixture
    def player(self, her: str) -> Player:
        return Player("p", Origin.OWN, her)

    @pytest.fixture
    def deck(self, game: Game, player: Player) -> Deck:
        """Picks on even places are refused, all other cards liked."""

        def say(card: Card) -> Answer:
            refused = card.role is CardRole.PICK and card.position % 2 == 0
            return Answer.NOT_FAVOURITE if refused else Answer.FAVOURITE

        return play(game, player, say)[0].deck

    @pytest.fixture
    def refused(self, deck: Deck) -> int:
        picks = [card.position for card in deck.cards if card.role is CardRole.PICK]
        return next(place for place in picks if place % 2 == 0)

    def test_the_latest_word_counts_and_may_be_taken_back(
        self, game: Game, player: Player, deck: Deck, refused: int
    ) -> None:
        standing = []
        for why in (
            RejectionReason.GIFT,
            RejectionReason.BAD,
            RejectionReason.TAKEN_BACK,
            RejectionReason.ONCE,
        ):
            game.reject(deck.id, player, refused, why)
            (turned,) = (t for t in game.reveal(deck.id, player) if t.card.position == refused)
            standing.append(turned.rejection)
        assert standing == [RejectionReason.GIFT, RejectionReason.BAD, None, RejectionReason.ONCE]
        assert len(game.store.db.query("select * from refusals")) == 4

    def test_the_same_word_twice_is_stored_once(
        self, game: Game, player: Player, deck: Deck, refused: int
    ) -> None:
        game.reject(deck.id, player, refused, RejectionReason.TAKEN_BACK)
        for _ in range(3):
            game.reject(deck.id, player, refused, RejectionReason.SHARED)
        rows = game.store.db.query("select deck, position, reason from refusals")
        assert rows == [{"deck": deck.id, "position": refused, "reason": "shared"}]

    def test_only_a_refused_pick_is_asked_for(self, game: Game, player: Player, deck: Deck) -> None:
        asking = {t.card.position for t in game.reveal(deck.id, player) if t.asks_reason}
        picks = {card.position for card in deck.cards if card.role is CardRole.PICK}
        assert asking == {place for place in picks if place % 2 == 0} != set()
        for place in {*range(22)} - asking:
            with pytest.raises(NotAllowedError, match="not your favourite"):
                game.reject(deck.id, player, place, RejectionReason.GIFT)
        assert game.store.swipes.rejections(deck.id) == {}

    def test_only_she_says_it_and_only_after_the_close(
        self, game: Game, player: Player, deck: Deck, refused: int
    ) -> None:
        with pytest.raises(NotAllowedError, match="somebody else's"):
            game.reject(deck.id, replace(player, participant="q"), refused, RejectionReason.GIFT)
        opened = game.start(player).deck
        with pytest.raises(NotAllowedError, match="still open"):
            game.reject(opened.id, player, 1, RejectionReason.GIFT)

    def test_it_changes_no_answer_and_no_score_and_goes_when_she_is_forgotten(
        self, game: Game, player: Player, deck: Deck, refused: int
    ) -> None:
        before = game.store.decks.closings(game.row.hash), game.store.swipes.of_deck(deck.id)
        game.reject(deck.id, player, refused, RejectionReason.USED_TO)
        assert (
            game.store.decks.closings(game.row.hash),
            game.store.swipes.of_deck(deck.id),
        ) == before
        assert game.store.swipes.rejections(deck.id) == {refused: RejectionReason.USED_TO}
        game.store.participants.forget("p")
        assert game.store.swipes.rejections(deck.id) == {}


class TestWhatIsKept:
    def test_no_history_reason_name_or_customer_is_anywhere_in_the_database(
        self, house: Workspace, wall: list[str]
    ) -> None:
        game = game_of(house, store=house.store)
        customers = known_customers(game.recommender, 5, least=12)
        for customer in customers:
            player = Player(f"p-own-{customers.index(customer)}", Origin.OWN, customer)
            game.reveal(play(game, player)[0].deck.id, player)
        dealt = {
            c.brand for deck in house.store.decks.of_study(game.row.hash) for c in deck.deck.cards
        }
        named = tuple(name for name in wall if len(name) > 9 and name not in dealt)[-3:]
        guest = Player("guest", Origin.ELICITED, picked_brands=named)
        game.reveal(play(game, guest, recipe=SHORT_RECIPE)[0].deck.id, guest)
        house.close()
        kept = b"".join(file.read_bytes() for file in house.folder.glob("study.db*"))
        for customer in customers:
            assert customer.encode() not in kept
        for word in ("release_views", "follows", "neighbours", *named):
            assert word.encode() not in kept

    def test_a_stored_card_is_brand_arm_stratum_known_and_what_the_catalogue_says(
        self, game: Game, her: str
    ) -> None:
        game.start(Player("p", Origin.OWN, her))
        (row,) = game.store.db.query("select * from decks")
        ours = {"brand", "arms", "stratum", "known"}
        place = {"position", "partner", "step", "category", "popularity"}
        for card in json.loads(row["cards"]):
            assert set(card) == ours | place
            assert isinstance(card["known"], bool)
        shelf = game.recommender.brand_pool
        for card in json.loads(row["cards"]):
            code = shelf.codes[card["brand"]]
            assert card["popularity"] == shelf.buyers[code]
            assert card["category"] == shelf.category_names[shelf.category[code]]

    def test_known_says_whether_she_viewed_or_bought_it_and_no_more(
        self, game: Game, her: str
    ) -> None:
        deck = game.start(Player("p", Origin.OWN, her)).deck
        rows = game.recommender.event_store.events_of(her)
        catalogue = game.recommender.catalog
        touched = catalogue.item_brand[rows["item"][(rows["kind"] == 0) | (rows["kind"] == 4)]]
        mine = {str(catalogue.brands[code]) for code in touched if code >= 0}
        assert {c.brand for c in deck.cards if c.known} == mine & {c.brand for c in deck.cards}


anything = st.builds(
    Card,
    position=st.just(1),
    brand=st.just("Lego"),
    category=st.just("Toys"),
    sources=st.frozensets(st.sampled_from(Source), min_size=1),
    role=st.sampled_from(CardRole),
    partner=st.none() | st.integers(1, 20),
    match_level=st.none() | st.sampled_from(MatchLevel),
    known=st.booleans(),
    popularity=st.integers(0, 10**9),
)


NOBODYS = Deck("d", "s", "p", Origin.OWN, HistoryDepth.ENOUGH, "m", 1, (), "")


class TestTheFace:
    @given(card=anything, other=anything)
    def test_it_is_the_same_for_every_person_and_arm(
        self, planted_house: Workspace, card: Card, other: Card
    ) -> None:
        game, deck = game_of(planted_house), replace(NOBODYS, cards=(card,))
        assert game.faces(deck) == game.faces(replace(deck, cards=(other,), participant="q"))

    def test_it_has_no_field_that_could_tell(self) -> None:
        names = {field.name for field in fields(Face)}
        assert names == {"position", "brand", "picture", "category", "products"}

    def test_a_brand_dealt_to_two_people_in_two_arms_shows_the_same(
        self, planted_house: Workspace
    ) -> None:
        game = game_of(planted_house, StudyKind.SIMULATED)
        shown: dict[str, set[Face]] = {}
        arms: dict[str, set[frozenset[Source]]] = {}
        for customer in known_customers(game.recommender, 30):
            deck = game.start(Player(customer, Origin.SIMULATED, customer)).deck
            for card, face in zip(deck.cards, game.faces(deck), strict=True):
                shown.setdefault(card.brand, set()).add(replace(face, position=0))
                arms.setdefault(card.brand, set()).add(card.sources)
        assert any(len(found) > 1 for found in arms.values())
        assert all(len(found) == 1 for found in shown.values())


def test_a_deck_of_another_study_is_neither_read_nor_closed(
    planted_house: Workspace, her: str
) -> None:
    """Not even by whoever plays it: another study's game would score it by another policy."""
    store = StudyStore()
    first, second = game_of(planted_house, store=store), game_of(planted_house, store=store)
    player = Player("p", Origin.OWN, her)
    dealt, _ = play(first, player)
    position = dealt.deck.cards[0].position
    other = second.start(Player("q", Origin.OWN, her)).deck
    with pytest.raises(NotAllowedError, match="somebody else's"):
        second.reveal(dealt.deck.id, player)
    with pytest.raises(NotAllowedError, match="somebody else's"):
        second.reject(dealt.deck.id, player, position, RejectionReason.GIFT)
    with pytest.raises(NotAllowedError, match="another study"):
        first.finish(other.id)
    assert store.decks.closing(other.id) is None
    assert store.swipes.rejections(dealt.deck.id) == {}
