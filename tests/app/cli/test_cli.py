"""The terminal keeps its contract with scripts: codes, data on stdout, words on stderr."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import pytest

import app.cli.model.fit
import app.cli.study.gate
import app.cli.study.report
from app.cli.main import main
from tests.support.cli_runner import Said, brandswipe

SCRIPT = (
    "data generate --customers 400 --seed 3 --out {shop}",
    "data ingest {shop}",
    "model fit",
    "study open",
    "study simulate --players 15 --seed 3",
    "study report --format json",
    "study gate --format json",
)
QUICK = "model fit --factors 4 --iterations 1 --weights 1,0.3,0.1"  # nothing to choose
# what a shell starts with & has Ctrl-C switched off, and so have its children
STARTED = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from app.cli.main import main; main()"
)


@pytest.fixture
def here(planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the planted workspace that every command finds without an option."""
    shutil.copytree(planted, tmp_path / "ws")
    monkeypatch.setenv("BRANDSWIPE_WORKSPACE", str(tmp_path / "ws"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "ws"


@pytest.fixture(scope="module")
def held(planted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose study was held."""
    folder = tmp_path_factory.mktemp("held") / "ws"
    shutil.copytree(planted, folder)
    assert brandswipe("study", "open", workspace=folder).code == 0
    simulate = ("study", "simulate", "--players", "160", "--panel", "polite")
    assert brandswipe(*simulate, workspace=folder).code == 0
    assert brandswipe("study", "gate", workspace=folder).code == 1
    return folder


def played(panel: str, players: int, seed: int = 1) -> Said:
    assert brandswipe("study", "open", "--name", panel).code == 0
    said = brandswipe(
        "study", "simulate", "--players", str(players), "--seed", str(seed), "--panel", panel
    )
    assert said.code == 0, said.err
    return brandswipe("study", "gate", "--format", "json")


@pytest.mark.usefixtures("here")
class TestTheContractForScripts:
    def test_a_shop_becomes_a_verdict_without_further_arguments(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BRANDSWIPE_WORKSPACE", str(tmp_path / "ws"))
        monkeypatch.chdir(tmp_path)
        said = [brandswipe(*line.format(shop=tmp_path / "shop").split()) for line in SCRIPT]
        assert [s.code for s in said] == [0, 0, 0, 0, 0, 0, 3]
        *_, simulated, report, gate = said
        assert "15 simulated colleagues played" in simulated.err
        assert report.data["players"]["counted"] in (5, 10, 15)
        assert gate.data["outcome"] == "undecided"
        assert gate.data["kind"] == report.data["kind"] == "simulated"
        assert gate.data["hash"] == report.data["study"]
        assert [s.err for s in (report, gate)] == ["", ""]

    def test_words_go_to_stderr_and_what_a_script_needs_to_stdout(self) -> None:
        model = brandswipe(*QUICK.split())
        study = brandswipe("study", "open", "--model", model.out.strip())
        assert study.out == "simulated 1\n"
        assert "Next: brandswipe" in model.err
        assert "Next: brandswipe" in study.err
        assert brandswipe("study", "show", study.out.strip(), "--format", "json").data["kind"]

    @pytest.mark.parametrize(
        ("line", "keys"),
        [
            (QUICK, {"version", "customers", "balance"}),
            ("study show", {"name", "hash", "policy", "attempt"}),
            ("study report", {"study", "criteria", "arms", "players", "schema_version"}),
            ("study gate", {"study", "outcome", "reason", "people", "decided"}),
            ("model recommend c0000004", {"model", "brands", "milliseconds"}),
        ],
    )
    def test_data_is_json_when_it_is_asked_for(self, line: str, keys: set[str]) -> None:
        assert brandswipe("study", "open").code == 0
        said = brandswipe(*line.split(), "--format", "json")
        assert keys <= set(said.data)
        text = brandswipe(*line.split())
        assert text.out.strip()
        with pytest.raises(json.JSONDecodeError):
            _ = text.data

    def test_a_fit_says_what_it_weighs_by_and_why(self) -> None:
        quick = ("model", "fit", "--factors", "4", "--iterations", "1")
        chosen = brandswipe(*quick)
        assert "of the log's end: NDCG@10" in chosen.err
        given = brandswipe(*quick, "--weights", "1,0.5,0.25")
        assert "own 1, collaborative 0.5, popularity 0.25. The weights were given." in given.err

    def test_an_evaluation_is_json_or_names_the_best_rival_and_what_a_planted_shop_knows(
        self,
    ) -> None:
        as_json = brandswipe("model", "evaluate", "--format", "json")
        assert {"cut", "customers", "lines"} <= set(as_json.data)
        said = brandswipe("model", "evaluate")
        with pytest.raises(json.JSONDecodeError):
            _ = said.data
        head, _, first, *_ = said.out.splitlines()
        assert head.split()[-2:] == ["favourites", "avoided"]
        assert first.split()[:2] == ["any", "favourite"]
        assert "Any brand next: ahead of" in said.err
        assert "Brands new to the customer: ahead of" in said.err

    def test_studies_are_listed_as_json(self) -> None:
        assert brandswipe("study", "list", "--format", "json").data == []
        brandswipe("study", "open", "--name", "autumn")
        (listed,) = brandswipe("study", "list", "--format", "json").data
        assert (listed["name"], listed["state"], listed["decks"]) == ("autumn", "open", 0)
        brandswipe("study", "close", "--why", "holiday")
        again = brandswipe("study", "close", "autumn", "--why", "other")
        assert "is closed: holiday" in again.err
        assert brandswipe("study", "list", "--format", "json").data[0]["state"] == "closed"


@pytest.mark.usefixtures("here")
class TestRanking:
    def test_brands_have_scores_ranks_and_reasons_and_each_stage_its_milliseconds(self) -> None:
        said = brandswipe("model", "recommend", "c0000004", "--n", "7", "--format", "json")
        brands = said.data["brands"]
        assert [b["rank"] for b in brands] == list(range(1, 8))
        scores = [b["score"] for b in brands]
        assert scores == sorted(scores, reverse=True)
        for b in brands:
            assert b["reason"].endswith(".")
            why = b["why"]
            total = why["own"] + why["collaborative"] + why["popularity"]
            assert total == pytest.approx(b["score"])
        stages = said.data["milliseconds"]
        assert list(stages)[:2] == ["reading her events", "summing up"]
        assert list(stages)[2].startswith("ranking ")
        assert all(ms >= 0 for ms in stages.values())
        assert len(said.data["model"]) == 64

    def test_an_unknown_customer_is_told_so_and_nobody_is_named(self) -> None:
        said = brandswipe("model", "recommend", "c000O004")
        assert (said.code, said.out) == (2, "")
        assert said.err == "The shop has no customer 'c000O004'. Check the number.\n"

    def test_an_older_version_can_be_asked(self) -> None:
        first = brandswipe("model", "recommend", "c0000004", "--format", "json").data
        brandswipe(*QUICK.split())
        second = brandswipe("model", "recommend", "c0000004", "--format", "json").data
        old = brandswipe(
            "model", "recommend", "c0000004", "--format", "json", "--model", first["model"][:8]
        )
        assert old.data["brands"] == first["brands"]
        assert second["model"] != first["model"]


@pytest.mark.usefixtures("here")
class TestExitCodes:
    def test_a_model_that_people_love_is_released(self) -> None:
        gate = played("keen", 160)
        assert (gate.code, gate.data["outcome"], gate.data["decided"]) == (0, "release", True)

    def test_a_model_whose_decoys_are_loved_as_well_is_held(self) -> None:
        gate = played("polite", 160)
        assert (gate.code, gate.data["outcome"]) == (1, "hold")
        assert brandswipe("study", "report").code == 0  # the report tells it and does not gate

    def test_too_few_people_leave_it_undecided(self) -> None:
        gate = played("honest", 5)
        assert (gate.code, gate.data["outcome"]) == (3, "undecided")
        assert "Undecided" in brandswipe("study", "gate").out

    @pytest.mark.parametrize(
        "change",
        [
            "update swipes set answer = 'super_like' where answer = 'not_favourite'",
            "update swipes set answer = 'nonsense' where seq = (select max(seq) from swipes)",
            "delete from swipes where seq = (select min(seq) from swipes)",
            "update decks set cards = replace(cards, '\"decoy\"', '\"pick\"')",
            "update decks set cards = 'gone'",
            "update scores set score = replace(score, '\"hit_rate\":', '\"hit_rate\":1')",
            "update studies set policy = replace(policy, '0.75', '0.5')",
            "update studies set policy = 'nonsense'",
            "update studies set kind = 'live'",
            "update decisions set outcome = 'release'",
            "delete from decisions",
            "delete from chain",
        ],
    )
    def test_whatever_is_changed_behind_the_stores_back_breaks_its_integrity(
        self, held: Path, tmp_path: Path, change: str
    ) -> None:
        shutil.copytree(held, tmp_path / "broken")
        with sqlite3.connect(tmp_path / "broken" / "study.db") as db:
            for (name,) in db.execute("select name from sqlite_master where type = 'trigger'"):
                db.execute(f"drop trigger {name}")
            assert db.execute(change).rowcount > 0
        db.close()
        said = brandswipe("study", "gate", "--format", "json", workspace=tmp_path / "broken")
        assert (said.code, said.out) == (4, "")
        assert said.err.startswith("What is stored is not what was written: ")
        assert said.err.count("\n") == 1

    def test_the_words_of_a_broken_store_stay_few(self, held: Path, tmp_path: Path) -> None:
        shutil.copytree(held, tmp_path / "broken")
        with sqlite3.connect(tmp_path / "broken" / "study.db") as db:
            for (name,) in db.execute("select name from sqlite_master where type = 'trigger'"):
                db.execute(f"drop trigger {name}")
            db.execute("update swipes set shown_ms = 1")
        db.close()
        said = brandswipe("study", "gate", workspace=tmp_path / "broken")
        assert said.code == 4
        assert len(said.err) < 1000

    def test_a_model_that_is_not_what_was_saved_is_broken_too(self, here: Path) -> None:
        (factors,) = here.glob("models/*/factors.npy")
        data = bytearray(factors.read_bytes())
        data[-1] ^= 1
        factors.write_bytes(data)
        said = brandswipe("model", "recommend", "c0000004")
        assert said.code == 4
        assert "is not what was saved" in said.err

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("", "Usage:"),
            ("fit", "No such command 'fit'"),
            ("model", "Usage:"),
            ("model fiit", "No such command 'fiit'"),
            ("study gate --bogus", "No such option '--bogus'"),
            ("study gate --format xml", "'xml' is not one of 'text', 'json'"),
            ("model recommend", "Missing argument 'CUSTOMER'"),
            ("model recommend c0000004 --n 0", "not in the range"),
            ("model recommend c0000004 --model 123", "No model version is called '123'. Known: "),
            ("model fit --factors 0", "factors is 0; choose between 1 and 256"),
            ("model fit --factors many", "not a valid integer"),
            ("model fit --sample 2", "sample is 2"),
            ("model fit --weights 1,2", "give three numbers with commas, like 1,0.3,0.1"),
            ("model fit --weights much", "give three numbers"),
            ("model fit --weights 1,1,101", "The weight popularity is 101"),
            ("model evaluate --model nosuch", "No model version is called 'nosuch'"),
            ("serve --workspace nowhere/at/all", "There is no workspace at nowhere/at/all"),
            ("study gate --study autum", "Did you mean 'autumn'"),
            ("study report --study autum", "Did you mean 'autumn'"),
            ("study simulate --study autum", "Did you mean 'autumn'"),
            ("study simulate --panel rude", "'rude' is not one of"),
            ("study show autum", "Did you mean 'autumn'"),
            ("study close autum", "Did you mean 'autumn'"),
            ("study open --name autumn", "'autumn' exists: choose another name"),
            ("study open --baseline popularty", "'popularty' is not one of"),
            ("study open --model 123", "No model version is called '123'"),
            ("study open --policy none.toml", "none.toml cannot be read: No such file"),
            ("data ingest none.csv", "none.csv; check the path"),
            ("data ingest a.csv --map brand", "write it as --map THEIRS=OURS"),
            ("data generate --customers 0", "not in the range"),
            ("data generate --out .", "holds other files: choose an empty folder"),
            ("serve --port 0", "not in the range"),
            ("serve --address 0.0.0.0", "Without a login the server listens"),
            ("demo --customers 5", "not in the range"),
        ],
    )
    def test_a_wrong_argument_is_one_clear_sentence_and_2(self, line: str, said: str) -> None:
        if "autum" in line:
            assert brandswipe("study", "open", "--name", "autumn").code == 0
        found = brandswipe(*line.split())
        assert (found.code, found.out) == (2, "")
        assert said in found.err
        assert "Traceback" not in found.err

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("prot = 1", "did you mean 'port'"),
            ("port = 'many'", "port is 'many'"),
            ("port = ", "not readable as TOML"),
            ("share = 'perhaps'", "share is 'perhaps'"),
        ],
    )
    @pytest.mark.parametrize("inside", [False, True], ids=["here", "in the workspace"])
    def test_a_bad_setting_stops_every_command_with_a_sentence(
        self, here: Path, text: str, said: str, inside: bool
    ) -> None:
        file = (here if inside else Path()) / "brandswipe.toml"
        file.write_text(text)
        for command in ("study gate", "model fit", "study list", "serve"):
            found = brandswipe(*command.split())
            assert found.code == 2
            assert said in found.err
            assert "Traceback" not in found.err

    def test_a_misspelt_variable_is_told_the_nearest_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BRANDSWIPE_WORKSPCE", "x")
        found = brandswipe("study", "gate")
        assert found.code == 2
        assert "did you mean 'BRANDSWIPE_WORKSPACE'" in found.err

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (RuntimeError("boom"), "a fault of its own (RuntimeError: boom)"),
            (MemoryError(), "MemoryError"),
            (ImportError("libgomp.so.1"), "libgomp"),
            (OSError(28, "No space left on device"), "The disk is full"),
            (KeyboardInterrupt(), "Stopped."),
            (click.Abort(), "Stopped."),
            (EOFError(), "Stopped."),
        ],
    )
    def test_a_crash_or_an_abort_is_70_and_never_the_gates_1(
        self, monkeypatch: pytest.MonkeyPatch, error: BaseException, said: str
    ) -> None:
        def broken(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(app.cli.study.gate, "latest_study", broken)
        monkeypatch.setattr(app.cli.study.report, "latest_study", broken)
        for command in ("gate", "report"):
            found = brandswipe("study", command)
            assert (found.code, found.out) == (70, "")
            assert said in found.err
            assert "Traceback" not in found.err

    @pytest.mark.parametrize("code", [1, "words", 3])
    def test_no_library_can_end_a_command_with_the_gates_1(
        self, monkeypatch: pytest.MonkeyPatch, code: Any
    ) -> None:
        def leave(*_: object, **__: object) -> None:
            raise SystemExit(code)

        monkeypatch.setattr(app.cli.model.fit, "fit_version", leave)
        assert brandswipe("model", "fit").code == 70

    def test_where_a_crash_was_is_shown_when_it_is_asked_for(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("boom")

        monkeypatch.setattr(app.cli.study.gate, "latest_study", broken)
        found = brandswipe("--debug", "study", "gate")
        assert found.code == 70
        assert "Traceback" in found.err

    def test_help_and_version_are_no_errors(self) -> None:
        assert brandswipe("--help").code == brandswipe("--version").code == 0
        assert brandswipe("--version").out.startswith("brandswipe, version ")

    def test_the_process_ends_with_the_code_of_the_command(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = signal.getsignal(signal.SIGTERM)
        monkeypatch.setattr(sys, "argv", ["brandswipe", "fiit"])
        with pytest.raises(SystemExit) as stop:
            main()
        assert stop.value.code == 2
        signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("here")
class TestARealProcess:
    def started(self, *arguments: str, **extra: Any) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", STARTED, *arguments],
            stdout=extra.pop("stdout", subprocess.PIPE),
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **extra},
        )

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_ends_it_with_70_and_leaves_the_workspace_as_it_was(
        self, tmp_path: Path, number: signal.Signals
    ) -> None:
        out = tmp_path / "large"
        process = self.started("data", "generate", "--customers", "2000000", "--out", str(out))
        until = time.monotonic() + 90
        while not (out / "events.parquet").exists() and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(number)
        said, words = process.communicate(timeout=90)
        assert process.returncode == 70
        assert words.strip() == "Stopped."
        assert said == ""
        assert brandswipe("model", "recommend", "c0000004").code == 0

    def test_a_reader_that_has_gone_is_no_held_model(self) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        process = self.started("model", "recommend", "c0000004", stdout=writing)
        os.close(writing)
        _, words = process.communicate(timeout=90)
        assert process.returncode == 70
        assert "Traceback" not in words

    @pytest.mark.parametrize("module", ["app.cli", "app.cli.main"])
    def test_a_module_that_is_run_does_what_the_command_does(
        self, tmp_path: Path, module: str
    ) -> None:
        """One that did nothing would end with 0, which is a release."""
        run = [sys.executable, "-m", module, "study", "gate", "--workspace", str(tmp_path / "none")]
        ended = subprocess.run(run, capture_output=True, text=True, timeout=90, check=False)
        assert ended.returncode == 2
        assert ended.stderr.strip()

    def test_an_installation_that_is_broken_is_no_held_model(self, tmp_path: Path) -> None:
        (tmp_path / "implicit.py").write_text("raise ImportError('libgomp.so.1 is missing')\n")
        process = self.started("model", "recommend", "c0000004", PYTHONPATH=str(tmp_path))
        _, words = process.communicate(timeout=90)
        assert process.returncode == 70
        assert "libgomp.so.1 is missing" in words
        assert "Traceback" not in words
