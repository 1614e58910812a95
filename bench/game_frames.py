"""Twenty swipes on a phone with a quarter of this computer's speed: how long is the longest frame?

A frame is what Chromium calls an animation frame: from the start of the task that asked for it to
the end of its painting. Its length by the clock counts what other programs take from the page, so
the page's own processor time of its longest task stands beside it.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from game_hands import EARS, FIRST_CARD, chromium, play
from playwright.sync_api import Browser, CDPSession, Page

SLOWER = 4
SWIPES = 20
LIMIT = 50  # ms a frame
REST = 400  # ms between two swipes
FLINGS = {"right": (150, 0), "left": (-150, 0), "up": (0, -150)}
ARROWS = ("ArrowRight", "ArrowLeft", "ArrowUp")
CATEGORIES = ["toplevel", "devtools.timeline"]
BOX = """<div style="width: 99px; height: 99px; background: teal"></div><script>
onkeydown = () => document.querySelector("div").animate({ translate: ["0", "300px"] }, 220)
</script>"""
WATCH = """() => {
  const seen = (window.seen = { long: [] })
  new PerformanceObserver((list) => {
    for (const frame of list.getEntries()) seen.long.push(frame.duration)
  }).observe({ type: "long-animation-frame" })
}"""


def fling(page: Page, finger: CDPSession, way: tuple[int, int]) -> None:
    """Throw the top card with one finger, in 90 ms by the finger's own clock."""
    box = page.locator(FIRST_CARD).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    begun = time.time()
    for step in range(7):
        kind = "touchStart" if step == 0 else "touchEnd" if step == 6 else "touchMove"
        at = {"x": x + way[0] * step / 6, "y": y + way[1] * step / 6}
        points = [] if step == 6 else [at]
        said = {"type": kind, "touchPoints": points, "timestamp": begun + step * 0.015}
        finger.send("Input.dispatchTouchEvent", said)


def swipe_all(page: Page, finger: CDPSession) -> None:
    """Answer the whole deck, by touch and by keys in turn."""
    for n in range(SWIPES):
        if n % 2:
            page.keyboard.press(ARROWS[n % len(ARROWS)])
        else:
            fling(page, finger, list(FLINGS.values())[n % len(FLINGS)])
        page.wait_for_timeout(REST)
    page.locator(".overview:not([hidden])").wait_for()


def longest_tasks(trace: bytes) -> list[float]:
    """Return the processor time in ms of each task of the page's main thread, the longest first."""
    events = json.loads(trace)["traceEvents"]
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    own = [
        event["tdur"] / 1_000
        for event in events
        if event["name"].endswith("RunTask")
        and (event["pid"], event["tid"]) in main
        and "tdur" in event
    ]
    return sorted(own, reverse=True)


def phone(browser: Browser) -> Page:
    """Open a tab on a phone."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    return context.new_page()


def watched(page: Page, browser: Browser, do: Callable[[CDPSession], None]) -> dict[str, Any]:
    """Return the long frames and tasks of what is done on a phone that is slow from now on."""
    finger = page.context.new_cdp_session(page)
    finger.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.evaluate(WATCH)
    browser.start_tracing(page=page, categories=CATEGORIES)
    do(finger)
    tasks = longest_tasks(browser.stop_tracing())
    seen = page.evaluate("() => seen")
    page.context.close()
    return {
        "frames_over_50_ms": sorted(round(ms, 1) for ms in seen["long"] if ms > LIMIT),
        "longest_tasks_cpu_ms": [round(ms, 1) for ms in tasks[:5]],
    }


def frames(browser: Browser, port: int) -> dict[str, Any]:
    """Return the frames of one deck."""
    page = phone(browser)
    page.add_init_script(path=EARS)
    play(page, port, "persona")
    page.wait_for_timeout(1_000)  # the deck has come to rest
    return watched(page, browser, lambda finger: swipe_all(page, finger))


def bare(browser: Browser) -> dict[str, Any]:
    """Return the frames of a page with one box that as many keys send flying: the floor."""
    page = phone(browser)
    page.set_content(BOX)

    def press_all(_: CDPSession) -> None:
        for n in range(SWIPES):
            page.keyboard.press(ARROWS[n % len(ARROWS)])
            page.wait_for_timeout(REST)

    return watched(page, browser, press_all)


def slow_phone(port: int) -> dict[str, Any]:
    """Measure a deck and the floor, in a Chromium of its own."""
    with chromium() as browser:
        deck = frames(browser, port)
        return {"swipes": SWIPES, "slower": SLOWER, **deck, "one_box": bare(browser)}
