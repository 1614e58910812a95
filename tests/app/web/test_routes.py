"""The routes: JSON with ids or JSON with a sentence, never a traceback, never a leak."""

import gc
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from starlette.applications import Starlette
from starlette.types import ASGIApp
from streamlit.web.server.starlette.starlette_routes import create_host_config_routes

from app.auth import guest_cookie
from app.auth.device_pairing import PAIRING_COOKIE
from app.auth.rate_limits import POSTS_PER_MINUTE, SwipeRateLimits
from app.storage.study_db.records import ClosedBy, StudyRow
from app.web import runtime
from app.web.middleware import security_headers
from app.web.routes import (
    MAX_BODY_BYTES,
    ShortcutMiddleware,
    disable_nagle,
    freeze_loaded_objects,
    middleware_stack,
    routes,
)
from app.web.runtime import AppState
from app.web.swipe_route import parse_swipe
from recsys.errors import IllegalSwipeError, WorkspaceError
from recsys.study.deck import Card, CardRole, Deck, HistoryDepth, Origin, Source, with_hash
from recsys.study.policy import StudyKind
from tests.support.asgi_client import Answer, call
from tests.support.paths import ROOT

SCHEMA = json.loads((ROOT / "app" / "web" / "swipe_route.schema.json").read_text())
STUDY = "5" * 64
GUEST = "abcdefghijklmnopqrstuv"  # the cookie of the browser that posts


def valid(part: str, value: object) -> bool:
    rule = {"$ref": f"#/$defs/{part}", "$defs": SCHEMA["$defs"]}
    return bool(Draft202012Validator(rule).is_valid(value))


