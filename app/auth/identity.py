"""The person behind a request: a guest known by a cookie, or an employee with a login's claims."""

import hmac
import ipaddress
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from importlib.util import find_spec
from typing import Any, Protocol

from app.workspace.keys import MIN_KEY_LENGTH, SecretKeys
from app.workspace.settings import Login, Settings
from recsys.errors import LoginNeededError, NotAllowedError, SettingsError


class UserRole(StrEnum):
    """A role, which decides what a person may see."""

    EMPLOYEE = "employee"
    PM = "pm"
    DS = "ds"


def pseudonym(keys: SecretKeys, subject: str) -> str:
    """Return a subject's participant id: its HMAC-SHA256 under a key that is not in the store."""
    return _pseudonym(keys.pseudonym, subject)


def former_pseudonyms(keys: SecretKeys, subject: str) -> tuple[str, ...]:
    """Return a subject's pseudonyms under earlier keys, to find that person's older rows."""
    return tuple(_pseudonym(key, subject) for key in keys.former_pseudonym)


def _pseudonym(key: bytes, subject: str) -> str:
    return hmac.new(key, subject.encode(), sha256).hexdigest()


def is_loopback(address: str | None) -> bool:
    """Return whether only this computer can reach an address. None means all addresses."""
    name = (address or "").strip("[]").lower()
    if name == "localhost":
        return True
    try:
        ip = ipaddress.ip_address(name)
    except ValueError:
        return False
    ipv4 = getattr(ip, "ipv4_mapped", None)
    return (ipv4 or ip).is_loopback


def check_listen_address(settings: Settings, address: str | None, is_planted: bool) -> None:
    """Raise SettingsError unless a server with these settings may listen on the address.

    `address` is the one in force (None: all addresses). `is_planted` is True if the workspace
    holds only the demo's planted (simulated) shop.
    """
    if settings.share and not is_planted:
        raise SettingsError(
            "Only the planted demo can be shared, and this workspace holds a shop's own events: "
            "take `share` out of the settings, or use another --workspace."
        )
    if is_loopback(address) or settings.share or settings.login.is_real:
        return
    raise SettingsError(
        f"Without a login the server listens on this computer alone, not on "
        f"{address or 'every address'}: start it with `brandswipe serve`, set "
        "--server.address 127.0.0.1, or `login` to oidc or proxy, or share the planted demo with "
        "`brandswipe demo --share`."
    )


LoginClaims = Mapping[str, Any]
AUTH_EXTRA = "pip install 'brandswipe[auth]'"


@dataclass(frozen=True, slots=True)
class Person:
    """The person behind a request: what the pages need to know. No field holds a name."""

    participant: str  # pseudonym
    roles: frozenset[UserRole]
    guest: bool  # True without a login
    customer: str | None = field(default=None, repr=False)  # shop customer of the linked account
    badge: str | None = field(default=None, repr=False)  # key of the person in the link table
    former_pseudonyms: tuple[str, ...] = ()  # made with earlier keys, for older rows

    def has_any_role(self, roles: Collection[UserRole]) -> bool:
        """Return whether the person has one of these roles."""
        return not self.roles.isdisjoint(roles)


class AccountLinkLookup(Protocol):
    """The part of the link table that this module reads."""

    def customer_of(self, badges: Iterable[str]) -> str | None:
        """Return the shop customer of the first badge in the link table, or None."""


def guest_person(keys: SecretKeys, cookie_name: str, role: UserRole = UserRole.EMPLOYEE) -> Person:
    """Return a person without a login, who is known only by a guest cookie."""
    subject = f"guest {cookie_name}"
    return Person(
        pseudonym(keys, subject),
        frozenset({UserRole.EMPLOYEE, role}),
        guest=True,
        former_pseudonyms=former_pseudonyms(keys, subject),
    )


def employee_pseudonym(keys: SecretKeys, subject: str) -> str:
    """Return the pseudonym of the employee with this login subject."""
    return pseudonym(keys, f"employee {subject}")


def all_employee_pseudonyms(keys: SecretKeys, subject: str) -> tuple[str, ...]:
    """Return an employee's pseudonyms under the current key and then under earlier keys."""
    return employee_pseudonym(keys, subject), *former_pseudonyms(keys, f"employee {subject}")


def employee_person(
    settings: Settings,
    keys: SecretKeys,
    account_links: AccountLinkLookup,
    claims: LoginClaims,
    now: float,
) -> Person:
    """Return the person that a login's claims name; `now` is in seconds since 1970.

    Raises LoginNeededError if the login is too old, NotAllowedError if access is not allowed.
    """
    issued_at = claims.get("iat")
    if not isinstance(issued_at, int | float) or now - issued_at > settings.login_hours * 3600:
        raise LoginNeededError(expired=True)
    subject = _subject(settings, claims)
    badges = _badges(settings, keys, subject, claims)
    return Person(
        employee_pseudonym(keys, subject),
        roles_of(settings, claims),
        guest=False,
        customer=account_links.customer_of(badges),
        badge=badges[0],
        former_pseudonyms=former_pseudonyms(keys, f"employee {subject}"),
    )


