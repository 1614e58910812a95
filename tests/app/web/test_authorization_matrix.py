"""Everything that can be asked for, by everybody who might ask for what is another's."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from app.auth.guest_cookie import GUEST_COOKIE, GuestCookieMiddleware
from app.auth.identity import UserRole, badge, pseudonym
from app.storage.study_db.records import StudyRow
from app.web import runtime
from app.web.auth_routes import demo_pairing
from app.web.middleware import AccessMiddleware
from app.web.routes import routes
from app.web.views.session import SESSION_KEY
from app.workspace.settings import Login, Settings
from recsys.study.deck import Card, CardRole, Deck, HistoryDepth, Origin, Source, with_hash
from recsys.study.policy import StudyKind
from tests.support.asgi_client import Answer, call
from tests.support.paths import ROOT
from tests.support.signed_logins import HEADER, header, proxied

MAIN = str(ROOT / "app" / "web" / "main.py")
NAME, OTHER_NAME = "a" * 22, "b" * 22
STUDY = "5" * 64
OPEN = {"/healthz", "/link"}  # what is heard without the proxy's header
KNOWN_ROUTES = {
    "/api/swipes", "/healthz", "/pictures/{name}", "/pair/{code}", "/link", "/leave",
}  # fmt: skip
CANARY = "c-canary"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ASGIApp]:
    """The routes of a server behind a proxy, with one deck of Ann's, who is linked."""
    monkeypatch.chdir(tmp_path)
    runtime.use_settings(proxied(tmp_path))
    participant = pseudonym(runtime.secret_keys(), "employee ann")
    arms = frozenset({Source.PICK})
    cards = tuple(
        Card(n, f"Brand {n}", "pens", arms, CardRole.PICK, None, None, True, 3) for n in range(1, 9)
    )
    store = runtime.store()
    store.studies.open(StudyRow(STUDY, "s", StudyKind.LIVE, {}, "m", "b", 1, 1))
    for id in ("deck", "other"):
        deck = Deck(id, STUDY, participant, Origin.OWN, HistoryDepth.ENOUGH, "m", 1, cards, "")
        store.decks.add(with_hash(deck), "e", {})
    ann = badge(runtime.secret_keys(), "ann")
    runtime.account_links().link(ann, runtime.account_links().issue_nonce(ann), CANARY)
    layers = [Middleware(AccessMiddleware, pairing=demo_pairing), Middleware(GuestCookieMiddleware)]
    yield Starlette(routes=routes(), middleware=layers)
    runtime.use_settings(None)


def logins() -> dict[str, str | None]:
    """What somebody may bring as the proxy's header who has no right to."""
    now = time.time()
    good = header(now=now)
    head, body, signature = good.split(".")
    dora = header(now=now, sub="dora", roles=["ds"]).split(".")[1]
    return {
        "nothing": None,
        "an expired login": header(now=now - 7200),
        "an edited login": f"{head}.{dora}.{signature}",
        "a login without a signature": f"{head}.{body}.",
        "a login of another key": header(RSAKey.generate_key(2048), now=now),
        "a login for another house": header(now=now, aud="other"),
    }


def ask(app: ASGIApp, method: str, path: str, login: str | None, body: bytes = b"{}") -> Answer:
    said = {} if login is None else {HEADER: login}
    return call(app, method, path, body, said | {"Cookie": f"{GUEST_COOKIE}={NAME}"}, "192.0.2.7")


