"""What is stored of a person goes: when she asks, when somebody asks for her, and in time."""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.auth.identity import badge, employee_pseudonym
from app.modeling.recommender import load_recommender
from app.storage.study_db.database import now_ms
from app.storage.study_db.records import ErasureReason
from app.storage.study_db.store import StudyStore, find_mismatches
from app.study import privacy
from app.study.dealing import Player
from app.study.game import Game, load_game
from app.study.privacy import DAY_MS, PurgeCounts, personal_data, purge_expired
from app.study.results import study_status
from app.web import routes, runtime
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.study.deck import Origin
from tests.support.cli_runner import brandswipe
from tests.support.games import WILLING, Clock, game_of, known_customers, people, play

KEPT = 180 * DAY_MS


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def game(planted_house: Workspace, clock: Clock) -> Game:
    """A study of which nobody has been asked anything yet."""
    opened = game_of(planted_house, store=StudyStore(clock=clock))
    for who in WILLING:
        opened.store.participants.forget(who)
    return opened


def plays(game: Game, player: Player) -> None:
    """Say yes, and play a deck to its end."""
    privacy.record_consent(game.store, player.participant, yes=True)
    play(game, player)


class Opened(Workspace):
    """A house whose store is given."""

    given: StudyStore

    @property
    def store(self) -> StudyStore:
        return self.given


@pytest.fixture
def house(tmp_path: Path, game: Game) -> Iterator[Opened]:
    opened = Opened(Settings(workspace=tmp_path))
    opened.given = game.store
    yield opened
    opened.close()


def test_whoever_stayed_away_too_long_is_forgotten_and_the_verdict_stands(
    house: Opened, game: Game, clock: Clock
) -> None:
    early, late = people(game.recommender, 2, Origin.OWN)
    plays(game, early)
    clock.now += KEPT - 1
    plays(game, late)
    before = [c.estimate for c in study_status(game.store, game.row).report.criteria]
    assert purge_expired(house) == PurgeCounts(0, 0, 0)
    clock.now += 2
    assert purge_expired(house) == PurgeCounts(1, 1, 0)
    assert personal_data(game.store, [early.participant])["decks"] == []
    assert personal_data(game.store, [early.participant])["consents"] == []
    assert len(personal_data(game.store, [late.participant])["decks"]) == 1
    assert [c.estimate for c in study_status(game.store, game.row).report.criteria] == before
    assert find_mismatches(game.store) == []


def test_time_is_no_wish_to_be_forgotten(house: Opened, game: Game, clock: Clock) -> None:
    one, other = people(game.recommender, 2, Origin.OWN)
    plays(game, one)
    plays(game, other)
    game.store.participants.forget(one.participant)
    clock.now += KEPT + 1
    assert purge_expired(house).people == 1
    assert game.store.participants.withdrawn_decks(game.row.hash) == 1


def test_a_deck_that_nobody_closed_is_closed_before_it_goes(
    house: Opened, game: Game, clock: Clock
) -> None:
    """Else its score would leave the study with it."""
    (player,) = people(game.recommender, 1, Origin.OWN)
    privacy.record_consent(game.store, player.participant, yes=True)
    game.start(player)
    clock.now += KEPT + 1
    assert purge_expired(house) == PurgeCounts(1, 1, 0)
    assert [closing.number for closing in game.store.decks.closings(game.row.hash)] == [1]


def test_a_word_without_a_deck_goes_too_and_a_visit_keeps_it(
    house: Opened, game: Game, clock: Clock
) -> None:
    for who in ("gone", "back"):
        privacy.record_consent(game.store, who, yes=False)
    clock.now += KEPT // 2
    privacy.record_consent(game.store, "back", yes=True)
    clock.now += KEPT // 2 + 1
    assert purge_expired(house) == PurgeCounts(1, 0, 0)
    assert privacy.has_consented(game.store, "gone") is None
    assert privacy.has_consented(game.store, "back") is True


def test_the_simulated_are_nobody_and_stay(house: Opened, game: Game, clock: Clock) -> None:
    customer = known_customers(game.recommender, 1)[0]
    play(game, Player("nobody", Origin.SIMULATED, customer))
    clock.now += 2 * KEPT
    assert purge_expired(house).people == 0
    assert len(game.store.decks.of_participant("nobody")) == 1