def raw(n: int = 0, **other: object) -> dict[str, Any]:
    said = {
        "id": f"s{n}", "position": n % 8 + 1, "kind": "answer", "answer": "favourite",
        "tab": "t", "tab_seq": n, "shown_ms": 700, "input": "key", "device_class": "desk",
        "client_at": 1_700_000_000_000,
    }  # fmt: skip
    return said | other


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ASGIApp]:
    """The routes behind the guard, as the server has them, without Streamlit."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRANDSWIPE_WORKSPACE", str(tmp_path / "w"))
    cards = tuple(
        Card(n, f"Brand {n}", "pens", frozenset({Source.PICK}), CardRole.PICK, None, None, True, 3)
        for n in range(1, 9)
    )
    deck = with_hash(Deck("deck", STUDY, "p1", Origin.OWN, HistoryDepth.ENOUGH, "m", 1, cards, ""))
    store = runtime.store()
    store.studies.open(StudyRow(STUDY, "s", StudyKind.SIMULATED, {}, "m", "b", 1, 1))
    store.decks.add(deck, "e", {})
    yield Starlette(routes=routes(), middleware=middleware_stack())
    runtime.close_all()


def post(
    app: ASGIApp,
    *swipes: object,
    token: str | None = None,
    guest: str | None = GUEST,
    **other: object,
) -> Answer:
    token = runtime.deck_tokens().sign("p1", "deck", GUEST) if token is None else token
    body = {"token": token, "swipes": list(swipes)} | other
    headers = {"Cookie": f"a=b; {guest_cookie.GUEST_COOKIE}={guest}"} if guest else {}
    return call(app, "POST", "/api/swipes", json.dumps(body).encode(), headers)


def test_a_post_is_acknowledged_by_ids_once_it_is_stored(app: ASGIApp) -> None:
    answer = post(app, raw(0), raw(1, answer="dont_know"))
    assert answer.status == 200
    assert answer.json == {
        "schema": 1, "deck": "deck", "acknowledged": ["s0", "s1"], "late": [], "closed": False,
        "standing": {"1": "favourite", "2": "dont_know"}, "refused": [],
    }  # fmt: skip
    assert [s.id for s in runtime.store().swipes.of_deck("deck")] == ["s0", "s1"]
    assert answer.headers["cache-control"] == "no-store"


def test_the_same_post_again_is_acknowledged_and_stored_once(app: ASGIApp) -> None:
    assert post(app, raw(0)).json == post(app, raw(0)).json
    assert len(runtime.store().swipes.of_deck("deck")) == 1


def test_an_undo_takes_an_answer_back(app: ASGIApp) -> None:
    post(app, raw(0))
    assert post(app, raw(8, kind="undo", answer=None)).json["standing"] == {}


def test_a_post_is_answered_before_any_layer_that_has_nothing_to_say_to_it(app: ASGIApp) -> None:
    async def slow(*_: object) -> None:
        raise AssertionError("a post of swipes came as far as Streamlit")

    assert post(app, raw(0)).json == post(ShortcutMiddleware(slow), raw(0)).json
    with pytest.raises(AssertionError, match="as far as"):
        call(ShortcutMiddleware(slow), "GET", "/api/swipes")
    assert call(app, "GET", "/api/swipes").status == 405


def test_what_comes_after_closing_is_late_and_acknowledged(app: ASGIApp) -> None:
    runtime.store().decks.close("deck", ClosedBy.PLAYER, None)
    said = post(app, raw(0)).json
    assert (said["acknowledged"], said["late"], said["closed"]) == (["s0"], ["s0"], True)


def test_what_is_refused_is_named_and_the_rest_is_stored(app: ASGIApp) -> None:
    bad = [raw(1, position=9), raw(2, kind="undo"), raw(3, answer="love"), 7, raw(4, brand="Lego")]
    answer = post(app, raw(0), *bad)
    assert answer.status == 422
    assert answer.json["acknowledged"] == ["s0"]
    assert [r["id"] for r in answer.json["refused"]] == ["s1", "s2", "s3", None, "s4"]
    assert "Card 9 is not in this deck of 8" in answer.json["refused"][0]["why"]
    assert [s.id for s in runtime.store().swipes.of_deck("deck")] == ["s0"]


@pytest.mark.parametrize("case", ["nothing", "edited", "another deck's", "another person's"])
def test_a_bad_token_stores_nothing_and_says_reload(app: ASGIApp, case: str) -> None:
    good = runtime.deck_tokens().sign("p1", "deck", GUEST)
    token = {
        "nothing": "",
        "edited": good[:-2],
        "another deck's": runtime.deck_tokens().sign("p1", "other", GUEST),
        "another person's": runtime.deck_tokens().sign("p2", "deck", GUEST),
    }[case]
    answer = post(app, raw(0), token=token)
    assert answer.status == (410 if case == "another deck's" else 401)
    assert "Reload" in answer.json["message"] or "reload" in answer.json["message"]
    assert runtime.store().swipes.of_deck("deck") == []


def test_a_token_that_was_stolen_stores_nothing_in_another_browser(app: ASGIApp) -> None:
    """Whoever copies a token has neither the login cookie of its page nor none at all."""
    for thief in ("zyxwvutsrqponmlkjihgfe", None):
        answer = post(app, raw(0), guest=thief)
        assert (answer.status, answer.json["error"]) == (401, "invalid")
    assert runtime.store().swipes.of_deck("deck") == []
    assert post(app, raw(0)).status == post(app, raw(0)).status == 200
    assert len(runtime.store().swipes.of_deck("deck")) == 1


def test_a_browser_that_keeps_no_cookie_plays_with_a_token_of_its_own_kind(app: ASGIApp) -> None:
    token = runtime.deck_tokens().sign("p1", "deck", "")
    assert post(app, raw(0), token=token, guest=None).status == 200
    assert post(app, raw(1), token=token).status == 401


def test_who_posts_more_than_a_hand_can_is_asked_to_wait_and_loses_nothing(app: ASGIApp) -> None:
    now = [0.0]
    runtime.use_state(AppState(rate_limits=SwipeRateLimits(clock=lambda: now[0])))
    for _ in range(POSTS_PER_MINUTE):
        assert post(app, raw(0)).status == 200
    answer = post(app, raw(1))
    assert (answer.status, answer.json["error"]) == (429, "too_many")
    assert valid("failure", answer.json)
    assert answer.headers["retry-after"] == "10"
    now[0] += 10
    assert post(app, raw(1)).json["acknowledged"] == ["s1"]


def test_an_address_is_counted_for_browsers_without_a_cookie_alone(app: ASGIApp) -> None:
    """An office of many guests shares one address; a cookie makes them several."""
    limits = SwipeRateLimits(clock=lambda: 0.0)
    runtime.use_state(AppState(rate_limits=limits))
    while limits.allows_address("127.0.0.1", ""):
        continue
    token = runtime.deck_tokens().sign("p1", "deck", "")
    assert post(app, raw(0), token=token, guest=None).status == 429
    assert post(app, raw(0)).status == 200


def test_a_deck_takes_so_many_rows_and_acknowledges_what_it_has(
    app: ASGIApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.auth.rate_limits.ROW_BURST", 2)
    assert post(app, raw(0), raw(1), raw(2)).json["acknowledged"] == ["s0", "s1"]
    answer = post(app, raw(2))
    assert (answer.status, answer.json["error"]) == (429, "too_many")
    assert post(app, raw(2), raw(0)).json["acknowledged"] == ["s0"]
    assert [s.id for s in runtime.store().swipes.of_deck("deck")] == ["s0", "s1"]


def test_an_expired_token_says_that_it_has_expired(app: ASGIApp) -> None:
    answer = post(app, raw(0), token=runtime.deck_tokens().sign("p1", "deck", GUEST, seconds=-1))
    assert (answer.status, answer.json["error"]) == (401, "expired")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 30_000, b'{"token": 1, "swipes": []}',
     b'{"token": "x", "swipes": {}}', b'{"token": "x"}',
     b'{"token": "x", "swipes": [], "more": 1}', b'{"token": "x", "swipes": [], "schema": 2}'],
)  # fmt: skip
def test_a_body_of_another_shape_is_answered_in_words(app: ASGIApp, body: bytes) -> None:
    answer = call(app, "POST", "/api/swipes", body)
    assert (answer.status, answer.json["error"]) == (400, "bad_body")
    assert valid("failure", answer.json)


def test_a_large_body_is_cut_off(app: ASGIApp) -> None:
    answer = call(app, "POST", "/api/swipes", b" " * (MAX_BODY_BYTES + 1))
    assert (answer.status, answer.json["error"]) == (413, "too_large")
    assert call(app, "POST", "/api/swipes", b" " * MAX_BODY_BYTES).status == 400


def test_a_full_disk_is_said_and_nothing_is_acknowledged(
    app: ASGIApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise WorkspaceError("The disk is full.")

    monkeypatch.setattr(runtime.store().swipes, "add", full)
    answer = post(app, raw(0))
    assert (answer.status, answer.json["error"]) == (503, "not_stored")
    assert "acknowledged" not in answer.json


def test_an_error_of_ours_is_no_traceback_and_names_nobody(
    app: ASGIApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("canary p1")

    monkeypatch.setattr(runtime.store().swipes, "add", broken)
    answer = post(app, raw(0))
    assert (answer.status, answer.json["error"]) == (500, "ours")
    assert b"canary" not in answer.body
    assert "RuntimeError" in caplog.text
    assert "canary" not in caplog.text


def test_every_answer_keeps_to_the_schema(app: ASGIApp) -> None:
    assert valid("request", {"token": "x", "swipes": [raw(0), raw(1, kind="undo", answer=None)]})
    for answer in (post(app, raw(0)), post(app, raw(1), raw(2, position=0))):
        assert valid("reply", answer.json)
    for answer in (
        post(app, token=""),
        post(app, token=runtime.deck_tokens().sign("p", "d", GUEST, -1)),
    ):
        assert valid("failure", answer.json)


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2**54), st.floats(), st.text("aZ9-_ é", max_size=3),
    st.sampled_from(["answer", "undo", "favourite", "key", "touch", "phone", "desk", "a" * 65]),
    st.lists(st.integers(), max_size=1),
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from([*raw(), "brand"]), ODD, max_size=2),
    st.sets(st.sampled_from([*raw()]), max_size=1),
)
def test_the_parser_takes_exactly_what_the_schema_takes(
    odd: dict[str, Any], gone: set[str]
) -> None:
    swipe = {name: value for name, value in (raw() | odd).items() if name not in gone}
    try:
        parse_swipe(swipe)
        taken = True
    except IllegalSwipeError:
        taken = False
    assert taken == valid("swipe", swipe)


def test_a_line_break_is_no_part_of_an_id() -> None:
    with pytest.raises(IllegalSwipeError, match="letters, digits"):
        parse_swipe(raw(id="a\n"))


def test_a_picture_is_served_by_its_hash_and_nothing_else_is(app: ASGIApp, tmp_path: Path) -> None:
    folder = tmp_path / "w" / "pictures"
    folder.mkdir()
    (folder / f"{'a' * 64}.webp").write_bytes(b"RIFF")
    answer = call(app, "GET", f"/pictures/{'a' * 64}.webp")
    assert (answer.status, answer.body) == (200, b"RIFF")
    assert answer.headers["content-type"] == "image/webp"
    assert "immutable" in answer.headers["cache-control"]
    for name in (f"{'b' * 64}.webp", "..%2fstudy.db", "..", "study.db"):
        answer = call(app, "GET", f"/pictures/{name}")
        assert answer.status == 404
    assert call(app, "GET", "/pictures/../study.db").status == 404


def test_every_answer_carries_the_security_headers(app: ASGIApp) -> None:
    for answer in (post(app, raw(0)), post(app, token=""), call(app, "GET", "/healthz")):
        for name, value in security_headers().items():
            assert answer.headers[name.lower()] == value


def test_the_policy_lets_no_script_in_but_streamlits_own() -> None:
    policy = dict(
        part.split(" ", 1) for part in security_headers()["Content-Security-Policy"].split("; ")
    )
    assert re.fullmatch(r"'self' blob: ('sha256-[\w+/]{43}=' ?)+", policy["script-src"])
    assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
    assert "http" not in " ".join(policy.values())


@pytest.fixture
def shared_app(app: ASGIApp, monkeypatch: pytest.MonkeyPatch) -> ASGIApp:
    monkeypatch.setenv("BRANDSWIPE_SHARE", "true")
    runtime.close_all()
    return app


def test_a_shared_demo_is_closed_to_strangers_websockets_included(shared_app: ASGIApp) -> None:
    answer = call(shared_app, "GET", "/healthz", client="192.168.1.7")
    assert answer.status == 403
    assert b"scan the code" in answer.body
    assert "content-security-policy" in answer.headers
    assert (
        call(shared_app, "GET", "/_stcore/stream", client="192.168.1.7", kind="websocket").status
        == 1008
    )
    assert call(shared_app, "GET", "/healthz").status == 200


def test_a_proxy_on_this_computer_does_not_make_strangers_local(shared_app: ASGIApp) -> None:
    for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP"):
        assert call(shared_app, "GET", "/healthz", headers={name: "127.0.0.1"}).status == 403


def test_who_asks_for_the_head_alone_spends_no_code(shared_app: ASGIApp) -> None:
    code = runtime.pairing().code
    looked = call(shared_app, "HEAD", f"/pair/{code}", client="192.168.1.7")
    assert (looked.status, looked.body) == (204, b"")
    assert "set-cookie" not in looked.headers
    assert runtime.pairing().code == code
    assert call(shared_app, "GET", f"/pair/{code}", client="192.168.1.7").status == 303


def test_a_code_lets_one_phone_in(shared_app: ASGIApp) -> None:
    code = runtime.pairing().code
    door = call(shared_app, "GET", f"/pair/{code}", client="192.168.1.7")
    assert (door.status, door.headers["location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=lax"} <= set(door.headers["set-cookie"].split("; "))
    cookie = {"Cookie": "other=1; " + door.headers["set-cookie"].split(";")[0]}
    assert call(shared_app, "GET", "/healthz", headers=cookie, client="192.168.1.7").status == 200
    again = call(shared_app, "GET", f"/pair/{code}", client="192.168.1.8")
    assert again.status == 403
    assert b"used or invalid" in again.body
    for bad in (f"{PAIRING_COOKIE}=forged", "\x01", f"{PAIRING_COOKIE}="):
        forged = {"Cookie": bad}
        assert (
            call(shared_app, "GET", "/healthz", headers=forged, client="192.168.1.8").status == 403
        )


def test_under_a_path_of_a_proxy_the_door_is_there_and_nowhere_else(
    shared_app: ASGIApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.auth.guest_cookie.base_path", lambda: "/shop/brands/")
    inside = call(shared_app, "GET", "/shop/brands/pair/wrong", client="192.168.1.7")
    assert inside.status == 404  # let in: the routes of this app are at the root
    for path in ("/shop/pair/wrong", "/shop/brands/pair/", "/shop/brands/pair/a/b", "/pair/a.b"):
        assert call(shared_app, "GET", path, client="192.168.1.7").status == 403


def test_nothing_is_paired_where_nothing_is_shared(app: ASGIApp) -> None:
    assert call(app, "GET", f"/pair/{runtime.pairing().code}").status == 403


def test_no_answer_waits_for_its_own_first_half() -> None:
    before = os.listdir("/dev/fd")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        disable_nagle()
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert os.listdir("/dev/fd") == before


def test_streamlit_is_told_what_it_tells_itself_but_for_its_dialogs_and_other_origins(
    app: ASGIApp,
) -> None:
    own = call(Starlette(routes=create_host_config_routes("")), "GET", "/_stcore/host-config").json
    ours = {"blockErrorDialogs": True, "allowedOrigins": []}
    assert call(app, "GET", "/_stcore/host-config").json == own | ours


def test_what_is_loaded_at_the_start_is_not_looked_through_again() -> None:
    thing: list[object] = []
    freeze_loaded_objects()
    try:
        assert all(thing is not one for one in gc.get_objects())
    finally:
        gc.unfreeze()
    assert any(thing is one for one in gc.get_objects())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(workspace: Path, port: int, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A real server in its own process, ended by its id."""
    command = [
        sys.executable, "-m", "streamlit", "run", str(ROOT / "app" / "web" / "routes.py"),
        "--server.port", str(port), "--server.headless", "true",
        "--browser.gatherUsageStats", "false", *options,
    ]  # fmt: skip
    world = {k: v for k, v in os.environ.items() if not k.startswith("BRANDSWIPE_")}
    world |= {"BRANDSWIPE_WORKSPACE": str(workspace)}
    with subprocess.Popen(
        command, cwd=workspace.parent, env=world, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as server:  # fmt: skip
        try:
            yield server
        finally:
            server.kill()


def fetched(url: str) -> tuple[int, dict[str, str], bytes]:
    for _ in range(150):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read()
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"nothing answers at {url}")


