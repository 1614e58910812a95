"""Phones on a shared demo: a one-time code opens the door, a signed cookie keeps it open."""

import hmac
import secrets
import socket
import threading
from hashlib import sha256

from itsdangerous import BadData, URLSafeTimedSerializer

from app.workspace.keys import SecretKeys

PAIRING_COOKIE = "brandswipe_pair"
PAIRING_SECONDS = 12 * 3600
_CODE_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is mistaken for another
_CODE_LENGTH = 10  # about 50 bits: not to be guessed while a demo lasts


class DevicePairing:
    """One code at a time; a code is worth one phone."""

    def __init__(self, keys: SecretKeys) -> None:
        self._signer = URLSafeTimedSerializer(
            [*reversed(keys.former_signing), keys.signing],  # the last one signs
            salt="brandswipe.pair",
            signer_kwargs={"digest_method": sha256},
        )
        self._lock = threading.Lock()
        self._code = _new_code()

    @property
    def code(self) -> str:
        """The code that the next phone needs."""
        return self._code

    def redeem(self, code: str) -> str | None:
        """Return a cookie's value for the right code, which is then spent; None for another."""
        with self._lock:
            if not hmac.compare_digest(code.encode(), self._code.encode()):
                return None
            self._code = _new_code()
        return str(self._signer.dumps(secrets.token_hex(8)))

    def accepts(self, cookie: str) -> bool:
        """Return whether a cookie is one of ours, and not older than twelve hours."""
        try:
            self._signer.loads(cookie, max_age=PAIRING_SECONDS)
        except BadData:
            return False
        return True


def local_address() -> str | None:
    """Return this computer's address on the local network, or None where it is on none.

    A datagram socket that is connected sends nothing: the system only chooses the road.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address that nobody has (RFC 5737)
            address = str(probe.getsockname()[0])
        except OSError:
            return None
    return None if address.startswith(("127.", "0.")) else address


def _new_code() -> str:
    return "".join(secrets.choice(_CODE_ALPHABET) for _ in range(_CODE_LENGTH))
