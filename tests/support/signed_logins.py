"""Logins for tests: settings of a proxy, and headers that it signs, or somebody else does."""

from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import Key, RSAKey

from app.workspace.settings import Login, Settings

ISSUER, AUDIENCE, HEADER = "https://login.shop.example", "brandswipe", "X-Login"
NOW = 1_800_000_000.0
PROXY_KEY = RSAKey.generate_key(2048)


def proxied(folder: Path, key: bytes | None = None, **more: Any) -> Settings:
    """Settings of a server behind a proxy; the key lies in the folder."""
    folder.mkdir(exist_ok=True)
    file = folder / "proxy.key"
    file.write_bytes(PROXY_KEY.as_pem(private=False) if key is None else key)
    said: dict[str, Any] = {
        "workspace": folder / "ws", "login": Login.PROXY, "proxy_header": HEADER,
        "proxy_key": file, "proxy_issuer": ISSUER, "proxy_audience": AUDIENCE,
        "roles_claim": "roles",
    }  # fmt: skip
    return Settings(**said | more)


def claims(now: float = NOW, **more: object) -> dict[str, Any]:
    """What a proxy says of Ann; None takes a claim out."""
    said = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "email": "ann@shop.example",
        "iat": int(now), "exp": int(now) + 600,
    }  # fmt: skip
    return {name: value for name, value in (said | more).items() if value is not None}


def header(
    key: Key = PROXY_KEY,
    algorithm: str = "RS256",
    kid: str | None = None,
    now: float = NOW,
    **more: object,
) -> str:
    """The header that a proxy signs."""
    head = {"alg": algorithm} | ({"kid": kid} if kid else {})
    return jwt.encode(head, claims(now, **more), key, algorithms=[algorithm])
