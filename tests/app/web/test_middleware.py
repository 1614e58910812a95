"""The door: local mode is for this computer, and a server that cannot check does not start."""

import asyncio
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.types import Message, Receive, Scope, Send

from app.web.middleware import AccessMiddleware
from app.workspace.settings import Login, Settings
from recsys.errors import SettingsError
from tests.support.asgi_client import call
from tests.support.signed_logins import proxied

LOCAL = Settings(login=Login.LOCAL)


def guard(settings: Settings = LOCAL, app: object = None) -> AccessMiddleware:
    inner = app or Starlette()
    return AccessMiddleware(inner, pairing=lambda: None, settings=lambda: settings)  # type: ignore[arg-type]


def status(headers: dict[str, str], kind: str = "http", settings: Settings = LOCAL) -> int:
    async def ours(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    return call(guard(settings, ours), "GET", "/", headers=headers, kind=kind).status


HERE = ["127.0.0.1:8501", "localhost:8501", "localhost", "[::1]:8501", "127.0.0.1"]
ELSEWHERE = [
    "evil.example", "evil.example:8501", "192.168.1.7:8501", "localhost.evil.example", "0.0.0.0",
    "127.0.0.1.evil.example", "localhost@evil.example", "2130706433", "[::]:8501", "127.1.evil",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_in_local_mode_a_request_names_this_computer(kind: str) -> None:
    for host in HERE:
        assert status({"Host": host}, kind) == 200
    for host in ELSEWHERE:
        assert status({"Host": host}, kind) == (403 if kind == "http" else 1008), host


FORWARDED = [
    "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix",
    "X-Real-IP",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("name", FORWARDED)
def test_in_local_mode_nothing_stands_between(name: str, kind: str) -> None:
    said = {"Host": "localhost:8501", name: "127.0.0.1"}
    assert status(said, kind) == (403 if kind == "http" else 1008)
    assert status(said, kind, Settings()) == 200  # guests choose no role


def test_what_is_refused_is_logged_without_who_asked(caplog: pytest.LogCaptureFixture) -> None:
    status({"Host": "evil.example", "Cookie": "brandswipe_guest=canary"})
    assert "access refused" in caplog.text
    for secret in ("evil", "canary"):
        assert secret not in caplog.text


def started(settings: Settings, app: object = None) -> tuple[list[Message], BaseException | None]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    try:
        asyncio.run(guard(settings, app)({"type": "lifespan"}, receive, send))
    except BaseException as error:
        return sent, error
    return sent, None


def test_a_login_that_cannot_work_keeps_the_server_from_starting(tmp_path: Path) -> None:
    settings = proxied(tmp_path, proxy_audience="")
    ((failed,), error) = started(settings)
    assert failed["type"] == "lifespan.startup.failed"
    assert "set it in brandswipe.toml" in failed["message"]
    assert error is None


def test_a_fault_of_ours_keeps_the_server_from_starting_unchecked() -> None:
    async def broken(*_: object) -> None:
        raise KeyError("canary")

    (failed,), error = started(LOCAL, broken)
    assert failed["type"] == "lifespan.startup.failed"
    assert "KeyError" in failed["message"]
    assert "canary" not in failed["message"]
    assert isinstance(error, KeyError)


def test_what_the_app_says_of_its_own_start_is_passed_on() -> None:
    async def refuses(*_: object) -> None:
        raise SettingsError("Set this.")

    (failed,), error = started(LOCAL, refuses)
    assert (failed["message"], error) == ("Set this.", None)
