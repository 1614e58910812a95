"""Environment, brandswipe.toml and secrets -> one frozen Settings: nobody else reads them.

What is said later in this list wins: the defaults, `brandswipe.toml` in the working directory,
`brandswipe.toml` in the workspace, the environment, the options of a command.
"""

import logging
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from difflib import get_close_matches
from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from app.workspace import keys as keyring
from app.workspace import setting_values
from app.workspace.json_log import event
from app.workspace.keys import Keys
from recsys.errors import SettingsError, UnknownNameError

PREFIX = keyring.PREFIX
FILE = "brandswipe.toml"
_log = logging.getLogger("brandswipe")


class Login(StrEnum):
    """How the server knows who plays."""

    NONE = "none"  # everybody is a guest with picked brands
    LOCAL = "local"  # roles chosen by hand, on this computer alone
    OIDC = "oidc"  # the company's login, through Streamlit's own st.login
    PROXY = "proxy"  # the signed header of an identity-aware proxy

    @property
    def is_real(self) -> bool:
        """Whether somebody else vouches for who plays."""
        return self in (Login.OIDC, Login.PROXY)


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set, each with its default."""

    workspace: Path = Path(".brandswipe")
    login: Login = Login.NONE
    address: str = "127.0.0.1"
    port: int = 8501
    share: bool = False  # the planted demo for phones on the local network, behind a pairing code
    login_hours: int = 12  # after so long somebody logs in again
    subject_claim: str = "sub"  # the claim that names a person, the same for ever
    roles_claim: str = ""  # the claim that lists her groups or roles
    employee_groups: tuple[str, ...] = ()  # who may come in; empty: everybody who logs in
    pm_groups: tuple[str, ...] = ("pm",)
    ds_groups: tuple[str, ...] = ("ds",)
    pm_people: tuple[str, ...] = ()  # subjects or verified e-mail addresses
    ds_people: tuple[str, ...] = ()
    trust_emails: bool = False  # the login's addresses count though it does not call them verified
    proxy_header: str = ""
    proxy_key: Path | None = None  # PEM, JWK or JWKS
    proxy_issuer: str = ""
    proxy_audience: str = ""
    logout_url: str = ""  # where the proxy ends a login
    shop_link: str = ""  # the page of the shop's own account that links it
    shop_emails_verified: bool = False  # the shop has verified the addresses of its accounts
    keep_days: int = 180  # what is stored of a person goes so long after her last visit

    @property
    def store_path(self) -> Path:
        """The study's database."""
        return self.workspace / "study.db"

    @property
    def accounts_path(self) -> Path:
        """Which employee is which customer: never in the study's database."""
        return self.workspace / "accounts.db"

    @property
    def listed_by(self) -> str:
        """The claim by which a list of employees names people."""
        return self.subject_claim if self.login.is_real else "email"


KNOWN = tuple(known.name for known in fields(Settings))
WHO = ("employee_groups", "pm_groups", "ds_groups", "pm_people", "ds_people")


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
    said = asdict(settings) | {"workspace": settings.workspace.resolve()}
    if settings.proxy_key:
        said["proxy_key"] = settings.proxy_key.resolve()
    return {PREFIX + name.upper(): setting_values.written(value) for name, value in said.items()}


def who_is_who(
    settings: Settings, *, environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Settings:
    """Return the settings with today's groups and people: a role is taken back at once.

    Where the files cannot be read, nobody is more than an employee until they are mended.
    """
    try:
        now = read(settings.workspace, environ=environ, cwd=cwd)
    except SettingsError as error:
        _log.error("roles are off: %s", error, extra=event("roles_off"))
        nobody: dict[str, Any] = {name: () for name in WHO if name != "employee_groups"}
        return replace(settings, **nobody)
    said = {name: getattr(now, name) for name in WHO}
    return replace(settings, **said)


def keys(settings: Settings, environ: Mapping[str, str] | None = None) -> Keys:
    """Return the keys, from the environment or from files made at first use (mode 0600)."""
    return keyring.read_keys(_secrets(settings), os.environ if environ is None else environ)


def turn_key(
    settings: Settings, name: str, kept: int, environ: Mapping[str, str] | None = None
) -> None:
    """Put a new key in front of `kept` earlier ones, for the next start."""
    world = os.environ if environ is None else environ
    keyring.turn(_secrets(settings), f"{name.upper()}_KEY", world, kept)


def _secrets(settings: Settings) -> Path:
    return settings.workspace / "secrets"


def missing_keys(settings: Settings, environ: Mapping[str, str] | None = None) -> list[str]:
    """Return the names of the keys that are neither set nor in their files; none is made."""
    world = os.environ if environ is None else environ
    folder = _secrets(settings)
    return [
        name.lower()
        for name in keyring.NAMES
        if PREFIX + name not in world and not (folder / name.lower()).is_file()
    ]


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
    said = {name: value for name, value in ours.items() if name not in keyring.NAMES}
    for name in said:
        if name.lower() not in KNOWN:
            raise _unknown(PREFIX + name, "the environment", PREFIX)
    return {name.lower(): value for name, value in said.items()}


def _from_file(path: Path) -> dict[str, object]:
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not readable as TOML ({error}): mend that line.") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror}): mend its rights.") from None
    for name in said:
        if name not in KNOWN:
            raise _unknown(name, str(path))
    return said


def _unknown(name: str, where: str, prefix: str = "") -> SettingsError:
    spelt = {known: prefix + (known.upper() if prefix else known) for known in KNOWN}
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


_PARSERS: dict[str, Callable[[str, object], Any]] = {
    "workspace": setting_values.path,
    "login": setting_values.one_of(Login),
    "address": setting_values.text,
    "port": setting_values.whole(1, 65535),
    "share": setting_values.switch,
    "login_hours": setting_values.whole(1, 24 * 30),
    "subject_claim": setting_values.text,
    "roles_claim": setting_values.text_or_nothing,
    "employee_groups": setting_values.names,
    "pm_groups": setting_values.names,
    "ds_groups": setting_values.names,
    "pm_people": setting_values.names,
    "ds_people": setting_values.names,
    "trust_emails": setting_values.switch,
    "proxy_header": setting_values.text_or_nothing,
    "proxy_key": setting_values.path_or_nothing,
    "proxy_issuer": setting_values.text_or_nothing,
    "proxy_audience": setting_values.text_or_nothing,
    "logout_url": setting_values.text_or_nothing,
    "shop_link": setting_values.text_or_nothing,
    "shop_emails_verified": setting_values.switch,
    "keep_days": setting_values.whole(1, 3650),
}
