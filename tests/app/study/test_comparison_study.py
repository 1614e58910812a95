"""A study of two model versions, from its opening to its report and its gate."""

import html
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.modeling.recommender import load_recommender
from app.presentation.verdict_text import verdict_text
from app.reports import tables
from app.reports.ci_formats import gate_junit, gate_summary
from app.reports.exports import report_markdown
from app.reports.html.page import report_html
from app.reports.release import pack_release
from app.storage.study_db.records import StudyRow
from app.storage.study_db.store import find_mismatches, mismatched_parts
from app.study.dealing import Player
from app.study.game import load_game
from app.study.opening import open_study
from app.study.power import deal_trial_decks
from app.study.results import StudyStatus, study_status
from app.study.simulation import RaterPool
from app.web.views.play.reveal import reveal_headline
from app.workspace.keys import SecretKeys
from app.workspace.policies import bundled_policy
from app.workspace.settings import Settings
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.errors import BadInputError, NotAllowedError
from recsys.models.hybrid import FitOptions, ScoreWeights
from recsys.simulation.raters import HONEST
from recsys.study.deck import SHORT_RECIPE, Origin, Source
from recsys.study.policy import Policy, StudyKind
from tests.support.cli_runner import brandswipe
from tests.support.games import known_customers
from tests.support.planted_shops import fitted, silent

KEYS = SecretKeys(b"s" * 32, b"p" * 32)
RULE = bundled_policy("champion-and-challenger")
POPULAR = FitOptions(factors=4, iterations=1, weights=ScoreWeights(0.0, 0.0, 1.0))


@dataclass(frozen=True)
class Two:
    """A house with two model versions."""

    house: Workspace
    good: str
    popular: str  # names what everybody buys

    def opened(self, champion: str, challenger: str | None, rule: Policy = RULE) -> StudyRow:
        kind = StudyKind.SIMULATED
        return open_study(
            self.house.store, None, kind, rule, champion, DEFAULT_BASELINE, 1, challenger=challenger
        )


