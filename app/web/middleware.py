"""The door of the server: who may come in, websockets included, and headers on every answer."""

import base64
import logging
import re
import time
from collections.abc import Callable, Collection
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth.device_pairing import PAIRING_COOKIE, DevicePairing
from app.auth.guest_cookie import is_logout, matches_route
from app.auth.identity import check_login, is_loopback
from app.presentation.templating import render_template
from app.web import runtime
from app.workspace.json_log import log_extra
from app.workspace.settings import Login, Settings
from recsys.errors import BrandswipeError

_log = logging.getLogger("brandswipe")
_FORWARDING_HEADERS = ("forwarded", "x-real-ip")
_OPEN_PATHS = (
    "healthz",
    "link",
)  # without the proxy's header: the second takes what the shop signed
NOT_PAIRED_MESSAGE = (
    "This demo is shared by invitation: scan the code on the screen of the computer that runs it."
)
LOCAL_ONLY_MESSAGE = (
    "This page is for the computer that it runs on: open it there, without a proxy."
)
FOREIGN_ORIGIN_MESSAGE = "Another site asked for this: open the page itself."


class AccessMiddleware:
    """A pure ASGI middleware, so that it sees websockets as well.

    `pairing` returns the door of a shared demo, or None where nothing is shared; `settings` those
    in force.
    """

    def __init__(
        self,
        app: ASGIApp,
        pairing: Callable[[], DevicePairing | None],
        settings: Callable[[], Settings] = runtime.settings,
    ) -> None:
        self.app = app
        self.pairing = pairing
        self.settings = settings
        self.headers = security_headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in who may come in."""
        if scope["type"] == "lifespan":
            await self._run_lifespan(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, self._with_headers(send, is_logout(scope)))
            return
        # no person and no address in a log
        _log.warning("refused at the door: %s", refusal, extra=log_extra("door_refused"))
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await message_page(refusal, 403)(scope, receive, self._with_headers(send))

    async def _run_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say why the server does not start in one sentence, without a traceback.

        A server takes any other end of this for an app that needs no start, and would serve it with
        nothing checked.
        """
        messages: list[str] = []

        async def say(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                messages.append(message["message"])
            else:
                await send(message)

        runtime.mark_guarded()
        try:
            check_login(self.settings())
            await self.app(scope, receive, say)
        except BrandswipeError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
        except BaseException as error:
            fault_message = (
                f"A fault of our own ({type(error).__name__}) keeps the server from starting."
            )
            for message in messages or [fault_message]:
                await send({"type": "lifespan.startup.failed", "message": message})
            raise

    def _refusal(self, scope: Scope) -> str | None:
        """Return why a request stays outside, or None."""
        settings, headers = self.settings(), Headers(scope=scope)
        if not is_same_origin(scope):
            return FOREIGN_ORIGIN_MESSAGE
        if settings.login is Login.LOCAL and not settings.share and not is_direct(headers):
            return LOCAL_ONLY_MESSAGE
        if settings.login is Login.PROXY and not matches_route(scope, *_OPEN_PATHS):
            return _login_refusal(settings, headers)
        return None if self._is_admitted(scope, headers) else NOT_PAIRED_MESSAGE

    def _is_admitted(self, scope: Scope, headers: Headers) -> bool:
        pairing, client = self.pairing(), scope.get("client")
        code = scope["path"].rpartition("/")[2]
        if pairing is None or (code.isalnum() and matches_route(scope, f"pair/{code}")):
            return True
        if client and is_local_request(client[0], headers.keys()) and is_direct(headers):
            return True
        return pairing.accepts(_pairing_cookie(headers.get("cookie", "")))

    def _with_headers(self, send: Send, clear_storage: bool = False) -> Send:
        extra_headers = {"Clear-Site-Data": '"storage"'} if clear_storage else {}

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in (self.headers | extra_headers).items():
                    headers[name] = value
            await send(message)

        return say


def _login_refusal(settings: Settings, headers: Headers) -> str | None:
    from app.auth.jwt import verify_proxy_header  # here: it needs the packages of the login

    try:
        verify_proxy_header(
            settings, headers.get(settings.proxy_header), time.time(), check_expiry=True
        )
    except BrandswipeError as error:
        return str(error)
    return None


def is_direct(headers: Headers) -> bool:
    """Return whether a request names this computer and nothing stands between."""
    host = urlsplit(f"//{headers.get('host', '')}").hostname
    return (host is None or is_loopback(host)) and not _is_forwarded(headers.keys())


def _is_forwarded(names: Collection[str]) -> bool:
    lowered = {name.lower() for name in names}
    return any(name in _FORWARDING_HEADERS or name.startswith("x-forwarded-") for name in lowered)


def is_same_origin(scope: Scope) -> bool:
    """Return whether a page of ours asks: another site may neither listen nor post.

    Behind a proxy the name that the browser sees may be the forwarded one.
    """
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None or (scope["type"] == "http" and scope["method"] in ("GET", "HEAD")):
        return True
    if matches_route(scope, "link"):  # the shop's account page posts here, and signs what it posts
        return True
    return urlsplit(origin).netloc in (headers.get("host"), headers.get("x-forwarded-host"))


def is_local_request(client: str, headers: Collection[str]) -> bool:
    """Return whether a request comes from this computer itself, and through no proxy on it."""
    return is_loopback(client) and not _is_forwarded(headers)


def message_page(message: str, status: int) -> HTMLResponse:
    """Return a page that is one sentence; never kept, because the next visit may fare better."""
    page = render_template("app.web", "message.html", message=message)
    return HTMLResponse(page, status, {"Cache-Control": "no-store"})


def security_headers() -> dict[str, str]:
    """Return the headers of every answer."""
    policy = {
        "default-src": "'self'",
        "script-src": f"'self' blob: {' '.join(_inline_script_hashes())}",
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


def _inline_script_hashes() -> list[str]:
    """Return the hashes of the scripts that Streamlit writes into its page."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    scripts = [
        text for text in re.findall(r"<script[^>]*>(.*?)</script>", page, re.S) if text.strip()
    ]
    return [
        f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'" for text in scripts
    ]


def _pairing_cookie(header: str) -> str:
    try:
        cookie = SimpleCookie(header).get(PAIRING_COOKIE)
    except CookieError:
        return ""
    return cookie.value if cookie else ""
