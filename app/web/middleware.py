"""The door of the server: who may come in, websockets included, and headers on every answer."""

import base64
import logging
import re
import time
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

from app.auth.device_pairing import COOKIE, Pairing
from app.auth.guest_cookie import is_at, leaves
from app.auth.identity import check_login, is_loopback
from app.web import runtime
from app.workspace.json_log import event
from app.workspace.settings import Login, Settings
from recsys.errors import BrandswipeError

_log = logging.getLogger("brandswipe")
_FORWARDED = ("forwarded", "x-real-ip")
_OPEN = ("healthz", "link")  # without the proxy's header: the second takes what the shop signed
CLOSED = (
    "This demo is shared by invitation: scan the code on the screen of the computer that runs it."
)
ELSEWHERE = "This page is for the computer that it runs on: open it there, without a proxy."
FOREIGN = "Another site asked for this: open the page itself."
_PAGE = (
    "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>Brandswipe</title><style>:root{{color-scheme:light dark}}body{{margin:20vh auto;"
    "max-width:24rem;padding:0 1.5rem;font:1.2rem/1.5 system-ui,sans-serif}}</style><p>{}</p>"
)
ON_DUTY = Event()
"""Set once a guard stands before the server; without one no page may show the game."""


class Guard:
    """A pure ASGI middleware, so that it sees websockets as well.

    `pairing` returns the door of a shared demo, or None where nothing is shared; `settings` those
    in force.
    """

    def __init__(
        self,
        app: ASGIApp,
        pairing: Callable[[], Pairing | None],
        settings: Callable[[], Settings] = runtime.settings,
    ) -> None:
        self.app = app
        self.pairing = pairing
        self.settings = settings
        self.headers = security_headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in who may come in."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
            return
        why_not = self._why_not(scope)
        if why_not is None:
            await self.app(scope, receive, self._with_headers(send, leaves(scope)))
            return
        # no person and no address in a log
        _log.warning("refused at the door: %s", why_not, extra=event("door_refused"))
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await sentence_page(why_not, 403)(scope, receive, self._with_headers(send))

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say why the server does not start in one sentence, without a traceback.

        A server takes any other end of this for an app that needs no start, and would serve it with
        nothing checked.
        """
        why: list[str] = []

        async def say(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                why.append(message["message"])
            else:
                await send(message)

        ON_DUTY.set()
        try:
            check_login(self.settings())
            await self.app(scope, receive, say)
        except BrandswipeError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
        except BaseException as error:
            fault = f"A fault of our own ({type(error).__name__}) keeps the server from starting."
            for text in why or [fault]:
                await send({"type": "lifespan.startup.failed", "message": text})
            raise

    def _why_not(self, scope: Scope) -> str | None:
        """Return why a request stays outside, or None."""
        settings, headers = self.settings(), Headers(scope=scope)
        if not is_ours(scope):
            return FOREIGN
        if settings.login is Login.LOCAL and not settings.share and not is_direct(headers):
            return ELSEWHERE
        if settings.login is Login.PROXY and not is_at(scope, *_OPEN):
            return _unvouched(settings, headers)
        return None if self._is_invited(scope, headers) else CLOSED

    def _is_invited(self, scope: Scope, headers: Headers) -> bool:
        door, client = self.pairing(), scope.get("client")
        code = scope["path"].rpartition("/")[2]
        if door is None or (code.isalnum() and is_at(scope, f"pair/{code}")):
            return True
        if client and is_here(client[0], headers.keys()) and is_direct(headers):
            return True
        return door.admits(_cookie(headers.get("cookie", "")))

    def _with_headers(self, send: Send, leaving: bool = False) -> Send:
        more = {"Clear-Site-Data": '"storage"'} if leaving else {}

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in (self.headers | more).items():
                    headers[name] = value
            await send(message)

        return say


def _unvouched(settings: Settings, headers: Headers) -> str | None:
    from app.auth.jwt import of_proxy  # here: it needs the packages of the login

    try:
        of_proxy(settings, headers.get(settings.proxy_header), time.time(), at_door=True)
    except BrandswipeError as error:
        return str(error)
    return None


def is_direct(headers: Headers) -> bool:
    """Return whether a request names this computer and nothing stands between."""
    name = urlsplit(f"//{headers.get('host', '')}").hostname
    return (name is None or is_loopback(name)) and not _forwarded(headers.keys())


def _forwarded(names: Collection[str]) -> bool:
    said = {name.lower() for name in names}
    return any(name in _FORWARDED or name.startswith("x-forwarded-") for name in said)


def is_ours(scope: Scope) -> bool:
    """Return whether a page of ours asks: another site may neither listen nor post.

    Behind a proxy the name that the browser sees may be the forwarded one.
    """
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None or (scope["type"] == "http" and scope["method"] in ("GET", "HEAD")):
        return True
    if is_at(scope, "link"):  # the shop's account page posts here, and signs what it posts
        return True
    return urlsplit(origin).netloc in (headers.get("host"), headers.get("x-forwarded-host"))


def is_here(client: str, headers: Collection[str]) -> bool:
    """Return whether a request comes from this computer itself, and through no proxy on it."""
    return is_loopback(client) and not _forwarded(headers)


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