@pytest.fixture(scope="module")
def two(planted: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    folder = tmp_path_factory.mktemp("duel") / "ws"
    shutil.copytree(planted, folder)
    house = Workspace(Settings(workspace=folder))
    yield Two(house, house.version().hash, fitted(house.settings, POPULAR).hash)
    house.close()


@pytest.fixture(scope="module")
def played(two: Two) -> StudyStatus:
    """Forty colleagues, the version that knows them challenging the one that does not."""
    row = two.opened(two.popular, two.good)
    people = RaterPool.of(two.house.folder)
    assert list(people.play(load_game(two.house, row), KEYS, 40, 3, HONEST))[-1] == 40
    return study_status(two.house.store, row)


class TestTheDecks:
    def test_both_versions_are_dealt_whole_and_each_brand_once(
        self, two: Two, played: StudyStatus
    ) -> None:
        decks = [dealt.deck for dealt in two.house.store.decks.of_study(played.row.hash)]
        assert len(decks) >= 40
        for deck in decks:
            arms = [card.sources for card in deck.cards]
            assert sum(Source.PICK in each for each in arms) == 10
            assert sum(Source.CHALLENGER in each for each in arms) == 10
            assert all(each <= {Source.PICK, Source.CHALLENGER} for each in arms)
            assert len({card.brand for card in deck.cards}) == len(deck.cards)
            assert deck.model == two.popular

    def test_who_has_no_history_gets_a_deck_of_one_version(self, two: Two) -> None:
        game = load_game(two.house, two.opened(two.popular, two.good))
        names = tuple(str(name) for name in game.recommender.brand_pool.names[:5])
        deck = game.start(Player("guest", Origin.ELICITED, picked_brands=names), SHORT_RECIPE).deck
        assert all(Source.CHALLENGER not in card.sources for card in deck.cards)

    def test_the_reveal_calls_both_lists_picks(self, two: Two) -> None:
        game = load_game(two.house, two.opened(two.popular, two.good))
        (customer,) = known_customers(game.recommender, 1)
        player = Player("simulated", Origin.SIMULATED, customer)
        deck = game.start(player).deck
        game.finish(deck.id)
        turned = game.reveal(deck.id, player)
        assert reveal_headline("en", turned) == f"We guessed 0 of your {len(deck.cards)}."


class TestTheReport:
    def test_early_against_late_is_read_in_points(self, played: StudyStatus) -> None:
        table = tables.halves_table("en", played.report)
        assert len(table) >= 2
        assert table.iloc[:, 2].str.contains("points").all()

    def test_the_version_that_knows_people_is_proven_ahead(self, played: StudyStatus) -> None:
        assert verdict_text("en", played.verdict).startswith("The challenger is ahead. ")
        assert played.decision is not None
        assert played.row.closed_at is not None

    @pytest.mark.parametrize(
        ("language", "word", "arm"),
        [
            ("en", "Challenger ahead", "The challenger's list"),
            ("nl", "Uitdager ligt voor", "De lijst van de uitdager"),
        ],
    )
    def test_the_file_for_the_board_names_both(
        self, played: StudyStatus, language: str, word: str, arm: str
    ) -> None:
        page = html.unescape(report_html(language, played))
        for words in (word, arm, str(played.row.challenger)):
            assert words in page
        assert word.lower() in report_markdown(language, played)

    def test_the_gate_speaks_of_one_case(self, played: StudyStatus) -> None:
        assert gate_summary(played).startswith("## Gate: challenger ahead")
        assert 'tests="1" failures="0"' in gate_junit(played)
        assert 'name="challenger"' in gate_junit(played)

    def test_it_releases_neither_version(
        self, two: Two, played: StudyStatus, tmp_path: Path
    ) -> None:
        with pytest.raises(NotAllowedError, match="compares two versions and releases neither"):
            pack_release(two.house, played, tmp_path / "release")


class TestTheRules:
    def test_two_versions_need_the_policy_that_compares(self, two: Two) -> None:
        with pytest.raises(BadInputError, match="needs the policy champion-and-challenger"):
            two.opened(two.good, two.popular, bundled_policy("release"))
        with pytest.raises(BadInputError, match="name the second one as challenger"):
            two.opened(two.good, None)
        with pytest.raises(BadInputError, match="cannot challenge itself"):
            two.opened(two.good, two.good)

    def test_a_challenger_that_was_exchanged_is_named(self, two: Two) -> None:
        row = two.opened(two.popular, two.good)
        connection = two.house.store.db._db.conn
        connection.execute("drop trigger fixed_studies")
        sql = "update studies set challenger = ? where hash = ?"
        connection.execute(sql, [two.popular, row.hash])
        differs = find_mismatches(two.house.store)
        connection.execute(sql, [two.good, row.hash])
        assert f"study {row.name}: challenger differs" in differs
        assert "model" in mismatched_parts(differs)
        assert find_mismatches(two.house.store) == []

    def test_lists_that_are_alike_overlap_in_the_plan(self, two: Two) -> None:
        brain = load_recommender(two.house, two.good, RULE)
        same = deal_trial_decks(brain, RULE, brain, 1, silent)
        other = deal_trial_decks(
            brain, RULE, load_recommender(two.house, two.popular, RULE), 1, silent
        )
        assert same.overlap == 10
        assert other.overlap is not None
        assert other.overlap < 8
        assert other.covariate_balance is None


def test_the_terminal_opens_plans_and_gates_a_comparison(two: Two) -> None:
    where = two.house.folder
    pair = ("--model", two.popular[:8], "--challenger", two.good[:8])
    assert brandswipe("study", "open", "--name", "pair", *pair, workspace=where).code == 0
    shown = brandswipe("study", "show", "pair", "--format", "json", workspace=where).data
    assert (shown["model"], shown["challenger"]) == (two.popular, two.good)
    planned = brandswipe(
        "study", "plan", *pair, "--truth", "0.5", "--rival", "0.9", workspace=where
    )
    assert "challenger ahead" in planned.out
    assert "The deck holds no decoys." in planned.out
    gate = brandswipe("study", "gate", "--study", "pair", "--format", "json", workspace=where)
    assert (gate.code, json.loads(gate.out)["outcome"]) == (3, "undecided")
    said = brandswipe(
        "study", "override", "pair", "--outcome", "release", "--role", "pm", "--reason", "x",
        workspace=where,
    )  # fmt: skip
    assert (said.code, "nothing to override" in said.err) == (2, True)
