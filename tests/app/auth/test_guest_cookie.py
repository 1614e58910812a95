"""A browser without a name gets one, and keeps it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import Receive, Scope, Send

from app.auth.guest_cookie import (
    COOKIE_SECONDS,
    GUEST_COOKIE,
    GuestCookieMiddleware,
    guest_from_cookies,
)
from tests.support.asgi_client import Answer, call

NAME = "abcdefghijklmnopqrstuv"


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    await HTMLResponse("hello")(scope, receive, send)


async def data(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({})(scope, receive, send)


def opened(**headers: str) -> Answer:
    return call(GuestCookieMiddleware(page), "GET", "/", headers=headers)


def test_a_page_names_its_visitor_for_half_a_year() -> None:
    cookie = opened().headers["set-cookie"]
    name = guest_from_cookies(cookie.partition(";")[0])
    assert name is not None
    assert f"Max-Age={COOKIE_SECONDS}" in cookie
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie  # plain http on this computer


def test_two_visitors_have_two_names() -> None:
    assert opened().headers["set-cookie"] != opened().headers["set-cookie"]


def test_who_has_a_name_keeps_it() -> None:
    assert "set-cookie" not in opened(cookie=f"other=1; {GUEST_COOKIE}={NAME}").headers


@pytest.mark.parametrize(
    "cookie", [f"{GUEST_COOKIE}=short", f"{GUEST_COOKIE}={NAME}é", "\x00=", "a=b"]
)
def test_a_name_that_is_not_ours_is_replaced(cookie: str) -> None:
    scope_cookie = cookie.encode("utf-8").decode("latin-1")
    assert guest_from_cookies(scope_cookie) is None


def test_data_and_sockets_are_passed_on_as_they_are() -> None:
    assert "set-cookie" not in call(GuestCookieMiddleware(data), "GET", "/x").headers


def test_over_https_the_name_travels_over_https_alone() -> None:
    async def secure(scope: Scope, receive: Receive, send: Send) -> None:
        await GuestCookieMiddleware(page)({**scope, "scheme": "https"}, receive, send)

    assert call(secure, "GET", "/").headers["set-cookie"].endswith("; Secure")


@given(st.text(max_size=200))
def test_whatever_the_browser_sends_is_a_name_or_none(cookies: str) -> None:
    name = guest_from_cookies(cookies)
    assert name is None or len(name) == 22


@pytest.mark.parametrize("path", ["/auth/logout", "/leave"])
def test_whoever_logs_out_gets_another_name_and_nobody_is_lured_to_it(path: str) -> None:
    cookie = {"cookie": f"{GUEST_COOKIE}={NAME}"}
    left = call(GuestCookieMiddleware(data), "GET", path, headers=cookie).headers["set-cookie"]
    assert guest_from_cookies(left.partition(";")[0]) not in (None, NAME)
    lured = cookie | {"sec-fetch-site": "cross-site"}
    assert "set-cookie" not in call(GuestCookieMiddleware(data), "GET", path, headers=lured).headers
