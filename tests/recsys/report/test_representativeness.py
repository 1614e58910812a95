"""Players against the invited: what may be shown, and what nobody can work out from it."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.disclosure import DisclosureRule
from recsys.report.representativeness import (
    OTHER,
    FrameShare,
    coarsen_column,
    frame_shares,
    largest_difference,
)

CELL = 10
UNIT = DisclosureRule(5, CELL)
INVITED = {"sales": 60, "shops": 40, "it": 30}


def players(rows: tuple[FrameShare, ...]) -> dict[str, float | None]:
    return {row.label: row.players for row in rows}


def test_a_rare_value_and_an_empty_one_become_other() -> None:
    column = ["it"] * 12 + ["sales"] * 11 + ["ceo"] * 4 + ["  "] * 5 + ["law"] * 3
    assert Counter(coarsen_column(column, CELL)) == {"it": 12, "sales": 11, OTHER: 12}


def test_where_other_is_rare_too_the_smallest_value_joins_it() -> None:
    column = ["it"] * 12 + ["sales"] * 11 + ["law"] * 30 + ["ceo"]
    assert Counter(coarsen_column(column, CELL)) == {"law": 30, "it": 12, OTHER: 12}


@pytest.mark.parametrize(
    "column",
    [[], ["it"] * 30, ["ceo"] * 9, ["it"] * 29 + ["ceo"], [str(n) for n in range(50)]],
    ids=["nobody", "one value", "too few", "one and a rare one", "all different"],
)
def test_a_column_with_fewer_than_two_values_left_is_none(column: list[str]) -> None:
    assert coarsen_column(column, CELL) is None


def test_a_value_that_is_called_other_is_among_the_others() -> None:
    assert Counter(coarsen_column([OTHER] * 20 + ["it"] * 20, CELL)) == {OTHER: 20, "it": 20}


@given(st.lists(st.sampled_from(["", "a", "b ", "b", "c", OTHER, "d"]), max_size=80))
def test_no_value_that_is_kept_has_fewer_people_than_a_cell(column: list[str]) -> None:
    kept = coarsen_column(column, CELL)
    if kept is not None:
        assert len(kept) == len(column)
        assert min(Counter(kept).values()) >= CELL
        assert len(set(kept)) > 1


def test_shares_are_whole_percents_of_the_invited_and_of_the_players() -> None:
    rows = frame_shares(INVITED, ["sales"] * 10 + ["shops"] * 20, UNIT)
    assert [(row.label, row.invited) for row in rows] == [
        ("sales", 0.46), ("shops", 0.31), ("it", 0.23),
    ]  # fmt: skip
    assert players(rows) == {"shops": 0.67, "sales": None, "it": None}, "nobody played of it"
    rows = frame_shares(INVITED, ["sales"] * 10 + ["shops"] * 20 + ["it"] * 10, UNIT)
    assert players(rows) == {"sales": 0.25, "shops": 0.5, "it": 0.25}


def test_the_rest_is_a_cell_as_well_or_a_value_goes() -> None:
    invited = {"sales": 60, "shops": 40, "it": 30, "law": 30}
    rows = frame_shares(invited, ["sales"] * 20 + ["shops"] * 15 + ["it"] * 9 + ["law"] * 6, UNIT)
    assert players(rows) == {"sales": 0.4, "shops": 0.3, "it": None, "law": None}
    rows = frame_shares(invited, ["sales"] * 20 + ["shops"] * 15 + ["it"] * 5, UNIT)
    assert players(rows) == {"sales": 0.5, "shops": None, "it": None, "law": None}


def test_where_nearly_everybody_of_a_value_played_nobody_is_told_so() -> None:
    invited = {"sales": 60, "shops": 40, "it": 15, "law": 30}
    rows = frame_shares(invited, ["sales"] * 20 + ["shops"] * 15 + ["it"] * 10 + ["law"] * 15, UNIT)
    assert players(rows)["it"] is None
    hidden = {label for label, share in players(rows).items() if share is None}
    assert len(hidden) > 1, "one alone would be what the others leave"


def test_below_a_cell_of_players_none_is_shown() -> None:
    assert set(players(frame_shares({"a": 50, "b": 50}, ["a"] * 9, UNIT)).values()) == {None}
    assert set(players(frame_shares({"a": 50, "b": 50}, [], UNIT)).values()) == {None}


def test_as_soon_as_one_players_value_is_gone_none_is_shown() -> None:
    whole: list[str | None] = ["a"] * 15 + ["b"] * 15
    assert set(players(frame_shares({"a": 50, "b": 50}, whole, UNIT)).values()) == {0.5}
    whole[3] = None
    assert set(players(frame_shares({"a": 50, "b": 50}, whole, UNIT)).values()) == {None}


@pytest.mark.parametrize("seed", range(40))
def test_reports_over_batches_differ_by_a_cell_of_people_and_leave_no_small_rest(
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    names = list("abcde")[: rng.integers(2, 6)]
    invited = {name: int(rng.integers(CELL, 60)) for name in names}
    people = [name for name, n in invited.items() for _ in range(n)]
    closed: list[str | None] = [people[i] for i in rng.permutation(len(people))]
    ends = list(range(0, len(closed) + 1, UNIT.batch))
    reports = {end: frame_shares(invited, closed[:end], UNIT) for end in ends}
    for before, after in pairwise(ends):
        if UNIT.round_down(before) == UNIT.round_down(after):
            assert reports[before] == reports[after], "half a cell more changes nothing"
    for end, rows in reports.items():
        shown = {row.label for row in rows if row.players is not None}
        counted = Counter(closed[: UNIT.round_down(end)])
        for part in [{name} for name in shown] + [set(names) - shown] * bool(shown):
            played, asked = (sum(of[name] for name in part) for of in (counted, invited))
            assert not part or (played >= CELL and asked - played >= CELL)


def test_the_value_that_differs_most_is_named() -> None:
    rows = (FrameShare("a", 0.5, 0.6), FrameShare("b", 0.3, 0.1), FrameShare("c", 0.2, None))
    assert largest_difference(rows) == rows[1]
    assert rows[2].difference == 0
    assert largest_difference(rows[2:]) is None
