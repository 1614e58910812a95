"""A deck token says what was signed, for a while, and to nobody else."""

from base64 import urlsafe_b64decode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeTimedSerializer
from starlette.datastructures import Headers

from app.auth.deck_tokens import DeckTokenClaims, DeckTokens, binding_of
from app.auth.device_pairing import DevicePairing
from app.workspace.keys import SecretKeys
from recsys.errors import NotAllowedError, TokenExpiredError

KEYS = SecretKeys(b"s" * 32, b"p" * 32)
OTHER = SecretKeys(b"t" * 32, b"q" * 32)


@given(st.text(), st.text(), st.text())
def test_a_deck_token_says_what_was_signed(participant: str, deck: str, binding: str) -> None:
    tokens = DeckTokens(KEYS, clock=lambda: 1000.9)
    claim = tokens.read(tokens.sign(participant, deck, binding, 60), binding)
    assert claim == DeckTokenClaims(participant, deck, claim.binding_digest, 1060)


def test_an_expired_token_is_told_from_a_forged_one() -> None:
    now = [1000.0]
    tokens = DeckTokens(KEYS, clock=lambda: now[0])
    token = tokens.sign("p", "d", "", 60)
    now[0] = 1059.9
    assert tokens.read(token, "").deck == "d"
    now[0] = 1060
    with pytest.raises(TokenExpiredError, match="reload the page"):
        tokens.read(token, "")


def test_a_forged_edited_or_foreign_token_is_refused() -> None:
    token = DeckTokens(KEYS).sign("p", "d", "")
    body, rest = token.split(".", 1)
    cookie = DevicePairing(KEYS)
    door = cookie.redeem(cookie.code)
    forged = [
        "",
        "x",
        token[:-1],
        f"{body[:-1]}A.{rest}",
        "é",
        DeckTokens(OTHER).sign("p", "d", ""),
        door,
    ]
    for bad in forged:
        with pytest.raises(NotAllowedError, match="not valid"):
            DeckTokens(KEYS).read(bad or "", "")


def test_a_token_is_worth_nothing_with_another_login_or_without_one() -> None:
    tokens = DeckTokens(KEYS)
    token = tokens.sign("p", "d", "ann")
    assert tokens.read(token, "ann").participant == "p"
    for other in ("", "bob", "ann "):
        with pytest.raises(NotAllowedError, match="not valid here"):
            tokens.read(token, other)
    with pytest.raises(NotAllowedError, match="not valid here"):
        tokens.read(tokens.sign("p", "d", ""), "ann")


def test_a_token_that_is_stolen_after_its_time_does_not_say_that_it_was_good() -> None:
    tokens = DeckTokens(KEYS)
    with pytest.raises(NotAllowedError) as refused:
        tokens.read(tokens.sign("p", "d", "ann", -1), "bob")
    assert not isinstance(refused.value, TokenExpiredError)


def test_a_token_of_an_older_kind_asks_for_a_reload() -> None:
    older = URLSafeTimedSerializer(
        KEYS.signing, salt="brandswipe.deck", signer_kwargs={"digest_method": sha256}
    )
    with pytest.raises(NotAllowedError, match="reload the page"):
        DeckTokens(KEYS).read(str(older.dumps(["p", "d", 2_000_000_000])), "")


def test_a_token_shows_neither_login_nor_cookie_to_who_opens_it() -> None:
    guest = "abcdefghijklmnopqrstuv"
    token = DeckTokens(KEYS).sign("p", "d", guest)
    body = token.split(".")[0]
    assert guest not in urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()


def test_the_login_of_a_request_is_the_guest_in_its_cookie() -> None:
    guest = "abcdefghijklmnopqrstuv"
    assert binding_of(Headers({"Cookie": f"a=b; brandswipe_guest={guest}"})) == guest
    assert binding_of(Headers({"Cookie": "brandswipe_guest=short"})) == ""
    assert binding_of(Headers({})) == ""
