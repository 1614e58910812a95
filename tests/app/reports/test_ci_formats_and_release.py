"""What a pipeline reads, what a release folder holds, and what finds out that it was changed."""

import csv
import io
import json
import shutil
import sqlite3
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from app.reports.exports import _escape_formula, escape_markdown_line
from app.reports.release import _certificate_hash
from app.storage.study_db.records import StudyRow
from app.storage.study_db.store import StudyStore, find_mismatches, mismatched_parts
from app.study.opening import open_study
from app.study.results import study_status
from app.workspace.policies import bundled_policy, default_policy
from app.workspace.settings import Settings, data_file
from app.workspace.workspace import Workspace
from recsys.study.policy import Policy, StudyKind
from tests.support.cli_runner import Said, brandswipe
from tests.support.closed_decks import panel
from tests.support.report_workspace import HONEST, POLITE, play

UNSURE = {"pick": 0.8, "rival": 0.7, "decoy": 0.4}


def told(
    house: Workspace, name: str, people: int, chances: dict[str, float], rule: Policy | None = None
) -> None:
    """A study on the planted model, played by hand-dealt people until it decides."""
    rule, model = rule or house.policy, house.version().hash
    row: StudyRow = open_study(house.store, name, StudyKind.SIMULATED, rule, model, "popularity", 1)
    decks = panel(people, 3, **chances)
    for start in range(0, people, 5):
        play(house.store, row, decks[start : start + 5])
        if study_status(house.store, row).decision is not None:
            return


