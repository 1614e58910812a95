"""Columns of the invitation list: kept coarsely, told, erased, and in every form of the report."""

import csv
import io
import json
import sqlite3
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from app.reports.charts_invited import representativeness_charts
from app.reports.exports import report_csv, report_data, report_json, report_markdown
from app.reports.html.page import report_html
from app.storage.study_db.records import StudyRow
from app.storage.study_db.store import StudyStore, find_mismatches
from app.study.invitations import Invitee, coarsen_columns
from app.study.privacy import personal_data
from app.study.results import study_status
from app.workspace.settings import data_file
from recsys.errors import BadInputError
from tests.app.study.test_invitations import LINK
from tests.app.study.test_invitations import here as here  # the fixture
from tests.support.cli_runner import brandswipe
from tests.support.closed_decks import panel
from tests.support.report_workspace import open_one, play

TASTE = {"pick": 0.8, "rival": 0.7, "decoy": 0.4}  # decides nothing, so that the study stays open
PEOPLE = [f"p{n}" for n in range(80)]
COLUMNS = {
    "<b>department": ["sales" if n % 3 else "*shops*" for n in range(80)],
    "country": ["nl"] * 40 + ["other"] * 40,
}


@pytest.fixture
def store(tmp_path: Path) -> StudyStore:
    return StudyStore(tmp_path / "study.db")


@pytest.fixture
def row(store: StudyStore) -> StudyRow:
    """A study that invited 80 people and was played by 30 of them."""
    row = open_one(store, "spring")
    store.invitations.add(row.hash, PEOPLE, columns=COLUMNS)
    play(store, row, panel(30, 6, **TASTE))
    return row


def test_the_report_compares_players_with_the_invited(store: StudyStore, row: StudyRow) -> None:
    data = report_data(study_status(store, row))["listed"]
    assert data["<b>department"] == [
        {"label": "sales", "invited": 0.66, "players": 0.67},
        {"label": "*shops*", "invited": 0.34, "players": 0.33},
    ]
    assert {each["players"] for each in data["country"]} == {None}, "all 30 are of one country"


def test_it_is_in_every_form_and_harms_none(store: StudyStore, row: StudyRow) -> None:
    judged = study_status(store, row)
    schema = json.loads(data_file("report.schema.json").read_text())
    Draft202012Validator(schema).validate(json.loads(report_json(judged)))
    rows = [r for r in csv.DictReader(io.StringIO(report_csv(judged))) if r["table"] == "listed"]
    assert rows[0]["label"] == "<b>department: sales"
    assert (rows[0]["value"], rows[0]["invited"], rows[2]["value"]) == ("0.67", "0.66", "")
    words = report_markdown("en", judged)
    assert "Players against the invited\\: \\<b\\>department" in words
    assert "| \\*shops\\* | 34% | 33% |" in words
    assert "differ most from the invited at sales\\: 67% of the players" in words
    page = report_html("nl", judged)
    assert "Spelers tegenover de genodigden: &lt;b&gt;department" in page
    assert "<b>department" not in page


def test_a_picture_has_both_bars_of_a_value_a_sentence_and_a_table(
    store: StudyStore, row: StudyRow
) -> None:
    (both,) = representativeness_charts("en", study_status(store, row))
    department, country = both
    assert [lane.label for lane in department.rows[:2]] == ["sales · invited", "sales · players"]
    assert [lane.value_text for lane in department.rows[:2]] == ["66%", "67%"]
    assert department.alt_text.startswith("Players differ most from the invited at sales")
    assert department.table is not None
    assert list(department.table.columns) == ["Value", "Invited", "Players"]
    assert country.caption.startswith("Of the invited only.")
    assert country.rows[3].value_text == "–"
    assert "Other · players" in {lane.label for lane in country.rows}


def test_players_who_are_like_the_invited_are_said_to_be(store: StudyStore) -> None:
    row = open_one(store, "spring")
    store.invitations.add(row.hash, PEOPLE, columns={"half": ["a", "b"] * 40})
    play(store, row, panel(20, 6, **TASTE))
    ((figure,),) = representativeness_charts("en", study_status(store, row))
    assert figure.caption.startswith("Players are like the invited")


def test_a_dash_is_explained_where_there_is_one(store: StudyStore) -> None:
    row = open_one(store, "spring")
    teams = ["b"] * 20 + ["a", "c"] * 10 + ["b", "a", "c", "d"] * 10
    store.invitations.add(row.hash, PEOPLE, columns={"team": teams})
    play(store, row, panel(45, 6, **TASTE))
    ((figure,),) = representativeness_charts("en", study_status(store, row))
    assert [lane.value_text for lane in figure.rows[1::2]] == ["50%", "25%", "–", "–"]
    assert "A dash: that share would tell of fewer than 10 people" in figure.caption


