"""An answer costs the page little: nothing is measured between her hand and the next frame."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.support.gestures import all_saved, open_deck, press, touch

pytestmark = pytest.mark.browser
HANDS = {"keydown", "pointerup", "click"}
LAID_OUT = {"Layout", "UpdateLayoutTree"}
RIGHT = [(x, 0) for x in (0, 30, 80, 150)]
MEASURE = """() => addEventListener("keydown", () => {
    document.body.style.height = Math.random() * 1000 + "px"
    document.body.offsetHeight
})"""


def forced(page: Page, hand: Any) -> list[str]:
    """What was laid out within the handling of a key or a finger, which stops both."""
    browser = page.context.browser
    assert browser
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    hand()
    events = json.loads(browser.stop_tracing())["traceEvents"]
    return list(_within(events, _handled(events)))


def _handled(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [
        e for e in events if e["name"] == "EventDispatch" and e["args"]["data"]["type"] in HANDS
    ]
    assert found, "the trace saw no hand"
    return found


def _within(events: list[dict[str, Any]], outer: list[dict[str, Any]]) -> Iterator[str]:
    for event in events:
        if event["name"] not in LAID_OUT or "dur" not in event:
            continue
        for one in outer:
            same = (event["pid"], event["tid"]) == (one["pid"], one["tid"])
            if same and one["ts"] <= event["ts"] <= one["ts"] + one["dur"]:
                yield f"{event['name']} within {one['args']['data']['type']}"


def test_keys_force_no_layout(desk: Page, stage: Server) -> None:
    open_deck(desk, stage, "smooth keys", 8)
    expect(desk.locator(".overview .rows li")).to_have_count(8)  # made ahead, for the last card

    def hand() -> None:
        press(desk, ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"] * 2, 60)
        all_saved(desk)

    assert forced(desk, hand) == []


def test_flings_force_no_layout(phone: Page, stage: Server) -> None:
    open_deck(phone, stage, "smooth flings", 4)
    expect(phone.locator(".overview .rows li")).to_have_count(4)

    def hand() -> None:
        for _ in range(3):
            touch(phone, RIGHT, 15)
        all_saved(phone)

    assert forced(phone, hand) == []


def test_a_forced_layout_is_seen(desk: Page, stage: Server) -> None:
    open_deck(desk, stage, "clumsy", 4)
    desk.evaluate(MEASURE)
    assert forced(desk, lambda: press(desk, ["ArrowRight"])) != []
