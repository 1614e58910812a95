"""The door of the server: who may come in on a shared demo, and headers on every answer."""

import base64
import re
from collections.abc import Callable, Collection
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.identity import is_loopback
from app.phones import COOKIE, Pairing
from recsys.errors import BrandswipeError

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
CLOSED = (
    "This demo is shared by invitation: scan the code on the screen of the computer that runs it."
)
_PAGE = (
    "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>Brandswipe</title><style>:root{{color-scheme:light dark}}body{{margin:20vh auto;"
    "max-width:24rem;padding:0 1.5rem;font:1.2rem/1.5 system-ui,sans-serif}}</style><p>{}</p>"
)
ON_DUTY = Event()
"""Set once a guard stands before the server; without one no page may show the game."""


class Guard:
    """A pure ASGI middleware, so that it sees websockets as well.

    `pairing` returns the door of a shared demo, or None where nothing is shared.
    """

    def __init__(self, app: ASGIApp, pairing: Callable[[], Pairing | None]) -> None:
        self.app = app
        self.pairing = pairing
        self.headers = security_headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in who may come in."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif self._admits(scope):
            await self.app(scope, receive, self._with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await sentence_page(CLOSED, 403)(scope, receive, self._with_headers(send))

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say why the server does not start in one sentence, without a traceback."""
        why: list[str] = []

        async def say(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                why.append(message["message"])
            else:
                await send(message)

        ON_DUTY.set()
        try:
            await self.app(scope, receive, say)
        except BrandswipeError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
        except BaseException:
            for text in why:
                await send({"type": "lifespan.startup.failed", "message": text})
            raise

    def _admits(self, scope: Scope) -> bool:
        if not is_ours(scope):
            return False
        door = self.pairing()
        if door is None or re.fullmatch(r"(/[\w-]+)?/pair/\w+", scope["path"]):
            return True
        headers = Headers(scope=scope)
        client = scope.get("client")
        if client and is_here(client[0], headers.keys()):
            return True
        return door.admits(_cookie(headers.get("cookie", "")))

    def _with_headers(self, send: Send) -> Send:
        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers[name] = value
            await send(message)

        return say


def is_ours(scope: Scope) -> bool:
    """Return whether a page of ours asks: another site may neither listen nor post.

    Behind a proxy the name that the browser sees may be the forwarded one.
    """
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None or (scope["type"] == "http" and scope["method"] in ("GET", "HEAD")):
        return True
    return urlsplit(origin).netloc in (headers.get("host"), headers.get("x-forwarded-host"))


def is_here(client: str, headers: Collection[str]) -> bool:
    """Return whether a request comes from this computer itself, and through no proxy on it."""
    said = {name.lower() for name in headers}
    return is_loopback(client) and not said.intersection(_FORWARDED)


def sentence_page(sentence: str, status: int) -> HTMLResponse:
    """Return a page that is one sentence; never kept, because the next visit may fare better."""
    return HTMLResponse(_PAGE.format(sentence), status, {"Cache-Control": "no-store"})


def security_headers() -> dict[str, str]:
    """Return the headers of every answer."""
    policy = {
        "default-src": "'self'",
        "script-src": f"'self' blob: {' '.join(_inline_scripts())}",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    }


def _inline_scripts() -> list[str]:
    """Return the hashes of the scripts that Streamlit writes into its page."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    inline = [
        text for text in re.findall(r"<script[^>]*>(.*?)</script>", page, re.S) if text.strip()
    ]
    return [
        f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'" for text in inline
    ]


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""
