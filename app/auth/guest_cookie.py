"""Guests: a random name in a cookie, so that a browser comes back to its own cards."""

import re
import secrets
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth.urls import home

COOKIE = "brandswipe_guest"
SECONDS = 180 * 24 * 3600
LEAVING = ("auth/logout", "leave")  # routes that end a login
_NAME = re.compile(r"[A-Za-z0-9_-]{22}")


def guest_of(cookies: str) -> str | None:
    """Return the guest's name in a Cookie header, or None where there is no good one."""
    try:
        found = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return None
    return found.value if found and _NAME.fullmatch(found.value) else None


def is_at(scope: Scope, *routes: str) -> bool:
    """Return whether a request asks for one of these routes, at the root or under the prefix."""
    at = (start + route for start in ("/", home()) for route in routes)
    return scope["type"] == "http" and scope["path"] in at


def leaves(scope: Scope) -> bool:
    """Return whether a page of ours ends a login: what it kept in the browser goes with it.

    Another site can make a browser ask for this address too, and must not cost anybody an answer.
    """
    if not is_at(scope, *LEAVING):
        return False
    return Headers(scope=scope).get("sec-fetch-site", "none") in ("same-origin", "none")


class Visitors:
    """Names every browser that opens a page without a name. A pure ASGI middleware.

    Whoever logs out gets another name, so that passes of her pages are worth nothing afterwards.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; add the cookie to pages."""
        if scope["type"] == "http" and (leaves(scope) or not _is_named(scope)):
            send = self._naming(scope, send)
        await self.app(scope, receive, send)

    def _naming(self, scope: Scope, send: Send) -> Send:
        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_page = headers.get("content-type", "").startswith("text/html")
                if is_page or leaves(scope):
                    headers.append("set-cookie", _cookie(scope))
            await send(message)

        return say


def _is_named(scope: Scope) -> bool:
    return guest_of(Headers(scope=scope).get("cookie", "")) is not None


def _cookie(scope: Scope) -> str:
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    name = secrets.token_urlsafe(16)
    return f"{COOKIE}={name}; Max-Age={SECONDS}; Path=/; HttpOnly; SameSite=Lax{secure}"
