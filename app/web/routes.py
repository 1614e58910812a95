"""HTTP routes beside Streamlit, and the ASGI app (`streamlit run app/web/routes.py`)."""

import gc
import logging
import os
import re
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

from app.auth.deck_tokens import binding_of
from app.auth.guest_cookie import GuestCookieMiddleware, matches_route
from app.auth.identity import check_listen_address
from app.auth.urls import base_path
from app.operations.health import UnhealthyError, check_health
from app.study.privacy import purge_expired
from app.web import runtime
from app.web.auth_routes import auth_routes, demo_pairing
from app.web.middleware import AccessMiddleware
from app.web.swipe_route import JsonReply, SwipeClient, error_reply, receive_swipes
from app.workspace import json_log
from app.workspace.json_log import describe_error, log_extra

MAX_BODY_BYTES = 64 * 1024
_PICTURE_NAME = re.compile(r"[0-9a-f]{8,64}\.webp")
_log = logging.getLogger("brandswipe")


async def post_swipes(request: Request) -> Response:
    """Store the posted swipes; answer with the ids that are safely stored."""
    body = await _read_body(request)
    if body is None:
        return _json_response(
            error_reply(413, "too_large", f"A post holds up to {MAX_BODY_BYTES} bytes: send fewer.")
        )
    address = request.client.host if request.client else ""
    client = SwipeClient(address, binding_of(request.headers))
    return _json_response(await run_in_threadpool(_store_swipes, body, client))


async def healthz(_: Request) -> Response:
    """Answer 200 if answers can be stored and cards dealt, else 503. Needs no login."""
    try:
        details = await run_in_threadpool(lambda: check_health(runtime.workspace()))
    except UnhealthyError as error:
        return _json_response(error_reply(503, error.part, str(error)))
    return _json_response((200, {"schema": 1, "status": "ok", **details}))


async def brand_picture(request: Request) -> Response:
    """Return a brand picture. The file name is a content hash, so the picture never changes."""
    name = request.path_params["name"]
    path = runtime.settings().workspace / "pictures" / name
    if not _PICTURE_NAME.fullmatch(name) or not path.is_file():
        return _json_response(
            error_reply(404, "no_picture", "There is no such picture: reload the page.")
        )
    cache_headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return FileResponse(path, media_type="image/webp", headers=cache_headers)


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[dict[str, Any]]:
    """Start the app (refuse an unguarded address, open the store) and close it at shutdown."""
    with json_log.json_logging():
        _start_up()
        try:
            yield {}
        finally:
            runtime.close_all()
            gc.unfreeze()  # else libraries report leaks when the process ends
            _log.info("Stopped.", extra=log_extra("stopped"))


def _start_up() -> None:
    settings = runtime.settings()
    planted = settings.share and runtime.event_store().planted
    check_listen_address(settings, config.get_option("server.address"), planted)
    runtime.workspace_lock()
    runtime.store().db.check_pages()
    purge_expired(runtime.workspace())
    disable_nagle()
    freeze_loaded_objects()


def disable_nagle() -> None:
    """Set TCP_NODELAY, so that a response does not wait for the ACK of its first packet.

    Streamlit binds the listening socket without naming the protocol, and asyncio then leaves
    Nagle's algorithm on: every other response is 40 ms late. Connections inherit the option.
    """
    for fd in map(int, os.listdir("/dev/fd")):
        with suppress(OSError):
            if not stat.S_ISSOCK(os.fstat(fd).st_mode):
                continue
            with socket.socket(fileno=os.dup(fd)) as sock:
                if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def freeze_loaded_objects() -> None:
    """Exclude all objects that exist now from garbage collection: they live until shutdown.

    Measured: without this, each full collection scans half a million library objects. That is a
    quarter of the time that swipes cost, in pauses that delay every player.
    """
    gc.collect()
    gc.freeze()


async def _read_body(request: Request) -> bytes | None:
    """Return the body, or None as soon as it is too large."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                return None
    except ClientDisconnect:
        return b""  # no client reads the response; the browser sends all of it again
    return bytes(body)


def _store_swipes(body: bytes, client: SwipeClient) -> JsonReply:
    try:
        reply = receive_swipes(
            runtime.store(), runtime.deck_tokens(), runtime.rate_limits(), body, client
        )
        if reply[0] != 200:
            error_code = reply[1].get(
                "error", "a swipe in it"
            )  # privacy: the log names no participant
            _log.warning(
                "a post of swipes was refused: %s", error_code, extra=log_extra("post_refused")
            )
        return reply
    except Exception as error:
        _log.error(
            "a post of swipes failed: %s", describe_error(error), extra=log_extra("post_failed")
        )
        return error_reply(500, "ours", "Internal error: nothing is lost, it is sent again.")


def _json_response(reply: JsonReply) -> JSONResponse:
    status, body = reply
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": "10"} if status == 429 else {})
    return JSONResponse(body, status, headers)


async def host_config(_: Request) -> Response:
    """Return Streamlit's host configuration, with Streamlit's own error dialogs switched off.

    The dialog for a lost connection would cover the cards and make the rest of the page inert, but
    the player can go on without a connection.
    """
    host_options = {
        "allowedOrigins": [],  # no site may embed the page in a frame
        "useExternalAuthToken": False,
        "enableCustomParentMessages": False,
        "enforceDownloadInNewTab": False,
        "metricsUrl": "",
        "blockErrorDialogs": True,
        "resourceCrossOriginMode": None,
    }
    return JSONResponse(host_options, headers={"Cache-Control": "no-cache"})


_SHORTCUTS = (("POST", "api/swipes", post_swipes), ("GET", "_stcore/host-config", host_config))


class ShortcutMiddleware:
    """A pure ASGI middleware that answers some requests before Streamlit's own layers.

    Streamlit's layers do nothing for a post of swipes and cost as much time as storing it; hundreds
    play at once. Own routes may not begin with a Streamlit path prefix; `host-config` needs this.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the requests in `_SHORTCUTS`; pass all others on."""
        for method, path, handler in _SHORTCUTS:
            if matches_route(scope, path) and scope["method"] == method:
                response = await handler(Request(scope, receive))
                await response(scope, receive, send)
                return
        await self.app(scope, receive, send)


def routes() -> list[Route]:
    """Return the app's own routes, at the root and under the path prefix."""
    handlers = [
        ("api/swipes", post_swipes, ["POST"]),
        ("healthz", healthz, ["GET"]),
        ("pictures/{name}", brand_picture, ["GET"]),
        *auth_routes(),
    ]
    # with a path prefix, Streamlit moves its routes but leaves own routes at the root
    prefixes = dict.fromkeys(("/", base_path()))
    return [
        Route(start + path, call, methods=methods)
        for start in prefixes
        for path, call, methods in handlers
    ]


def middleware_stack() -> list[Middleware]:
    """Return the middleware, outermost first."""
    return [
        Middleware(AccessMiddleware, pairing=demo_pairing),
        Middleware(GuestCookieMiddleware),
        Middleware(ShortcutMiddleware),
    ]


app = st.App(
    Path(__file__).with_name("main.py"),
    routes=routes(),
    middleware=middleware_stack(),
    lifespan=lifespan,
)
