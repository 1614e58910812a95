"""Deck tokens: signed permission for a page to post the swipes of one deck from one browser."""

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
    """Content of a deck token: a participant may answer a deck in one browser until it expires."""

    participant: str
    deck: str
    binding_digest: str  # HMAC of the guest cookie: the token must not contain the cookie itself
    expires_at: int  # seconds since 1970


def binding_of(headers: Mapping[str, str]) -> str:
    """Return the guest cookie in a request's headers, or "" if the browser keeps no cookie.

    A deck token is bound to this value when the page signs it and when the route reads it, so both
    must pass the headers that the browser sent. `headers` must ignore the case of names.
    """
    return guest_from_cookies(headers.get("cookie", "")) or ""


class DeckTokens:
    """Signs and verifies deck tokens.

    Tokens of a former signing key are accepted until that key is removed, so that open decks
    survive a key rotation.
    """

    def __init__(self, keys: SecretKeys, clock: Callable[[], float] = time.time) -> None:
        self._keys = (keys.signing, *keys.former_signing)
        self._signer = URLSafeTimedSerializer(
            [*reversed(self._keys)],  # itsdangerous signs with the last key
            salt="brandswipe.deck",
            signer_kwargs={"digest_method": sha256},
        )
        self._clock = clock

    def sign(self, participant: str, deck: str, binding: str, seconds: int = 2 * 3600) -> str:
        """Return a token that is valid for `seconds`, in the browser of this binding."""
        expires_at = int(self._clock()) + seconds
        digest = _binding_digest(self._keys[0], binding)
        return str(self._signer.dumps([participant, deck, digest, expires_at]))

    def read(self, token: str, binding: str) -> DeckTokenClaims:
        """Return the claims of a token.

        Raises TokenExpiredError for an expired token of this browser, and NotAllowedError for a
        token that is forged or that another browser sends.
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
