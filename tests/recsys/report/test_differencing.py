"""Whoever differences what is published finds a batch of people, or nobody: never one."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from recsys.report.evaluate import build_report
from recsys.report.report_data import Report
from recsys.study.deck import CardRole
from recsys.study.exclusions import ExclusionReason
from recsys.study.scoring import score_deck
from recsys.study.swipes import Answer, CompletedDeck
from tests.support.closed_decks import POLICY, STUDY, player

BATCH, CELL = POLICY.batch, POLICY.cell
PEOPLE = ("dealt", "closed", "complete", "counted", "withdrawn", "people", "n")


def crowd(people: int, seed: int) -> list[object]:
    """Colleagues of every kind: some stop, some rush, some were forgotten, few see some brands."""
    rng = np.random.default_rng(seed)
    decks: list[object] = []
    for i in range(people):
        played = player(rng, f"p{i}", i)
        kind = rng.random()
        if kind < 0.1:
            played = replace(played, answers={p: a for p, a in played.answers.items() if p <= 5})
        elif kind < 0.2:
            played = replace(played, shown_ms=dict.fromkeys(played.answers, 100))
        elif kind < 0.4:
            played = replace(played, answers={p: a for p, a in played.answers.items() if p <= 14})
        forgotten = 0.4 < kind < 0.5
        decks.append(score_deck(played) if forgotten else played)
    return decks


def refreshes(decks: list[object]) -> list[dict[str, Any]]:
    """What the page, the terminal and the exports say after each closed deck."""
    reports = []
    for n in range(len(decks) + 1):
        opened = [d.dealt_at for d in decks[n : n + 3] if isinstance(d, CompletedDeck)]
        reports.append(build_report(STUDY, decks[:n], opened).to_dict())  # type: ignore[arg-type]
    return reports


def counts(value: Any, path: str = "") -> Iterator[tuple[str, int]]:
    """Every number of people in what is published, by its place."""
    if isinstance(value, dict):
        label = value.get("label", value.get("criterion", {}))
        name = label if isinstance(label, str) else label.get("name", "")
        for key, each in value.items():
            is_count = key in PEOPLE or "excluded" in path
            if is_count and isinstance(each, int):
                yield f"{path}.{name}.{key}", each
            elif key not in ("run", "batches", "policy"):
                yield from counts(each, f"{path}.{name}.{key}")
    elif isinstance(value, list):
        for each in value:
            yield from counts(each, path)


@pytest.fixture(scope="module", params=[1, 2])
def seen(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    return refreshes(crowd(64, request.param))


def test_two_refreshes_never_differ_by_fewer_people_than_a_batch(
    seen: list[dict[str, Any]],
) -> None:
    for before, after in pairwise(seen):
        old, new = dict(counts(before)), dict(counts(after))
        for place in old.keys() & new.keys():
            assert abs(new[place] - old[place]) in (0, *range(BATCH, 100)), place


def test_two_refreshes_without_a_batch_between_them_are_the_same(
    seen: list[dict[str, Any]],
) -> None:
    changes = 0
    for before, after in pairwise(seen):
        if before["players"]["counted"] == after["players"]["counted"]:
            assert json.dumps(before) == json.dumps(after)
        else:
            changes += 1
    assert changes == seen[-1]["players"]["counted"] // BATCH


def test_no_number_is_of_fewer_people_than_a_cell(seen: list[dict[str, Any]]) -> None:
    for report in seen:
        for place, people in counts(report):
            if "players" not in place and "criteria" not in place:
                assert people == 0 or people >= CELL, place
                assert people % BATCH == 0, place


def test_a_filter_and_its_complement_leave_nobody_alone(seen: list[dict[str, Any]]) -> None:
    """What a table's row leaves out of the total, and what two rows have apart."""
    for report in seen:
        counted = report["players"]["counted"]
        for table in ("arms", "brands", "categories"):
            people = sorted({counted, *(row["people"] for row in report[table])})
            assert all(b - a >= BATCH for a, b in pairwise(people))


def test_who_left_and_who_was_left_out_are_told_in_whole_cells(seen: list[dict[str, Any]]) -> None:
    for report in seen:
        players = report["players"]
        assert players["closed"] % CELL == 0 or players["closed"] == players["counted"]
        assert players["dealt"] % CELL == 0 or players["dealt"] == players["closed"]
        assert players["complete"] % CELL == players["withdrawn"] % CELL == 0
        assert all(n is None or (n >= CELL and n % CELL == 0) for n in report["excluded"].values())
        assert players["completion"] in (None, *(n / 10 for n in range(10)))


def test_the_answer_of_the_last_viewer_of_a_brand_cannot_be_worked_out() -> None:
    """Two worlds that differ in one answer of one person outside a whole batch of viewers."""
    rng = np.random.default_rng(7)
    decks = [player(rng, f"p{i}", i) for i in range(40)]
    viewers = [i for i, d in enumerate(decks) if any(c.brand == "brand 7" for c in d.deck.cards)]
    last = decks[viewers[-1]]
    card = next(c for c in last.deck.cards if c.brand == "brand 7")
    assert len(viewers) % BATCH, "choose a seed in which the last viewer stands alone"
    assert card.role is not CardRole.FILLER
    rows = []
    for answer in set(last.answers.values()):
        other = replace(last, answers={**last.answers, card.position: answer})
        world = [other if d is last else d for d in decks]
        rows.append([r for r in build_report(STUDY, world).brands if r.label == "brand 7"])
    assert len(rows) > 1
    assert all(row == rows[0] for row in rows)


