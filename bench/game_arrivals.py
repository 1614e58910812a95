"""Fifty players arrive within ten seconds, and each clicks on play as soon as she can.

Fifty Chromiums do not fit beside a server on two processors, and fifty employees bring fifty
computers. So every tenth player is a page in a real Chromium, timed until the card is painted. The
others fetch every file that a browser without a cache fetches, speak Streamlit's own protocol over
a websocket of their own, and are timed until the message with the cards has come.
"""

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from game_hands import EARS, FIRST_CARD, FLAGS, LIFE, YES, address
from game_server import Work, spread
from playwright.async_api import Browser, async_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from tests.browser.support.chromium import find

PLAYERS = 50
WITHIN = 10  # seconds
REAL = 10  # every so manieth player is a Chromium
LARGEST = 2**26  # bytes of a message


@dataclass
class Guest:
    """A player without a screen: what a browser would ask of the server, and the times of it."""

    port: int
    paths: list[str]
    cookie: str = ""
    ids: dict[str, str] = field(default_factory=dict)  # of buttons, by their label
    sent: int = 0

    async def arrive(self, after: float) -> tuple[float, float]:
        """Open the page and click on play; return the milliseconds of both."""
        await asyncio.sleep(after)
        started = time.perf_counter()
        await self.fetch()
        there = f"ws://127.0.0.1:{self.port}/_stcore/stream"
        cookie = {"Cookie": self.cookie}
        async with connect(
            there, subprotocols=["streamlit"], additional_headers=cookie, max_size=LARGEST
        ) as wire:  # type: ignore[list-item]
            await self.run(wire, "brandswipe_practice")
            opened = time.perf_counter()
            await self.run(wire, "brandswipe_swipe", self.ids[YES])
            played = time.perf_counter()
        return (opened - started) * 1_000, (played - opened) * 1_000

    async def fetch(self) -> None:
        """Get every file of the page over one connection; keep the cookie."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for path in self.paths:
            head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nCookie: {self.cookie}"
            writer.write(f"{head}\r\nAccept-Encoding: gzip\r\n\r\n".encode())
            said = (await reader.readuntil(b"\r\n\r\n")).decode()
            if found := re.search(r"set-cookie: (brandswipe_guest=[^;]+)", said, re.I):
                self.cookie = found[1]
            await body(reader, said)
        writer.close()

    async def run(self, wire: ClientConnection, wanted: str, pressed: str = "") -> None:
        """Have the page run, with a button pressed; return when a component of ours is there."""
        ask = BackMsg()
        ask.rerun_script.query_string = f"lang=en&as={LIFE}"
        if pressed:
            ask.rerun_script.widget_states.widgets.add(id=pressed, trigger_value=True)
        await wire.send(ask.SerializeToString())
        there = False
        while True:
            message = ForwardMsg.FromString(await wire.recv(decode=False))
            element = message.delta.new_element
            there |= element.bidi_component.component_name.endswith(wanted)
            if element.button.id:
                self.ids[element.button.label] = element.button.id
            if there and (pressed or message.WhichOneof("type") == "script_finished"):
                return


async def body(reader: asyncio.StreamReader, head: str) -> None:
    """Read what follows a head."""
    if found := re.search(r"content-length: (\d+)", head, re.I):
        await reader.readexactly(int(found[1]))
        return
    if "chunked" not in head.lower():
        return
    while size := int(await reader.readline(), 16):
        await reader.readexactly(size + 2)
    await reader.readline()


async def real(browser: Browser, port: int, after: float) -> tuple[float, float]:
    """Open the page in a context of its own and click on play; return the milliseconds of both."""
    await asyncio.sleep(after)
    started = time.perf_counter()
    context = await browser.new_context()
    await context.add_init_script(path=EARS)
    page = await context.new_page()
    page.set_default_timeout(60_000)
    await page.goto(address(port, "persona"))
    await page.get_by_role("button", name=YES).wait_for()
    opened = (time.perf_counter() - started) * 1_000
    await page.get_by_role("button", name=YES).click()
    await page.locator(FIRST_CARD).wait_for()
    await page.wait_for_function("() => heard.card")
    times: float = await page.evaluate("heard.card - heard.clicked")
    await context.close()
    return opened, times


async def files(browser: Browser, port: int) -> list[str]:
    """Return the paths of all that a browser without a cache gets to show the first page."""
    context = await browser.new_context()
    page = await context.new_page()
    heard: list[str] = []
    page.on("request", lambda request: heard.append(request.url))
    await page.goto(address(port, "persona"))
    await page.get_by_role("button", name=YES).wait_for()
    await context.close()
    ours = [urlsplit(url) for url in heard if url.startswith("http")]
    return [url.path + (f"?{url.query}" if url.query else "") for url in ours]


async def arrivals(port: int, pid: int) -> dict[str, Any]:
    """Let all arrive, evenly spread."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find(), args=FLAGS)
        paths = await files(browser, port)
        work = Work(pid)
        coming = []
        for n in range(PLAYERS):
            after = n * WITHIN / PLAYERS
            is_real = n % REAL == REAL // 2
            coming.append(
                real(browser, port, after) if is_real else Guest(port, paths).arrive(after)
            )
        came = await asyncio.gather(*coming)
        shares = work.shares()
        await browser.close()
    reals = came[REAL // 2 :: REAL]
    guests = [times for n, times in enumerate(came) if n % REAL != REAL // 2]
    return {
        "players": PLAYERS,
        "within_seconds": WITHIN,
        "files_each": len(paths),
        "click_to_first_card": spread([played for _, played in came]),
        "of_them_without_a_screen": spread([played for _, played in guests]),
        "of_them_in_chromium": spread([played for _, played in reals]),
        "open_to_welcome": spread([opened for opened, _ in came]),
        **shares,
    }


def fifty(port: int, pid: int) -> dict[str, Any]:
    """Return how long fifty players waited."""
    return asyncio.run(arrivals(port, pid))
