"""The proxy's signed header: what it vouches for, and everything that only looks like one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet, OctKey, OKPKey, RSAKey

from app.auth.jwt import verify_proxy_header
from app.workspace.settings import Login, Settings
from recsys.errors import LoginNeededError, NotAllowedError, SettingsError
from tests.support.signed_logins import AUDIENCE, ISSUER, NOW, PROXY_KEY, header, proxied

Make = Callable[[], Key]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return proxied(tmp_path)


def test_a_signed_header_says_who_asks(settings: Settings) -> None:
    said = verify_proxy_header(settings, header(sub="ann", roles=["pm"]), NOW, check_expiry=True)
    assert (said["sub"], said["roles"]) == ("ann", ["pm"])


def test_without_a_header_nobody_is_known(settings: Settings) -> None:
    for nothing in (None, ""):
        with pytest.raises(LoginNeededError, match="log in first"):
            verify_proxy_header(settings, nothing, NOW)


def unsigned() -> str:
    parts = header().split(".")
    return f"eyJhbGciOiJub25lIn0.{parts[1]}."


def signed_with_the_public_key() -> str:
    """The confusion of algorithms: what everybody may know used as a shared secret."""
    import hmac
    from base64 import urlsafe_b64encode
    from hashlib import sha256

    def packed(value: bytes) -> str:
        return urlsafe_b64encode(value).rstrip(b"=").decode()

    body = f"{packed(json.dumps({'alg': 'HS256'}).encode())}.{header().split('.')[1]}"
    secret = PROXY_KEY.as_pem(private=False)
    return f"{body}.{packed(hmac.new(secret, body.encode(), sha256).digest())}"


FORGED = {
    "another key": lambda: header(RSAKey.generate_key(2048)),
    "no signature": unsigned,
    "the public key as a secret": signed_with_the_public_key,
    "another audience": lambda: header(aud="other"),
    "no audience": lambda: header(aud=None),
    "another issuer": lambda: header(iss="https://evil.example"),
    "no issuer": lambda: header(iss=None),
    "no subject": lambda: header(sub=None),
    "no expiry": lambda: header(exp=None),
    "no time": lambda: header(iat=None),
    "a time to come": lambda: header(iat=NOW + 3600, exp=NOW + 7200),
    "not valid yet": lambda: header(nbf=NOW + 3600),
    "edited": lambda: header()[:-6] + "AAAAAA",
    "a word": lambda: "ann",
    "no text": lambda: "é.é.é",
    "no claims": lambda: ".".join([header().split(".")[0], "W10", header().split(".")[2]]),
}


@pytest.mark.parametrize("how", FORGED)
def test_what_only_looks_like_a_header_is_refused(settings: Settings, how: str) -> None:
    with pytest.raises(NotAllowedError, match="company's login") as refused:
        verify_proxy_header(settings, FORGED[how](), NOW, check_expiry=True)
    assert not isinstance(refused.value, LoginNeededError)


def test_an_expired_header_is_refused_at_the_door_and_keeps_an_open_page(
    settings: Settings,
) -> None:
    old = header(iat=NOW - 900, exp=NOW - 300)
    with pytest.raises(LoginNeededError, match="log in again"):
        verify_proxy_header(settings, old, NOW, check_expiry=True)
    assert verify_proxy_header(settings, old, NOW)["sub"] == "ann"


KINDS: dict[str, tuple[Make, str]] = {
    "RSA": (lambda: RSAKey.generate_key(2048), "RS256"),
    "RSA-PSS": (lambda: RSAKey.generate_key(2048), "PS256"),
    "EC": (lambda: ECKey.generate_key("P-256"), "ES256"),
    "OKP": (lambda: OKPKey.generate_key("Ed25519"), "Ed25519"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["PEM", "JWK", "JWKS"])
def test_keys_come_in_the_usual_kinds_and_forms(tmp_path: Path, kind: str, form: str) -> None:
    make, algorithm = KINDS[kind]
    key = make()
    key.ensure_kid()
    form_of: dict[str, Callable[[], bytes]] = {
        "PEM": lambda: key.as_pem(private=False),
        "JWK": lambda: json.dumps(key.as_dict(private=False)).encode(),
        "JWKS": lambda: json.dumps(KeySet([key, RSAKey.generate_key(2048)]).as_dict()).encode(),
    }
    settings = proxied(tmp_path, form_of[form]())
    assert (
        verify_proxy_header(settings, header(key, algorithm, key.kid), NOW, check_expiry=True)[
            "sub"
        ]
        == "ann"
    )
    with pytest.raises(NotAllowedError):
        verify_proxy_header(settings, header(make(), algorithm, key.kid), NOW, check_expiry=True)


def test_a_shared_key_is_long_enough_or_not_taken(tmp_path: Path) -> None:
    long, short = OctKey.generate_key(256), OctKey.generate_key(128)
    settings = proxied(tmp_path, json.dumps(long.as_dict(private=True)).encode())
    assert verify_proxy_header(settings, header(long, "HS256"), NOW)["sub"] == "ann"
    with pytest.raises(SettingsError, match="cannot be used"):
        verify_proxy_header(
            proxied(tmp_path / "b", json.dumps(short.as_dict(private=True)).encode()), "x", 1
        )


def test_a_key_that_is_changed_holds_at_once(settings: Settings) -> None:
    import os

    other = RSAKey.generate_key(2048)
    assert verify_proxy_header(settings, header(), NOW)
    assert settings.proxy_key
    settings.proxy_key.write_bytes(other.as_pem(private=False))
    os.utime(settings.proxy_key, (1, 1))
    assert verify_proxy_header(settings, header(other), NOW)
    with pytest.raises(NotAllowedError):
        verify_proxy_header(settings, header(), NOW)


@pytest.mark.parametrize("text", [b"", b"no key", b"{", b'{"keys": []}', b"-----BEGIN X-----"])
def test_a_file_without_a_key_is_said(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(SettingsError, match="set `proxy_key`"):
        verify_proxy_header(proxied(tmp_path, text), header(), NOW)


def test_a_missing_key_is_said(tmp_path: Path) -> None:
    said: list[dict[str, Any]] = [{}, {"proxy_key": tmp_path / "nowhere"}]
    for key in said:
        bare = Settings(login=Login.PROXY, proxy_issuer=ISSUER, proxy_audience=AUDIENCE, **key)
        with pytest.raises(SettingsError, match="set `proxy_key`"):
            verify_proxy_header(bare, header(), NOW)


def test_the_header_of_the_tests_is_one_that_a_library_reads() -> None:
    assert jwt.decode(header(), PROXY_KEY, algorithms=["RS256"]).claims["iss"] == ISSUER
