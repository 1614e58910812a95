"""No deck that can be played takes a verdict, a file or the reveal down."""

import json
from collections.abc import Iterator
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from app.cli.study.report import _report_text
from app.presentation.i18n import LANGUAGES, section_texts
from app.presentation.verdict_text import verdict_data
from app.reports.ci_formats import gate_data, gate_junit, gate_summary
from app.reports.exports import MIME_TYPES, render_report, report_data
from app.storage.study_db.records import ClosedBy, StudyRow
from app.storage.study_db.store import StudyStore
from app.study.game import RevealedCard
from app.study.opening import open_study
from app.study.results import StudyStatus, study_status
from app.web.components.reveal import TONES, _group_data
from app.web.views.play.participation import participation_bar
from app.web.views.play.reveal import (
    _card_view,
    deck_status_text,
    liked_decoys_text,
    reveal_headline,
)
from app.workspace.settings import data_file
from recsys.report.card_measures import SECONDARY_METRICS
from recsys.report.evaluate import build_report
from recsys.report.gate import decide
from recsys.report.report_data import Report
from recsys.report.response_table import build_response_table
from recsys.study.deck import CardRole, Face, with_hash
from recsys.study.policy import Policy, StudyKind
from recsys.study.scoring import score_deck
from recsys.study.swipes import CompletedDeck
from tests.support.cli_runner import brandswipe
from tests.support.closed_decks import D, F, N, closed, deck_of, full_cards, panel
from tests.support.every_deck import extreme, lengths, one, overlaps, rules, seeds, several, study
from tests.support.report_workspace import open_one, play

SCHEMA = Draft202012Validator(json.loads(data_file("report.schema.json").read_text()))
PEOPLE, UNDECIDED, BROKEN = 25, 3, 4
BEYOND = 1.0000000000000002
FILES = [("study", "report", "--format", kind) for kind in ("text", "html", "md", "json", "csv")]
FILES += [("study", "gate", "--format", kind) for kind in ("text", "json", "md", "junit")]


def beyond_one(who: int) -> CompletedDeck:
    """Two brands on both lists, three known decoys; all that the rival names is liked, no decoy.

    The weighted AUC of the rival's list is 1.0000000000000002 in floating point.
    """
    cards = full_cards(np.random.default_rng(who), shared=2)
    liked = {c.position: N if c.role is CardRole.MATCHED_DECOY else F for c in cards}
    return closed(deck_of(cards, f"p{who}"), liked | {19: D}, who)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("beyond")
    store = StudyStore(folder / "study.db")
    play(store, open_one(store, "Beyond"), [beyond_one(who) for who in range(PEOPLE)])
    store.close()
    return folder


class TestADeckThatRoundsBeyondOne:
    def test_its_measures_end_at_one(self) -> None:
        measures = dict(
            zip(
                SECONDARY_METRICS,
                build_response_table([beyond_one(0)]).secondary[:, 0],
                strict=True,
            )
        )
        assert measures["rival_discrimination"] == 1.0

    @pytest.mark.parametrize("command", FILES, ids=" ".join)
    def test_every_command_gives_its_verdict(
        self, workspace: Path, command: tuple[str, ...]
    ) -> None:
        said = brandswipe(*command, workspace=workspace)
        assert (said.code, said.err) == (UNDECIDED if command[1] == "gate" else 0, "")


def old_score(folder: Path, hit_rate: float) -> Path:
    """A workspace in which one deck was closed with this hit rate; its owner is forgotten since."""
    folder.mkdir()
    store = StudyStore(folder / "study.db")
    row, (first, *others) = open_one(store, "Old"), panel(PEOPLE)
    deck = with_hash(replace(first.deck, study=row.hash, model=row.model))
    store.decks.add(deck, "events-1", {"deal": 1.0})
    store.decks.close(
        deck.id, ClosedBy.PLAYER, {"hit_rate": hit_rate, "discrimination": 1.0, "lift": 0.5}
    )
    play(store, row, others)
    store.participants.forget(deck.participant)
    store.close()
    return folder