def test_notes_and_rejected_rows_are_kept_no_longer(
    house: Opened, game: Game, clock: Clock
) -> None:
    folder = house.folder / "rejects"
    folder.mkdir(parents=True)
    for name, age in (("old.csv", KEPT + 1), ("new.csv", KEPT - 60_000)):
        (folder / name).write_text("file,line,reason,row\n")
        at = (clock.now - age) / 1000
        os.utime(folder / name, (at, at))
    game.store.log_event("something")
    clock.now += 1
    assert purge_expired(house) == PurgeCounts(0, 0, 1)
    assert [file.name for file in folder.iterdir()] == ["new.csv"]
    clock.now += KEPT + 1
    purge_expired(house)
    assert game.store.delete_log_before(clock.now + 1) == 1  # the note of this last purge


def test_how_long_is_a_setting(house: Opened, game: Game, clock: Clock) -> None:
    privacy.record_consent(game.store, "p", yes=False)
    house.settings = Settings(workspace=house.folder, keep_days=7)
    clock.now += 8 * DAY_MS
    assert purge_expired(house).people == 1


def test_a_no_is_counted_and_the_last_word_holds(game: Game) -> None:
    for who, words in (("a", (True,)), ("b", (False,)), ("c", (True, False)), ("d", (False, True))):
        for yes in words:
            privacy.record_consent(game.store, who, yes)
    game.store.participants.record_consent("e", "another wording", False)
    assert game.store.participants.consent_counts(privacy.consent_version()) == (2, 2)


def test_a_server_forgets_what_is_too_old_when_it_starts(workspace: Path) -> None:
    for who, age in (("early", KEPT + DAY_MS), ("late", DAY_MS)):
        with closing(StudyStore(workspace / "study.db", lambda age=age: now_ms() - age)) as store:
            privacy.record_consent(store, who, yes=True)
    runtime.use_settings(Settings(workspace=workspace))

    async def start() -> None:
        async with routes.lifespan(routes.app):
            assert privacy.has_consented(runtime.store(), "early") is None
            assert privacy.has_consented(runtime.store(), "late") is True

    asyncio.run(start())


def test_the_terminal_forgets_an_employee_and_her_link_and_leaves_the_verdict(
    workspace: Path,
) -> None:
    """The study says that one deck was withdrawn, and everything stored still fits."""
    assert brandswipe("study", "open", "--name", "s", workspace=workspace).code == 0
    with closing(Workspace(Settings(workspace=workspace))) as house:
        customer = known_customers(load_recommender(house), 1)[0]
        game = load_game(house, house.store.studies.get("s"))
        her = Player(employee_pseudonym(house.keys, "ann"), Origin.OWN, customer)
        plays(game, her)
        ann = badge(house.keys, "ann")
        house.account_links.link(ann, house.account_links.issue_nonce(ann), customer)
        house.store.participants.record_consent(her.participant, "old", True)
    said = brandswipe("people", "forget", "ann", workspace=workspace)
    assert (said.code, said.err) == (0, "Erased 1 decks with 20 answers, and a link.\n")
    shown = brandswipe("study", "show", "s", "--format", "json", workspace=workspace)
    assert shown.data["withdrawn"] == 1
    assert brandswipe("study", "gate", workspace=workspace).code == 3  # undecided, and not broken
    again = brandswipe("people", "forget", "ann", workspace=workspace)
    assert again.err == "Erased 0 decks with 0 answers.\n"
    with closing(Workspace(Settings(workspace=workspace))) as house:
        assert her.participant.encode() not in house.settings.store_path.read_bytes()
        assert house.account_links.customer_of([ann]) is None


def test_the_terminal_purges(workspace: Path) -> None:
    with closing(Workspace(Settings(workspace=workspace))) as house:
        old = StudyStore(house.settings.store_path, clock=lambda: 1_000)
        old.participants.record_consent("long ago", "w", True)
        old.close()
    said = brandswipe("people", "purge", workspace=workspace)
    assert (said.code, said.err.startswith("Of 1 people")) == (0, True)


def test_a_wish_and_its_time_are_kept_apart() -> None:
    assert [why.value for why in ErasureReason] == ["asked", "time"]
    assert json.dumps(ErasureReason.EXPIRED) == '"time"'


def test_what_a_list_said_of_people_is_kept_no_longer(
    house: Opened, game: Game, clock: Clock
) -> None:
    game.store.invitations.add(game.row.hash, ["ann", "bea"], columns={"team": ["it", "law"]})
    clock.now += KEPT - 1
    purge_expired(house)
    assert game.store.invitations.column_values(game.row.hash, "ann") == {"team": "it"}
    clock.now += 2
    purge_expired(house)
    assert game.store.invitations.column_values(game.row.hash, "ann") == {}
