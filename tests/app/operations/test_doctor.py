"""Every check of `brandswipe doctor` finds its own fault, and says what mends it."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.cli.doctor import STATE_MARKS
from app.operations.doctor import data, machine, service
from app.operations.doctor.finding import CheckState, Finding
from app.operations.doctor.run import CHECKS, worst_state
from app.storage.study_db.database import now_ms
from app.study.game import study_to_play
from app.study.opening import open_study
from app.workspace.settings import Login, Settings
from app.workspace.workspace import DEFAULT_BASELINE, Workspace
from recsys.study.policy import StudyKind
from tests.support.cli_runner import Said, brandswipe

OIDC = {
    "redirect_uri": "https://play.shop.example/oauth2callback",
    "cookie_secret": "c" * 32,
    "client_id": "id",
    "client_secret": "s",
    "server_metadata_url": "https://login.shop.example/.well-known/openid-configuration",
}
Check = Callable[[Workspace], Finding]


@pytest.fixture
def house(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A house in which all is well, with a study to play."""
    monkeypatch.chdir(workspace.parent)
    workspace.chmod(0o700)
    opened = Workspace(Settings(workspace=workspace, login=Login.LOCAL))
    version = opened.version().hash
    open_study(
        opened.store,
        "now",
        StudyKind.LIVE,
        opened.policy,
        version,
        DEFAULT_BASELINE,
        invitation_seed=1,
    )
    assert opened.keys
    yield opened
    opened.close()


def oidc(monkeypatch: pytest.MonkeyPatch, **other: str) -> None:
    monkeypatch.setattr("streamlit.auth_util.get_secrets_auth_section", lambda: OIDC | other)


def refuses(check: Check, house: Workspace, said: str, mends: str = "") -> None:
    found = check(house)
    assert found.state in (CheckState.MEND, CheckState.BROKEN), found
    assert said in found.message
    assert mends in found.remedy
    assert found.remedy or mends == ""


def test_all_is_well_in_a_workspace_as_it_was_made(house: Workspace) -> None:
    found = {name: check(house).state for name, check in CHECKS.items()}
    assert set(found.values()) == {CheckState.WELL, CheckState.IDLE}
    assert [name for name, state in found.items() if state is CheckState.IDLE] == [
        "proxy", "prefix", "linked",
    ]  # fmt: skip


class TestPermissions:
    @pytest.mark.parametrize("name", ["", "study.db", "chain.head", "secrets/link_key", "secrets"])
    def test_what_others_may_read_is_named_with_the_command(
        self, house: Workspace, name: str
    ) -> None:
        path = house.folder / name
        path.chmod(path.stat().st_mode | 0o040)
        refuses(machine.diagnose_permissions, house, f"may read {path}", f"chmod go= {path}")

    def test_a_secret_of_the_login_is_private_too(self, house: Workspace) -> None:
        secrets = Path(".streamlit") / "secrets.toml"
        secrets.parent.mkdir()
        secrets.write_text("")
        secrets.chmod(0o644)
        refuses(machine.diagnose_permissions, house, "secrets.toml")

    def test_a_workspace_of_another_user_is_told(self, house: Workspace) -> None:
        check = partial(machine.diagnose_permissions, user=4711)
        refuses(check, house, "belong to another user", "chown")


class TestTheClock:
    def test_rows_from_the_future_say_that_it_was_set_back(self, house: Workspace) -> None:
        newest = house.store.db.newest_row_at()
        assert newest is not None
        back = 3 * 86_400_000 + 60_000  # a minute more: a file's time lags by some milliseconds
        found = machine.diagnose_clock(house, clock=lambda: newest - back)
        assert found.state is CheckState.MEND
        assert "3 days behind" in found.message
        assert "timedatectl" in found.remedy

    def test_a_clock_that_runs_ahead_of_the_disk_is_told(self, house: Workspace) -> None:
        ahead = now_ms() + 5 * 3_600_000
        check = partial(machine.diagnose_clock, clock=lambda: ahead)
        refuses(check, house, "hours ahead of the workspace's disk", "timedatectl")

    def test_it_leaves_nothing_behind(self, house: Workspace) -> None:
        assert machine.diagnose_clock(house).state is CheckState.WELL
        assert not list(house.folder.glob(".clock*"))


