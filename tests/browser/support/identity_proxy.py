"""An identity-aware proxy: it knows its people by a cookie of its own and signs who they are."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie

from tests.browser.support.reverse_proxy import _Door, _Visit

Sign = Callable[[str, float], str | None]
COOKIE = "front"


class _Signed(_Visit):
    """A visit whose header says who it is; what the browser itself says there is thrown away."""

    server: "_Front"

    def _forwarded(self, head: bytes) -> bytes:
        first, *lines = super()._forwarded(head).split(b"\r\n")
        mark = self.server.header.lower()
        kept = [line for line in lines if line.split(b":")[0].lower() != mark]
        said = self.server.sign(_who(lines), time.time())
        ours = [] if said is None else [self.server.header + b": " + said.encode()]
        return b"\r\n".join([first, *kept, *ours])


def _who(lines: list[bytes]) -> str:
    for line in lines:
        name, _, value = line.partition(b":")
        if name.lower() == b"cookie":
            found = SimpleCookie(value.decode().strip()).get(COOKIE)
            return found.value if found else ""
    return ""


class _Front(_Door):
    def __init__(self, port: int, header: str, sign: Sign) -> None:
        super().__init__("/", port)
        self.RequestHandlerClass = _Signed
        self.header, self.sign = header.encode(), sign


@contextmanager
def front(port: int, header: str, sign: Sign) -> Iterator[str]:
    """Stand before the server on this port; `sign` turns a cookie's value into a header's."""
    with _Front(port, header, sign) as door:
        threading.Thread(target=door.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{door.server_address[1]}"
        door.shutdown()
