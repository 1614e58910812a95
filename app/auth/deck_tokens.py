"""Deck tokens: a page's pass to the route of swipes, worth nothing in another browser."""

import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from itsdangerous import BadData, URLSafeTimedSerializer

from app.auth.guest_cookie import guest_from_cookies
from app.workspace.keys import SecretKeys
from recsys.errors import NotAllowedError, TokenExpiredError


@dataclass(frozen=True, slots=True)
class DeckTokenClaims:
    """What a deck token says: this participant may answer this deck, here, until then."""

    participant: str
    deck: str
    binding_digest: str  # a digest of the login that the page had: a token is no place for a cookie
    expires_at: int  # seconds since 1970


def binding_of(headers: Mapping[str, str]) -> str:
    """Return the login that a request's headers carry, and "" where the browser keeps no cookie.

    The page signs with it and the route reads with it, so both must be given what the browser
    itself sent. Names of `headers` are found in any case.
    """
    return guest_from_cookies(headers.get("cookie", "")) or ""


class DeckTokens:
    """Signs and reads deck tokens. They name participant, deck, expiry and a digest of a login.

    What an earlier key signed is read until that key is taken away, so that a new key costs no open
    deck its page.
    """

    def __init__(self, keys: SecretKeys, clock: Callable[[], float] = time.time) -> None:
        self._keys = (keys.signing, *keys.former_signing)
        self._signer = URLSafeTimedSerializer(
            [*reversed(self._keys)],  # the last one signs
            salt="brandswipe.deck",
            signer_kwargs={"digest_method": sha256},
        )
        self._clock = clock

    def sign(self, participant: str, deck: str, binding: str, seconds: int = 2 * 3600) -> str:
        """Return a token that holds for so many seconds, for the login of that binding."""
        expires_at = int(self._clock()) + seconds
        digest = _binding_digest(self._keys[0], binding)
        return str(self._signer.dumps([participant, deck, digest, expires_at]))

    def read(self, token: str, binding: str) -> DeckTokenClaims:
        """Return what a token says.

        Raises TokenExpiredError for one that was ours, NotAllowedError for any other and for one
        that another login brings.
        """
        try:
            claim = DeckTokenClaims(*self._signer.loads(token))
        except (BadData, TypeError):
            claim = None
        if claim is None or not self._is_bound(claim, binding):
            raise NotAllowedError(
                "This page's pass is not valid here: reload the page; no answer is lost."
            )
        if claim.expires_at <= self._clock():
            raise TokenExpiredError(
                "This page's pass has expired: reload the page; no answer is lost."
            )
        return claim

    def _is_bound(self, claim: DeckTokenClaims, binding: str) -> bool:
        return any(
            hmac.compare_digest(claim.binding_digest, _binding_digest(key, binding))
            for key in self._keys
        )


def _binding_digest(key: bytes, binding: str) -> str:
    message = f"brandswipe.binding {binding}".encode()
    return hmac.new(key, message, sha256).hexdigest()[:32]
