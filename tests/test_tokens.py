"""A deck token says what was signed, for a while, and to nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.phones import Pairing
from app.settings import Keys
from app.tokens import Claim, DeckTokens
from recsys.errors import NotAllowedError, TokenExpiredError

KEYS = Keys(b"s" * 32, b"p" * 32)
OTHER = Keys(b"t" * 32, b"q" * 32)


@given(st.text(), st.text())
def test_a_deck_token_says_what_was_signed(participant: str, deck: str) -> None:
    tokens = DeckTokens(KEYS, clock=lambda: 1000.9)
    assert tokens.read(tokens.sign(participant, deck, 60)) == Claim(participant, deck, 1060)


def test_an_expired_token_is_told_from_a_forged_one() -> None:
    now = [1000.0]
    tokens = DeckTokens(KEYS, clock=lambda: now[0])
    token = tokens.sign("p", "d", 60)
    now[0] = 1059.9
    assert tokens.read(token).deck == "d"
    now[0] = 1060
    with pytest.raises(TokenExpiredError, match="reload the page"):
        tokens.read(token)


def test_a_forged_edited_or_foreign_token_is_refused() -> None:
    token = DeckTokens(KEYS).sign("p", "d")
    body, rest = token.split(".", 1)
    cookie = Pairing(KEYS)
    door = cookie.redeem(cookie.code)
    forged = [
        "",
        "x",
        token[:-1],
        f"{body[:-1]}A.{rest}",
        "é",
        DeckTokens(OTHER).sign("p", "d"),
        door,
    ]
    for bad in forged:
        with pytest.raises(NotAllowedError, match="not valid"):
            DeckTokens(KEYS).read(bad or "")
