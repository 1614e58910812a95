"""What a hand does, and what the stage keeps of it."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, Server

Point = tuple[float, float]
PRESS_AT_ONCE = """keys => {
    const common = { bubbles: true, composed: true }
    const down = key => new KeyboardEvent("keydown", { key, ...common })
    for (const key of keys) document.body.dispatchEvent(down(key))
}"""


def open_deck(page: Page, server: Server, deck: str, count: int = 20, more: str = "") -> None:
    """Open a deck on the stage and wait for its first card."""
    page.goto(f"{server.url}/?scene=swipe&deck={deck}&n={count}{more}")
    page.locator(".card[data-depth='0'], .overview:not([hidden])").first.wait_for()


def rows(page: Page, server: Server, deck: str) -> list[dict[str, Any]]:
    """Return what the server kept of a deck."""
    found: list[dict[str, Any]] = page.request.get(f"{server.url}/api/rows?deck={deck}").json()
    return found


def mood(page: Page, server: Server, mode: str) -> None:
    """Make the route behave or misbehave."""
    page.request.post(f"{server.url}/api/stage", data={"mode": mode})


def all_saved(page: Page) -> None:
    """Wait until the page says that everything is saved; a lost question is put again after 8 s."""
    expect(page.locator(".saved")).to_have_attribute("data-state", "saved", timeout=60_000)


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Look again and again until it holds."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        page.wait_for_timeout(50)


def remains(page: Page, find: Callable[[], list[str]]) -> list[str]:
    """What is wrong with a page still when all on it had the time to come to rest."""
    deadline = time.monotonic() + 5
    while (found := find()) and time.monotonic() < deadline:
        page.wait_for_timeout(200)
    return found


def press(page: Page, keys: Iterable[str], gap: float = 0) -> None:
    """Press keys one after another, `gap` ms apart."""
    for key in keys:
        page.keyboard.press(key)
        if gap:
            page.wait_for_timeout(gap)


def touch(page: Page, path: Sequence[Point], step_ms: float) -> None:
    """Draw a path over the top card with one finger; points are relative to its middle.

    The events carry their own times, so that a busy machine does not slow the finger down.
    """
    top = page.locator(".card[data-depth='0']")
    top.element_handle().wait_for_element_state("stable")
    box = top.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    finger = page.context.new_cdp_session(page)
    start = time.time()
    for i, (dx, dy) in enumerate([*path, path[-1]]):
        kind = "touchEnd" if i == len(path) else "touchMove" if i else "touchStart"
        points = [] if i == len(path) else [{"x": x + dx, "y": y + dy}]
        event = {"type": kind, "touchPoints": points, "timestamp": start + i * step_ms / 1000}
        finger.send("Input.dispatchTouchEvent", event)
    finger.detach()
