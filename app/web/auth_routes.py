"""HTTP routes for account linking, phone pairing and proxy logout."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlencode

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from app.auth.device_pairing import PAIRING_COOKIE, PAIRING_SECONDS, DevicePairing
from app.auth.urls import base_path
from app.web import runtime
from app.web.middleware import message_page
from recsys.errors import NotAllowedError

MAX_STATEMENT_BYTES = 8 * 1024
LINKED_PARAMETER = "linked"  # query parameter with the handle of a shop statement
_NO_STORE = {"Cache-Control": "no-store"}
AuthRoute = tuple[str, Callable[[Request], Awaitable[Response]], list[str]]


async def receive_shop_statement(request: Request) -> Response:
    """Receive a signed shop statement and redirect the browser to the start page."""
    if not runtime.settings().login.is_real:
        return message_page("This server has no login, so no account can be linked.", 403)
    try:
        handle = runtime.shop_statements().receive(await _posted_token(request))
    except NotAllowedError as error:
        return message_page(str(error), 403)
    return RedirectResponse(
        f"{base_path()}?{urlencode({LINKED_PARAMETER: handle})}", 303, _NO_STORE
    )


async def end_proxy_login(_: Request) -> Response:
    """Redirect the browser to the logout URL of the proxy."""
    return RedirectResponse(runtime.settings().logout_url or base_path(), 303, _NO_STORE)


async def _posted_token(request: Request) -> str:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_STATEMENT_BYTES:
                return ""
    except ClientDisconnect:
        return ""
    form = parse_qs(body.decode("ascii", "replace"), max_num_fields=10)
    return form.get("token", [""])[0]


async def pair_device(request: Request) -> Response:
    """Pair a phone with a shared demo: exchange a valid one-time code for a cookie.

    A HEAD request does not use up the code, because link previews send HEAD requests.
    """
    if request.method == "HEAD":
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    pairing = demo_pairing()
    cookie = pairing.redeem(request.path_params["code"]) if pairing else None
    if cookie is None:
        message = "This code is used or invalid: scan the one that is on the screen now."
        return message_page(message, 403)
    response = RedirectResponse(base_path(), 303, {"Cache-Control": "no-store"})
    secure = request.url.scheme == "https"
    response.set_cookie(
        PAIRING_COOKIE, cookie, PAIRING_SECONDS, httponly=True, samesite="lax", secure=secure
    )
    return response


def demo_pairing() -> DevicePairing | None:
    """Return the pairing of a shared demo, or None if the demo is not shared."""
    return runtime.pairing() if runtime.settings().share else None


def auth_routes() -> list[AuthRoute]:
    """Return the routes as (path, handler, methods)."""
    return [
        ("pair/{code}", pair_device, ["GET"]),
        ("link", receive_shop_statement, ["POST"]),
        ("leave", end_proxy_login, ["GET"]),
    ]