@pytest.mark.parametrize("options", [("--server.address", "0.0.0.0"), ("--server.address", "")])
def test_a_bare_server_on_every_address_refuses_to_start_and_says_why(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    port = free_port()
    with served(tmp_path / "w", port, *options) as server:
        said, _ = server.communicate(timeout=40)
    assert server.returncode not in (0, -signal.SIGKILL)
    assert "Without a login the server listens on this computer alone" in said
    assert "Traceback" not in said
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_real_server_answers_with_headers_and_stops_when_asked(tmp_path: Path) -> None:
    port = free_port()
    where = ("--server.address", "127.0.0.1", "--server.baseUrlPath", "/shop/brands")
    with served(tmp_path / "w", port, *where) as server:
        status, headers, body = fetched(f"http://127.0.0.1:{port}/shop/brands/healthz")
        assert (status, json.loads(body)["status"]) == (200, "ok")
        status, headers, body = fetched(f"http://127.0.0.1:{port}/shop/brands/")
        assert status == 200
        assert b"<script" in body
        assert headers["content-security-policy"].startswith("default-src 'self'")
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=20)
    assert (tmp_path / "w" / "study.db").is_file()


FOREIGN = {"Origin": "http://evil.example", "Host": "127.0.0.1"}


def test_a_page_of_another_site_may_not_listen(app: ASGIApp) -> None:
    assert call(app, "GET", "/_stcore/stream", headers=FOREIGN, kind="websocket").status == 1008


def test_a_page_of_another_site_may_not_post(app: ASGIApp) -> None:
    assert call(app, "POST", "/api/swipes", b"{}", headers=FOREIGN).status == 403
    ours = {"Origin": "http://127.0.0.1:8501", "Host": "127.0.0.1:8501"}
    assert call(app, "POST", "/api/swipes", b"{}", headers=ours).status == 400


def test_a_page_behind_a_proxy_is_known_by_its_forwarded_name(app: ASGIApp) -> None:
    proxied = FOREIGN | {"X-Forwarded-Host": "evil.example"}
    assert call(app, "POST", "/api/swipes", b"{}", headers=proxied).status == 400
