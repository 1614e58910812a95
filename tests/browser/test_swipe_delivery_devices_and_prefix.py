"""The real app: two devices of one person, and a path prefix behind a reverse proxy."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import PROGRAM, Demo, build_demo
from tests.browser.support.gestures import all_saved, press, touch
from tests.browser.support.reverse_proxy import proxy
from tests.browser.support.visits import Ear, answers_of, ask, decks_of, live_as, show_result

pytestmark = pytest.mark.browser
Open = Callable[..., BrowserContext]
RIGHT = [(x, 0) for x in (0, 30, 80, 150)]
PREFIX = "/shop/brands"


def card(page: Page, number: int) -> None:
    expect(page.locator(".count")).to_have_text(f"Card {number} of 20")


def test_two_devices_of_one_person_play_one_deck(open_context: Open, demo: Demo) -> None:
    here = open_context()
    desk = here.new_page()
    live_as(desk, demo.url, "daan")
    deck = decks_of(demo, "persona")[-1]
    press(desk, ["ArrowRight"] * 6, 30)
    all_saved(desk)
    same_person = {"cookies": here.cookies(), "origins": []}
    there = open_context(390, 844, has_touch=True, is_mobile=True, storage_state=same_person)
    phone = there.new_page()
    phone.goto(f"{demo.url}/?lang=en&as=daan")
    for number in range(7, 12):
        card(phone, number)
        touch(phone, RIGHT, 15)
    all_saved(phone)
    card(desk, 7)
    press(desk, ["ArrowLeft"])
    card(desk, 12)
    press(desk, ["ArrowUp"] * 9, 30)
    all_saved(desk)
    said = [*((n, "favourite") for n in range(1, 12)), (7, "not_favourite")]
    assert answers_of(demo, deck) == [*said, *((n, "super_like") for n in range(12, 21))]
    assert ask(demo, "select count(distinct id) from swipes where deck = ?", deck) == [(21,)]
    phone.reload()
    phone.locator(".finish").wait_for()
    changed = phone.locator(".rows li").nth(6)
    expect(changed).to_have_attribute("data-answer", "not_favourite")


@pytest.fixture
def prefixed(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Demo]:
    """The demo's workspace under a path of its own."""
    monkeypatch.setenv("STREAMLIT_SERVER_BASE_URL_PATH", PREFIX)
    server = build_demo(built, tmp_path)
    where = ["--workspace", str(server.workspace), "--port", str(server.port)]
    server.command = [PROGRAM, "serve", "--no-browser", *where]
    server.url += PREFIX
    try:
        server.start()
        yield server
    finally:
        server.kill()


def test_a_deck_is_played_under_a_path_prefix_behind_a_proxy(
    open_context: Open, prefixed: Demo
) -> None:
    context = open_context()
    ear, page = Ear(context), context.new_page()
    with proxy(PREFIX, prefixed.port) as address:
        live_as(page, address, "noor")
        (deck,) = decks_of(prefixed, "persona")
        press(page, ["ArrowRight"] * 10, 30)
        page.reload()
        card(page, 11)
        press(page, ["ArrowLeft"] * 10, 30)
        all_saved(page)
        said = [(n, "favourite" if n <= 10 else "not_favourite") for n in range(1, 21)]
        assert answers_of(prefixed, deck) == said
        show_result(page)
    paths = {urlsplit(answer.url).path for answer in ear.answers}
    assert f"{PREFIX}/api/swipes" in paths
    assert {path for path in paths if path[:1] == "/" and not path.startswith(PREFIX)} == set()
    assert (ear.hosts, ear.complaints) == ({"127.0.0.1"}, [])


def test_the_deck_and_all_that_shows_it_travel_in_less_than_forty_kilobytes(
    open_context: Open, demo: Demo
) -> None:
    context = open_context()
    ear, page = Ear(context), context.new_page()
    live_as(page, demo.url, "henk")
    parts = [message.delta.new_element.bidi_component for message in ear.messages()]
    sizes = {
        len((part.js_content + part.css_content + part.html_content).encode())
        for part in parts
        if part.component_name.endswith("brandswipe_swipe")
    }
    assert sizes
    assert max(sizes) < 40_000
    assert min(sizes) > 10_000
