"""Environment, brandswipe.toml and secrets -> one frozen Settings: nobody else reads them.

What is said later in this list wins: the defaults, `brandswipe.toml` in the working directory,
`brandswipe.toml` in the workspace, the environment, the options of a command.
"""

import hmac
import os
import secrets
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from recsys.errors import SettingsError, UnknownNameError, WorkspaceError

PREFIX = "BRANDSWIPE_"
FILE = "brandswipe.toml"
SIGNING_KEY = "SIGNING_KEY"
PSEUDONYM_KEY = "PSEUDONYM_KEY"
LEAST_KEY = 16  # bytes


class Login(StrEnum):
    """How the server knows who plays."""

    NONE = "none"  # everybody is a guest with picked brands
    LOCAL = "local"  # roles chosen by hand, on this computer alone


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set, each with its default."""

    workspace: Path = Path(".brandswipe")
    login: Login = Login.NONE
    address: str = "127.0.0.1"
    port: int = 8501
    share: bool = False  # the planted demo for phones on the local network, behind a pairing code

    @property
    def store_path(self) -> Path:
        """The study's database."""
        return self.workspace / "study.db"


@dataclass(frozen=True, slots=True)
class Keys:
    """Two keys of 32 bytes: losing one must not betray the other."""

    signing: bytes  # deck tokens and cookies
    pseudonym: bytes  # subject -> participant

    def __repr__(self) -> str:
        """Say nothing: a key must not reach a log."""
        return "Keys(...)"


KNOWN = tuple(field.name for field in fields(Settings))


def read(
    workspace: Path | str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    **options: object,
) -> Settings:
    """Return what is in force. `options` are a command's own; None among them says nothing.

    Raises SettingsError for an unknown or unusable setting, naming the nearest known one.
    """
    given = _from_environ(os.environ if environ is None else environ)
    if workspace is not None:
        given["workspace"] = str(workspace)
    given |= {name: value for name, value in options.items() if value is not None}
    here = _from_file((cwd or Path.cwd()) / FILE)
    said = _settings(here | given)
    inside = _from_file(said.workspace / FILE)
    if "workspace" in inside:
        raise SettingsError(
            f"{said.workspace / FILE} lies in a workspace and cannot name another one: "
            "take `workspace` out of it."
        )
    return _settings(here | inside | given)


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment that makes another process read the same settings."""
    values = asdict(settings) | {"workspace": settings.workspace.resolve()}
    return {PREFIX + name.upper(): str(value) for name, value in values.items()}


def keys(settings: Settings, environ: Mapping[str, str] | None = None) -> Keys:
    """Return the two keys, from the environment or from files made at first use (mode 0600)."""
    world = os.environ if environ is None else environ
    folder = settings.workspace / "secrets"
    found = Keys(_key(folder, SIGNING_KEY, world), _key(folder, PSEUDONYM_KEY, world))
    if hmac.compare_digest(found.signing, found.pseudonym):
        raise SettingsError(
            f"{PREFIX}{SIGNING_KEY} and {PREFIX}{PSEUDONYM_KEY} are the same: set two keys."
        )
    return found


def data_file(name: str) -> Traversable:
    """Return a packaged file, e.g. `data_file("brands.csv")`; the wheel and the checkout agree."""
    found = files("brandswipe_data") / name
    if not found.is_file():
        raise UnknownNameError(
            "packaged file", name, (entry.name for entry in files("brandswipe_data").iterdir())
        )
    return found


def _from_environ(environ: Mapping[str, str]) -> dict[str, object]:
    ours = {k.removeprefix(PREFIX): v for k, v in environ.items() if k.startswith(PREFIX)}
    said = {name: value for name, value in ours.items() if name not in (SIGNING_KEY, PSEUDONYM_KEY)}
    for name in said:
        if name.lower() not in KNOWN:
            raise _unknown(PREFIX + name, "the environment", PREFIX)
    return {name.lower(): value for name, value in said.items()}


def _from_file(path: Path) -> dict[str, object]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not readable as TOML ({error}): mend that line.") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror}): mend its rights.") from None
    for name in values:
        if name not in KNOWN:
            raise _unknown(name, str(path))
    return values


def _unknown(name: str, where: str, prefix: str = "") -> SettingsError:
    spelt = {field: prefix + (field.upper() if prefix else field) for field in KNOWN}
    near = get_close_matches(name.removeprefix(prefix).lower(), KNOWN, n=1)
    hint = (
        f"did you mean {spelt[near[0]]!r}?" if near else f"known are {', '.join(spelt.values())}."
    )
    return SettingsError(f"{where} sets {name!r}, which is no setting: {hint}")


def _settings(said: Mapping[str, object]) -> Settings:
    for name in said:
        if name not in KNOWN:
            raise _unknown(name, "this command")
    return Settings(**{name: _PARSERS[name](name, value) for name, value in said.items()})


def _path(name: str, value: object) -> Path:
    return Path(_text(name, str(value) if isinstance(value, Path) else value)).expanduser()


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"{name} is {value!r}: set it to a text.")
    return value.strip()


def _login(name: str, value: object) -> Login:
    try:
        return Login(_text(name, value))
    except ValueError:
        known = ", ".join(Login)
        raise SettingsError(f"{name} is {value!r}: set it to one of {known}.") from None


def _whole(low: int, high: int) -> Callable[[str, object], int]:
    def parse(name: str, value: object) -> int:
        number = int(value) if isinstance(value, str) and value.strip().isdecimal() else value
        if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
            raise SettingsError(f"{name} is {value!r}: set it to a number from {low} to {high}.")
        return number

    return parse


def _switch(name: str, value: object) -> bool:
    said = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
    if said is None:
        raise SettingsError(f"{name} is {value!r}: set it to true or false.")
    return said


_PARSERS: dict[str, Callable[[str, object], Any]] = {
    "workspace": _path,
    "login": _login,
    "address": _text,
    "port": _whole(1, 65535),
    "share": _switch,
}


def _key(folder: Path, name: str, environ: Mapping[str, str]) -> bytes:
    given = environ.get(PREFIX + name)
    text = given if given is not None else _key_file(folder / name.lower())
    key = text.strip().encode()
    if len(key) < LEAST_KEY:
        where = PREFIX + name if given is not None else str(folder / name.lower())
        raise SettingsError(
            f"The key in {where} is shorter than {LEAST_KEY} characters: set a longer one, "
            "made for instance with `openssl rand -hex 32`."
        )
    return key


def _key_file(path: Path) -> str:
    """Return the key in the file; where there is none, make it without ever half-writing it."""
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_key(path)
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise WorkspaceError(f"The key {path} cannot be used ({error}): mend its rights.") from None


def _make_key(path: Path) -> None:
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first: its key is the key
            os.link(aside, path)
    finally:
        aside.unlink(missing_ok=True)
