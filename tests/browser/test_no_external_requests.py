"""The browser talks to the server that sent the page, and to nobody else, through a whole game."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Request, WebSocket, expect

from tests.browser.conftest import Demo, build_demo
from tests.browser.support.gestures import until
from tests.browser.support.visits import live_as
from tests.browser.test_accessibility import through_the_game
from tests.support.paths import ROOT

pytestmark = pytest.mark.browser
Open = Callable[..., BrowserContext]
INSIDE = ("data", "blob")  # made by the page, read by the page


def origins_of(context: BrowserContext) -> set[str]:
    """Every address that anything of this context asks from now on, without its path."""
    heard: set[str] = set()

    def note(url: str) -> None:
        asked = urlsplit(url)
        if asked.scheme not in INSIDE:
            heard.add(f"{asked.scheme}://{asked.netloc}")

    def ask(request: Request) -> None:
        note(request.url)

    def talk(socket: WebSocket) -> None:
        note(socket.url)

    context.on("request", ask)
    context.on("page", lambda page: page.on("websocket", talk))
    return heard


def test_no_request_of_a_whole_game_leaves_its_origin(open_context: Open, demo: Demo) -> None:
    context = open_context()
    heard = origins_of(context)
    page, seen = context.new_page(), list[str]()
    through_the_game(page, demo, seen.append)
    live_as(page, demo.url, "henk")
    page.goto(f"{demo.url}/report?role=pm&lang=en")
    expect(page.locator("[data-testid=stVegaLiteChart] svg").last).to_be_attached()
    page.goto(f"{demo.url}/workbench?role=ds&lang=en")
    expect(page.get_by_role("button", name="Fit", exact=True)).to_be_visible()
    page.goto(f"{demo.url}/my_data?lang=en")
    expect(page.get_by_role("button", name="Save everything as a file")).to_be_visible()
    page.wait_for_timeout(500)  # what comes late is heard too
    assert {"wall", "swipe", "overview", "reveal", "carousel"} <= set(seen)
    ours = demo.url.removeprefix("http")
    assert heard == {f"http{ours}", f"ws{ours}"}


@pytest.mark.parametrize(
    "leak",
    [
        "new Image().src = 'http://127.0.0.1:9/pixel'",
        "fetch('http://localhost:9/count', { mode: 'no-cors' }).catch(() => 0)",
        "navigator.sendBeacon('http://localhost:9/beacon', 'x')",
        "new WebSocket('ws://localhost:9/wire')",
    ],
)
def test_each_planted_leak_is_heard(open_context: Open, leak: str) -> None:
    context = open_context()
    heard = origins_of(context)
    page: Page = context.new_page()
    page.set_content("<title>a page without a policy</title>")
    page.evaluate(f"() => {{ {leak} }}")
    until(page, lambda: bool(heard))
    assert len(heard) == 1
    assert heard.pop().endswith(":9")


def test_the_app_starts_and_is_played_without_a_network(built: Path, tmp_path: Path) -> None:
    """Server and browser in a network namespace that holds a loopback and nothing else."""
    build_demo(built, tmp_path)
    alone = ["unshare", "--map-root-user", "--net", sys.executable, "-m"]
    done = subprocess.run(
        [*alone, "tests.browser.support.offline_smoke", str(tmp_path)],
        capture_output=True, text=True, timeout=180, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, (
        "The app did not start and play without a network, or this computer lets nobody make an "
        f"empty network namespace with `unshare`: {done.stderr}"
    )
    assert done.stdout == "played alone\n"
