"""Every check of `brandswipe doctor` finds its own fault, and says what mends it."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.cli.doctor import SIGNS
from app.operations.doctor import data, machine, service
from app.operations.doctor.finding import Finding, State
from app.operations.doctor.run import CHECKS, worst
from app.study.game import study_to_play
from app.study.opening import open_study
from app.workspace.settings import Login, Settings
from app.workspace.workspace import BASELINE, House
from recsys.study.policy import StudyKind
from tests.support.cli_runner import Said, brandswipe

OIDC = {
    "redirect_uri": "https://play.shop.example/oauth2callback",
    "cookie_secret": "c" * 32,
    "client_id": "id",
    "client_secret": "s",
    "server_metadata_url": "https://login.shop.example/.well-known/openid-configuration",
}
Check = Callable[[House], Finding]


@pytest.fixture
def house(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A house in which all is well, with a study to play."""
    monkeypatch.chdir(workspace.parent)
    workspace.chmod(0o700)
    opened = House(Settings(workspace=workspace, login=Login.LOCAL))
    version = opened.version().hash
    open_study(
        opened.store, "now", StudyKind.LIVE, opened.policy, version, BASELINE, invitation_seed=1
    )
    assert opened.keys
    yield opened
    opened.close()


def oidc(monkeypatch: pytest.MonkeyPatch, **other: str) -> None:
    monkeypatch.setattr("streamlit.auth_util.get_secrets_auth_section", lambda: OIDC | other)


def refuses(check: Check, house: House, said: str, mends: str = "") -> None:
    found = check(house)
    assert found.state in (State.MEND, State.BROKEN), found
    assert said in found.said
    assert mends in found.mend
    assert found.mend or mends == ""


def test_all_is_well_in_a_workspace_as_it_was_made(house: House) -> None:
    found = {name: check(house).state for name, check in CHECKS.items()}
    assert set(found.values()) == {State.WELL, State.IDLE}
    assert [name for name, state in found.items() if state is State.IDLE] == [
        "proxy", "prefix", "linked",
    ]  # fmt: skip


