"""Settings: what is said later wins, and nothing misspelt is passed over."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import Login, Settings, data_file, environment, keys, read
from recsys.errors import SettingsError, UnknownNameError, WorkspaceError


def test_nothing_said_means_the_defaults(tmp_path: Path) -> None:
    assert read(environ={}, cwd=tmp_path) == Settings()
    assert (Settings().address, Settings().login) == ("127.0.0.1", Login.NONE)


def test_what_is_said_nearer_to_the_command_wins(tmp_path: Path) -> None:
    (tmp_path / "brandswipe.toml").write_text('workspace = "shop"\nport = 1\nlogin = "local"\n')
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "brandswipe.toml").write_text("port = 2\nshare = true\n")
    settings = read(environ={"BRANDSWIPE_WORKSPACE": str(tmp_path / "shop")}, cwd=tmp_path)
    assert (settings.port, settings.login, settings.share) == (2, Login.LOCAL, True)
    shop = {"BRANDSWIPE_WORKSPACE": str(tmp_path / "shop"), "BRANDSWIPE_PORT": "3"}
    assert read(environ=shop, cwd=tmp_path).port == 3
    assert read(environ=shop, cwd=tmp_path, port=4).port == 4
    assert read(environ=shop, cwd=tmp_path, port=None).port == 3


def test_an_explicit_workspace_wins_over_the_environment(tmp_path: Path) -> None:
    settings = read(tmp_path / "mine", environ={"BRANDSWIPE_WORKSPACE": "theirs"}, cwd=tmp_path)
    assert settings.workspace == tmp_path / "mine"
    assert settings.store_path == tmp_path / "mine" / "study.db"


def test_another_process_reads_the_same_settings(tmp_path: Path) -> None:
    settings = read(tmp_path, environ={}, cwd=tmp_path, login="local", share=True, port=9)
    assert read(environ=environment(settings), cwd=Path("/")) == settings


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"BRANDSWIPE_LOGN": "local"}, "did you mean 'BRANDSWIPE_LOGIN'"),
        ({"BRANDSWIPE_ZZZ": "1"}, "known are BRANDSWIPE_WORKSPACE"),
        ({"BRANDSWIPE_LOGIN": "guess"}, "one of none, local"),
        ({"BRANDSWIPE_PORT": "eighty"}, "a number from 1 to 65535"),
        ({"BRANDSWIPE_PORT": "70000"}, "a number from 1 to 65535"),
        ({"BRANDSWIPE_SHARE": "maybe"}, "true or false"),
        ({"BRANDSWIPE_ADDRESS": " "}, "to a text"),
    ],
)
def test_an_unusable_environment_says_what_to_set(
    tmp_path: Path, environ: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        read(environ=environ, cwd=tmp_path)


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
        read(environ={}, cwd=tmp_path)


def test_an_unknown_option_of_a_command_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean 'port'"):
        read(environ={}, cwd=tmp_path, prt=3)


def test_a_workspace_cannot_name_another_one(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "brandswipe.toml").write_text('workspace = "elsewhere"')
    with pytest.raises(SettingsError, match="take `workspace` out"):
        read(tmp_path / "shop", environ={}, cwd=tmp_path)


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "brandswipe.toml").mkdir()
    with pytest.raises(SettingsError, match="mend its rights"):
        read(environ={}, cwd=tmp_path)


def test_keys_are_made_once_apart_and_for_the_owner_alone(tmp_path: Path) -> None:
    settings = Settings(workspace=tmp_path / "w")
    first = keys(settings, {})
    assert keys(settings, {}) == first
    assert first.signing != first.pseudonym
    assert min(len(first.signing), len(first.pseudonym)) >= 32
    for name in ("signing_key", "pseudonym_key"):
        assert stat.S_IMODE((tmp_path / "w" / "secrets" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "w" / "secrets").stat().st_mode) == 0o700
    assert len(os.listdir(tmp_path / "w" / "secrets")) == 2


def test_keys_come_from_the_environment_first_and_leave_no_file(tmp_path: Path) -> None:
    world = {"BRANDSWIPE_SIGNING_KEY": "s" * 32, "BRANDSWIPE_PSEUDONYM_KEY": "p" * 32}
    assert keys(Settings(workspace=tmp_path), world).signing == b"s" * 32
    assert list(tmp_path.iterdir()) == []
    assert read(environ=world, cwd=tmp_path) == Settings()


def test_a_key_never_reaches_a_log(tmp_path: Path) -> None:
    made = keys(Settings(workspace=tmp_path), {})
    assert made.signing.decode() not in f"{made} {made!r}"


@pytest.mark.parametrize(
    ("world", "said"),
    [
        ({"BRANDSWIPE_SIGNING_KEY": "short"}, "shorter than 16"),
        ({"BRANDSWIPE_SIGNING_KEY": ""}, "shorter than 16"),
        ({"BRANDSWIPE_SIGNING_KEY": "k" * 32, "BRANDSWIPE_PSEUDONYM_KEY": "k" * 32}, "two keys"),
    ],
)
def test_unusable_keys_say_what_to_set(tmp_path: Path, world: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        keys(Settings(workspace=tmp_path), world)


def test_a_key_file_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("in the way")
    with pytest.raises(WorkspaceError, match="mend its rights"):
        keys(Settings(workspace=tmp_path), {})


def test_processes_that_start_at_once_agree_on_the_key(tmp_path: Path) -> None:
    code = (
        "from app.settings import *; from pathlib import Path; import sys;"
        "print(keys(Settings(workspace=Path(sys.argv[1])), {}).signing.decode())"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({racer.communicate()[0] for racer in racers}) == 1


def test_a_packaged_file_is_found_and_a_missing_one_is_named() -> None:
    assert data_file("__init__.py").is_file()
    with pytest.raises(UnknownNameError, match="packaged file"):
        data_file("nothing.csv")