class TestTheDisk:
    def test_one_that_is_nearly_full_is_told(self, house: Workspace) -> None:
        def check(free: int) -> Check:
            usage = (40_000_000_000, 40_000_000_000 - free, free)
            return partial(machine.diagnose_disk, disk_usage=lambda _: usage)

        refuses(check(100_000_000), house, "0.1 GB of 40.0 GB", "Make room")
        assert check(1_000_000_000)(house).state is CheckState.ADVICE

    def test_one_that_takes_nothing_is_told(
        self, house: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", no)
        refuses(machine.diagnose_disk, house, "No space left on device", "Make room")
        assert not list(house.folder.glob(".room*"))


class TestVersions:
    def test_a_package_that_is_too_old_or_gone_is_named(self, house: Workspace) -> None:
        required = ["streamlit>=99", "never-made>=1", "x>=1; extra == 'y'"]
        check = partial(machine.diagnose_versions, required=required)
        refuses(check, house, "streamlit is", "pip install")
        assert "needed is >=99; never-made is not installed" in check(house).message

    def test_an_old_sqlite_is_named(self, house: Workspace) -> None:
        refuses(partial(machine.diagnose_versions, min_sqlite=(99, 0)), house, "SQLite")


class TestTheStore:
    def test_an_edited_row_is_broken_and_a_restore_offered(self, house: Workspace) -> None:
        raw = sqlite3.connect(house.settings.store_path)
        raw.execute("drop trigger fixed_studies")
        raw.execute("update studies set name = 'later'")
        raw.commit()
        raw.close()
        found = data.diagnose_store(house)
        assert found.state is CheckState.BROKEN
        assert "brandswipe admin restore BACKUP" in found.remedy

    def test_one_that_is_no_database_is_broken_and_told_once(self, workspace: Path) -> None:
        (workspace / "study.db").write_bytes(b"nothing of ours" * 999)
        said = brandswipe("doctor", "--format", "json", workspace=workspace)
        assert said.code == 4
        assert said.data["store"]["state"] == "broken"
        assert "brandswipe admin restore BACKUP" in said.data["store"]["said"]
        assert said.data["clock"]["said"] == "Not checked: first mend store."


class TestSecrets:
    def test_a_key_that_is_gone_is_named_and_none_is_made(self, house: Workspace) -> None:
        (house.folder / "secrets" / "link_key").unlink()
        refuses(service.diagnose_secrets, house, "link_key is not in", "Put it back")
        assert not (house.folder / "secrets" / "link_key").exists()

    def test_a_short_key_is_told(self, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BRANDSWIPE_LINK_KEY", "short")
        monkeypatch.setenv("BRANDSWIPE_SIGNING_KEY", "s" * 32)
        monkeypatch.setenv("BRANDSWIPE_PSEUDONYM_KEY", "p" * 32)
        house = Workspace(Settings(workspace=workspace))
        refuses(service.diagnose_secrets, house, "BRANDSWIPE_LINK_KEY is shorter", "before the key")
        house.close()

    def test_before_the_first_start_there_is_none(self, tmp_path: Path) -> None:
        house = Workspace(Settings(workspace=tmp_path))
        assert service.diagnose_secrets(house).state is CheckState.IDLE
        assert not (tmp_path / "secrets").exists()
        house.close()


class TestTheLogin:
    def test_one_that_lacks_a_setting_is_told(self, house: Workspace) -> None:
        house.settings = replace(house.settings, login=Login.PROXY)
        refuses(service.diagnose_login, house, "needs proxy_header", "does not start")

    def test_an_address_without_a_login_is_told(self, house: Workspace) -> None:
        house.settings = replace(house.settings, address="0.0.0.0")
        refuses(
            service.diagnose_login, house, "Without a login the server listens on this computer"
        )

    def test_guests_alone_are_advised_to_log_in(self, house: Workspace) -> None:
        house.settings = replace(house.settings, login=Login.NONE)
        assert service.diagnose_login(house).state is CheckState.ADVICE

    def test_one_that_can_work_is_well(
        self, house: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        oidc(monkeypatch)
        house.settings = replace(house.settings, login=Login.OIDC, address="0.0.0.0")
        assert service.diagnose_login(house).state is CheckState.WELL


class TestTheProxy:
    def test_a_login_over_plain_http_is_told(
        self, house: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        oidc(monkeypatch, redirect_uri="http://play.shop.example/oauth2callback")
        house.settings = replace(house.settings, login=Login.OIDC)
        refuses(service.diagnose_proxy, house, "over http, not https", "redirect_uri")
        oidc(monkeypatch)
        assert service.diagnose_proxy(house).state is CheckState.WELL

    def test_a_proxy_without_a_way_out_is_advised_of_one(self, house: Workspace) -> None:
        house.settings = replace(house.settings, login=Login.PROXY)
        found = service.diagnose_proxy(house)
        assert (found.state, "logout_url" in found.remedy) == (CheckState.ADVICE, True)
        house.settings = replace(house.settings, logout_url="https://login.shop.example/bye")
        assert service.diagnose_proxy(house).state is CheckState.WELL


class TestThePrefix:
    def test_what_is_no_path_is_told(
        self, house: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("STREAMLIT_SERVER_BASE_URL_PATH", "a?b")
        refuses(service.diagnose_prefix, house, "STREAMLIT_SERVER_BASE_URL_PATH is", "Set ")

    def test_a_login_that_comes_back_elsewhere_is_told(
        self, house: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("STREAMLIT_SERVER_BASE_URL_PATH", "/brands")
        assert service.diagnose_prefix(house).state is CheckState.WELL
        oidc(monkeypatch)
        house.settings = replace(house.settings, login=Login.OIDC)
        refuses(
            service.diagnose_prefix,
            house,
            "but the app is under /brands/",
            "/brands/oauth2callback",
        )
        oidc(monkeypatch, redirect_uri="https://play.shop.example/brands/oauth2callback")
        assert service.diagnose_prefix(house).state is CheckState.WELL


class TestTheData:
    def test_a_workspace_without_events_or_study_is_idle(self, tmp_path: Path) -> None:
        house = Workspace(Settings(workspace=tmp_path))
        assert (
            data.diagnose_events(house).state is data.diagnose_model(house).state is CheckState.IDLE
        )
        house.close()

    def test_events_that_cannot_be_read_are_told(self, house: Workspace) -> None:
        (house.folder / "events" / "manifest.json").write_text("{")
        said = doctor(house)
        assert (said.code, said.data["events"]["state"]) == (4, "broken")

    def test_a_model_that_was_changed_is_broken(self, house: Workspace) -> None:
        for array in (house.folder / "models").glob("*/*.npy"):
            array.write_bytes(array.read_bytes()[:-1] + b"x")
        said = doctor(house)
        assert (said.code, said.data["model"]["state"]) == (4, "broken")

    def test_a_study_whose_model_is_gone_is_told(self, house: Workspace) -> None:
        shutil.rmtree(house.folder / "models")
        said = doctor(house)
        assert (said.code, said.data["model"]["state"]) == (2, "mend")


class TestWhoIsLinked:
    def test_nobody_is_told_and_few_are_advised(self, house: Workspace) -> None:
        house.settings = replace(house.settings, login=Login.PROXY)
        refuses(service.diagnose_linked, house, "0 employees are linked.", "people link")
        study = study_to_play(house.store)
        assert study is not None
        house.store.invitations.add(study.hash, [f"p{n}" for n in range(10)])
        house.account_links.replace_table({f"b{n}": f"c{n}" for n in range(4)})
        found = service.diagnose_linked(house)
        assert found.message == "4 employees are linked for 10 invited, 40%."
        assert (found.state, "will not count" in found.remedy) == (CheckState.ADVICE, True)
        house.account_links.replace_table({f"b{n}": f"c{n}" for n in range(9)})
        assert service.diagnose_linked(house).state is CheckState.WELL


def doctor(house: Workspace, *more: str) -> Said:
    return brandswipe("doctor", "--format", "json", *more, workspace=house.folder)


class TestWhatIsPrinted:
    def test_a_line_a_check_with_sign_sentence_and_what_mends_it(
        self, house: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "72")
        (house.folder / "study.db").chmod(0o644)
        said = brandswipe("doctor", workspace=house.folder)
        assert said.code == 2
        lines = said.out.splitlines()
        for name in CHECKS:
            assert sum(line[2:].strip().split()[1:2] == [name] for line in lines) == 1, name
        assert any(line.startswith("  ✗  permissions") for line in lines)
        assert any(line.strip().startswith("→ chmod go=") for line in lines)
        assert "One thing needs mending" in said.out
        assert said.err == ""

    def test_a_workspace_that_is_well_ends_with_0(self, house: Workspace) -> None:
        said = brandswipe("doctor", workspace=house.folder)
        assert said.code == 0
        assert said.out.rstrip().endswith("is well.")
        machine_: dict[str, Any] = doctor(house).data
        assert list(machine_) == list(CHECKS)

    def test_no_workspace_is_said_and_none_is_made(self, tmp_path: Path) -> None:
        said = brandswipe("doctor", workspace=tmp_path / "none")
        assert said.code == 2
        assert not (tmp_path / "none").exists()

    def test_every_state_has_a_sign_and_the_worst_one_decides(self) -> None:
        assert set(STATE_MARKS) == set(CheckState)
        some = {name: Finding(state, "") for name, state in zip("abcde", CheckState, strict=True)}
        assert worst_state(some) is CheckState.BROKEN
