"""A stage for the components: a page and a swipe route that keeps its rows in a file.

It knows nothing of the rest of the house, so that a component's test fails for its own reasons.
`POST /api/stage {"mode": ...}` makes the route misbehave: ok, html, down, expired, late,
or picky (it refuses the second card).
"""

import json
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

ROWS = Path("rows.jsonl")
MODE = {"mode": "ok"}


def kept(deck: str) -> list[dict[str, object]]:
    """Return the rows of a deck in the order of arrival."""
    if not ROWS.exists():
        return []
    rows = [json.loads(line) for line in ROWS.read_text().splitlines()]
    return [row for row in rows if row["deck"] == deck]


def keep(deck: str, swipes: list[dict[str, object]]) -> None:
    """Insert or ignore."""
    known = {row["id"] for row in kept(deck)}
    with ROWS.open("a") as file:
        for swipe in swipes:
            if swipe["id"] not in known:
                file.write(json.dumps({**swipe, "deck": deck}) + "\n")


async def swipes(request: Request) -> Response:
    """Take swipes as the house's own route does; the token is the deck's id and a serial number."""
    body = await request.json()
    deck, _, serial = body["token"].partition("#")
    ids = [swipe["id"] for swipe in body["swipes"]]
    answer = {"schema": 1, "deck": deck, "acknowledged": ids, "late": [], "closed": False}
    if MODE["mode"] == "html":
        return HTMLResponse("<html><body>Streamlit</body></html>")
    if MODE["mode"] == "down":
        return JSONResponse({"error": "down"}, status_code=503)
    if MODE["mode"] == "expired" and serial == "0":
        return JSONResponse({"error": "expired"}, status_code=401)
    if MODE["mode"] == "late":
        return JSONResponse({**answer, "acknowledged": [], "late": ids, "closed": True})
    if MODE["mode"] == "picky":
        return picky(deck, body["swipes"], answer)
    keep(deck, body["swipes"])
    said = {row["position"]: row["answer"] for row in kept(deck)}
    standing = {str(position): answer for position, answer in said.items() if answer}
    return JSONResponse({**answer, "standing": standing})


def picky(deck: str, sent: list[dict[str, object]], answer: dict[str, object]) -> Response:
    """Keep all but the second card."""
    good = [swipe for swipe in sent if swipe["position"] != 2]
    refused = [{"id": swipe["id"], "why": "no"} for swipe in sent if swipe["position"] == 2]
    keep(deck, good)
    ids = [swipe["id"] for swipe in good]
    return JSONResponse({**answer, "acknowledged": ids, "refused": refused}, status_code=422)


async def rows(request: Request) -> Response:
    """Return what was kept of a deck."""
    return JSONResponse(kept(request.query_params["deck"]))


async def stage(request: Request) -> Response:
    """Change the route's mood."""
    MODE.update(await request.json())
    return JSONResponse(MODE)


app = st.App(
    "component_page.py",
    routes=[
        Route("/api/swipes", swipes, methods=["POST"]),
        Route("/api/rows", rows),
        Route("/api/stage", stage, methods=["POST"]),
    ],
)