class TestPermissions:
    @pytest.mark.parametrize("name", ["", "study.db", "chain.head", "secrets/link_key", "secrets"])
    def test_what_others_may_read_is_named_with_the_command(self, house: House, name: str) -> None:
        path = house.workspace / name
        path.chmod(path.stat().st_mode | 0o040)
        refuses(machine.permissions, house, f"may read {path}", f"chmod go= {path}")

    def test_a_secret_of_the_login_is_private_too(self, house: House) -> None:
        secrets = Path(".streamlit") / "secrets.toml"
        secrets.parent.mkdir()
        secrets.write_text("")
        secrets.chmod(0o644)
        refuses(machine.permissions, house, "secrets.toml")

    def test_a_workspace_of_another_user_is_told(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
        refuses(machine.permissions, house, "belong to another user", "chown")


class TestTheClock:
    def test_rows_from_the_future_say_that_it_was_set_back(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        newest = house.store.newest()
        assert newest is not None
        back = 3 * 86_400_000 + 60_000  # a minute more: a file's time lags by some milliseconds
        monkeypatch.setattr(machine, "now_ms", lambda: newest - back)
        found = machine.clock(house)
        assert found.state is State.MEND
        assert "3 days behind" in found.said
        assert "timedatectl" in found.mend

    def test_a_clock_that_runs_ahead_of_the_disk_is_told(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ahead = machine.now_ms() + 5 * 3_600_000
        monkeypatch.setattr(machine, "now_ms", lambda: ahead)
        refuses(machine.clock, house, "hours ahead of the workspace's disk", "timedatectl")

    def test_it_leaves_nothing_behind(self, house: House) -> None:
        assert machine.clock(house).state is State.WELL
        assert not list(house.workspace.glob(".clock*"))


class TestTheDisk:
    def test_one_that_is_nearly_full_is_told(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        usage = shutil._ntuple_diskusage  # type: ignore[attr-defined]
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(40e9, 39.9e9, 0.1e9))
        refuses(machine.disk, house, "0.1 GB of 40.0 GB", "Make room")
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(40e9, 39e9, 1e9))
        assert machine.disk(house).state is State.ADVICE

    def test_one_that_takes_nothing_is_told(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", no)
        refuses(machine.disk, house, "No space left on device", "Make room")
        assert not list(house.workspace.glob(".room*"))


class TestVersions:
    def test_a_package_that_is_too_old_or_gone_is_named(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            machine, "requires", lambda _: ["streamlit>=99", "never-made>=1", "x>=1; extra == 'y'"]
        )
        refuses(machine.versions, house, "streamlit is", "pip install")
        assert "needed is >=99; never-made is not installed" in machine.versions(house).said

    def test_an_old_sqlite_is_named(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(machine, "LEAST_SQLITE", (99, 0))
        refuses(machine.versions, house, "SQLite")


class TestTheStore:
    def test_an_edited_row_is_broken_and_a_restore_offered(self, house: House) -> None:
        raw = sqlite3.connect(house.settings.store_path)
        raw.execute("drop trigger fixed_studies")
        raw.execute("update studies set name = 'later'")
        raw.commit()
        raw.close()
        found = data.store(house)
        assert found.state is State.BROKEN
        assert "brandswipe restore BACKUP" in found.mend

    def test_one_that_is_no_database_is_broken_and_told_once(self, workspace: Path) -> None:
        (workspace / "study.db").write_bytes(b"nothing of ours" * 999)
        said = brandswipe("doctor", "--format", "json", workspace=workspace)
        assert said.code == 4
        assert said.data["store"]["state"] == "broken"
        assert "brandswipe restore BACKUP" in said.data["store"]["said"]
        assert said.data["clock"]["said"] == "Not checked: first mend store."


class TestSecrets:
    def test_a_key_that_is_gone_is_named_and_none_is_made(self, house: House) -> None:
        (house.workspace / "secrets" / "link_key").unlink()
        refuses(service.secrets, house, "link_key is not in", "Put it back")
        assert not (house.workspace / "secrets" / "link_key").exists()

    def test_a_short_key_is_told(self, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BRANDSWIPE_LINK_KEY", "short")
        monkeypatch.setenv("BRANDSWIPE_SIGNING_KEY", "s" * 32)
        monkeypatch.setenv("BRANDSWIPE_PSEUDONYM_KEY", "p" * 32)
        house = House(Settings(workspace=workspace))
        refuses(service.secrets, house, "BRANDSWIPE_LINK_KEY is shorter", "before the key")
        house.close()

    def test_before_the_first_start_there_is_none(self, tmp_path: Path) -> None:
        house = House(Settings(workspace=tmp_path))
        assert service.secrets(house).state is State.IDLE
        assert not (tmp_path / "secrets").exists()
        house.close()


class TestTheLogin:
    def test_one_that_lacks_a_setting_is_told(self, house: House) -> None:
        house.settings = replace(house.settings, login=Login.PROXY)
        refuses(service.login, house, "needs proxy_header", "does not start")

    def test_an_address_without_a_login_is_told(self, house: House) -> None:
        house.settings = replace(house.settings, address="0.0.0.0")
        refuses(service.login, house, "Without a login the server listens on this computer")

    def test_guests_alone_are_advised_to_log_in(self, house: House) -> None:
        house.settings = replace(house.settings, login=Login.NONE)
        assert service.login(house).state is State.ADVICE

    def test_one_that_can_work_is_well(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        oidc(monkeypatch)
        house.settings = replace(house.settings, login=Login.OIDC, address="0.0.0.0")
        assert service.login(house).state is State.WELL


class TestTheProxy:
    def test_a_login_over_plain_http_is_told(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        oidc(monkeypatch, redirect_uri="http://play.shop.example/oauth2callback")
        house.settings = replace(house.settings, login=Login.OIDC)
        refuses(service.proxy, house, "over http, not https", "redirect_uri")
        oidc(monkeypatch)
        assert service.proxy(house).state is State.WELL

    def test_a_proxy_without_a_way_out_is_advised_of_one(self, house: House) -> None:
        house.settings = replace(house.settings, login=Login.PROXY)
        found = service.proxy(house)
        assert (found.state, "logout_url" in found.mend) == (State.ADVICE, True)
        house.settings = replace(house.settings, logout_url="https://login.shop.example/bye")
        assert service.proxy(house).state is State.WELL


class TestThePrefix:
    def test_what_is_no_path_is_told(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STREAMLIT_SERVER_BASE_URL_PATH", "a?b")
        refuses(service.prefix, house, "STREAMLIT_SERVER_BASE_URL_PATH is", "Set ")

    def test_a_login_that_comes_back_elsewhere_is_told(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("STREAMLIT_SERVER_BASE_URL_PATH", "/brands")
        assert service.prefix(house).state is State.WELL
        oidc(monkeypatch)
        house.settings = replace(house.settings, login=Login.OIDC)
        refuses(service.prefix, house, "but the app is under /brands/", "/brands/oauth2callback")
        oidc(monkeypatch, redirect_uri="https://play.shop.example/brands/oauth2callback")
        assert service.prefix(house).state is State.WELL


class TestTheData:
    def test_a_workspace_without_events_or_study_is_idle(self, tmp_path: Path) -> None:
        house = House(Settings(workspace=tmp_path))
        assert data.events(house).state is data.model(house).state is State.IDLE
        house.close()

    def test_events_that_cannot_be_read_are_told(self, house: House) -> None:
        (house.workspace / "events" / "manifest.json").write_text("{")
        said = doctor(house)
        assert (said.code, said.data["events"]["state"]) == (4, "broken")

    def test_a_model_that_was_changed_is_broken(self, house: House) -> None:
        for array in (house.workspace / "models").glob("*/*.npy"):
            array.write_bytes(array.read_bytes()[:-1] + b"x")
        said = doctor(house)
        assert (said.code, said.data["model"]["state"]) == (4, "broken")

    def test_a_study_whose_model_is_gone_is_told(self, house: House) -> None:
        shutil.rmtree(house.workspace / "models")
        said = doctor(house)
        assert (said.code, said.data["model"]["state"]) == (2, "mend")


class TestWhoIsLinked:
    def test_nobody_is_told_and_few_are_advised(self, house: House) -> None:
        house.settings = replace(house.settings, login=Login.PROXY)
        refuses(service.linked, house, "0 employees are linked.", "accounts import")
        study = study_to_play(house.store)
        assert study is not None
        house.store.invite(study.hash, [f"p{n}" for n in range(10)])
        house.accounts.replace_table({f"b{n}": f"c{n}" for n in range(4)})
        found = service.linked(house)
        assert found.said == "4 employees are linked for 10 invited, 40%."
        assert (found.state, "will not count" in found.mend) == (State.ADVICE, True)
        house.accounts.replace_table({f"b{n}": f"c{n}" for n in range(9)})
        assert service.linked(house).state is State.WELL


def doctor(house: House, *more: str) -> Said:
    return brandswipe("doctor", "--format", "json", *more, workspace=house.workspace)


class TestWhatIsPrinted:
    def test_a_line_a_check_with_sign_sentence_and_what_mends_it(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "72")
        (house.workspace / "study.db").chmod(0o644)
        said = brandswipe("doctor", workspace=house.workspace)
        assert said.code == 2
        lines = said.out.splitlines()
        for name in CHECKS:
            assert sum(line[2:].strip().split()[1:2] == [name] for line in lines) == 1, name
        assert any(line.startswith("  ✗  permissions") for line in lines)
        assert any(line.strip().startswith("→ chmod go=") for line in lines)
        assert "One thing needs mending" in said.out
        assert said.err == ""

    def test_a_workspace_that_is_well_ends_with_0(self, house: House) -> None:
        said = brandswipe("doctor", workspace=house.workspace)
        assert said.code == 0
        assert said.out.rstrip().endswith("is well.")
        machine_: dict[str, Any] = doctor(house).data
        assert list(machine_) == list(CHECKS)

    def test_no_workspace_is_said_and_none_is_made(self, tmp_path: Path) -> None:
        said = brandswipe("doctor", workspace=tmp_path / "none")
        assert said.code == 2
        assert not (tmp_path / "none").exists()

    def test_every_state_has_a_sign_and_the_worst_one_decides(self) -> None:
        assert set(SIGNS) == set(State)
        some = {name: Finding(state, "") for name, state in zip("abcde", State, strict=True)}
        assert worst(some) is State.BROKEN
