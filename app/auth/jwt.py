"""What others say and sign about who plays: the proxy's header, and the shop's account page.

Both are JSON Web Tokens (RFC 7519); joserfc, which the extra `auth` brings, checks signatures.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import ECKey, Key, KeySet, OctKey, OKPKey, RSAKey, import_key

from app.workspace.settings import Settings
from recsys.errors import LoginNeededError, NotAllowedError, SettingsError

Claims = Mapping[str, Any]
LEAST_SHARED = 32  # bytes of a key that signs and checks
LEEWAY = 60  # seconds that two clocks may differ by
LINK_SECONDS = 600
SHOP, HERE = "shop", "brandswipe"  # issuer and audience of the account page's statement
_OF_KEY = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("Ed25519", "EdDSA"),
    "oct": ("HS256", "HS384", "HS512"),
}
_FAILED = (JoseError, ValueError, TypeError, KeyError)


def of_proxy(settings: Settings, header: str | None, now: float, at_door: bool = False) -> Claims:
    """Return what the proxy says of who asks.

    A header is as old as the page it came with: its expiry is asked `at_door`, of every request,
    and a page that is open stays open. Raises LoginNeededError without a header and with an expired
    one, NotAllowedError for any other that the key, the issuer or the audience does not fit.
    """
    if not header:
        raise LoginNeededError
    found = proxy_keys(settings.proxy_key)
    rules = _rules(settings.proxy_issuer, settings.proxy_audience)
    try:
        said = jwt.decode(header, found, algorithms=_algorithms(found)).claims
        if at_door:
            jwt.JWTClaimsRegistry(now=int(now), leeway=LEEWAY, **rules).validate(said)
        else:
            jwt.BaseClaimsRegistry(**rules).validate(said)
    except ExpiredTokenError:
        raise LoginNeededError(expired=True) from None
    except _FAILED:
        raise NotAllowedError(
            "The login's header is not valid: open this page through your company's login."
        ) from None
    return said


def of_shop(link_key: bytes, token: str, now: float) -> tuple[str, str]:
    """Return customer and nonce of a statement that the shop's account page has signed.

    Raises NotAllowedError for one that is forged, edited, or not made in the last ten minutes.
    """
    try:
        said = jwt.decode(token, OctKey.import_key(link_key), algorithms=["HS256"]).claims
        rules = _rules(SHOP, HERE)
        jwt.JWTClaimsRegistry(now=int(now), leeway=LEEWAY, **rules).validate(said)
        customer, nonce = said["sub"], said["nonce"]
        if not (isinstance(customer, str) and isinstance(nonce, str) and customer and nonce):
            raise ValueError
        if said["exp"] - said["iat"] > LINK_SECONDS:
            raise ValueError
    except _FAILED:
        raise NotAllowedError(
            "The shop's note is not valid, or older than ten minutes: link your account again."
        ) from None
    return customer, nonce


def proxy_keys(path: Path | None) -> Key | KeySet:
    """Return what is in a file of PEM, JWK or JWKS; read again where it changed.

    Raises SettingsError where there is nothing that a signature can be checked with.
    """
    if path is None:
        raise SettingsError("The login `proxy` needs a key: set `proxy_key` to its file.")
    try:
        return _keys(path, path.stat().st_mtime_ns)
    except (OSError, *_FAILED):
        raise SettingsError(
            f"The key of the proxy in {path} cannot be used: set `proxy_key` to a readable file "
            "of PEM, JWK or JWKS."
        ) from None


@lru_cache(4)
def _keys(path: Path, changed: int) -> Key | KeySet:
    del changed  # a part of the key of the cache alone
    text = path.read_bytes()
    if not text.lstrip().startswith(b"{"):
        return _pem(text)
    said = json.loads(text)
    found = KeySet.import_key_set(said) if "keys" in said else import_key(said)
    _algorithms(found)
    return found


def _pem(text: bytes) -> Key:
    for kind in (RSAKey, ECKey, OKPKey):
        try:
            return kind.import_key(text)
        except _FAILED:
            continue
    raise ValueError("no key")


def _algorithms(found: Key | KeySet) -> list[str]:
    """The kind of the key says which algorithms there are, never the token."""
    keys = found.keys if isinstance(found, KeySet) else [found]
    for key in keys:
        if isinstance(key, OctKey) and len(key.raw_value) < LEAST_SHARED:
            raise ValueError("too short a key")
    return [name for key in keys for name in _OF_KEY[key.key_type]]


def _rules(issuer: str, audience: str) -> dict[str, Any]:
    named = {name: {"essential": True} for name in ("sub", "iat", "exp")}
    expected = {"iss": issuer, "aud": audience}
    return named | {name: {"essential": True, "value": value} for name, value in expected.items()}
