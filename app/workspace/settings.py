"""Settings: environment, brandswipe.toml and secrets, which no other module reads.

A later source overrides an earlier one: the defaults, `brandswipe.toml` in the working directory,
`brandswipe.toml` in the workspace, the environment, the options of a command.
"""

import logging
import os
import sys
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
from app.workspace.json_log import log_extra
from app.workspace.keys import SecretKeys
from recsys.errors import SettingsError, UnknownNameError

ENV_PREFIX = keyring.ENV_PREFIX
SETTINGS_FILE = "brandswipe.toml"
BASE_PATH_ENV = "STREAMLIT_SERVER_BASE_URL_PATH"  # only `streamlit run` reads it by itself
_log = logging.getLogger("brandswipe")


class Login(StrEnum):
    """How the server identifies a player."""

    NONE = "none"  # every player is a guest who picks brands instead of a history
    LOCAL = "local"  # roles are chosen by hand, on this computer only
    OIDC = "oidc"  # the company's login, through Streamlit's st.login
    PROXY = "proxy"  # the signed header of an identity-aware proxy

    @property
    def is_real(self) -> bool:
        """Whether another system confirms the identity of a player."""
        return self in (Login.OIDC, Login.PROXY)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, each with its default."""

    workspace: Path = Path(".brandswipe")
    login: Login = Login.NONE
    address: str = "127.0.0.1"
    port: int = 8501
    share: bool = False  # show the planted demo to phones on the local network, by pairing code
    login_hours: int = 12  # after these hours a person must log in again
    subject_claim: str = "sub"  # the claim that identifies a person; it must never change
    roles_claim: str = ""  # the claim that lists a person's groups or roles
    employee_groups: tuple[str, ...] = ()  # groups that may come in; empty: everybody logged in
    pm_groups: tuple[str, ...] = ("pm",)  # groups with the role PM (product manager)
    ds_groups: tuple[str, ...] = ("ds",)  # groups with the role DS (data scientist)
    pm_people: tuple[str, ...] = ()  # people with the role PM: subjects, verified e-mail addresses
    ds_people: tuple[str, ...] = ()  # people with the role DS, in the same form
    trust_emails: bool = False  # accept addresses of a login without the claim `email_verified`
    proxy_header: str = ""
    proxy_key: Path | None = None  # PEM, JWK or JWKS
    proxy_issuer: str = ""
    proxy_audience: str = ""
    logout_url: str = ""  # where the proxy ends a login
    shop_link: str = ""  # URL of the shop's account page that links an account
    shop_emails_verified: bool = False  # the shop has verified the addresses of its accounts
    keep_days: int = 180  # personal data is deleted this many days after a person's last visit

    @property
    def store_path(self) -> Path:
        """The file of the study database."""
        return self.workspace / "study.db"

    @property
    def accounts_path(self) -> Path:
        """The file of the link table (employee -> customer), never in the study database."""
        return self.workspace / "accounts.db"

    @property
    def invitation_claim(self) -> str:
        """The login claim that an invitation list names employees by."""
        return self.subject_claim if self.login.is_real else "email"


SETTING_NAMES = tuple(known.name for known in fields(Settings))
ROLE_SETTINGS = ("employee_groups", "pm_groups", "ds_groups", "pm_people", "ds_people")


def read_settings(
    workspace: Path | str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    **options: object,
) -> Settings:
    """Return the settings in force. `options` come from a command; an option of None is not set.

    Raises SettingsError for an unusable setting, or an unknown one with the nearest known name.
    """
    overrides = _from_environ(os.environ if environ is None else environ)
    if workspace is not None:
        overrides["workspace"] = str(workspace)
    overrides |= {name: value for name, value in options.items() if value is not None}
    cwd_values = _from_file((cwd or Path.cwd()) / SETTINGS_FILE)
    first_pass = _parse_settings(cwd_values | overrides)
    workspace_values = _from_file(first_pass.workspace / SETTINGS_FILE)
    if "workspace" in workspace_values:
        raise SettingsError(
            f"{first_pass.workspace / SETTINGS_FILE} lies in a workspace and cannot name "
            "another one: "
            "take `workspace` out of it."
        )
    return _parse_settings(cwd_values | workspace_values | overrides)


def to_environment(settings: Settings) -> dict[str, str]:
    """Return the environment variables that give another process the same settings."""
    by_name = asdict(settings) | {"workspace": settings.workspace.resolve()}
    if settings.proxy_key:
        by_name["proxy_key"] = settings.proxy_key.resolve()
    return {
        ENV_PREFIX + name.upper(): setting_values.to_env_text(value)
        for name, value in by_name.items()
    }


def with_current_roles(
    settings: Settings, *, environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Settings:
    """Return the settings with the current groups and people, so that a revoked role ends at once.

    If the files cannot be read, everybody is only an employee until the files are repaired.
    """
    try:
        current = read_settings(settings.workspace, environ=environ, cwd=cwd)
    except SettingsError as error:
        _log.error("roles are off: %s", error, extra=log_extra("roles_off"))
        no_roles: dict[str, Any] = {name: () for name in ROLE_SETTINGS if name != "employee_groups"}
        return replace(settings, **no_roles)
    roles = {name: getattr(current, name) for name in ROLE_SETTINGS}
    return replace(settings, **roles)


def workspace_keys(settings: Settings, environ: Mapping[str, str] | None = None) -> SecretKeys:
    """Return the secret keys, from the environment or from files made at first use (mode 0600)."""
    return keyring.read_keys(_secrets_dir(settings), os.environ if environ is None else environ)


def rotate_key(
    settings: Settings, name: str, keep: int, environ: Mapping[str, str] | None = None
) -> None:
    """Put a new key before the first `keep` keys of a file, for the server's next start."""
    env = os.environ if environ is None else environ
    keyring.rotate_key_file(_secrets_dir(settings), f"{name.upper()}_KEY", env, keep)


