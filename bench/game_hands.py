"""One player in a real Chromium: from the click to her first card, from a key to the stored row."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from game_server import ask, spread
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.support.chromium import find

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
TRIES = 20  # decks that are dealt, each to a new guest
KEYS = 8  # pressed on each
BEAT = 250  # ms between two keys
PICKS = ("Lego", "Nike", "Stabilo")  # of a taster
FIRST_CARD = ".game .card[data-depth='0']"
LIFE = "noor"  # the persona whose history is read
YES = "Yes, read it and deal my cards"
WAYS = ("persona", "taster")  # a borrowed life, or brands that she picks: in turn

EARS = Path(__file__).with_name("game_ears.js")
POSTS = """() => performance.getEntriesByType("resource")
  .filter((e) => e.name.endsWith("api/swipes"))
  .map((e) => [e.startTime, e.responseStart].map((at) => performance.timeOrigin + at))"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a Chromium without a window."""
    path = find()
    if path is None:
        raise SystemExit("This measurement needs Chromium: run `make browser` or install it.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def address(port: int, way: str) -> str:
    """Return where a player of this way begins."""
    return f"http://127.0.0.1:{port}/?lang=en" + (f"&as={LIFE}" if way == "persona" else "")


def play(page: Page, port: int, way: str) -> None:
    """Open the page as a new guest, click on play and wait for the first card."""
    page.goto(address(port, way))
    if way == "persona":
        page.get_by_role("button", name=YES).click()
    else:
        for brand in PICKS:  # found by name: the wall itself is in motion
            page.get_by_role("searchbox").fill(brand)
            page.locator(f".found .brick[data-brand='{brand}']").click()
        page.locator(".bar button:enabled:visible").click()
    page.locator(FIRST_CARD).wait_for()
    page.wait_for_function("() => heard.card")


def press(page: Page, keys: int) -> None:
    """Press keys at a steady beat, and wait until every row is known to be stored."""
    for n in range(keys):
        page.keyboard.press(("ArrowRight", "ArrowLeft")[n % 2])
        page.wait_for_timeout(BEAT)
    page.wait_for_function("n => Object.keys(heard.known).length >= n", arg=keys, timeout=20_000)


def one_try(browser: Browser, port: int, way: str) -> dict[str, Any]:
    """Let a new guest play, and return what her page heard."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(path=EARS)
    page = context.new_page()
    play(page, port, way)
    press(page, KEYS)
    heard: dict[str, Any] = page.evaluate("heard")
    times = page.evaluate(POSTS)
    context.close()
    return heard | {"way": way, "sent": dict(by_row(heard["posts"], times))}


def by_row(
    posts: list[list[str]], times: list[tuple[float, float]]
) -> Iterator[tuple[str, tuple[float, float]]]:
    """Yield when each row left and when the server's answer to it began: that of its last post."""
    for rows, sent_and_answered in zip(posts, times, strict=True):
        for row in rows:
            yield row, sent_and_answered


def hands(workspace: Path, port: int) -> dict[str, Any]:
    """Return the times of `TRIES` decks."""
    with chromium() as browser:
        one_try(browser, port, "persona")  # the first page after the start warms the server
        heard = [one_try(browser, port, WAYS[n % len(WAYS)]) for n in range(TRIES)]
    to_card = {way: [h["card"] - h["clicked"] for h in heard if h["way"] == way] for way in WAYS}
    return {
        "click_to_first_card": spread([ms for times in to_card.values() for ms in times]),
        **{f"click_to_first_card_{way}": spread(times) for way, times in to_card.items()},
        **keys_to_rows(workspace, heard),
    }


def keys_to_rows(workspace: Path, heard: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how long each row took from its key, and what of it was spent where.

    The commit lies between the server's `received_at` (whole milliseconds of the same clock) and
    the first byte of its answer, which the browser's network process notes while the page is busy
    with the next card. *Acknowledged* is when the page itself has read the answer.
    """
    received = dict(ask(workspace, "select id, received_at from swipes"))
    steps: dict[str, list[float]] = {
        "key_to_received": [], "key_to_committed": [], "key_to_acknowledged": [],
        "of_it_key_to_kept": [], "of_it_kept_to_sent": [], "of_it_sent_to_committed": [],
    }  # fmt: skip
    for one in heard:
        for key, (row, kept) in zip(one["keys"], one["rows"].items(), strict=True):
            sent, answered = one["sent"][row]
            ends = (received[row], answered, one["known"][row])
            times = (*(end - key for end in ends), kept - key, sent - kept, answered - sent)
            for step, ms in zip(steps, times, strict=True):
                steps[step].append(ms)
    rows = sum(len(one["rows"]) for one in heard)
    lost = sum(row not in received for one in heard for row in one["rows"])
    return {"rows": rows, "lost": lost, **{step: spread(ms) for step, ms in steps.items()}}
