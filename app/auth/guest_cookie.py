"""The guest cookie: a random name for each browser, so that a guest returns to the same deck."""

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
    """Return the guest name in a Cookie header, or None if it is missing or malformed."""
    try:
        morsel = SimpleCookie(cookies).get(GUEST_COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel and _GUEST_NAME.fullmatch(morsel.value) else None


def matches_route(scope: Scope, *routes: str) -> bool:
    """Return whether a request is for one of the routes, at the root or under the base path."""
    paths = (start + route for start in ("/", base_path()) for route in routes)
    return scope["type"] == "http" and scope["path"] in paths


def is_logout(scope: Scope) -> bool:
    """Return whether a request is a logout from our own page or typed by the user.

    A logout clears the browser's storage. Another site can make a browser request this URL too,
    and that must not delete unsent answers.
    """
    if not matches_route(scope, *LOGOUT_ROUTES):
        return False
    return Headers(scope=scope).get("sec-fetch-site", "none") in ("same-origin", "none")


class GuestCookieMiddleware:
    """Sets a guest cookie when a browser without one opens a page. A pure ASGI middleware.

    A logout replaces the cookie, so that the deck tokens of earlier pages are no longer valid.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; add the cookie to responses that are pages or logouts."""
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