def _secrets_dir(settings: Settings) -> Path:
    return settings.workspace / "secrets"


def missing_keys(settings: Settings, environ: Mapping[str, str] | None = None) -> list[str]:
    """Return the names of the keys that are neither set nor in a file; create none."""
    env = os.environ if environ is None else environ
    folder = _secrets_dir(settings)
    return [
        name.lower()
        for name in keyring.KEY_NAMES
        if ENV_PREFIX + name not in env and not (folder / name.lower()).is_file()
    ]


def base_path_of(environ: Mapping[str, str] | None = None) -> str:
    """Return the path under which a proxy shows the app, as it is set; empty where none is."""
    return (os.environ if environ is None else environ).get(BASE_PATH_ENV, "")


def has_display(environ: Mapping[str, str] | None = None, platform: str = sys.platform) -> bool:
    """Return whether a browser can be opened on this computer."""
    env = os.environ if environ is None else environ
    return platform in ("darwin", "win32") or bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"))


def data_file(name: str) -> Traversable:
    """Return a packaged file, e.g. `data_file("brands.csv")`, in a wheel and in a checkout."""
    file = files("brandswipe_data") / name
    if not file.is_file():
        raise UnknownNameError(
            "packaged file", name, (entry.name for entry in files("brandswipe_data").iterdir())
        )
    return file


def _from_environ(environ: Mapping[str, str]) -> dict[str, object]:
    prefixed = {
        k.removeprefix(ENV_PREFIX): v for k, v in environ.items() if k.startswith(ENV_PREFIX)
    }
    given = {name: value for name, value in prefixed.items() if name not in keyring.KEY_NAMES}
    for name in given:
        if name.lower() not in SETTING_NAMES:
            raise _unknown_setting(ENV_PREFIX + name, "the environment", ENV_PREFIX)
    return {name.lower(): value for name, value in given.items()}


def _from_file(path: Path) -> dict[str, object]:
    try:
        parsed = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not readable as TOML ({error}): mend that line.") from None
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read ({error.strerror}): correct its permissions."
        ) from None
    for name in parsed:
        if name not in SETTING_NAMES:
            raise _unknown_setting(name, str(path))
    return parsed


def _unknown_setting(name: str, place: str, prefix: str = "") -> SettingsError:
    spelling = {known: prefix + (known.upper() if prefix else known) for known in SETTING_NAMES}
    matches = get_close_matches(name.removeprefix(prefix).lower(), SETTING_NAMES, n=1)
    hint = (
        f"did you mean {spelling[matches[0]]!r}?"
        if matches
        else f"known are {', '.join(spelling.values())}."
    )
    return SettingsError(f"{place} sets {name!r}, which is no setting: {hint}")


def _parse_settings(given: Mapping[str, object]) -> Settings:
    for name in given:
        if name not in SETTING_NAMES:
            raise _unknown_setting(name, "this command")
    return Settings(**{name: _PARSERS[name](name, value) for name, value in given.items()})


_PARSERS: dict[str, Callable[[str, object], Any]] = {
    "workspace": setting_values.parse_path,
    "login": setting_values.enum_parser(Login),
    "address": setting_values.parse_text,
    "port": setting_values.int_parser(1, 65535),
    "share": setting_values.parse_bool,
    "login_hours": setting_values.int_parser(1, 24 * 30),
    "subject_claim": setting_values.parse_text,
    "roles_claim": setting_values.parse_optional_text,
    "employee_groups": setting_values.parse_names,
    "pm_groups": setting_values.parse_names,
    "ds_groups": setting_values.parse_names,
    "pm_people": setting_values.parse_names,
    "ds_people": setting_values.parse_names,
    "trust_emails": setting_values.parse_bool,
    "proxy_header": setting_values.parse_optional_text,
    "proxy_key": setting_values.parse_optional_path,
    "proxy_issuer": setting_values.parse_optional_text,
    "proxy_audience": setting_values.parse_optional_text,
    "logout_url": setting_values.parse_optional_text,
    "shop_link": setting_values.parse_optional_text,
    "shop_emails_verified": setting_values.parse_bool,
    "keep_days": setting_values.int_parser(1, 3650),
}
