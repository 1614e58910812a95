"""A list of invited people is written down once, and names nobody."""

import json
import sqlite3
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from app.reports.exports import report_data, report_json
from app.reports.tables_invited import funnel_counts, funnel_table
from app.storage.study_db.records import FunnelStep, StudyRow
from app.storage.study_db.store import StudyStore, find_mismatches
from app.study import privacy
from app.study.privacy import personal_data
from app.study.results import study_status
from app.workspace.settings import data_file
from recsys.errors import BadInputError
from recsys.report.invited import InvitedFunnel
from tests.support.closed_decks import panel
from tests.support.report_workspace import open_one, play

PEOPLE = ("ann", "bea", "cas")


@pytest.fixture
def store(tmp_path: Path) -> StudyStore:
    return StudyStore(tmp_path / "study.db")


@pytest.fixture
def row(store: StudyStore) -> StudyRow:
    return open_one(store, "spring")


def test_without_a_list_everybody_may_play(store: StudyStore, row: StudyRow) -> None:
    assert store.invitations.count(row.hash) is None
    assert store.invitations.includes(row.hash, "ann") is None
    assert store.invitations.list_hash(row.hash) is None


def funnel(store: StudyStore, row: StudyRow) -> InvitedFunnel:
    found = study_status(store, row).invited
    assert found is not None
    return found


def steps(store: StudyStore, row: StudyRow) -> dict[str, int]:
    invitations = store.invitations.snapshot(row.hash, ())
    assert invitations is not None
    return {step: len(times) for step, times in invitations.step_times.items()}


def test_with_one_those_on_it_may(store: StudyStore, row: StudyRow) -> None:
    store.invitations.add(row.hash, PEOPLE)
    assert store.invitations.count(row.hash) == 3
    assert store.invitations.includes(row.hash, "bea") is True
    assert store.invitations.includes(row.hash, "dan") is False


def test_the_report_says_how_many_are_invited(store: StudyStore, row: StudyRow) -> None:
    assert study_status(store, row).invited is None
    store.invitations.add(row.hash, PEOPLE)
    status = study_status(store, row)
    assert funnel(store, row).people == report_data(status)["invited"] == 3


def test_of_the_invited_those_count_who_had_said_yes_by_then(
    store: StudyStore, row: StudyRow
) -> None:
    store.invitations.add(row.hash, PEOPLE)
    for who, yes in (("ann", True), ("bea", True), ("cas", False), ("dan", True), ("bea", False)):
        privacy.record_consent(store, who, yes=yes)
    invitations = store.invitations.snapshot(row.hash, ())
    assert invitations is not None
    assert [[*answers.values()][-1] for answers in invitations.consents] == [True, False, False]


def test_the_report_counts_them_in_cells_at_the_last_batch(
    store: StudyStore, row: StudyRow
) -> None:
    people = [f"p{n}" for n in range(15)]
    store.invitations.add(row.hash, people)
    for who in people:
        privacy.record_consent(store, who, yes=True)
    assert funnel(store, row).consented == 0
    play(store, row, panel(10))
    judged = study_status(store, row)
    assert funnel(store, row).consented == report_data(judged)["agreed"] == 10
    assert list(funnel_counts(judged).items())[:2] == [("invited", 15), ("agreed", 10)]


def test_how_far_the_invited_came_is_noted_once_and_of_nobody_else(
    store: StudyStore, row: StudyRow
) -> None:
    store.invitations.add(row.hash, PEOPLE)
    for who in ("ann", "ann", "bea", "dan"):
        store.invitations.record_step(row.hash, who, FunnelStep.OPENED)
    store.invitations.record_step(row.hash, "ann", FunnelStep.LINKED)
    assert steps(store, row) == {"opened": 2, "linked": 1, "enough": 0}
    assert [step["step"] for step in personal_data(store, ["ann"])["steps"]] == ["opened", "linked"]
    store.participants.forget("ann")
    assert personal_data(store, ["ann"])["steps"] == []
    assert steps(store, row)["opened"] == 1
    store.invitations.delete_steps_before(store.clock() + 1)
    assert steps(store, row) == {}


