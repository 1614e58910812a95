"""No deck that can be played takes a verdict, a file or the reveal down."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from app.storage.study_db.records import ClosedBy
from app.storage.study_db.store import Store
from recsys.report.response_table import read
from recsys.report.responses import MEASURES
from recsys.study.deck import Stratum, seal
from recsys.study.policy import Policy
from recsys.study.scoring import Played
from tests.every_deck import extreme, lengths, one, overlaps, rules, seeds
from tests.playing import D, F, N, closed, deck_of, full_cards, panel
from tests.report_world import open_one, play
from tests.terminal import brandswipe

PEOPLE, UNDECIDED, BROKEN = 25, 3, 4
BEYOND = 1.0000000000000002
FILES = [("report", "--format", kind) for kind in ("text", "html", "md", "json", "csv")]
FILES += [("gate", "--format", kind) for kind in ("text", "json", "md", "junit")]


def beyond_one(who: int) -> Played:
    """Two brands on both lists, three known decoys; all that the rival names is liked, no decoy.

    The weighted AUC of the rival's list is 1.0000000000000002 in floating point.
    """
    cards = full_cards(np.random.default_rng(who), shared=2)
    liked = {c.position: N if c.stratum is Stratum.FAR else F for c in cards}
    return closed(deck_of(cards, f"p{who}"), liked | {19: D}, who)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("beyond")
    store = Store(folder / "study.db")
    play(store, open_one(store, "Beyond"), [beyond_one(who) for who in range(PEOPLE)])
    store.close()
    return folder


class TestADeckThatRoundsBeyondOne:
    def test_its_measures_end_at_one(self) -> None:
        measures = dict(zip(MEASURES, read([beyond_one(0)]).measures[:, 0], strict=True))
        assert measures["rival_discrimination"] == 1.0

    @pytest.mark.parametrize("command", FILES, ids=" ".join)
    def test_every_command_gives_its_verdict(
        self, workspace: Path, command: tuple[str, ...]
    ) -> None:
        said = brandswipe(*command, workspace=workspace)
        assert (said.code, said.err) == (UNDECIDED if command[0] == "gate" else 0, "")


def old_score(folder: Path, hit_rate: float) -> Path:
    """A workspace in which one deck was closed with this hit rate; its owner is forgotten since."""
    folder.mkdir()
    store = Store(folder / "study.db")
    row, (first, *others) = open_one(store, "Old"), panel(PEOPLE)
    deck = seal(replace(first.deck, study=row.hash, model=row.model))
    store.add_deck(deck, "events-1", {"deal": 1.0})
    store.close_deck(
        deck.id, ClosedBy.PLAYER, {"hit_rate": hit_rate, "discrimination": 1.0, "lift": 0.5}
    )
    play(store, row, others)
    store.forget(deck.participant)
    store.close()
    return folder


class TestAScoreOfAnEarlierVersion:
    def test_that_rounding_carried_beyond_one_counts_as_one(self, tmp_path: Path) -> None:
        made = (old_score(tmp_path / str(n), rate) for n, rate in enumerate((1.0, BEYOND)))
        exact, beyond = (brandswipe("gate", "--format", "json", workspace=each) for each in made)
        assert beyond == exact
        assert exact.data["people"] == PEOPLE

    def test_that_no_rounding_explains_says_that_the_store_is_broken(self, tmp_path: Path) -> None:
        said = brandswipe("report", workspace=old_score(tmp_path / "broken", 1.1))
        assert said.code == BROKEN
        assert said.err.startswith("A stored score lies outside 0 to 1")


@given(rules, overlaps, lengths, seeds)
@settings(max_examples=300)
def test_no_score_or_measure_of_a_deck_leaves_its_range(
    rule: Policy, overlap: int, length: int, seed: int
) -> None:
    sheet = read([one(rule, overlap, length, seed)])
    in_range(sheet.scores, sheet.measures, sheet.shares)


def test_no_score_or_measure_of_an_extreme_deck_leaves_its_range() -> None:
    sheet = read(list(extreme()))
    in_range(sheet.scores, sheet.measures, sheet.shares)


def in_range(*found: np.ndarray) -> None:
    for values in found:
        assert np.all(np.isnan(values) | ((values >= 0) & (values <= 1)))
