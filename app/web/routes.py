"""The HTTP routes beside Streamlit. `streamlit run app/web/routes.py` serves all of the house."""

import gc
import logging
import os
import re
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

from app.auth.deck_tokens import binding_of
from app.auth.device_pairing import COOKIE, SECONDS, Pairing
from app.auth.guest_cookie import Visitors, is_at
from app.auth.identity import check_address
from app.auth.urls import home
from app.operations.health import UnwellError, health
from app.study.privacy import purge
from app.web import runtime
from app.web.middleware import Guard, sentence_page
from app.web.swipe_route import Asker, Reply, failure, take
from app.workspace import json_log
from app.workspace.json_log import event, fault
from recsys.errors import NotAllowedError

NOTE_BYTES = 8 * 1024
LINKED = "linked"  # the parameter of the page that collects a note
_UNKEPT = {"Cache-Control": "no-store"}
Way = tuple[str, Callable[[Request], Awaitable[Response]], list[str]]


async def link(request: Request) -> Response:
    """Take the note that the shop's account page made, and send its browser on to the page."""
    if not runtime.settings().login.is_real:
        return sentence_page("Nobody logs in here, so no account can be linked.", 403)
    try:
        handle = runtime.notes().receive(await _token(request))
    except NotAllowedError as error:
        return sentence_page(str(error), 403)
    return RedirectResponse(f"{home()}?{urlencode({LINKED: handle})}", 303, _UNKEPT)


async def leave(_: Request) -> Response:
    """Send the browser to where the proxy ends a login."""
    return RedirectResponse(runtime.settings().logout_url or home(), 303, _UNKEPT)


async def _token(request: Request) -> str:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > NOTE_BYTES:
                return ""
    except ClientDisconnect:
        return ""
    said = parse_qs(body.decode("ascii", "replace"), max_num_fields=10)
    return said.get("token", [""])[0]


def ways() -> list[Way]:
    """Return the routes: path, handler and methods."""
    return [("link", link, ["POST"]), ("leave", leave, ["GET"])]


BODY_BYTES = 64 * 1024
_PICTURE = re.compile(r"[0-9a-f]{8,64}\.webp")
_log = logging.getLogger("brandswipe")


async def swipes(request: Request) -> Response:
    """Take a post of swipes; answer with the ids that are safely stored."""
    body = await _body(request)
    if body is None:
        return _json(
            failure(413, "too_large", f"A post holds up to {BODY_BYTES} bytes: send fewer.")
        )
    address = request.client.host if request.client else ""
    asker = Asker(address, binding_of(request.headers))
    return _json(await run_in_threadpool(_take, body, asker))


async def healthz(_: Request) -> Response:
    """Answer 200 while answers can be stored and cards dealt, else 503; open to everybody."""
    try:
        found = await run_in_threadpool(lambda: health(runtime.house()))
    except UnwellError as error:
        return _json(failure(503, error.part, str(error)))
    return _json((200, {"schema": 1, "status": "ok", **found}))


async def picture(request: Request) -> Response:
    """Answer with the picture of a brand; its name says its content, so it never changes."""
    name = request.path_params["name"]
    path = runtime.settings().workspace / "pictures" / name
    if not _PICTURE.fullmatch(name) or not path.is_file():
        return _json(failure(404, "no_picture", "There is no such picture: reload the page."))
    forever = {"Cache-Control": "public, max-age=31536000, immutable"}
    return FileResponse(path, media_type="image/webp", headers=forever)


async def pair(request: Request) -> Response:
    """Let a phone into a shared demo: the right code becomes a cookie and is spent.

    Who asks for the head alone only looks, as a preview of links does: nothing is spent.
    """
    if request.method == "HEAD":
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    door = shared()
    cookie = door.redeem(request.path_params["code"]) if door else None
    if cookie is None:
        sentence = "This code is spent or not ours: scan the one that is on the screen now."
        return sentence_page(sentence, 403)
    answer = RedirectResponse(home(), 303, {"Cache-Control": "no-store"})
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, cookie, SECONDS, httponly=True, samesite="lax", secure=secure)
    return answer


def shared() -> Pairing | None:
    """Return the door of a shared demo, or None where nothing is shared."""
    return runtime.pairing() if runtime.settings().share else None


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[dict[str, Any]]:
    """Refuse an address that nothing guards; open the store, and close it at the end."""
    with json_log.kept():
        _open()
        try:
            yield {}
        finally:
            runtime.close()
            gc.unfreeze()  # or libraries complain of leaks where the process ends
            _log.info("Stopped.", extra=event("stopped"))