@pytest.fixture(scope="module")
def world(planted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released study, a held one and an undecided one. Do not write."""
    folder = tmp_path_factory.mktemp("gate") / "ws"
    shutil.copytree(planted, folder)
    house = Workspace(Settings(workspace=folder))
    told(house, "good", 100, HONEST)
    told(house, "bad", 100, POLITE)
    told(house, "open", 25, UNSURE)
    house.close()
    return folder


@pytest.fixture
def here(world: Path, tmp_path: Path) -> Path:
    shutil.copytree(world, tmp_path / "ws")
    return tmp_path / "ws"


def gate(world: Path, study: str, *more: str) -> Said:
    return brandswipe("study", "gate", "--study", study, *more, workspace=world)


class TestTheGate:
    @pytest.mark.parametrize(
        ("study", "more", "code"),
        [
            ("good", (), 0), ("bad", (), 1), ("open", (), 3),
            ("open", ("--inconclusive", "pass"), 0), ("open", ("--inconclusive", "fail"), 1),
            ("good", ("--inconclusive", "fail"), 0), ("bad", ("--inconclusive", "pass"), 1),
        ],
    )  # fmt: skip
    def test_only_what_is_undecided_ends_as_a_pipeline_wants_it(
        self, world: Path, study: str, more: tuple[str, ...], code: int
    ) -> None:
        assert gate(world, study, *more).code == code

    def test_json_keeps_undecided_whatever_the_exit_code(self, world: Path) -> None:
        said = gate(world, "open", "--inconclusive", "pass", "--format", "json")
        assert (said.code, said.data["outcome"], said.data["decided"]) == (0, "undecided", False)

    @pytest.mark.parametrize(
        ("study", "failed", "skipped"), [("good", 0, 0), ("bad", 1, 1), ("open", 0, 3)]
    )
    def test_junit_has_a_case_a_criterion(
        self, world: Path, study: str, failed: int, skipped: int
    ) -> None:
        suite = ElementTree.fromstring(gate(world, study, "--format", "junit").out)
        names = [case.get("name") for case in suite.iter("testcase")]
        assert names == ["hit_rate", "discrimination", "lift"]
        counted = {key: int(suite.get(key, "-1")) for key in ("tests", "failures", "skipped")}
        assert counted == {"tests": 3, "failures": failed, "skipped": skipped}
        assert len(list(suite.iter("failure"))) == failed
        assert len(list(suite.iter("skipped"))) == skipped

    def test_markdown_fits_the_summary_of_a_job(self, world: Path) -> None:
        said = gate(world, "bad", "--format", "md").out
        assert said.startswith("## Gate: hold\n")
        assert "| discrimination |" in said
        assert said.count("\n") < 20
        assert "| lift | +" in said  # in points of difference, as on the page


class TestAnOverride:
    def test_it_stands_in_report_and_json_and_the_verdict_beside_it(self, here: Path) -> None:
        why = ("--role", "pm", "--reason", "the board accepts the risk")
        done = brandswipe("study", "override", "bad", "--outcome", "release", *why, workspace=here)
        assert done.code == 0
        assert gate(here, "bad").code == 1
        assert gate(here, "bad", "--format", "json").data["overrides"][0]["role"] == "pm"
        for shape in ("text", "md", "json"):
            said = brandswipe(
                "study", "report", "--study", "bad", "--format", shape, workspace=here
            )
            assert "the board accepts the risk" in said.out

    @pytest.mark.parametrize("given", [("--role", " "), ("--reason", "")])
    def test_it_needs_a_role_and_a_reason(self, here: Path, given: tuple[str, str]) -> None:
        words = {"--role": "pm", "--reason": "why"} | dict([given])
        flat = [part for pair in words.items() for part in pair]
        said = brandswipe("study", "override", "bad", "--outcome", "hold", *flat, workspace=here)
        assert said.code == 2
        assert "needs a role and a reason" in said.err


class TestARelease:
    @pytest.fixture
    def folder(self, world: Path, tmp_path: Path) -> Path:
        out = tmp_path / "release"
        said = brandswipe(
            "release", "create", "--study", "good", "--out", str(out), workspace=world
        )
        assert said.code == 0, said.err
        return out

    def test_it_is_checked_without_the_store(self, folder: Path) -> None:
        said = brandswipe("release", "verify", str(folder))
        assert said.code == 0, said.err
        assert "Release. All bars are passed" in said.out
        assert "simulated colleagues" in said.out
        assert "not a promise of sales" in said.out
        assert (
            brandswipe("release", "verify", str(folder), "--format", "json").data["chain_head"][
                "seq"
            ]
            > 0
        )

    def test_its_cards_say_what_it_was_made_of_and_how_it_was_judged(self, folder: Path) -> None:
        data, study, model = (
            (folder / "cards" / f"{name}.md").read_text() for name in ("data", "study", "model")
        )
        assert "# Data card" in data
        assert "A planted shop: its customers are invented." in data
        assert "customers that were counted" in data
        assert "# Study card: good" in study
        assert "Release. All bars are passed" in study
        assert "choose without first comparing prices" in study
        assert study.count("| hit rate |") == 2
        assert "# Model card" in model
        assert "None" not in data + study

    def test_a_certificate_of_before_the_cards_is_still_one(self, folder: Path) -> None:
        said = json.loads((folder / "certificate.json").read_text())
        del said["cards"]
        said["hash"] = _certificate_hash(said)
        (folder / "certificate.json").write_text(json.dumps(said))
        assert brandswipe("release", "verify", str(folder)).code == 0

    def test_without_events_the_data_card_says_so(self, here: Path, tmp_path: Path) -> None:
        shutil.rmtree(here / "events")
        out = tmp_path / "r"
        said = brandswipe("release", "create", "--study", "good", "--out", str(out), workspace=here)
        assert said.code == 0, said.err
        assert "were not here" in (out / "cards" / "data.md").read_text()

    def test_everybodys_carousels_are_made_of_it_where_its_model_is_not(
        self, here: Path, folder: Path, tmp_path: Path
    ) -> None:
        shutil.rmtree(here / "models")
        out = tmp_path / "lists"
        asked = ("release", "export", "--model", str(folder), "--out", str(out), "--n", "2")
        said = brandswipe(*asked, workspace=here)
        assert said.code == 0, said.err
        model = json.loads((out / "carousels.json").read_text())["model"]
        assert (
            model
            == brandswipe("release", "verify", str(folder), "--format", "json").data["study"][
                "model"
            ]
        )
        assert (out / "part-00000.parquet").is_file()

    @pytest.mark.parametrize("study", ["bad", "open"])
    def test_without_a_passing_verdict_there_is_none(
        self, world: Path, tmp_path: Path, study: str
    ) -> None:
        out = str(tmp_path / "r")
        said = brandswipe("release", "create", "--study", study, "--out", out, workspace=world)
        assert said.code == 2
        assert "does not release this model" in said.err
        assert not (tmp_path / "r").exists()

    def test_a_policy_that_only_asks_whether_to_go_on_releases_nothing(
        self, here: Path, tmp_path: Path
    ) -> None:
        house = Workspace(Settings(workspace=here))
        told(house, "early", 100, HONEST, bundled_policy("worth-a-quarter"))
        house.close()
        out = str(tmp_path / "r")
        asked = ("release", "create", "--study", "early", "--out", out)
        assert gate(here, "early").code == 0
        said = brandswipe(*asked, workspace=here)
        assert (said.code, said.err.count("\n")) == (2, 1)
        assert "'Worth a quarter' does not allow a release" in said.err
        report = brandswipe(
            "study", "report", "--study", "early", "--format", "md", workspace=here
        ).out
        assert "does not allow a release to customers" in report
        why = ("--outcome", "release", "--role", "board", "--reason", "a pilot")
        brandswipe("study", "override", "early", *why, workspace=here)
        assert brandswipe(*asked, workspace=here).code == 0
        assert brandswipe("release", "verify", out).code == 0

    def test_unless_it_was_overridden_with_a_reason(self, here: Path, tmp_path: Path) -> None:
        why = ("--role", "board", "--reason", "accepted")
        brandswipe("study", "override", "open", "--outcome", "release", *why, workspace=here)
        out = str(tmp_path / "r")
        assert (
            brandswipe("release", "create", "--study", "open", "--out", out, workspace=here).code
            == 0
        )
        assert "Overridden by board: release. accepted" in brandswipe("release", "verify", out).out

    def test_an_override_can_hold_what_the_gate_releases(self, here: Path, tmp_path: Path) -> None:
        why = ("--role", "pm", "--reason", "a recall")
        brandswipe("study", "override", "good", "--outcome", "hold", *why, workspace=here)
        out = str(tmp_path / "r")
        said = brandswipe("release", "create", "--study", "good", "--out", out, workspace=here)
        assert said.code == 2
        assert "overridden: hold, a recall" in said.err

    def test_a_folder_that_is_there_is_left_alone(self, folder: Path, world: Path) -> None:
        said = brandswipe(
            "release", "create", "--study", "good", "--out", str(folder), workspace=world
        )
        assert said.code == 2
        assert "is there already" in said.err

    @pytest.mark.parametrize(
        ("named", "change"),
        [
            ("the model", lambda f: (f / "model" / "model.json").write_text("{}")),
            ("the card data.md", lambda f: (f / "cards" / "data.md").write_text("fine data")),
            ("the schema of lists", lambda f: (f / "lists.schema.json").write_text("{}")),
            ("the certificate", lambda f: _edit(f, scope="everybody")),
            ("the study", lambda f: _edit(f, alpha=0.2)),
            ("the verdict", lambda f: _edit(f, wealths={})),
        ],
    )  # fmt: skip
    def test_what_was_changed_is_named(self, folder: Path, named: str, change: object) -> None:
        assert callable(change)
        change(folder)
        said = brandswipe("release", "verify", str(folder))
        assert said.code == 4
        assert named in said.err or "the certificate" in said.err
        assert "Do not use it" in said.err

    def test_a_verdict_that_its_wealths_do_not_give_is_none(self, folder: Path) -> None:
        """Whoever makes the hash fit as well is told on by the wealths."""
        said = json.loads((folder / "certificate.json").read_text())
        for point in said["wealths"].values():
            point["log10_lower"] = 1.0
        said["hash"] = _certificate_hash(said)
        (folder / "certificate.json").write_text(json.dumps(said))
        refused = brandswipe("release", "verify", str(folder))
        assert refused.code == 4
        assert "the verdict differs" in refused.err

    @pytest.mark.parametrize("text", ["", "not json"])
    def test_a_folder_without_a_certificate_says_so(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "certificate.json").write_text(text)
        said = brandswipe("release", "verify", str(tmp_path))
        assert (said.code, said.out) == (2, "")
        assert "no readable certificate.json" in said.err

    def test_half_a_certificate_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "certificate.json").write_text('{"hash": 1}')
        assert brandswipe("release", "verify", str(tmp_path)).code == 4


def _edit(folder: Path, **changes: object) -> None:
    path = folder / "certificate.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


class TestWhatDiffers:
    @pytest.mark.parametrize(
        ("part", "change"),
        [
            ("policy", "update studies set policy = replace(policy, '0.75', '0.5')"),
            ("model", "update studies set model = 'x'"),
            ("decks", "update decks set cards = replace(cards, 'category', 'kind')"),
            ("answers", "update swipes set answer = 'super_like' where answer = 'not_favourite'"),
            ("invitations", "insert into invitations values (99999, 's', 'h', 'x', 1, 1)"),
            ("decision", "update decisions set outcome = 'release'"),
        ],
    )
    def test_it_has_its_name(self, here: Path, part: str, change: str) -> None:
        with sqlite3.connect(here / "study.db") as db:
            for (name,) in db.execute("select name from sqlite_master where type = 'trigger'"):
                db.execute(f"drop trigger {name}")
            db.execute(change)
        db.close()
        said = gate(here, "bad", "--format", "json")
        assert (said.code, said.out) == (4, "")
        named = said.err.removeprefix("What is stored is not what was written: ").split(" (")[0]
        assert part in named.split(", ")

    def test_a_model_whose_bytes_were_changed_is_named(self, here: Path) -> None:
        (factors,) = here.glob("models/*/factors.npy")
        data = bytearray(factors.read_bytes())
        data[-1] ^= 1
        factors.write_bytes(data)
        said = gate(here, "good")
        assert (said.code, said.out) == (4, "")
        assert said.err.startswith("Model version")

    def test_what_has_no_name_is_the_chain(self) -> None:
        assert mismatched_parts(["links 3 to 4 are gone"]) == ["the chain of rows"]

    def test_tomorrows_events_break_nothing(self, here: Path, tmp_path: Path) -> None:
        more = tmp_path / "more.csv"
        more.write_text("customer_id,brand,ts,event\nnew,Lego,1760000000,purchase\n")
        assert brandswipe("data", "ingest", str(more), workspace=here).code == 0
        assert gate(here, "bad").code == 1


class TestTheReportAsAFile:
    @pytest.mark.parametrize("study", ["good", "bad", "open"])
    def test_its_json_is_what_the_shipped_schema_says(self, world: Path, study: str) -> None:
        schema = json.loads(data_file("report.schema.json").read_text())
        Draft202012Validator.check_schema(schema)
        said = brandswipe("study", "report", "--study", study, "--format", "json", workspace=world)
        assert [e.message for e in Draft202012Validator(schema).iter_errors(said.data)] == []

    def test_so_is_that_of_a_study_nobody_played(self, here: Path) -> None:
        schema = json.loads(data_file("report.schema.json").read_text())
        assert brandswipe("study", "open", "--name", "empty", workspace=here).code == 0
        said = brandswipe("study", "report", "--study", "empty", "--format", "json", workspace=here)
        assert [e.message for e in Draft202012Validator(schema).iter_errors(said.data)] == []

    def test_the_lists_are_what_their_schema_says(self, world: Path) -> None:
        schema = json.loads(data_file("lists.schema.json").read_text())
        said = brandswipe("model", "recommend", "c0000004", "--format", "json", workspace=world)
        assert [e.message for e in Draft202012Validator(schema).iter_errors(said.data)] == []

    def test_csv_and_markdown_have_the_numbers_of_the_json(self, world: Path) -> None:
        said = brandswipe(
            "study", "report", "--study", "good", "--format", "json", workspace=world
        ).data
        text = brandswipe(
            "study", "report", "--study", "good", "--format", "csv", workspace=world
        ).out
        rows = list(csv.DictReader(io.StringIO(text)))
        brands = {row["label"]: row for row in rows if row["table"] == "brands"}
        assert {b["label"]: b["liked"] for b in said["brands"]} == {
            label: float(row["value"]) for label, row in brands.items()
        }
        assert all(int(row["people"]) >= 10 for row in rows if row["people"])
        md = brandswipe("study", "report", "--study", "good", "--format", "md", workspace=world).out
        assert md.startswith("# good: release\n")
        liked = next(b for b in said["brands"] if b["liked"] not in (0, 1))
        assert f"| {liked['label']} | {liked['people']} | {liked['liked']:.0%} |" in md
        assert all(f"| {label} |" in md for label in brands)

    def test_no_name_is_a_formula_or_markup(self) -> None:
        assert _escape_formula("=1+1") == "'=1+1"
        assert _escape_formula("Lego") == "Lego"
        assert escape_markdown_line("<b>|x") == "\\<b\\>\\|x"


def test_real_peoples_decks_are_listed_in_whole_cells(tmp_path: Path) -> None:
    store = StudyStore(tmp_path / "study.db")
    row = open_study(store, "live", StudyKind.LIVE, default_policy(), "m" * 64, "popularity", 1)
    play(store, row, panel(13))
    store.close()
    (listed,) = brandswipe("study", "list", "--format", "json", workspace=tmp_path).data
    assert listed["decks"] == 10


def test_a_store_without_papers_still_names_what_differs(tmp_path: Path) -> None:
    """A study of an older version has no hashes of its parts."""
    store = StudyStore(tmp_path / "study.db")
    row = open_study(store, "old", StudyKind.LIVE, default_policy(), "m" * 64, "popularity", 1)
    with sqlite3.connect(tmp_path / "study.db") as db:
        for (name,) in db.execute("select name from sqlite_master where type = 'trigger'"):
            db.execute(f"drop trigger {name}")
        db.execute("delete from papers")
        db.execute("update studies set model = 'other'")
    db.close()
    assert any("policy, model, baseline or invitations differ" in s for s in find_mismatches(store))
    assert row.hash