@pytest.mark.parametrize("login", logins())
def test_every_route_is_closed_to_whoever_has_no_login(
    app: ASGIApp, login: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert {route.path for route in routes()} == KNOWN_ROUTES
    for route in routes():
        for method in route.methods or ():
            path = route.path.format(name=f"{'a' * 64}.webp", code="abcdefghjk")
            answer = ask(app, method, path, logins()[login])
            if route.path in OPEN:
                assert answer.status in (200, 403, 503), path  # 503: no model can be loaded here
            else:
                assert (answer.status, b"log" in answer.body) == (403, True), path
            assert CANARY.encode() not in answer.body
    said = caplog.text
    assert "access refused" in said
    for secret in ("ann", "dora", CANARY, NAME, "192.0.2.7"):
        assert secret not in said


def post(app: ASGIApp, token: str, browser: str = NAME) -> Answer:
    swipe = {
        "id": "s1", "position": 1, "kind": "answer", "answer": "favourite", "tab": "t",
        "tab_seq": 0, "shown_ms": 700, "input": "key", "device_class": "desk", "client_at": 1,
    }  # fmt: skip
    body = json.dumps({"token": token, "swipes": [swipe]}).encode()
    headers = {HEADER: header(now=time.time()), "Cookie": f"{GUEST_COOKIE}={browser}"}
    return call(app, "POST", "/api/swipes", body, headers)


def test_only_her_own_token_in_her_own_browser_writes_her_deck(
    app: ASGIApp, caplog: pytest.LogCaptureFixture
) -> None:
    tokens, keys, store = runtime.deck_tokens(), runtime.secret_keys(), runtime.store()
    ann, bob = (pseudonym(keys, f"employee {name}") for name in ("ann", "bob"))
    good = tokens.sign(ann, "deck", NAME)
    body, _, rest = good.partition(".")
    attacks = {
        "another browser": (good, OTHER_NAME),
        "another person's token": (tokens.sign(bob, "deck", NAME), NAME),
        "an expired token": (tokens.sign(ann, "deck", NAME, seconds=-1), NAME),
        "an edited token": (f"{body}A.{rest}", NAME),
        "a token cut off": (good[:-3], NAME),
        "no token": ("", NAME),
        "a deck that is not there": (tokens.sign(ann, "no deck", NAME), NAME),
        "a login for a token": (header(now=time.time()), NAME),
    }
    for attack, (token, browser) in attacks.items():
        answer = post(app, token, browser)
        assert answer.status in (401, 410), attack
        assert "reload" in answer.json["message"].lower(), attack
        assert set(answer.json) == {"schema", "error", "message"}, attack
        logged = f"a post of swipes was refused: {answer.json['error']}"
        assert [said.getMessage() for said in caplog.records] == [logged], attack
        caplog.clear()
    post(app, tokens.sign(ann, "other", NAME))
    assert store.swipes.of_deck("deck") == []
    assert post(app, good).json["acknowledged"] == ["s1"]
    assert [swipe.id for swipe in store.swipes.of_deck("deck")] == ["s1"]


ROLES: dict[str, tuple[UserRole, ...]] = {
    "play": (UserRole.EMPLOYEE, UserRole.PM, UserRole.DS),
    "carousel": (UserRole.EMPLOYEE, UserRole.PM, UserRole.DS),
    "my_data": (UserRole.EMPLOYEE, UserRole.PM, UserRole.DS),
    "report": (UserRole.PM, UserRole.DS),
    "workbench": (UserRole.DS,),
}


def _locked() -> None:
    """A page that checks for itself, as every page does, whatever the navigation says."""
    import streamlit as st

    from app.auth.identity import UserRole
    from app.web.views import layout

    def page() -> None:
        layout.require_role(*(UserRole(name) for name in st.session_state["for"]))
        st.title("inside")

    layout.run_guarded(page, "en")


def inside(allowed: tuple[UserRole, ...]) -> bool:
    at = AppTest.from_function(_locked, default_timeout=30)
    at.session_state["for"] = [role.value for role in allowed]
    at.session_state["role"] = "ds"
    at.run()
    assert not at.exception
    return [said.value for said in at.title] == ["inside"]


@pytest.mark.parametrize("page", ROLES)
@pytest.mark.parametrize("groups", [[], ["pm"], ["ds"], ["pm", "ds"], None])
def test_every_page_checks_the_role_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str, groups: list[str] | None
) -> None:
    monkeypatch.chdir(tmp_path)
    runtime.use_settings(proxied(tmp_path))
    said = {} if groups is None else {HEADER: header(now=time.time(), roles=groups)}
    monkeypatch.setattr(ContextProxy, "headers", property(lambda _: said))
    hers = {UserRole.EMPLOYEE, *map(UserRole, groups)} if groups is not None else set()
    try:
        assert inside(ROLES[page]) is bool(hers & set(ROLES[page]))
    finally:
        runtime.use_settings(None)


@pytest.mark.parametrize("login", [Login.NONE, Login.LOCAL])
def test_without_a_login_a_role_is_chosen_on_this_computer_in_local_mode_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, login: Login
) -> None:
    monkeypatch.setattr(ContextProxy, "ip_address", property(lambda _: None))
    runtime.use_settings(Settings(workspace=tmp_path, login=login))
    try:
        for headers, here in (({}, True), ({"X-Forwarded-For": "::1"}, False)):
            monkeypatch.setattr(ContextProxy, "headers", property(lambda _, h=headers: h))
            assert inside(ROLES["workbench"]) is (here and login is Login.LOCAL)
            assert inside(ROLES["play"])
    finally:
        runtime.use_settings(None)


def test_the_pages_of_the_house_are_those_of_the_matrix(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that is added is given its roles here too, so that nobody opens one by oversight."""
    monkeypatch.setattr(ContextProxy, "ip_address", property(lambda _: None))
    monkeypatch.setattr(ContextProxy, "headers", property(lambda _: {}))
    runtime.use_settings(Settings(workspace=workspace, login=Login.LOCAL))
    runtime.mark_guarded()
    try:
        for role in UserRole:
            at = AppTest.from_file(MAIN, default_timeout=30)
            at.session_state["role"] = role.value
            seen = set(at.run().session_state[SESSION_KEY].pages)
            hers = {page for page in ROLES if role in ROLES[page]}
            assert hers - {"my_data"} <= seen <= hers
    finally:
        runtime.use_settings(None)