def _open() -> None:
    settings = runtime.settings()
    planted = settings.share and runtime.warehouse().planted
    check_address(settings, config.get_option("server.address"), planted)
    runtime.place()
    runtime.store().examine()
    purge(runtime.house())
    answer_at_once()
    leave_be()


def answer_at_once() -> None:
    """Let no answer wait for the browser's acknowledgement of its own first half.

    Streamlit binds the listening socket without naming the protocol, and asyncio then leaves
    Nagle's algorithm on: every other answer is 40 ms late. Connections inherit the option.
    """
    for handle in map(int, os.listdir("/dev/fd")):
        with suppress(OSError):
            if not stat.S_ISSOCK(os.fstat(handle).st_mode):
                continue
            with socket.socket(fileno=os.dup(handle)) as found:
                if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def leave_be() -> None:
    """Have the garbage collector pass over what is loaded now, which stays until the end.

    It went through half a million objects of libraries again and again, a quarter of the time that
    swipes cost, and in pauses that every player waits out.
    """
    gc.collect()
    gc.freeze()


async def _body(request: Request) -> bytes | None:
    """Return the body, or None as soon as it is too large."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES:
                return None
    except ClientDisconnect:
        return b""  # nobody hears the answer; the browser sends all of it again
    return bytes(body)


def _take(body: bytes, asker: Asker) -> Reply:
    try:
        reply = take(runtime.store(), runtime.tokens(), runtime.limits(), body, asker)
        if reply[0] != 200:
            why = reply[1].get("error", "a swipe in it")  # and whose it was is nobody's business
            _log.warning("a post of swipes was refused: %s", why, extra=event("post_refused"))
        return reply
    except Exception as error:
        _log.error("a post of swipes failed: %s", fault(error), extra=event("post_failed"))
        return failure(500, "ours", "Something of ours failed: nothing is lost, it is sent again.")


def _json(reply: Reply) -> JSONResponse:
    status, said = reply
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": "10"} if status == 429 else {})
    return JSONResponse(said, status, headers)


async def host_config(_: Request) -> Response:
    """Tell Streamlit's page that whoever shows it says by himself what went wrong.

    Its own dialog of a lost server would cover the cards, which are played on meanwhile, and would
    make the rest of the page inert.
    """
    told = {
        "allowedOrigins": [],  # nobody may frame the page
        "useExternalAuthToken": False,
        "enableCustomParentMessages": False,
        "enforceDownloadInNewTab": False,
        "metricsUrl": "",
        "blockErrorDialogs": True,
        "resourceCrossOriginMode": None,
    }
    return JSONResponse(told, headers={"Cache-Control": "no-cache"})


_SHORT = (("POST", "api/swipes", swipes), ("GET", "_stcore/host-config", host_config))


class Shortcut:
    """Answers some requests before Streamlit's own layers. A pure ASGI middleware.

    Those have nothing to say to a post of swipes, cost as much as the storing itself, and hundreds
    play at once. A route of ours may not begin as Streamlit's own do.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is ours; pass everything else on."""
        for method, path, call in _SHORT:
            if is_at(scope, path) and scope["method"] == method:
                answer = await call(Request(scope, receive))
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


def routes() -> list[Route]:
    """Return the routes of ours, at the root and under the path prefix."""
    found = [
        ("api/swipes", swipes, ["POST"]),
        ("healthz", healthz, ["GET"]),
        ("pictures/{name}", picture, ["GET"]),
        ("pair/{code}", pair, ["GET"]),
        *ways(),
    ]
    # under a path prefix Streamlit moves and a route of ours would stay at the root
    homes = dict.fromkeys(("/", home()))
    return [
        Route(start + path, call, methods=methods)
        for start in homes
        for path, call, methods in found
    ]


def layers() -> list[Middleware]:
    """Return what a request goes through before it comes to a route, the outermost first."""
    return [Middleware(Guard, pairing=shared), Middleware(Visitors), Middleware(Shortcut)]


app = st.App(
    Path(__file__).with_name("main.py"),
    routes=routes(),
    middleware=layers(),
    lifespan=lifespan,
)
