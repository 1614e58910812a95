"""Who plays: pseudonyms, roles, and where a server may listen."""

import hmac
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from app.auth.deck_tokens import DeckTokens
from app.auth.device_pairing import DevicePairing
from app.auth.identity import (
    Person,
    UserRole,
    badge,
    badge_of_email,
    check_listen_address,
    check_login,
    employee_person,
    guest_person,
    is_loopback,
    pseudonym,
)
from app.workspace.keys import SecretKeys
from app.workspace.settings import SETTING_NAMES, Login, Settings
from recsys.errors import LoginNeededError, NotAllowedError, SettingsError
from tests.support.signed_logins import NOW, claims, proxied

KEYS = SecretKeys(b"s" * 32, b"p" * 32)
OTHER = SecretKeys(b"t" * 32, b"q" * 32)


def test_a_pseudonym_is_the_same_for_ever_and_says_nothing_without_the_key() -> None:
    assert pseudonym(KEYS, "ann@shop.nl") == pseudonym(KEYS, "ann@shop.nl")
    assert pseudonym(KEYS, "ann@shop.nl") != pseudonym(OTHER, "ann@shop.nl")
    assert pseudonym(KEYS, "ann@shop.nl") != pseudonym(KEYS, "bob@shop.nl")
    assert "ann" not in pseudonym(KEYS, "ann@shop.nl")


def test_the_pseudonym_key_alone_makes_pseudonyms() -> None:
    assert pseudonym(SecretKeys(b"x" * 32, KEYS.pseudonym), "ann") == pseudonym(KEYS, "ann")


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.8.0.1", "localhost", "::1", "[::1]", "::ffff:127.0.0.1"]
)
def test_loopback_is_known_in_every_spelling(address: str) -> None:
    assert is_loopback(address)
    check_listen_address(Settings(), address, is_planted=False)


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
    for login in (Login.NONE, Login.LOCAL):
        with pytest.raises(SettingsError, match="brandswipe serve"):
            check_listen_address(Settings(login=login), address, is_planted=True)
    for login in (Login.OIDC, Login.PROXY):
        check_listen_address(Settings(login=login), address, is_planted=False)


def test_only_the_planted_demo_is_shared() -> None:
    check_listen_address(Settings(share=True), "0.0.0.0", is_planted=True)
    for address in ("0.0.0.0", "127.0.0.1"):
        with pytest.raises(SettingsError, match="Only the planted demo"):
            check_listen_address(Settings(share=True), address, is_planted=False)


def test_a_pairing_code_is_worth_one_phone() -> None:
    door = DevicePairing(KEYS)
    code = door.code
    assert door.redeem("wrong") is None
    assert door.code == code
    cookie = door.redeem(code)
    assert cookie is not None
    assert door.accepts(cookie)
    assert door.code != code
    assert door.redeem(code) is None


def test_a_cookie_that_is_not_ours_opens_nothing() -> None:
    other = DevicePairing(OTHER)
    foreign = other.redeem(other.code)
    for cookie in ("", "x", foreign or "", DeckTokens(KEYS).sign("p", "d", "")):
        assert not DevicePairing(KEYS).accepts(cookie)


class Linked(dict[str, str]):
    """A link table: badges and customers."""

    def customer_of(self, badges: Iterable[str]) -> str | None:
        return next((self[badge] for badge in badges if badge in self), None)


def seen(links: Linked | None = None, now: float = NOW, **said: object) -> Person:
    """Whom a login of these claims makes, where a claim lists groups."""
    more = {name: said.pop(name) for name in list(said) if name in SETTING_NAMES}
    settings = Settings(**{"roles_claim": "groups"} | more)
    return employee_person(settings, KEYS, links or Linked(), claims(**said), now)


def test_an_employee_is_a_pseudonym_of_her_subject_and_nothing_of_her_is_shown() -> None:
    found = seen(Linked({badge(KEYS, "ann"): "c0000042"}))
    assert found.participant == pseudonym(KEYS, "employee ann")
    assert (found.customer, found.guest, found.roles) == ("c0000042", False, {UserRole.EMPLOYEE})
    for secret in ("ann", "c0000042", badge(KEYS, "ann"), "shop.example"):
        assert secret not in repr(found)


def test_a_guest_is_never_mistaken_for_an_employee() -> None:
    names = ("ann", "employee ann", "guest ann", "")
    guests = {guest_person(KEYS, name).participant for name in names}
    employees = {seen(sub=name).participant for name in names if name}
    assert len(guests | employees) == 7
    assert guest_person(KEYS, "x", UserRole.DS).roles == {UserRole.EMPLOYEE, UserRole.DS}
    assert guest_person(KEYS, "x").guest


