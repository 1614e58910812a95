"""Deck tokens: a page's pass to the route of swipes."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from itsdangerous import BadData, URLSafeTimedSerializer

from app.settings import Keys
from recsys.errors import NotAllowedError, TokenExpiredError


@dataclass(frozen=True, slots=True)
class Claim:
    """What a deck token says: this participant may answer this deck until then."""

    participant: str
    deck: str
    expires: int  # seconds since 1970


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
