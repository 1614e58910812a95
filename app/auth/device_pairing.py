"""Pairing of phones with a shared demo: a one-time code is exchanged for a signed cookie."""

import hmac
import secrets
import socket
import threading
from hashlib import sha256

from itsdangerous import BadData, URLSafeTimedSerializer

from app.workspace.keys import SecretKeys

PAIRING_COOKIE = "brandswipe_pair"
PAIRING_SECONDS = 12 * 3600
_CODE_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no characters that look alike
_CODE_LENGTH = 10  # about 50 bits: cannot be guessed while a demo lasts


class DevicePairing:
    """Pairs phones by a one-time code. One code is valid at a time and pairs one phone."""

    def __init__(self, keys: SecretKeys) -> None:
        self._signer = URLSafeTimedSerializer(
            [*reversed(keys.former_signing), keys.signing],  # itsdangerous signs with the last key
            salt="brandswipe.pair",
            signer_kwargs={"digest_method": sha256},
        )
        self._lock = threading.Lock()
        self._code = _new_code()

    @property
    def code(self) -> str:
        """The code for the next phone."""
        return self._code

    def redeem(self, code: str) -> str | None:
        """Return a cookie value and replace the code, or return None for a wrong code."""
        with self._lock:
            if not hmac.compare_digest(code.encode(), self._code.encode()):
                return None
            self._code = _new_code()
        return str(self._signer.dumps(secrets.token_hex(8)))

    def accepts(self, cookie: str) -> bool:
        """Return whether a cookie value has our signature and is at most twelve hours old."""
        try:
            self._signer.loads(cookie, max_age=PAIRING_SECONDS)
        except BadData:
            return False
        return True


def local_address() -> str | None:
    """Return this computer's address on the local network, or None if it has none.

    Connecting a datagram socket sends nothing: it only makes the system choose a route.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # reserved for documentation (RFC 5737)
            address = str(probe.getsockname()[0])
        except OSError:
            return None
    return None if address.startswith(("127.", "0.")) else address


def _new_code() -> str:
    return "".join(secrets.choice(_CODE_ALPHABET) for _ in range(_CODE_LENGTH))