class TestAScoreOfAnEarlierVersion:
    def test_that_rounding_carried_beyond_one_counts_as_one(self, tmp_path: Path) -> None:
        made = (old_score(tmp_path / str(n), rate) for n, rate in enumerate((1.0, BEYOND)))
        exact, beyond = (
            brandswipe("study", "gate", "--format", "json", workspace=each) for each in made
        )
        assert beyond == exact
        assert exact.data["people"] == PEOPLE

    def test_that_no_rounding_explains_says_that_the_store_is_broken(self, tmp_path: Path) -> None:
        said = brandswipe("study", "report", workspace=old_score(tmp_path / "broken", 1.1))
        assert said.code == BROKEN
        assert said.err.startswith("A stored score lies outside 0 to 1")


@given(rules, overlaps, lengths, seeds)
@settings(max_examples=300)
def test_no_score_or_measure_of_a_deck_leaves_its_range(
    rule: Policy, overlap: int, length: int, seed: int
) -> None:
    played = one(rule, overlap, length, seed)
    sheet = build_response_table([played])
    in_range(sheet.scores, sheet.secondary, sheet.shares, np.array(astuple(score_deck(played))))


def test_no_score_or_measure_of_an_extreme_deck_leaves_its_range() -> None:
    sheet = build_response_table(list(extreme()))
    in_range(sheet.scores, sheet.secondary, sheet.shares)


def in_range(*found: np.ndarray) -> None:
    for values in found:
        assert np.all(np.isnan(values) | ((values >= 0) & (values <= 1)))


@given(rules, overlaps, lengths, seeds, st.integers(10, 40))
@settings(max_examples=50)
def test_every_report_is_whole_and_has_a_verdict(
    rule: Policy, overlap: int, length: int, seed: int, people: int
) -> None:
    report = build_report(study(rule), several(rule, overlap, length, seed, people))
    assert report.failures == ()
    for found in estimates(report):
        assert found.value is None or 0 <= found.low <= found.value <= found.high <= 1
    said = decide(report, rule)
    assert {c.name for c in said.criteria} in (set(), {c.name for c in rule.criteria})
    json.dumps(report.to_dict() | verdict_data(said), allow_nan=False)


def estimates(report: Report) -> Iterator[Any]:
    """Every estimate of a report, with bounds that are numbers or unknown with its value."""
    yield from (report.early, report.late, report.with_careless, *report.secondary_metrics.values())
    for found in report.criteria:
        yield from (found.estimate, found.once)


class TestInAStore:
    @given(rules, overlaps, lengths, seeds)
    @settings(max_examples=8)
    def test_every_file_and_the_reveal_are_written_of_any_decks(
        self, rule: Policy, overlap: int, length: int, seed: int
    ) -> None:
        store = StudyStore()
        row = opened(store, rule)
        decks = several(rule, overlap, length, seed, people=15)
        play(store, row, decks)
        judged = study_status(store, row)
        assert judged.report.failures == ()
        for language in LANGUAGES:
            assert all(written_in_all_formats(language, judged))
            assert participation_bar(language, judged.report).caption
            closings = (
                store.decks.closing(closing.deck or "")
                for closing in store.decks.closings(row.hash)
            )
            assert all(deck_status_text(language, closing) for closing in closings)
            assert all(turned_over(language, played) for played in decks)
        store.close()


def opened(store: StudyStore, rule: Policy) -> StudyRow:
    second = "n" * 64 if rule.is_paired_comparison else None
    kind = StudyKind.SIMULATED
    return open_study(store, "Any", kind, rule, "m" * 64, "popularity", 1, challenger=second)


def written_in_all_formats(language: str, judged: StudyStatus) -> Iterator[str]:
    """The report in each of its formats, that of the terminal included, and the gate's files."""
    yield from (render_report(kind, language, judged, None) for kind in MIME_TYPES)
    yield from (_report_text(judged), gate_summary(judged), gate_junit(judged))
    yield json.dumps(gate_data(judged), allow_nan=False)
    assert [e.message for e in SCHEMA.iter_errors(report_data(judged))] == []


def turned_over(language: str, played: CompletedDeck) -> list[object]:
    """What the reveal says of a deck: its headline, and its cards by group."""
    faces = [Face(c.position, c.brand, None, c.category, ()) for c in played.deck.cards]
    turned = [
        RevealedCard(c, face, played.answers.get(c.position), None)
        for c, face in zip(played.deck.cards, faces, strict=True)
    ]
    cards, texts = (
        [_card_view(language, each, False) for each in turned],
        section_texts(language, "reveal"),
    )
    groups = [_group_data(name, cards, texts) for name in TONES]
    return [
        reveal_headline(language, turned),
        liked_decoys_text(language, turned) or "-",
        any(groups),
    ]
