"""Verification of two JSON Web Tokens (RFC 7519).

They are the header of the login proxy, and the signed statement of the shop's account page.
joserfc checks the signatures; the extra `auth` installs it.
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

JwtClaims = Mapping[str, Any]
MIN_SHARED_KEY_BYTES = 32  # for a symmetric key, which both signs and verifies
LEEWAY_SECONDS = 60  # tolerated difference between two clocks
SHOP_TOKEN_SECONDS = 600  # longest validity of the signed statement of the shop's account page
SHOP_ISSUER, SHOP_AUDIENCE = "shop", "brandswipe"  # claims iss and aud of that signed statement
_ALGORITHMS_BY_KEY_TYPE = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("Ed25519", "EdDSA"),
    "oct": ("HS256", "HS384", "HS512"),
}
_JWT_ERRORS = (JoseError, ValueError, TypeError, KeyError)


def verify_proxy_header(
    settings: Settings, header: str | None, now: float, check_expiry: bool = False
) -> JwtClaims:
    """Return the claims about the user in the proxy's header; `now` is in seconds since 1970.

    Set `check_expiry` for every request. An open page keeps the header that it was loaded with and
    must stay open when this header expires. Raises LoginNeededError if the header is missing or
    expired, NotAllowedError if its key, issuer or audience is wrong.
    """
    if not header:
        raise LoginNeededError
    keys = proxy_keys(settings.proxy_key)
    rules = _claim_rules(settings.proxy_issuer, settings.proxy_audience)
    try:
        claims = jwt.decode(header, keys, algorithms=_algorithms(keys)).claims
        if check_expiry:
            jwt.JWTClaimsRegistry(now=int(now), leeway=LEEWAY_SECONDS, **rules).validate(claims)
        else:
            jwt.BaseClaimsRegistry(**rules).validate(claims)
    except ExpiredTokenError:
        raise LoginNeededError(expired=True) from None
    except _JWT_ERRORS:
        raise NotAllowedError(
            "The login's header is not valid: open this page through your company's login."
        ) from None
    return claims


def verify_shop_token(link_key: bytes, token: str, now: float) -> tuple[str, str]:
    """Return the customer and the nonce in the signed statement of the shop's account page.

    `now` is in seconds since 1970. Raises NotAllowedError if the signed statement is forged,
    edited or not made in the last ten minutes.
    """
    try:
        claims = jwt.decode(token, OctKey.import_key(link_key), algorithms=["HS256"]).claims
        rules = _claim_rules(SHOP_ISSUER, SHOP_AUDIENCE)
        jwt.JWTClaimsRegistry(now=int(now), leeway=LEEWAY_SECONDS, **rules).validate(claims)
        customer, nonce = claims["sub"], claims["nonce"]
        if not (isinstance(customer, str) and isinstance(nonce, str) and customer and nonce):
            raise ValueError
        if claims["exp"] - claims["iat"] > SHOP_TOKEN_SECONDS:
            raise ValueError
    except _JWT_ERRORS:
        raise NotAllowedError(
            "The shop's note is not valid, or older than ten minutes: link your account again."
        ) from None
    return customer, nonce


def proxy_keys(path: Path | None) -> Key | KeySet:
    """Return the key or keys of a PEM, JWK or JWKS file, which is read again after a change.

    Raises SettingsError if the file has no key that can verify a signature.
    """
    if path is None:
        raise SettingsError("The login `proxy` needs a key: set `proxy_key` to its file.")
    try:
        return _load_keys(path, path.stat().st_mtime_ns)
    except (OSError, *_JWT_ERRORS):
        raise SettingsError(
            f"The key of the proxy in {path} cannot be used: set `proxy_key` to a readable file "
            "of PEM, JWK or JWKS."
        ) from None


@lru_cache(4)
def _load_keys(path: Path, mtime_ns: int) -> Key | KeySet:
    del mtime_ns  # only part of the cache key
    text = path.read_bytes()
    if not text.lstrip().startswith(b"{"):
        return _import_pem(text)
    jwk = json.loads(text)
    keys = KeySet.import_key_set(jwk) if "keys" in jwk else import_key(jwk)
    _algorithms(keys)
    return keys


def _import_pem(text: bytes) -> Key:
    for key_class in (RSAKey, ECKey, OKPKey):
        try:
            return key_class.import_key(text)
        except _JWT_ERRORS:
            continue
    raise ValueError("no key")


def _algorithms(key_or_set: Key | KeySet) -> list[str]:
    """Return the algorithms that the keys' types allow. The token never chooses its algorithm."""
    keys = key_or_set.keys if isinstance(key_or_set, KeySet) else [key_or_set]
    for key in keys:
        if isinstance(key, OctKey) and len(key.raw_value) < MIN_SHARED_KEY_BYTES:
            raise ValueError("too short a key")
    return [name for key in keys for name in _ALGORITHMS_BY_KEY_TYPE[key.key_type]]


def _claim_rules(issuer: str, audience: str) -> dict[str, Any]:
    required = {name: {"essential": True} for name in ("sub", "iat", "exp")}
    expected = {"iss": issuer, "aud": audience}
    return required | {
        name: {"essential": True, "value": value} for name, value in expected.items()
    }
