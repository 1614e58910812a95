"""Whoever keeps every export and compares them learns of batches and cells, and of no person."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from app.reports.exports import report_csv, report_json, report_markdown
from app.reports.html.page import report_html
from app.storage.study_db.store import StudyStore
from app.study.results import StudyStatus, study_status
from recsys.study.deck import CardRole
from recsys.study.swipes import Answer, CompletedDeck
from tests.support.closed_decks import panel
from tests.support.report_workspace import open_one, play

BATCH, CELL, PEOPLE = 5, 10, 30
EXPORTS: dict[str, Callable[[StudyStatus], str]] = {
    "the file for the board": lambda judged: report_html("en", judged),
    "in Dutch": lambda judged: report_html("nl", judged),
    "Markdown": lambda judged: report_markdown("en", judged),
    "JSON": report_json,
    "CSV": report_csv,
}
TASTE = {"pick": 0.8, "rival": 0.7, "decoy": 0.4}  # decides nothing, so that the study stays open


def watched(folder: Path, decks: list[CompletedDeck]) -> list[StudyStatus]:
    """Return what somebody sees who looks after each deck."""
    store = StudyStore(folder / "study.db")
    row, seen = open_one(store, "Watched"), list[StudyStatus]()
    for deck in decks:
        play(store, row, [deck])
        seen.append(study_status(store, row))
    store.close()
    return seen


@pytest.fixture(scope="module")
def decks() -> list[CompletedDeck]:
    return panel(PEOPLE, 6, **TASTE)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, decks: list[CompletedDeck]) -> list[StudyStatus]:
    found = watched(tmp_path_factory.mktemp("watched"), decks)
    assert found[-1].decision is None
    return found


@pytest.mark.parametrize("export", EXPORTS)
def test_two_refreshes_one_deck_apart_are_the_same_but_where_a_batch_is_full(
    seen: list[StudyStatus], export: str
) -> None:
    written = [EXPORTS[export](judged) for judged in seen]
    changed = [n for n in range(2, PEOPLE + 1) if written[n - 1] != written[n - 2]]
    assert [n for n in changed if n % BATCH] == []
    assert {10, 15, 20, 25, 30} <= set(changed)


@pytest.mark.parametrize("export", EXPORTS)
def test_what_the_last_person_says_is_nowhere_before_her_batch_is_full(
    tmp_path: Path, decks: list[CompletedDeck], seen: list[StudyStatus], export: str
) -> None:
    """Two worlds that differ in all that one person answered read the same."""
    hers = decks[CELL]
    other = dict.fromkeys(hers.answers, Answer.NOT_FAVOURITE)
    assert other != hers.answers
    twin = watched(tmp_path, [*decks[:CELL], replace(hers, answers=other), *decks[CELL + 1 : 14]])
    for n in range(CELL, 14):
        mine, theirs = (_without_day(EXPORTS[export](each[n - 1])) for each in (seen, twin))
        assert mine == theirs


def _without_day(written: str) -> str:
    """Two stores were opened in two moments; their hashes are the same."""
    return re.sub(r"\d+ \w+ 20\d\d", "a day", written)


def test_every_row_moves_in_batches_and_starts_at_a_cell(seen: list[StudyStatus]) -> None:
    steps = [n - 1 for n in range(BATCH, PEOPLE + 1, BATCH)]
    for before, after in pairwise(steps):
        old, new = _people(seen[before]), _people(seen[after])
        assert all(people >= CELL for people in new.values())
        assert all((people - old.get(row, 0)) % BATCH == 0 for row, people in new.items())


def _people(judged: StudyStatus) -> dict[tuple[str, str], int]:
    rows = csv.DictReader(io.StringIO(report_csv(judged)))
    return {(row["table"], row["label"]): int(row["people"]) for row in rows if row["people"]}


def test_nobody_is_left_over_between_a_category_and_all(
    seen: list[StudyStatus], decks: list[CompletedDeck]
) -> None:
    """Who is behind no row of the table, or outside one row, is nobody or a whole cell."""
    shown = 0
    for n in range(BATCH, PEOPLE + 1, BATCH):
        behind = _behind_categories(decks[:n])
        rows = seen[n - 1].report.categories
        shown += len(rows)
        for row in rows:
            assert n - len(behind[row.label]) == 0 or n - len(behind[row.label]) >= CELL
        outside = n - len(set().union(*(behind[row.label] for row in rows)))
        assert not rows or outside == 0 or outside >= CELL
    assert shown


def _behind_categories(decks: list[CompletedDeck]) -> dict[str, set[int]]:
    """Return who answered a pick of each category."""
    behind: dict[str, set[int]] = {}
    for who, played in enumerate(decks):
        for card in played.deck.cards:
            if card.role is CardRole.PICK and card.position in played.answers:
                behind.setdefault(card.category, set()).add(who)
    return behind


def test_languages_and_criteria_filter_no_people(seen: list[StudyStatus]) -> None:
    """Both languages hold the same figures, in the order of one page or the other."""
    last = seen[-1]
    english, dutch = (re.findall(r"\d+%", report_html(each, last)) for each in ("en", "nl"))
    assert sorted(english) == sorted(dutch)


def test_no_export_holds_a_deck_a_person_or_a_time_of_day(
    seen: list[StudyStatus], decks: list[CompletedDeck]
) -> None:
    for export in EXPORTS.values():
        written = export(seen[-1])
        for deck in decks:
            assert not re.search(rf"\b{re.escape(deck.deck.participant)}\b", written)
            assert deck.deck.id not in written
        assert not re.search(r"\b\d\d:\d\d\b", written)