def test_a_step_that_was_noted_is_never_changed(store: StudyStore, row: StudyRow) -> None:
    store.invitations.add(row.hash, PEOPLE)
    store.invitations.record_step(row.hash, "ann", FunnelStep.OPENED)
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        store.db._db.execute("update steps set at = 0")


def test_the_funnel_shows_steps_in_cells_at_the_last_batch(
    store: StudyStore, row: StudyRow
) -> None:
    people = [f"p{n}" for n in range(19)]
    store.invitations.add(row.hash, people)
    for who in people:
        store.invitations.record_step(row.hash, who, FunnelStep.OPENED)
    assert set(funnel(store, row).step_counts.values()) == {0}
    play(store, row, panel(10))
    judged = study_status(store, row)
    assert (
        funnel(store, row).step_counts
        == report_data(judged)["reached"]
        == {"opened": 10, "linked": 0, "enough": 0}
    )
    assert list(funnel_counts(judged))[:5] == ["invited", "opened", "linked", "agreed", "enough"]
    told = dict(funnel_table("en", judged).itertuples(index=False))
    assert (told["Invited"], told["Opened the page"], told["Counted"]) == ("19", "10 or more", "10")
    schema = json.loads(data_file("report.schema.json").read_text())
    Draft202012Validator(schema).validate(json.loads(report_json(judged)))


def test_the_same_list_in_another_order_is_the_same(store: StudyStore, row: StudyRow) -> None:
    first = store.invitations.add(row.hash, PEOPLE)
    assert (
        store.invitations.add(row.hash, reversed(PEOPLE))
        == first
        == store.invitations.list_hash(row.hash)
    )


def test_another_list_needs_another_study(store: StudyStore, row: StudyRow) -> None:
    store.invitations.add(row.hash, PEOPLE)
    with pytest.raises(BadInputError, match="open a new study"):
        store.invitations.add(row.hash, ("ann",))


def test_nobody_is_invited_after_the_first_card(store: StudyStore, row: StudyRow) -> None:
    play(store, row, panel(1))
    with pytest.raises(BadInputError, match="before the first card"):
        store.invitations.add(row.hash, PEOPLE)


def test_the_list_holds_no_pseudonym_and_nothing_that_two_studies_share(
    store: StudyStore, row: StudyRow
) -> None:
    other = open_one(store, "summer")
    for study in (row, other):
        store.invitations.add(study.hash, PEOPLE)
    marks = [r["mark"] for r in store.db.query("select mark from invited")]
    assert len(set(marks)) == 6
    assert not set(marks) & set(PEOPLE)


@pytest.mark.parametrize(
    "change",
    ["delete from invited where id = 1", "update invited set mark = 'x' where id = 2",
     "insert into invited (study, mark) select study, 'x' from invited limit 1"],
)  # fmt: skip
def test_a_list_that_was_changed_is_named(store: StudyStore, row: StudyRow, change: str) -> None:
    store.invitations.add(row.hash, PEOPLE)
    assert find_mismatches(store) == []
    assert store.db.path is not None
    with sqlite3.connect(store.db.path) as db:
        db.execute("drop trigger fixed_invited")
        db.execute(change)
    db.close()
    assert find_mismatches(store) == ["study spring: invitations differ"]


def test_each_coffee_code_is_given_once_and_to_nobody_in_particular(
    store: StudyStore, row: StudyRow
) -> None:
    store.invitations.add(row.hash, PEOPLE, ["c1", "c2", "c2"])
    given = [store.invitations.take_coffee_code(row.hash) for _ in range(3)]
    assert sorted(given[:2], key=str) == ["c1", "c2"]
    assert given[2] is None
    assert store.db.query("select * from coffee_codes") == []


def test_an_override_stands_for_ever(store: StudyStore, row: StudyRow) -> None:
    store.studies.add_override(row.hash, "release", "pm", "the board decided")
    store.studies.add_override(row.hash, "hold", "pm", "the board thought again")
    assert [o.outcome for o in store.studies.overrides(row.hash)] == ["release", "hold"]
    assert find_mismatches(store) == []
