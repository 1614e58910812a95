"""Guests: a random name in a cookie, so that a browser comes back to its own cards."""

import re
import secrets
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth.urls import base_path

GUEST_COOKIE = "brandswipe_guest"
COOKIE_SECONDS = 180 * 24 * 3600
LOGOUT_ROUTES = ("auth/logout", "leave")  # routes that end a login
_GUEST_NAME = re.compile(r"[A-Za-z0-9_-]{22}")


def guest_from_cookies(cookies: str) -> str | None:
    """Return the guest's name in a Cookie header, or None where there is no good one."""
    try:
        morsel = SimpleCookie(cookies).get(GUEST_COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel and _GUEST_NAME.fullmatch(morsel.value) else None


def matches_route(scope: Scope, *routes: str) -> bool:
    """Return whether a request asks for one of these routes, at the root or under the prefix."""
    paths = (start + route for start in ("/", base_path()) for route in routes)
    return scope["type"] == "http" and scope["path"] in paths


def is_logout(scope: Scope) -> bool:
    """Return whether a page of ours ends a login: what it kept in the browser goes with it.

    Another site can make a browser ask for this address too, and must not cost anybody an answer.
    """
    if not matches_route(scope, *LOGOUT_ROUTES):
        return False
    return Headers(scope=scope).get("sec-fetch-site", "none") in ("same-origin", "none")


class GuestCookieMiddleware:
    """Names every browser that opens a page without a name. A pure ASGI middleware.

    Whoever logs out gets another name, so that passes of her pages are worth nothing afterwards.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; add the cookie to pages."""
        if scope["type"] == "http" and (is_logout(scope) or not _has_guest_cookie(scope)):
            send = self._with_cookie(scope, send)
        await self.app(scope, receive, send)

    def _with_cookie(self, scope: Scope, send: Send) -> Send:
        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_page = headers.get("content-type", "").startswith("text/html")
                if is_page or is_logout(scope):
                    headers.append("set-cookie", _new_cookie(scope))
            await send(message)

        return say


def _has_guest_cookie(scope: Scope) -> bool:
    return guest_from_cookies(Headers(scope=scope).get("cookie", "")) is not None


def _new_cookie(scope: Scope) -> str:
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    name = secrets.token_urlsafe(16)
    return (
        f"{GUEST_COOKIE}={name}; Max-Age={COOKIE_SECONDS}; Path=/; HttpOnly; SameSite=Lax{secure}"
    )
