"""Who plays: role and pseudonym; and where a server without a login may listen."""

import hmac
import ipaddress
from enum import StrEnum
from hashlib import sha256

from app.keyring import Keys
from app.settings import Settings
from recsys.errors import SettingsError


class Role(StrEnum):
    """What a person may see."""

    EMPLOYEE = "employee"
    PM = "pm"
    DS = "ds"


def pseudonym(keys: Keys, subject: str) -> str:
    """Return the participant of a subject: HMAC-SHA256 under a key that is outside the store."""
    return _pseudonym(keys.pseudonym, subject)


def former_pseudonyms(keys: Keys, subject: str) -> tuple[str, ...]:
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
        found = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def check_address(settings: Settings, address: str | None, planted: bool) -> None:
    """Raise SettingsError unless a server of these settings may listen on the address.

    `address` is the one really in force (None: every address); `planted` says whether the
    workspace holds the demo's planted shop and nothing else.
    """
    if settings.share and not planted:
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
