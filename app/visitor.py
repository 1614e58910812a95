"""Guests: a random name in a cookie, so that a browser comes back to its own cards."""

import re
import secrets
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "brandswipe_guest"
SECONDS = 180 * 24 * 3600
_NAME = re.compile(r"[A-Za-z0-9_-]{22}")


def guest_of(cookies: str) -> str | None:
    """Return the guest's name in a Cookie header, or None where there is no good one."""
    try:
        found = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return None
    return found.value if found and _NAME.fullmatch(found.value) else None


class Visitors:
    """Names every browser that opens a page without a name. A pure ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; add the cookie to pages."""
        known = scope["type"] != "http" or guest_of(Headers(scope=scope).get("cookie", ""))
        await self.app(scope, receive, send if known else self._naming(scope, send))

    def _naming(self, scope: Scope, send: Send) -> Send:
        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("set-cookie", _cookie(scope))
            await send(message)

        return say


def _cookie(scope: Scope) -> str:
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    name = secrets.token_urlsafe(16)
    return f"{COOKIE}={name}; Max-Age={SECONDS}; Path=/; HttpOnly; SameSite=Lax{secure}"
