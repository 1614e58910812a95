"""Settings: what is said later wins, and nothing misspelt is passed over."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.workspace.settings import (
    Login,
    SecretKeys,
    Settings,
    data_file,
    has_display,
    read_settings,
    to_environment,
    with_current_roles,
    workspace_keys,
)
from recsys.errors import SettingsError, UnknownNameError, WorkspaceError


def test_nothing_said_means_the_defaults(tmp_path: Path) -> None:
    assert read_settings(environ={}, cwd=tmp_path) == Settings()
    assert (Settings().address, Settings().login) == ("127.0.0.1", Login.NONE)


def test_what_is_said_nearer_to_the_command_wins(tmp_path: Path) -> None:
    (tmp_path / "brandswipe.toml").write_text('workspace = "shop"\nport = 1\nlogin = "local"\n')
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "brandswipe.toml").write_text("port = 2\nshare = true\n")
    settings = read_settings(environ={"BRANDSWIPE_WORKSPACE": str(tmp_path / "shop")}, cwd=tmp_path)
    assert (settings.port, settings.login, settings.share) == (2, Login.LOCAL, True)
    shop = {"BRANDSWIPE_WORKSPACE": str(tmp_path / "shop"), "BRANDSWIPE_PORT": "3"}
    assert read_settings(environ=shop, cwd=tmp_path).port == 3
    assert read_settings(environ=shop, cwd=tmp_path, port=4).port == 4
    assert read_settings(environ=shop, cwd=tmp_path, port=None).port == 3


def test_an_explicit_workspace_wins_over_the_environment(tmp_path: Path) -> None:
    settings = read_settings(
        tmp_path / "mine", environ={"BRANDSWIPE_WORKSPACE": "theirs"}, cwd=tmp_path
    )
    assert settings.workspace == tmp_path / "mine"
    assert settings.store_path == tmp_path / "mine" / "study.db"


def test_a_display_is_named_by_the_environment_or_comes_with_the_system() -> None:
    assert not has_display({}, "linux")
    assert not has_display({"DISPLAY": ""}, "linux")
    assert has_display({"DISPLAY": ":0"}, "linux")
    assert has_display({"WAYLAND_DISPLAY": "wayland-0"}, "linux")
    assert has_display({}, "darwin")


def test_another_process_reads_the_same_settings(tmp_path: Path) -> None:
    settings = read_settings(tmp_path, environ={}, cwd=tmp_path, login="local", share=True, port=9)
    assert read_settings(environ=to_environment(settings), cwd=Path("/")) == settings


def test_another_process_knows_the_same_people(tmp_path: Path) -> None:
    people = {"pm_people": ("ann@shop.example",), "ds_groups": ("CN=data, OU=shop", "é")}
    file = {"proxy_key": tmp_path / "proxy.pem", "login_hours": 3, "pm_groups": ()}
    settings = Settings(workspace=tmp_path, login=Login.PROXY, **people, **file)
    assert read_settings(environ=to_environment(settings), cwd=Path("/")) == settings
    listed = read_settings(environ={"BRANDSWIPE_DS_PEOPLE": "ann, bob,"}, cwd=tmp_path)
    assert listed.ds_people == ("ann", "bob")


def test_a_role_that_is_taken_out_of_the_file_is_gone_at_once(tmp_path: Path) -> None:
    file = tmp_path / "brandswipe.toml"
    file.write_text('ds_people = ["ann"]\nlogin_hours = 3\n')
    settings = read_settings(tmp_path / "ws", environ={}, cwd=tmp_path)
    assert settings.ds_people == ("ann",)
    file.write_text('pm_people = ["ann"]\nlogin_hours = 9\n')
    now = with_current_roles(settings, environ={}, cwd=tmp_path)
    assert (now.ds_people, now.pm_people, now.login_hours) == ((), ("ann",), 3)


def test_while_the_file_cannot_be_read_nobody_is_more_than_an_employee(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "brandswipe.toml"
    file.write_text('ds_people = ["ann"]\nemployee_groups = ["staff"]')
    settings = read_settings(tmp_path / "ws", environ={}, cwd=tmp_path)
    file.write_text("ds_people = [")
    now = with_current_roles(settings, environ={}, cwd=tmp_path)
    assert (now.ds_people, now.ds_groups, now.pm_groups) == ((), (), ())
    assert now.employee_groups == ("staff",)
    assert "roles are off" in caplog.text


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"BRANDSWIPE_LOGN": "local"}, "did you mean 'BRANDSWIPE_LOGIN'"),
        ({"BRANDSWIPE_ZZZ": "1"}, "known are BRANDSWIPE_WORKSPACE"),
        ({"BRANDSWIPE_LOGIN": "guess"}, "one of none, local, oidc, proxy"),
        ({"BRANDSWIPE_PORT": "eighty"}, "a number from 1 to 65535"),
        ({"BRANDSWIPE_PORT": "70000"}, "a number from 1 to 65535"),
        ({"BRANDSWIPE_SHARE": "maybe"}, "true or false"),
        ({"BRANDSWIPE_ADDRESS": " "}, "to a text"),
        ({"BRANDSWIPE_PM_PEOPLE": "[1]"}, "to a list of texts"),
        ({"BRANDSWIPE_PM_PEOPLE": "[ann"}, "to a list of texts"),
    ],
)
def test_an_unusable_environment_says_what_to_set(
    tmp_path: Path, environ: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        read_settings(environ=environ, cwd=tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('adress = "::1"', "did you mean 'address'"),
        ("port = true", "a number from 1 to 65535"),
        ("login = [", "not readable as TOML"),
        ("login = 3", "to a text"),
    ],
)
def test_an_unusable_file_says_where(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "brandswipe.toml").write_text(text)
    with pytest.raises(SettingsError, match=said):
        read_settings(environ={}, cwd=tmp_path)


def test_an_unknown_option_of_a_command_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean 'port'"):
        read_settings(environ={}, cwd=tmp_path, prt=3)


def test_a_workspace_cannot_name_another_one(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "brandswipe.toml").write_text('workspace = "elsewhere"')
    with pytest.raises(SettingsError, match="take `workspace` out"):
        read_settings(tmp_path / "shop", environ={}, cwd=tmp_path)


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "brandswipe.toml").mkdir()
    with pytest.raises(SettingsError, match="correct its permissions"):
        read_settings(environ={}, cwd=tmp_path)


def test_keys_are_made_once_apart_and_for_the_owner_alone(tmp_path: Path) -> None:
    settings = Settings(workspace=tmp_path / "w")
    first = workspace_keys(settings, {})
    assert workspace_keys(settings, {}) == first
    assert min(len(first.signing), len(first.pseudonym)) >= 32
    assert len({first.signing, first.pseudonym, first.link}) == 3
    for name in ("signing_key", "pseudonym_key", "link_key", "customer_key"):
        assert stat.S_IMODE((tmp_path / "w" / "secrets" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "w" / "secrets").stat().st_mode) == 0o700
    assert len(os.listdir(tmp_path / "w" / "secrets")) == 4


def test_keys_come_from_the_environment_first_and_leave_no_file(tmp_path: Path) -> None:
    letters = {"SIGNING": "s", "PSEUDONYM": "p", "LINK": "l", "CUSTOMER": "c"}
    world = {f"BRANDSWIPE_{name}_KEY": sign * 32 for name, sign in letters.items()}
    made = SecretKeys(b"s" * 32, b"p" * 32, b"l" * 32, b"c" * 32)
    assert workspace_keys(Settings(workspace=tmp_path), world) == made
    assert list(tmp_path.iterdir()) == []
    assert read_settings(environ=world, cwd=tmp_path) == Settings()


def test_a_key_never_reaches_a_log(tmp_path: Path) -> None:
    made = workspace_keys(Settings(workspace=tmp_path), {})
    assert made.signing.decode() not in f"{made} {made!r}"


@pytest.mark.parametrize(
    ("world", "said"),
    [
        ({"BRANDSWIPE_SIGNING_KEY": "short"}, "shorter than 16"),
        ({"BRANDSWIPE_SIGNING_KEY": ""}, "shorter than 16"),
        ({"BRANDSWIPE_SIGNING_KEY": "k" * 32, "BRANDSWIPE_PSEUDONYM_KEY": "k" * 32}, "two keys"),
        ({"BRANDSWIPE_LINK_KEY": "k" * 32, "BRANDSWIPE_PSEUDONYM_KEY": "k" * 32}, "two keys"),
    ],
)
def test_unusable_keys_say_what_to_set(tmp_path: Path, world: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        workspace_keys(Settings(workspace=tmp_path), world)


def test_a_key_file_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("in the way")
    with pytest.raises(WorkspaceError, match="correct its permissions"):
        workspace_keys(Settings(workspace=tmp_path), {})


def test_processes_that_start_at_once_agree_on_the_key(tmp_path: Path) -> None:
    code = (
        "from app.workspace.settings import *; from pathlib import Path; import sys;"
        "print(keys(Settings(workspace=Path(sys.argv[1])), {}).signing.decode())"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({racer.communicate()[0] for racer in racers}) == 1


def test_a_packaged_file_is_found_and_a_missing_one_is_named() -> None:
    assert data_file("__init__.py").is_file()
    with pytest.raises(UnknownNameError, match="packaged file"):
        data_file("nothing.csv")
