"""The routes of arriving and leaving: an account linked, a phone paired, a proxy's login ended."""

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
LINKED_PARAMETER = "linked"  # the parameter of the page that collects a note
_NO_STORE = {"Cache-Control": "no-store"}
AuthRoute = tuple[str, Callable[[Request], Awaitable[Response]], list[str]]


async def receive_shop_statement(request: Request) -> Response:
    """Take the note that the shop's account page made, and send its browser on to the page."""
    if not runtime.settings().login.is_real:
        return message_page("Nobody logs in here, so no account can be linked.", 403)
    try:
        handle = runtime.shop_statements().receive(await _posted_token(request))
    except NotAllowedError as error:
        return message_page(str(error), 403)
    return RedirectResponse(
        f"{base_path()}?{urlencode({LINKED_PARAMETER: handle})}", 303, _NO_STORE
    )


async def end_proxy_login(_: Request) -> Response:
    """Send the browser to where the proxy ends a login."""
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
    """Let a phone into a shared demo: the right code becomes a cookie and is spent.

    Who asks for the head alone only looks, as a preview of links does: nothing is spent.
    """
    if request.method == "HEAD":
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    pairing = demo_pairing()
    cookie = pairing.redeem(request.path_params["code"]) if pairing else None
    if cookie is None:
        message = "This code is spent or not ours: scan the one that is on the screen now."
        return message_page(message, 403)
    response = RedirectResponse(base_path(), 303, {"Cache-Control": "no-store"})
    secure = request.url.scheme == "https"
    response.set_cookie(
        PAIRING_COOKIE, cookie, PAIRING_SECONDS, httponly=True, samesite="lax", secure=secure
    )
    return response


def demo_pairing() -> DevicePairing | None:
    """Return the door of a shared demo, or None where nothing is shared."""
    return runtime.pairing() if runtime.settings().share else None


def auth_routes() -> list[AuthRoute]:
    """Return the routes: path, handler and methods."""
    return [
        ("pair/{code}", pair_device, ["GET"]),
        ("link", receive_shop_statement, ["POST"]),
        ("leave", end_proxy_login, ["GET"]),
    ]
