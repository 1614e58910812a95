"""Who plays: role, pseudonym, deck token; and where a server without a login may listen."""

import hmac
import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from itsdangerous import BadData, URLSafeTimedSerializer

from app.settings import Keys, Settings
from recsys.errors import NotAllowedError, SettingsError, TokenExpiredError


class Role(StrEnum):
    """What a person may see."""

    EMPLOYEE = "employee"
    PM = "pm"
    DS = "ds"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a deck token says: this participant may answer this deck until then."""

    participant: str
    deck: str
    expires: int  # seconds since 1970


def pseudonym(keys: Keys, subject: str) -> str:
    """Return the participant of a subject: HMAC-SHA256 under a key that is outside the store."""
    return hmac.new(keys.pseudonym, subject.encode(), sha256).hexdigest()


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
    if is_loopback(address) or settings.share:
        return
    raise SettingsError(
        f"Without a login the server listens on this computer alone, not on "
        f"{address or 'every address'}: start it with `brandswipe serve`, set "
        "--server.address 127.0.0.1, or share the planted demo with `brandswipe demo --share`."
    )


class DeckTokens:
    """Signs and reads deck tokens. They name participant, deck and expiry, and nothing else."""

    def __init__(self, keys: Keys, clock: Callable[[], float] = time.time) -> None:
        self._signer = URLSafeTimedSerializer(
            keys.signing, salt="brandswipe.deck", signer_kwargs={"digest_method": sha256}
        )
        self._clock = clock

    def sign(self, participant: str, deck: str, seconds: int = 2 * 3600) -> str:
        """Return a token that holds for so many seconds."""
        return str(self._signer.dumps([participant, deck, int(self._clock()) + seconds]))

    def read(self, token: str) -> Claim:
        """Return what a token says.

        Raises TokenExpiredError for one that was ours, NotAllowedError for any other.
        """
        try:
            claim = Claim(*self._signer.loads(token))
        except (BadData, TypeError):
            raise NotAllowedError(
                "This page's pass is not valid: reload the page; no answer is lost."
            ) from None
        if claim.expires <= self._clock():
            raise TokenExpiredError(
                "This page's pass has expired: reload the page; no answer is lost."
            )
        return claim
