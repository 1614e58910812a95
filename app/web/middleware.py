"""Access control for HTTP and websockets, and the security headers of every response."""

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
)  # need no proxy header; `link` verifies the signature of the shop instead
NOT_PAIRED_MESSAGE = (
    "This demo is shared by invitation: scan the code on the screen of the computer that runs it."
)
LOCAL_ONLY_MESSAGE = (
    "This page is for the computer that it runs on: open it there, without a proxy."
)
FOREIGN_ORIGIN_MESSAGE = "Another site asked for this: open the page itself."


class AccessMiddleware:
    """Access control as a pure ASGI middleware, so that it covers websockets as well.

    `pairing` returns the pairing of a shared demo, or None if the demo is not shared. `settings`
    returns the current settings.
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
        """Pass an allowed request on; answer 403 or close the websocket otherwise."""
        if scope["type"] == "lifespan":
            await self._run_lifespan(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, self._with_headers(send, is_logout(scope)))
            return
        # privacy: no person and no IP address in the log
        _log.warning("access refused: %s", refusal, extra=log_extra("door_refused"))
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await message_page(refusal, 403)(scope, receive, self._with_headers(send))

    async def _run_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Report a failed start in one sentence, without a traceback.

        After any other outcome the server assumes that the app has no lifespan events. It would
        then serve the app without any check.
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
        """Return the reason why a request is refused, or None."""
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
    from app.auth.jwt import verify_proxy_header  # imported late: it needs the extra `auth`

    try:
        verify_proxy_header(
            settings, headers.get(settings.proxy_header), time.time(), check_expiry=True
        )
    except BrandswipeError as error:
        return str(error)
    return None


def is_direct(headers: Headers) -> bool:
    """Return whether the Host header names this computer and no proxy forwarded the request."""
    host = urlsplit(f"//{headers.get('host', '')}").hostname
    return (host is None or is_loopback(host)) and not _is_forwarded(headers.keys())


def _is_forwarded(names: Collection[str]) -> bool:
    lowered = {name.lower() for name in names}
    return any(name in _FORWARDING_HEADERS or name.startswith("x-forwarded-") for name in lowered)


def is_same_origin(scope: Scope) -> bool:
    """Return whether a request is same-origin; other sites may open no websocket and not post.

    Behind a proxy, the host name in the browser may be the one in X-Forwarded-Host.
    """
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None or (scope["type"] == "http" and scope["method"] in ("GET", "HEAD")):
        return True
    if matches_route(scope, "link"):  # cross-origin posts of the shop are allowed: they are signed
        return True
    return urlsplit(origin).netloc in (headers.get("host"), headers.get("x-forwarded-host"))


def is_local_request(client: str, headers: Collection[str]) -> bool:
    """Return whether a request comes from this computer and not through a local proxy."""
    return is_loopback(client) and not _is_forwarded(headers)


def message_page(message: str, status: int) -> HTMLResponse:
    """Return a page with one sentence. It is not cached: the next request may succeed."""
    page = render_template("app.web", "message.html", message=message)
    return HTMLResponse(page, status, {"Cache-Control": "no-store"})


def security_headers() -> dict[str, str]:
    """Return the security headers of every response."""
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
    """Return CSP hashes of the inline scripts in the index page of Streamlit."""
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