SPLIT = replace(STUDY, policy=replace(POLICY, segments=("device",)))
FORGOTTEN = (0, 8, 22, 58)  # one of the first batch, of two others, and of the last
KEPT = ("..players", "..criteria", "..early", "..late")  # read from scores alone
TABLES = ("arms", "brands", "categories", "beside", "segments", "cards", "seconds")


def decided_crowd() -> list[CompletedDeck]:
    """Sixty people who count and call nothing a super like; each shops in one part of the shop."""
    rng = np.random.default_rng(4)
    plain = {Answer.SUPER_LIKE: Answer.FAVOURITE}
    found = []
    for i in range(60):
        deck = player(rng, f"p{i}", i)
        category = f"category {rng.integers(3)}"
        cards = tuple(replace(card, category=category) for card in deck.deck.cards)
        answers = {p: plain.get(a, a) for p, a in deck.answers.items()}
        device = "phone" if rng.random() < 0.4 else "desk"
        dealt = replace(deck.deck, cards=cards)
        found.append(replace(deck, deck=dealt, answers=answers, device=device))
    return found


def forget(decks: list[Any], *gone: int) -> list[Any]:
    """The same decks once these people are forgotten."""
    return [score_deck(deck) if i in gone else deck for i, deck in enumerate(decks)]


def rows_of(report: Report) -> dict[tuple[str, str], Any]:
    """Every row that is read from answers, by table and label."""
    tables = {"arms": report.arms, "brands": report.brands, "categories": report.categories}
    tables |= {f"by {name}": rows for name, rows in report.segments.items()}
    return {(name, row.label): row for name, rows in tables.items() for row in rows}


def behind(decks: list[Any]) -> dict[tuple[str, str], set[int]]:
    """Whose answers each row shows: those with whom it changes, were all their answers others."""
    plain = rows_of(build_report(SPLIT, decks))
    found: dict[tuple[str, str], set[int]] = {place: set() for place in plain}
    for i, deck in enumerate(decks):
        if isinstance(deck, CompletedDeck):
            loving = replace(deck, answers=dict.fromkeys(deck.answers, Answer.SUPER_LIKE))
            other = rows_of(build_report(SPLIT, [*decks[:i], loving, *decks[i + 1 :]]))
            for place in plain.keys() & other.keys():
                if plain[place] != other[place]:
                    found[place].add(i)
    return found


def with_complements(found: dict[tuple[str, str], set[int]]) -> dict[tuple[str, ...], set[int]]:
    """The same, and whom each part and category leaves out of all picks."""
    everybody = found.get(("arms", "pick"), set())
    left = {
        (*place, "others"): everybody - people
        for place, people in found.items()
        if place[0] in ("by device", "categories")
    }
    return {**found, **left}


def test_after_somebody_is_forgotten_no_row_moves_by_fewer_people_than_a_batch() -> None:
    decks = decided_crowd()
    before = with_complements(behind(decks))
    assert {place[0] for place in before} == {"arms", "brands", "categories", "by device"}
    for gone in FORGOTTEN:
        after = with_complements(behind(forget(decks, gone)))
        assert after, "some rows stay"
        for place in before.keys() & after.keys():
            assert len(before[place] ^ after[place]) >= BATCH, (gone, place)


def test_after_somebody_is_forgotten_every_measure_is_of_a_batch_fewer() -> None:
    decks = decided_crowd()
    before = build_report(SPLIT, decks).to_dict()
    old = {place: n for place, n in counts(before) if not place.startswith(KEPT)}
    assert any(".beside." in place for place in old)
    for gone in FORGOTTEN:
        after = build_report(SPLIT, forget(decks, gone)).to_dict()
        new = dict(counts(after))
        for place, people in old.items():
            assert people - new.get(place, 0) >= BATCH or people == 0, (gone, place)
        assert [c["run"] for c in after["criteria"]] == [c["run"] for c in before["criteria"]]
        assert after["early"] == before["early"]
        assert after["late"] == before["late"]


def test_a_second_one_of_the_same_batch_moves_nothing_more() -> None:
    decks = decided_crowd()
    once, twice = (
        build_report(SPLIT, forget(decks, *gone)).to_dict() for gone in ((22,), (22, 24))
    )
    assert {t: once[t] for t in TABLES} == {t: twice[t] for t in TABLES}
    assert once["criteria"] == twice["criteria"]
    assert once["batches"][-1]["balance"] == twice["batches"][-1]["balance"]


def test_who_was_left_out_and_is_forgotten_takes_the_figure_with_her() -> None:
    decks: list[Any] = list(decided_crowd())
    hasty = [i for i in range(60) if i % 3 == 1]
    for i in hasty:
        decks[i] = replace(decks[i], shown_ms=dict.fromkeys(decks[i].answers, 100))
    before = build_report(SPLIT, decks)
    assert before.with_careless.value is not None
    decks[hasty[2]] = ExclusionReason.TOO_FAST
    after = build_report(SPLIT, decks)
    assert "is erased" in str(after.with_careless.reason)
    assert after.excluded == before.excluded
    assert (after.players.closed, after.players.dealt) == (
        before.players.closed,
        before.players.dealt,
    )
