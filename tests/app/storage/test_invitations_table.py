"""A list of invited people is written down once, and names nobody."""

import json
import sqlite3
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from app.reports.exports import as_data, as_json
from app.reports.tables import funnel, funnel_counts
from app.storage.study_db.records import Step, StudyRow
from app.storage.study_db.store import Store, what_differs
from app.study import privacy
from app.study.privacy import about
from app.study.results import judge
from app.workspace.settings import data_file
from recsys.errors import BadInputError
from tests.support.closed_decks import panel
from tests.support.report_workspace import open_one, play

PEOPLE = ("ann", "bea", "cas")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "study.db")


@pytest.fixture
def row(store: Store) -> StudyRow:
    return open_one(store, "spring")


def test_without_a_list_everybody_may_play(store: Store, row: StudyRow) -> None:
    assert store.invited(row.hash) is None
    assert store.is_invited(row.hash, "ann") is None
    assert store.invitations_hash(row.hash) is None


def test_with_one_those_on_it_may(store: Store, row: StudyRow) -> None:
    store.invite(row.hash, PEOPLE)
    assert store.invited(row.hash) == 3
    assert store.is_invited(row.hash, "bea") is True
    assert store.is_invited(row.hash, "dan") is False


def test_the_report_says_how_many_are_invited(store: Store, row: StudyRow) -> None:
    assert judge(store, row).invited is None
    store.invite(row.hash, PEOPLE)
    judged = judge(store, row)
    assert judged.invited == as_data(judged)["invited"] == 3


def test_of_the_invited_those_count_who_had_said_yes_by_then(store: Store, row: StudyRow) -> None:
    store.invite(row.hash, PEOPLE)
    for who, yes in (("ann", True), ("bea", True), ("cas", False), ("dan", True), ("bea", False)):
        privacy.note(store, who, yes=yes)
    now = store.clock()
    assert store.agreed(row.hash, now) == 1
    assert store.agreed(row.hash, now - 60_000) == 0


def test_the_report_counts_them_in_cells_at_the_last_batch(store: Store, row: StudyRow) -> None:
    assert judge(store, row).agreed is None
    people = [f"p{n}" for n in range(15)]
    store.invite(row.hash, people)
    for who in people:
        privacy.note(store, who, yes=True)
    assert judge(store, row).agreed == 0
    play(store, row, panel(10))
    judged = judge(store, row)
    assert judged.agreed == as_data(judged)["agreed"] == 10
    assert list(funnel_counts(judged).items())[:2] == [("invited", 15), ("agreed", 10)]


def test_how_far_the_invited_came_is_noted_once_and_of_nobody_else(
    store: Store, row: StudyRow
) -> None:
    assert store.reached(row.hash, store.clock()) == {}
    store.invite(row.hash, PEOPLE)
    for who in ("ann", "ann", "bea", "dan"):
        store.reach(row.hash, who, Step.OPENED)
    store.reach(row.hash, "ann", Step.LINKED)
    now = store.clock()
    assert store.reached(row.hash, now) == {Step.OPENED: 2, Step.LINKED: 1, Step.ENOUGH: 0}
    assert set(store.reached(row.hash, now - 60_000).values()) == {0}
    assert [step["step"] for step in about(store, ["ann"])["steps"]] == ["opened", "linked"]
    store.forget("ann")
    assert about(store, ["ann"])["steps"] == []
    assert store.reached(row.hash, now)[Step.OPENED] == 1
    store.drop_steps(now + 1)
    assert store.reached(row.hash, now) == {}


def test_a_step_that_was_noted_is_never_changed(store: Store, row: StudyRow) -> None:
    store.invite(row.hash, PEOPLE)
    store.reach(row.hash, "ann", Step.OPENED)
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        store._db.execute("update steps set at = 0")


def test_the_funnel_shows_steps_in_cells_at_the_last_batch(store: Store, row: StudyRow) -> None:
    people = [f"p{n}" for n in range(19)]
    store.invite(row.hash, people)
    for who in people:
        store.reach(row.hash, who, Step.OPENED)
    assert set(judge(store, row).reached.values()) == {0}
    play(store, row, panel(10))
    judged = judge(store, row)
    assert judged.reached == as_data(judged)["reached"] == {"opened": 10, "linked": 0, "enough": 0}
    assert list(funnel_counts(judged))[:5] == ["invited", "opened", "linked", "agreed", "enough"]
    told = dict(funnel("en", judged).itertuples(index=False))
    assert (told["Invited"], told["Opened the page"], told["Counted"]) == ("19", "10 or more", "10")
    schema = json.loads(data_file("report.schema.json").read_text())
    Draft202012Validator(schema).validate(json.loads(as_json(judged)))


def test_the_same_list_in_another_order_is_the_same(store: Store, row: StudyRow) -> None:
    first = store.invite(row.hash, PEOPLE)
    assert store.invite(row.hash, reversed(PEOPLE)) == first == store.invitations_hash(row.hash)


def test_another_list_needs_another_study(store: Store, row: StudyRow) -> None:
    store.invite(row.hash, PEOPLE)
    with pytest.raises(BadInputError, match="open a new study"):
        store.invite(row.hash, ("ann",))


def test_nobody_is_invited_after_the_first_card(store: Store, row: StudyRow) -> None:
    play(store, row, panel(1))
    with pytest.raises(BadInputError, match="before the first card"):
        store.invite(row.hash, PEOPLE)


def test_the_list_holds_no_pseudonym_and_nothing_that_two_studies_share(
    store: Store, row: StudyRow
) -> None:
    other = open_one(store, "summer")
    for study in (row, other):
        store.invite(study.hash, PEOPLE)
    marks = [r["mark"] for r in store._rows("select mark from invited")]
    assert len(set(marks)) == 6
    assert not set(marks) & set(PEOPLE)


@pytest.mark.parametrize(
    "change",
    ["delete from invited where id = 1", "update invited set mark = 'x' where id = 2",
     "insert into invited (study, mark) select study, 'x' from invited limit 1"],
)  # fmt: skip
def test_a_list_that_was_changed_is_named(store: Store, row: StudyRow, change: str) -> None:
    store.invite(row.hash, PEOPLE)
    assert what_differs(store) == []
    assert store.path is not None
    with sqlite3.connect(store.path) as db:
        db.execute("drop trigger fixed_invited")
        db.execute(change)
    db.close()
    assert what_differs(store) == ["study spring: invitations differ"]


def test_each_coffee_code_is_given_once_and_to_nobody_in_particular(
    store: Store, row: StudyRow
) -> None:
    store.invite(row.hash, PEOPLE, ["c1", "c2", "c2"])
    given = [store.take_coffee_code(row.hash) for _ in range(3)]
    assert sorted(given[:2], key=str) == ["c1", "c2"]
    assert given[2] is None
    assert store._rows("select * from coffee_codes") == []


def test_an_override_stands_for_ever(store: Store, row: StudyRow) -> None:
    store.override(row.hash, "release", "pm", "the board decided")
    store.override(row.hash, "hold", "pm", "the board thought again")
    assert [o.outcome for o in store.overrides(row.hash)] == ["release", "hold"]
    assert what_differs(store) == []