def roles_of(settings: Settings, claims: LoginClaims) -> frozenset[UserRole]:
    """Return the roles of a login. Raises NotAllowedError if none of its groups may come in."""
    groups = _claimed_groups(settings, claims)
    if settings.employee_groups and groups.isdisjoint(settings.employee_groups):
        raise NotAllowedError(
            "Your login is not among those who may come in: ask whoever runs Brandswipe."
        )
    names = {_subject(settings, claims), *_verified_emails(settings, claims)}
    role_rules = {
        UserRole.PM: (settings.pm_groups, settings.pm_people),
        UserRole.DS: (settings.ds_groups, settings.ds_people),
    }
    granted = (
        role
        for role, (of_groups, people) in role_rules.items()
        if not groups.isdisjoint(of_groups) or not names.isdisjoint(_with_lowercase_emails(people))
    )
    return frozenset({UserRole.EMPLOYEE, *granted})


def check_login(settings: Settings) -> None:
    """Raise SettingsError unless the configured login can work."""
    if settings.login.is_real and find_spec("joserfc") is None:
        raise SettingsError(f"The login {settings.login} needs more packages: {AUTH_EXTRA}")
    if settings.login is Login.PROXY:
        from app.auth.jwt import proxy_keys

        for name in ("proxy_header", "proxy_issuer", "proxy_audience"):
            if not getattr(settings, name):
                raise SettingsError(f"The login `proxy` needs {name}: set it in brandswipe.toml.")
        proxy_keys(settings.proxy_key)
    if settings.login is Login.OIDC:
        _check_oidc()


def _check_oidc() -> None:
    from streamlit.auth_util import get_secrets_auth_section

    auth_section = get_secrets_auth_section()
    required = (
        "redirect_uri",
        "cookie_secret",
        "client_id",
        "client_secret",
        "server_metadata_url",
    )
    missing = [name for name in required if not auth_section.get(name)]
    if missing:
        raise SettingsError(
            f"The login `oidc` needs {', '.join(missing)}: set them under [auth] in "
            ".streamlit/secrets.toml."
        )
    if len(str(auth_section["cookie_secret"])) < MIN_KEY_LENGTH:
        raise SettingsError(
            f"cookie_secret in .streamlit/secrets.toml is shorter than {MIN_KEY_LENGTH} "
            "characters: "
            "set a longer one, made for instance with `openssl rand -hex 32`."
        )


def badge(keys: SecretKeys, subject: str) -> str:
    """Return an employee's key in the link table, an HMAC that the shop computes too."""
    return _link_digest(keys, f"employee {subject}")


def badge_of_email(keys: SecretKeys, address: str) -> str:
    """Return the link table's key for an e-mail address that the shop has verified."""
    return _link_digest(keys, f"email {address.strip().lower()}")


def _link_digest(keys: SecretKeys, message: str) -> str:
    return hmac.new(keys.link, message.encode(), sha256).hexdigest()


def _badges(settings: Settings, keys: SecretKeys, subject: str, claims: LoginClaims) -> list[str]:
    addresses = _verified_emails(settings, claims) if settings.shop_emails_verified else ()
    return [badge(keys, subject), *(badge_of_email(keys, address) for address in addresses)]


def _subject(settings: Settings, claims: LoginClaims) -> str:
    subject = claims.get(settings.subject_claim)
    if settings.subject_claim == "email":  # an unverified address could be anybody's
        subject = next(iter(_verified_emails(settings, claims)), None)
    if not isinstance(subject, str) or not subject:
        raise NotAllowedError(
            f"Your login says no {settings.subject_claim!r}: ask whoever runs Brandswipe to set "
            "`subject_claim`."
        )
    return subject


def _verified_emails(settings: Settings, claims: LoginClaims) -> tuple[str, ...]:
    """Return the login's e-mail address if it is verified or trusted, else nothing."""
    address, email_verified = claims.get("email"), claims.get("email_verified")
    verified = email_verified is True or (email_verified is None and settings.trust_emails)
    return (address.lower(),) if verified and isinstance(address, str) and address else ()


def _with_lowercase_emails(people: Collection[str]) -> set[str]:
    return {*people, *(one.lower() for one in people if "@" in one)}


def _claimed_groups(settings: Settings, claims: LoginClaims) -> set[str]:
    claim = _nested_claim(claims, settings.roles_claim)
    values = [claim] if isinstance(claim, str) else claim
    return {one for one in values if isinstance(one, str)} if isinstance(values, list) else set()


def _nested_claim(claims: Any, name: str) -> Any:
    """Return a claim by its name or dotted path (`realm_access.roles`), or None."""
    if not isinstance(claims, Mapping) or name in claims:
        return claims[name] if isinstance(claims, Mapping) else None
    parent, _, subpath = name.partition(".")
    return _nested_claim(claims.get(parent), subpath) if subpath else None
