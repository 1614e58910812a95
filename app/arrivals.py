"""Two routes of the login: the shop's note comes in, and a login of the proxy goes out."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlencode

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from app import runtime
from app.address import home
from app.guard import sentence_page
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
