"""Who is here: one Person, from a guest's cookie or from what a login says and signs."""

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
    """What a person may see."""

    EMPLOYEE = "employee"
    PM = "pm"
    DS = "ds"


def pseudonym(keys: SecretKeys, subject: str) -> str:
    """Return the participant of a subject: HMAC-SHA256 under a key that is outside the store."""
    return _pseudonym(keys.pseudonym, subject)


def former_pseudonyms(keys: SecretKeys, subject: str) -> tuple[str, ...]:
    """Return what the subject was called under earlier keys, for whoever asks for her own rows."""
    return tuple(_pseudonym(key, subject) for key in keys.former_pseudonym)


def _pseudonym(key: bytes, subject: str) -> str:
    return hmac.new(key, subject.encode(), sha256).hexdigest()


def is_loopback(address: str | None) -> bool:
    """Return whether only this computer can reach the address. None means every address."""
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
    """Raise SettingsError unless a server of these settings may listen on the address.

    `address` is the one really in force (None: every address); `is_planted` says whether the
    workspace holds the demo's planted shop and nothing else.
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
    """Whoever sits at this browser, as the pages need to know her; nothing here is her name."""

    participant: str  # pseudonym
    roles: frozenset[UserRole]
    guest: bool  # nobody vouches for her
    customer: str | None = field(default=None, repr=False)  # of the shop account linked to her
    badge: str | None = field(default=None, repr=False)  # what the link table knows her by
    former_pseudonyms: tuple[
        str, ...
    ] = ()  # her pseudonyms under earlier keys: what is stored is still hers

    def has_any_role(self, roles: Collection[UserRole]) -> bool:
        """Whether one of these roles is hers."""
        return not self.roles.isdisjoint(roles)


class AccountLinkLookup(Protocol):
    """The link table."""

    def customer_of(self, badges: Iterable[str]) -> str | None:
        """Return the customer linked to the first badge that is linked."""


def guest_person(keys: SecretKeys, cookie_name: str, role: UserRole = UserRole.EMPLOYEE) -> Person:
    """Return somebody without a login, known by a cookie alone."""
    subject = f"guest {cookie_name}"
    return Person(
        pseudonym(keys, subject),
        frozenset({UserRole.EMPLOYEE, role}),
        guest=True,
        former_pseudonyms=former_pseudonyms(keys, subject),
    )


def employee_pseudonym(keys: SecretKeys, subject: str) -> str:
    """Return the pseudonym of whom the login calls by this name."""
    return pseudonym(keys, f"employee {subject}")


def all_employee_pseudonyms(keys: SecretKeys, subject: str) -> tuple[str, ...]:
    """Return her pseudonym and those under earlier keys: all under which rows of hers may be."""
    return employee_pseudonym(keys, subject), *former_pseudonyms(keys, f"employee {subject}")


def employee_person(
    settings: Settings,
    keys: SecretKeys,
    account_links: AccountLinkLookup,
    claims: LoginClaims,
    now: float,
) -> Person:
    """Return whom a login vouches for.

    Raises LoginNeededError where it is too old, NotAllowedError where she may not come in.
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
    """Return the roles of a login. Raises NotAllowedError for somebody who is not let in."""
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
    """Raise SettingsError unless the login that the settings name can work."""
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
    """Return what the link table knows an employee by: the shop computes the same."""
    return _link_digest(keys, f"employee {subject}")


def badge_of_email(keys: SecretKeys, address: str) -> str:
    """Return what the link table knows an address by, where the shop has verified it."""
    return _link_digest(keys, f"email {address.strip().lower()}")


def _link_digest(keys: SecretKeys, message: str) -> str:
    return hmac.new(keys.link, message.encode(), sha256).hexdigest()


def _badges(settings: Settings, keys: SecretKeys, subject: str, claims: LoginClaims) -> list[str]:
    addresses = _verified_emails(settings, claims) if settings.shop_emails_verified else ()
    return [badge(keys, subject), *(badge_of_email(keys, address) for address in addresses)]


def _subject(settings: Settings, claims: LoginClaims) -> str:
    subject = claims.get(settings.subject_claim)
    if settings.subject_claim == "email":  # an address counts only where somebody vouches for it
        subject = next(iter(_verified_emails(settings, claims)), None)
    if not isinstance(subject, str) or not subject:
        raise NotAllowedError(
            f"Your login says no {settings.subject_claim!r}: ask whoever runs Brandswipe to set "
            "`subject_claim`."
        )
    return subject


def _verified_emails(settings: Settings, claims: LoginClaims) -> tuple[str, ...]:
    """The e-mail address, if somebody vouches that it is hers."""
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
    """A claim by its name, or by the way to it: `realm_access.roles`."""
    if not isinstance(claims, Mapping) or name in claims:
        return claims[name] if isinstance(claims, Mapping) else None
    parent, _, subpath = name.partition(".")
    return _nested_claim(claims.get(parent), subpath) if subpath else None
