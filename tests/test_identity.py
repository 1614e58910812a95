"""Who plays: pseudonyms, roles, and where a server may listen."""

import pytest

from app.identity import (
    check_address,
    is_loopback,
    pseudonym,
)
from app.phones import Pairing
from app.settings import Keys, Login, Settings
from app.tokens import DeckTokens
from recsys.errors import SettingsError

KEYS = Keys(b"s" * 32, b"p" * 32)
OTHER = Keys(b"t" * 32, b"q" * 32)


def test_a_pseudonym_is_the_same_for_ever_and_says_nothing_without_the_key() -> None:
    assert pseudonym(KEYS, "ann@shop.nl") == pseudonym(KEYS, "ann@shop.nl")
    assert pseudonym(KEYS, "ann@shop.nl") != pseudonym(OTHER, "ann@shop.nl")
    assert pseudonym(KEYS, "ann@shop.nl") != pseudonym(KEYS, "bob@shop.nl")
    assert "ann" not in pseudonym(KEYS, "ann@shop.nl")


def test_the_pseudonym_key_alone_makes_pseudonyms() -> None:
    assert pseudonym(Keys(b"x" * 32, KEYS.pseudonym), "ann") == pseudonym(KEYS, "ann")


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.8.0.1", "localhost", "::1", "[::1]", "::ffff:127.0.0.1"]
)
def test_loopback_is_known_in_every_spelling(address: str) -> None:
    assert is_loopback(address)
    check_address(Settings(), address, planted=False)


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "0.0.0.0",
        "::",
        "192.168.1.7",
        "10.0.0.1",
        "shop.example",
        "localhost.evil.example",
    ],
)
def test_any_other_address_without_a_login_is_refused(address: str | None) -> None:
    for login in Login:
        with pytest.raises(SettingsError, match="brandswipe serve"):
            check_address(Settings(login=login), address, planted=True)


def test_only_the_planted_demo_is_shared() -> None:
    check_address(Settings(share=True), "0.0.0.0", planted=True)
    for address in ("0.0.0.0", "127.0.0.1"):
        with pytest.raises(SettingsError, match="Only the planted demo"):
            check_address(Settings(share=True), address, planted=False)


def test_a_pairing_code_is_worth_one_phone() -> None:
    door = Pairing(KEYS)
    code = door.code
    assert door.redeem("wrong") is None
    assert door.code == code
    cookie = door.redeem(code)
    assert cookie is not None
    assert door.admits(cookie)
    assert door.code != code
    assert door.redeem(code) is None


def test_a_cookie_that_is_not_ours_opens_nothing() -> None:
    other = Pairing(OTHER)
    foreign = other.redeem(other.code)
    for cookie in ("", "x", foreign or "", DeckTokens(KEYS).sign("p", "d", "")):
        assert not Pairing(KEYS).admits(cookie)