ROLES: list[tuple[dict[str, object], set[str]]] = [
    ({}, set()),
    ({"groups": ["pm", "other"]}, {"pm"}),
    ({"groups": "ds"}, {"ds"}),
    ({"groups": ["pm", "ds"]}, {"pm", "ds"}),
    ({"groups": ["PM"]}, set()),
    ({"groups": {"pm": 1}}, set()),
    ({"groups": [["pm"]]}, set()),
    ({"roles": ["pm"]}, set()),
    ({"realm": {"roles": ["ds"]}, "roles_claim": "realm.roles"}, {"ds"}),
    ({"https://a.b/roles": ["ds"], "roles_claim": "https://a.b/roles"}, {"ds"}),
    ({"groups": ["ds"], "roles_claim": ""}, set()),
    ({"groups": ["pm"], "pm_groups": ()}, set()),
    ({"groups": ["board"], "pm_groups": ("board",)}, {"pm"}),
    ({"ds_people": ("ann",)}, {"ds"}),
    ({"pm_people": ("Ann@Shop.example",), "email_verified": True}, {"pm"}),
    ({"pm_people": ("ann@shop.example",)}, set()),
    ({"pm_people": ("ann@shop.example",), "email_verified": "true"}, set()),
    ({"pm_people": ("ann@shop.example",), "trust_emails": True}, {"pm"}),
    ({"pm_people": ("ann@shop.example",), "trust_emails": True, "email": None}, set()),
]


@pytest.mark.parametrize(("said", "more"), ROLES)
def test_roles_come_from_a_claim_a_group_or_a_list(said: dict[str, object], more: set[str]) -> None:
    assert seen(**said).roles == {UserRole.EMPLOYEE, *more}


def test_who_is_in_no_group_that_may_come_in_stays_outside() -> None:
    assert seen(employee_groups=("staff",), groups=["staff"]).roles == {UserRole.EMPLOYEE}
    for groups in (["pm"], [], None):
        with pytest.raises(NotAllowedError, match="not among those who may come in"):
            seen(employee_groups=("staff",), groups=groups)


def test_a_login_is_over_after_the_hours_that_were_set() -> None:
    assert seen(now=NOW + 3 * 3600, login_hours=3)
    for late in ({"now": NOW + 3 * 3600 + 1, "login_hours": 3}, {"iat": None}, {"iat": "soon"}):
        with pytest.raises(LoginNeededError, match="log in again") as over:
            seen(**late)
        assert over.value.expired


def test_a_person_has_the_subject_that_was_set_and_an_address_only_where_it_is_hers() -> None:
    number = seen(subject_claim="number", number="7")
    assert number.participant == pseudonym(KEYS, "employee 7")
    mail = seen(subject_claim="email", email_verified=True, email="Ann@shop.example")
    assert mail.participant == pseudonym(KEYS, "employee ann@shop.example")
    for said in ({"subject_claim": "number"}, {"subject_claim": "email"}, {"sub": ""}, {"sub": 7}):
        with pytest.raises(NotAllowedError, match="set `subject_claim`"):
            seen(**said)


def test_an_address_links_an_account_only_where_both_sides_have_verified_it() -> None:
    links = Linked({badge_of_email(KEYS, "ANN@shop.example "): "c1"})
    both = {"email_verified": True, "shop_emails_verified": True}
    assert seen(links, **both).customer == "c1"
    for missing in both:
        assert seen(links, **both | {missing: False}).customer is None
    both_ways = Linked(links | {badge(KEYS, "ann"): "c2"})
    assert seen(both_ways, **both).customer == "c2"


def test_the_shop_computes_a_badge_from_the_link_key_alone() -> None:
    shop = hmac.new(KEYS.link, b"employee ann", sha256).hexdigest()
    assert badge(SecretKeys(b"x" * 32, b"y" * 32, KEYS.link), "ann") == shop
    assert badge(OTHER, "ann") != shop
    assert pseudonym(KEYS, "employee ann") != shop


@pytest.mark.parametrize("missing", ["proxy_header", "proxy_issuer", "proxy_audience", "proxy_key"])
def test_a_proxy_that_is_half_set_up_does_not_start(tmp_path: Path, missing: str) -> None:
    check_login(proxied(tmp_path))
    nothing: Any = None if missing == "proxy_key" else ""
    with pytest.raises(SettingsError, match=missing):
        check_login(proxied(tmp_path, **{missing: nothing}))


def test_a_login_that_is_half_set_up_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    said = dict.fromkeys(("redirect_uri", "client_id", "client_secret", "server_metadata_url"), "x")
    monkeypatch.setattr("streamlit.auth_util.get_secrets_auth_section", lambda: said)
    oidc = Settings(login=Login.OIDC)
    with pytest.raises(SettingsError, match="needs cookie_secret: set them under"):
        check_login(oidc)
    said["cookie_secret"] = "short"
    with pytest.raises(SettingsError, match="shorter than 16"):
        check_login(oidc)
    said["cookie_secret"] = "long enough to be kept"
    check_login(oidc)


def test_without_the_packages_of_the_login_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("app.auth.identity.find_spec", lambda _: None)
    for settings in (proxied(tmp_path), Settings(login=Login.OIDC)):
        with pytest.raises(SettingsError, match=r"brandswipe\[auth\]"):
            check_login(settings)
    check_login(Settings(login=Login.LOCAL))
