"""The content security policy is never broken by a page of ours, and each breach is heard."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Demo
from tests.browser.support.gestures import until
from tests.browser.support.visits import live_as
from tests.browser.test_accessibility import through_the_game

pytestmark = pytest.mark.browser
Open = Callable[..., BrowserContext]
HEAR = """document.addEventListener("securitypolicyviolation", e =>
    heard(`${e.effectiveDirective} ${e.blockedURI} on ${location.pathname}`))"""
PROBE = "script-src wasm-eval"
"""Streamlit asks whether WebAssembly may be compiled; it may not, and no page needs it."""


def hears(context: BrowserContext) -> list[str]:
    """Everything that a page of this context does against its policy, or a dialog says."""
    heard: list[str] = []

    def note(_: object, what: object) -> None:
        if not str(what).startswith(PROBE):
            heard.append(str(what))

    context.expose_binding("heard", note)
    context.add_init_script(HEAR)
    context.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
    return heard


def look_at_numbers(page: Page, url: str) -> None:
    """Open the pages of product manager and data scientist, and her own."""
    page.goto(f"{url}/report?role=pm&lang=en")
    expect(page.get_by_test_id("stMain").get_by_role("heading").first).to_be_visible()
    page.wait_for_timeout(1500)
    page.goto(f"{url}/workbench?role=ds&lang=en")
    expect(page.get_by_role("button", name="Fit", exact=True)).to_be_visible()
    page.goto(f"{url}/my_data?lang=en")
    expect(page.get_by_test_id("stMain").get_by_role("heading").first).to_be_visible()
    page.wait_for_timeout(500)


def test_no_page_of_a_whole_game_breaks_the_policy(open_context: Open, demo: Demo) -> None:
    context = open_context()
    heard, page, seen = hears(context), context.new_page(), list[str]()
    through_the_game(page, demo, seen.append)
    live_as(page, demo.url, "henk")
    look_at_numbers(page, demo.url)
    assert {"wall", "swipe", "overview", "reveal", "carousel"} <= set(seen)
    assert heard == []


@pytest.mark.parametrize(
    "planted",
    [
        "new Image().src = 'http://127.0.0.1:9/pixel'",
        "document.head.append(Object.assign(document.createElement('script'), {text: '1'}))",
        "document.body.append(Object.assign(document.createElement('iframe'),"
        " {src: 'http://127.0.0.1:9/'}))",
        "fetch('http://127.0.0.1:9/').catch(() => 0)",
    ],
)
def test_each_planted_violation_is_heard(open_context: Open, demo: Demo, planted: str) -> None:
    context = open_context()
    heard, page = hears(context), context.new_page()
    page.goto(f"{demo.url}/healthz")
    page.evaluate(f"() => {{ {planted} }}")
    until(page, lambda: bool(heard))
