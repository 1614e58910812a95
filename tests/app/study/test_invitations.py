"""Invitations: a random order, papers in two languages, and a list that names nobody."""

import csv
import re
import stat
import time
from pathlib import Path

import pytest

from app.auth.identity import employee_person
from app.storage.study_db.records import study_of
from app.storage.study_db.store import StudyStore
from app.study.invitations import (
    in_invitation_order,
    invitation_message,
    invitee_pseudonyms,
    poster,
    read_invitees,
    works_council_note,
)
from app.study.opening import open_study
from app.workspace.policies import default_policy
from app.workspace.settings import Settings
from app.workspace.workspace import Workspace
from recsys.errors import BadInputError
from recsys.study.policy import StudyKind
from tests.support.cli_runner import Said, brandswipe

LINK = "https://play.example.com/game"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A workspace with one live study and no shop: inviting needs none."""
    folder = tmp_path / "ws"
    folder.mkdir()
    store = StudyStore(folder / "study.db")
    open_study(store, "autumn", StudyKind.LIVE, default_policy(), "m" * 64, "popularity", 7)
    store.close()
    return folder


def employees(folder: Path, people: int = 30, head: str = "name,Email,team") -> Path:
    path = folder / "employees.csv"
    lines = [f"N{n},Person{n}@Shop.example,=SUM({n})" for n in range(people)]
    path.write_text("\n".join([head, *lines, ""]), encoding="utf-8")
    return path


def invited(here: Path, tmp_path: Path, *more: str) -> Said:
    out = ("--out", str(tmp_path / "out"), "--link", LINK)
    return brandswipe(
        "study", "invite", str(tmp_path / "employees.csv"), *out, *more, workspace=here
    )


def test_everybody_is_in_a_random_order_that_the_studys_seed_gives(
    here: Path, tmp_path: Path
) -> None:
    people = read_invitees(employees(tmp_path))
    assert invited(here, tmp_path).code == 0
    rows = list(csv.DictReader((tmp_path / "out" / "invitations.csv").read_text().splitlines()))
    assert [row["Email"].lower() for row in rows] == [
        p.address for p in in_invitation_order(people, 7)
    ]
    assert [row["invite"] for row in rows] == [str(n) for n in range(1, 31)]
    assert (
        in_invitation_order(people[::-1], 7)
        == in_invitation_order(people, 7)
        != in_invitation_order(people, 8)
    )


def test_the_study_knows_who_is_invited_and_names_nobody(here: Path, tmp_path: Path) -> None:
    people = read_invitees(employees(tmp_path))
    invited(here, tmp_path)
    house = Workspace(Settings(workspace=here))
    row = house.store.studies.get("autumn")
    (her,) = invitee_pseudonyms(house.keys, people[:1])
    assert house.store.invitations.count(row.hash) == 30
    assert house.store.invitations.includes(row.hash, her) is True
    assert house.store.invitations.includes(row.hash, "somebody else") is False
    house.close()
    stored = b"".join(path.read_bytes() for path in here.glob("study.db*"))
    assert b"shop.example" not in stored.lower()
    assert her.encode() not in stored
    assert (
        brandswipe("study", "show", "autumn", "--format", "json", workspace=here).data["invited"]
        == 30
    )


def test_all_papers_are_there_for_the_owners_eyes_alone(here: Path, tmp_path: Path) -> None:
    employees(tmp_path)
    said = invited(here, tmp_path)
    assert said.out.strip() == str(tmp_path / "out")
    files = {path.name: path for path in (tmp_path / "out").iterdir()}
    kinds = {f"{kind}.{lang}.txt" for kind in ("mail", "chat", "reminder") for lang in ("en", "nl")}
    sheets = {"poster.en.html", "poster.nl.html", "note.en.md", "note.nl.md", "invitations.csv"}
    assert set(files) == kinds | sheets
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files.values())
    assert "'=SUM(" in files["invitations.csv"].read_text()


@pytest.mark.parametrize("language", ["en", "nl"])
def test_a_letter_has_the_link_and_says_of_coffee_only_where_there_is_some(language: str) -> None:
    for kind in ("mail", "chat", "reminder"):
        plain, coffee = (invitation_message(language, kind, LINK, has) for has in (False, True))
        assert LINK in plain
        assert ("coffee" in plain.lower() or "koffie" in plain.lower()) is False
        assert "code" in coffee
        assert "\n\n\n" not in plain
        assert "!" not in plain


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_poster_asks_nothing_of_another_host(language: str) -> None:
    page = poster(language, LINK + "?a=1&b=<2>")
    assert "<svg" in page
    assert "a=1&amp;b=&lt;2&gt;" in page
    assert not re.search(r"(src|href|url\()\s*=?\s*[\"']?(https?:)?//", page)
    assert "<script" not in page
    assert "size: A4" in page


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_note_says_the_settings_of_the_study(language: str) -> None:
    row = open_study(
        StudyStore(), "autumn", StudyKind.LIVE, default_policy(), "m" * 64, "popularity", 7
    )
    said = works_council_note(language, study_of(row), 300, has_coffee=False)
    rule = default_policy()
    for words in ("autumn", row.hash[:8], "300", "20", "75%", rule.criteria[0].because, "medical"):
        assert words in said
    assert 500 < len(said.split()) < 900  # two pages
    assert "{" not in said


class TestCoffee:
    def test_codes_are_a_pool_of_the_study(self, here: Path, tmp_path: Path) -> None:
        employees(tmp_path)
        (tmp_path / "codes.txt").write_text("c1\n\nc2\n")
        assert invited(here, tmp_path, "--codes", str(tmp_path / "codes.txt")).code == 0
        store = StudyStore(here / "study.db")
        given = {
            store.invitations.take_coffee_code(store.studies.get("autumn").hash) for _ in range(3)
        }
        assert given == {"c1", "c2", None}
        assert "coffee code" in (tmp_path / "out" / "mail.en.txt").read_text()

    @pytest.mark.parametrize(("text", "said"), [("\n", "no code"), (None, "cannot be read")])
    def test_a_pool_without_codes_is_none(
        self, here: Path, tmp_path: Path, text: str | None, said: str
    ) -> None:
        employees(tmp_path)
        if text is not None:
            (tmp_path / "codes.txt").write_text(text)
        found = invited(here, tmp_path, "--codes", str(tmp_path / "codes.txt"))
        assert (found.code, found.out) == (2, "")
        assert said in found.err


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("name\nann\n", "no column of addresses"),
            ("email\n\n", "has no line with an address"),
            ("", "no column of addresses"),
        ],
    )
    def test_a_list_that_invites_nobody(
        self, here: Path, tmp_path: Path, text: str, said: str
    ) -> None:
        (tmp_path / "employees.csv").write_text(text)
        found = invited(here, tmp_path)
        assert (found.code, found.out) == (2, "")
        assert said in found.err
        assert not (tmp_path / "out").exists()

    def test_a_list_that_is_not_there(self, here: Path, tmp_path: Path) -> None:
        assert "cannot be read" in invited(here, tmp_path).err

    def test_another_list_for_the_same_study(self, here: Path, tmp_path: Path) -> None:
        employees(tmp_path)
        assert invited(here, tmp_path).code == invited(here, tmp_path).code == 0
        employees(tmp_path, people=31)
        assert "open a new study" in invited(here, tmp_path).err

    @pytest.mark.parametrize("link", ["play", "ftp://x", "https://"])
    def test_a_link_that_is_none(self, here: Path, tmp_path: Path, link: str) -> None:
        employees(tmp_path)
        found = invited(here, tmp_path, "--link", link)
        assert found.code == 2
        assert "is no link" in found.err

    def test_a_folder_that_cannot_be_written(self, here: Path, tmp_path: Path) -> None:
        employees(tmp_path)
        found = invited(here, tmp_path, "--out", str(tmp_path / "employees.csv" / "x"))
        assert found.code == 2
        assert "Traceback" not in found.err

    def test_a_panel_too_small_is_told_so(self, here: Path, tmp_path: Path) -> None:
        employees(tmp_path, people=12)
        assert "12 people can never release" in invited(here, tmp_path).err

    def test_the_same_address_twice_is_one_person(self, tmp_path: Path) -> None:
        path = tmp_path / "employees.csv"
        path.write_text("email\nANN@shop.example\nann@shop.example \nbea@shop.example\n")
        found = [person.address for person in read_invitees(path)]
        assert found == ["ann@shop.example", "bea@shop.example"]

    def test_a_list_that_the_login_could_never_match_is_refused(self, tmp_path: Path) -> None:
        path = employees(tmp_path)
        with pytest.raises(BadInputError, match=r"names people by 'sub'.*a column subject"):
            read_invitees(path, "sub")
        path.write_text("subject\nAnn\nann\n")
        assert [person.address for person in read_invitees(path, "sub")] == ["Ann", "ann"]


def test_the_login_finds_herself_on_the_list(here: Path, tmp_path: Path) -> None:
    people = read_invitees(employees(tmp_path))
    house = Workspace(Settings(workspace=here))
    settings = Settings(workspace=here, subject_claim="email", trust_emails=True)
    claims = {"email": people[0].address.upper(), "iat": time.time()}
    her = employee_person(settings, house.keys, house.account_links, claims, time.time())
    assert her.participant in invitee_pseudonyms(house.keys, people)
    house.close()