def test_a_list_without_columns_shows_none(store: StudyStore) -> None:
    row = open_one(store, "spring")
    store.invitations.add(row.hash, PEOPLE)
    judged = study_status(store, row)
    assert judged.frame_shares == report_data(judged)["listed"] == {}
    assert representativeness_charts("en", judged) == []


def test_she_is_told_and_forgetting_her_leaves_no_difference_to_read(
    store: StudyStore, row: StudyRow
) -> None:
    said = {"study": "spring", "column": "country", "value": "nl"}
    assert said in personal_data(store, ["p3"])["invited_as"]
    store.participants.forget("p70")
    assert personal_data(store, ["p70"])["invited_as"] == []
    before = report_data(study_status(store, row))["listed"]["<b>department"]
    assert before[0]["players"] == 0.67, "she never played, and the invited stay as they were"
    store.participants.forget("p3")
    after = report_data(study_status(store, row))["listed"]["<b>department"]
    assert [each["players"] for each in after] == [None, None]
    assert [each["invited"] for each in after] == [each["invited"] for each in before]
    assert find_mismatches(store) == []


def test_rows_go_when_the_list_is_too_old(store: StudyStore, row: StudyRow) -> None:
    store.invitations.delete_columns_before(store.clock() - 60_000)
    assert store.invitations.column_values(row.hash, "p3") != {}
    store.invitations.delete_columns_before(store.clock() + 1)
    assert store.invitations.column_values(row.hash, "p3") == {}
    assert store.invitations.column_counts(row.hash)["country"] == {"nl": 40, "other": 40}


@pytest.mark.usefixtures("row")
@pytest.mark.parametrize("table", ["invited_columns", "invited_values"])
def test_rows_are_never_changed(store: StudyStore, table: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        store.db._db.execute(f"update {table} set value = 'x'")


def test_columns_change_no_hash_and_are_written_once(store: StudyStore, row: StudyRow) -> None:
    plain = open_one(store, "summer")
    hash = store.invitations.add(row.hash, PEOPLE, columns=COLUMNS)
    assert hash == store.invitations.list_hash(row.hash) == store.invitations.add(row.hash, PEOPLE)
    store.invitations.add(plain.hash, PEOPLE)
    for study in (row, plain):
        with pytest.raises(BadInputError, match="with other columns: open a new study"):
            store.invitations.add(study.hash, PEOPLE, columns={"team": ["a", "b"] * 40})
    assert len(store.db.query("select * from invited_columns")) == 160


@pytest.mark.usefixtures("row")
def test_no_pseudonym_is_beside_a_value(store: StudyStore) -> None:
    marks = {r["mark"] for r in store.db.query("select mark from invited_columns")}
    assert len(marks) == 80
    assert not marks & set(PEOPLE)


def test_columns_are_found_whatever_their_case_and_an_address_is_none() -> None:
    people = [Invitee(f"{n}@x", {" Team ": "ab"[n % 2], "Email": f"{n}@x"}) for n in range(40)]
    assert coarsen_columns(people, "team, ", 10) == {"Team": ("a", "b") * 20}
    with pytest.raises(BadInputError, match="no column 'email' to keep; it has: Team"):
        coarsen_columns(people, "email", 10)
    with pytest.raises(BadInputError, match="it has: none"):
        coarsen_columns([Invitee("a@x", {"email": "a@x"})], "team", 10)


class TestTheTerminal:
    @pytest.fixture
    def people(self, tmp_path: Path) -> Path:
        lines = [f"N{n},n{n}@shop.example,{'IT' if n % 2 else 'Law'},NL" for n in range(60)]
        lines.append("Boss,boss@shop.example,Top secret board,BE")
        path = tmp_path / "people.csv"
        path.write_text("\n".join(["name,email,team,country", *lines, ""]))
        return path

    def test_a_rare_value_is_never_stored_and_a_bare_column_is_left_out(
        self, here: Path, people: Path
    ) -> None:
        said = brandswipe(
            "study", "invite", str(people), "--link", LINK, "--out", str(people.parent / "out"),
            "--columns", "team,country,name", workspace=here,
        )  # fmt: skip
        assert said.code == 0
        assert "Column 'country' is left out" in said.err
        assert "Column 'name' is left out" in said.err
        store = StudyStore(here / "study.db")
        assert store.invitations.column_counts(store.studies.get("autumn").hash) == {
            "team": {"Law": 30, "other": 31}
        }
        store.close()
        stored = b"".join(path.read_bytes() for path in here.glob("study.db*"))
        assert b"secret" not in stored
        note = (people.parent / "out" / "note.en.md").read_text()
        assert "Of the list of invited these columns, under that same mark: team." in note

    def test_an_unknown_column_is_one_sentence_with_the_known_ones(
        self, here: Path, people: Path
    ) -> None:
        said = brandswipe(
            "study", "invite", str(people), "--link", LINK, "--columns", "salary", workspace=here
        )
        assert said.code == 2
        assert "no column 'salary' to keep; it has: name, team, country." in said.err
        assert "Traceback" not in said.err
