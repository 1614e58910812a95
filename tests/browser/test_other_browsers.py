"""One deck in Firefox and one in WebKit; `make soak` runs them, for they are installed by hand."""

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Demo
from tests.browser.support.visits import answers_of, decks_of
from tests.browser.support.webdriver import Browser, firefox, webkit
from tests.support.paths import ROOT

pytestmark = pytest.mark.soak
RESULTS = ROOT / "bench" / "results" / "browsers.json"
RIGHT, LEFT, UP, DOWN = "\ue014", "\ue012", "\ue013", "\ue015"
FOUR = ["favourite", "not_favourite", "super_like", "dont_know"]
YES = "Yes, read it and deal my cards"
# finds what a person would see, in the shadows of components too
FIND = """
const find = (selector, words) => {
    const roots = [document]
    for (const root of roots)
        for (const e of root.querySelectorAll("*")) {
            if (e.shadowRoot) roots.push(e.shadowRoot)
            const seen = e.matches(selector) && e.checkVisibility()
            if (seen && e.textContent.includes(words)) return e
        }
    return null
}
"""
Start = Callable[[Path], AbstractContextManager[Browser]]


def wait_for(browser: Browser, selector: str, words: str = "") -> None:
    """Wait until something is seen."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if browser.run(FIND + "return find(...arguments) !== null", selector, words):
            return
        time.sleep(0.1)
    seen = browser.run("return document.body.innerText")
    raise AssertionError(f"{selector} {words!r} is not seen, but: {seen}")


def click(browser: Browser, selector: str, words: str = "") -> None:
    wait_for(browser, selector, words)
    browser.run(FIND + "find(...arguments).click()", selector, words)


def note(name: str, found: dict[str, Any]) -> None:
    """Write the result beside that of the other browsers."""
    known = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(known | {name: found}, indent=1, sort_keys=True) + "\n", "utf-8")


@pytest.mark.parametrize("start", [firefox, webkit])
def test_a_deck_is_played_by_keys_and_stored_once_a_card(
    start: Start, demo: Demo, tmp_path: Path
) -> None:
    with start(tmp_path) as browser:
        browser.open(f"{demo.url}/?lang=en&as=noor")
        click(browser, "button", YES)
        wait_for(browser, ".game .card[data-depth='0']")
        browser.press([RIGHT, LEFT, UP, DOWN] * 3, 60)
        browser.open(f"{demo.url}/?lang=en&as=noor")  # a reload in mid-deck
        wait_for(browser, ".count", "Card 13 of 20")
        browser.press([RIGHT, LEFT, UP, DOWN] * 2, 60)
        wait_for(browser, ".saved[data-state=saved]")
        wait_for(browser, ".overview")
        said = answers_of(demo, decks_of(demo, "persona")[-1])
        assert said == [(n + 1, FOUR[n % 4]) for n in range(20)]
        click(browser, ".finish")
        wait_for(browser, ".headline", "We guessed")
        stored = {"version": browser.version, "date": date.today().isoformat()}
        note(start.__name__, {**stored, "cards": 20, "stored_once": len({n for n, _ in said})})
