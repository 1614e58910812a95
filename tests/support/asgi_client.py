"""Calls an ASGI app without a network."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def call(
    app: ASGIApp,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    client: str = "127.0.0.1",
    kind: str = "http",
) -> Answer:
    """Send one request and return the whole answer."""
    sent: list[Message] = []
    scope = {
        "type": kind, "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "path": path, "raw_path": path.encode(), "root_path": "", "scheme": "http",
        "query_string": b"", "client": (client, 5), "server": ("127.0.0.1", 80), "subprotocols": [],
        "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
    }  # fmt: skip
    parts = [body[i : i + 10_000] for i in range(0, len(body), 10_000)] or [b""]

    over = asyncio.Event()

    async def receive() -> Message:
        if kind == "websocket":
            return {"type": "websocket.connect"}
        if not parts:
            await over.wait()  # a browser stays until it has heard all
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            over.set()

    asyncio.run(app(scope, receive, send))
    start = next(
        (m for m in sent if m["type"] == "http.response.start"), {"status": 0, "headers": ()}
    )
    return Answer(
        start["status"] or sent[0].get("code", 101),
        {k.decode(): v.decode() for k, v in start["headers"]},
        b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body"),
    )
