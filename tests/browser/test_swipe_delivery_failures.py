"""The real app on a bad day: no network, no cookies, a stopped server, a stolen or an old token."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from app.auth.guest_cookie import GUEST_COOKIE
from tests.browser.conftest import FLAGS, PROGRAM, Demo
from tests.browser.support.chromium import find
from tests.browser.support.gestures import all_saved, press
from tests.browser.support.visits import Ear, answers_of, ask, decks_of, live_as, show_result

pytestmark = pytest.mark.browser
Open = Callable[..., BrowserContext]
POSTS = "**/api/swipes"
HALF_A_MINUTE = 30_000  # ms


def card(page: Page, number: int) -> None:
    expect(page.locator(".count")).to_have_text(f"Card {number} of 20")


def play(page: Page, demo: Demo, persona: str) -> str:
    """Open the deck of a borrowed life; return its id."""
    live_as(page, demo.url, persona)
    return decks_of(demo, "persona")[-1]


def stored_once(demo: Demo, deck: str, answers: list[str]) -> None:
    assert answers_of(demo, deck) == list(enumerate(answers, 1))
    rows = ask(demo, "select count(*), count(distinct id) from swipes where deck = ?", deck)
    assert rows == [(len(answers), len(answers))]


def test_half_a_minute_without_a_network_loses_nothing(open_context: Open, demo: Demo) -> None:
    context = open_context()
    page = context.new_page()
    deck = play(page, demo, "daan")
    press(page, ["ArrowRight"] * 2, 30)
    all_saved(page)
    context.set_offline(True)
    press(page, ["ArrowLeft"] * 15, HALF_A_MINUTE / 15)
    expect(page.locator(".saved")).to_have_text("Offline; keep playing, we keep them.")
    assert len(answers_of(demo, deck)) == 2
    context.set_offline(False)
    all_saved(page)
    press(page, ["ArrowUp"] * 3, 30)
    all_saved(page)
    stored_once(demo, deck, ["favourite"] * 2 + ["not_favourite"] * 15 + ["super_like"] * 3)
    show_result(page)


def test_a_server_that_is_stopped_and_started_while_she_swipes_loses_nothing(
    open_context: Open, own_demo: Demo
) -> None:
    page = open_context().new_page()
    deck = play(page, own_demo, "noor")
    press(page, ["ArrowRight"] * 6, 20)
    own_demo.process.terminate()
    press(page, ["ArrowLeft"] * 6, 60)
    assert own_demo.process.wait(20) == 0
    own_demo.start()
    press(page, ["ArrowUp"] * 3, 60)  # a key may meet the page while it finds the server again
    all_saved(page)
    said = ["favourite"] * 6 + ["not_favourite"] * 6 + ["super_like"] * 3
    at = int(page.locator(".count").inner_text().split()[1])
    assert at > 12
    stored_once(own_demo, deck, said[: at - 1])


def test_while_the_server_is_away_nothing_covers_the_cards_and_they_are_played_on(
    open_context: Open, own_demo: Demo
) -> None:
    page = open_context().new_page()
    deck = play(page, own_demo, "noor")
    press(page, ["ArrowRight"] * 2, 30)
    all_saved(page)
    own_demo.kill()
    expect(page.get_by_test_id("stConnectionStatus")).to_be_visible(timeout=HALF_A_MINUTE)
    page.wait_for_timeout(5_000)  # so long Streamlit takes to say it in a dialog of its own
    assert page.get_by_role("dialog").count() == 0
    press(page, ["ArrowLeft"] * 9, 30)
    page.get_by_role("button", name="Super like").click()
    card(page, 13)
    expect(page.locator(".saved")).to_have_text("Offline; keep playing, we keep them.")
    own_demo.start()
    all_saved(page)
    stored_once(own_demo, deck, ["favourite"] * 2 + ["not_favourite"] * 9 + ["super_like"])


def test_a_deck_that_is_open_outlives_a_new_signing_key_and_a_start(
    open_context: Open, own_demo: Demo
) -> None:
    page = open_context().new_page()
    deck = play(page, own_demo, "noor")
    press(page, ["ArrowRight"] * 6, 30)
    all_saved(page)
    own_demo.process.terminate()
    assert own_demo.process.wait(20) == 0
    press(page, ["ArrowLeft"] * 6, 60)  # wait in the browser, with a pass under the old key
    key = own_demo.workspace / "secrets" / "signing_key"
    before = key.read_bytes()
    words = ["admin", "keys", "rotate", "signing", "--workspace", str(own_demo.workspace)]
    subprocess.run([PROGRAM, *words], check=True, capture_output=True)
    assert key.read_bytes() != before
    own_demo.start()
    all_saved(page)
    said = ["favourite"] * 6 + ["not_favourite"] * 6
    stored_once(own_demo, deck, said)
    page.reload()
    card(page, 13)
    press(page, ["ArrowUp"] * 8, 60)
    all_saved(page)
    stored_once(own_demo, deck, said + ["super_like"] * 8)


def test_a_stolen_token_stores_nothing_in_another_browser(open_context: Open, demo: Demo) -> None:
    here = open_context()
    ear, page = Ear(here), here.new_page()
    deck = play(page, demo, "henk")
    token = ear.data("swipe")[-1]["token"]
    theft = {
        "id": "theft", "position": 20, "kind": "answer", "answer": "favourite", "tab": "t",
        "tab_seq": 1, "input": "key", "device_class": "desk",
    }  # fmt: skip
    thief = open_context()
    body = {"token": token, "swipes": [theft]}
    without = thief.request.post(f"{demo.url}/api/swipes", data=body)
    thief.request.get(demo.url)
    assert GUEST_COOKIE in {cookie["name"] for cookie in thief.cookies()}
    with_another = thief.request.post(f"{demo.url}/api/swipes", data=body)
    for answer in (without, with_another):
        assert (answer.status, answer.json()["error"]) == (401, "invalid")
    press(page, ["ArrowRight"] * 2, 30)
    all_saved(page)
    stored_once(demo, deck, ["favourite"] * 2)


def test_a_token_that_has_expired_is_renewed_through_the_page(
    open_context: Open, demo: Demo
) -> None:
    page = open_context().new_page()
    deck = play(page, demo, "henk")
    tokens: list[str] = []

    def expired(route: Route) -> None:
        tokens.append(route.request.post_data_json["token"])
        if tokens[-1] == tokens[0]:
            said = {"schema": 1, "error": "expired", "message": "Expired."}
            route.fulfill(status=401, json=said)
        else:
            route.fallback()

    page.route(POSTS, expired)
    press(page, ["ArrowRight"] * 5, 100)
    all_saved(page)
    press(page, ["ArrowLeft"] * 2, 30)
    all_saved(page)
    assert len(set(tokens)) == 2
    stored_once(demo, deck, ["favourite"] * 5 + ["not_favourite"] * 2)


def test_a_browser_that_refuses_cookies_plays_as_long_as_its_page_is_open(
    chromium: Browser, demo: Demo, tmp_path: Path
) -> None:
    """Such a browser forbids storage as well: the queue lives in the page."""
    (tmp_path / "Default").mkdir()
    refuse = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(refuse))
    context = chromium.browser_type.launch_persistent_context(
        tmp_path, executable_path=find(), args=FLAGS
    )
    try:
        page = context.new_page()
        deck = play(page, demo, "daan")
        press(page, ["ArrowRight"] * 20, 30)
        all_saved(page)
        assert context.cookies() == []
        stored_once(demo, deck, ["favourite"] * 20)
        show_result(page)
    finally:
        context.close()


def test_what_is_said_after_the_close_is_stored_as_late_and_told(
    open_context: Open, demo: Demo
) -> None:
    here = open_context()
    desk = here.new_page()
    deck = play(desk, demo, "noor")
    press(desk, ["ArrowRight"] * 3, 30)
    all_saved(desk)
    here.set_offline(True)
    press(desk, ["ArrowLeft"] * 2, 30)
    there = open_context(storage_state={"cookies": here.cookies(), "origins": []})
    other = there.new_page()
    other.goto(f"{demo.url}/?lang=en&as=noor")
    card(other, 4)
    press(other, ["ArrowUp"] * 17, 30)
    all_saved(other)
    show_result(other)
    here.set_offline(False)
    expect(desk.locator(".saved")).to_have_text(
        "This deck was already closed; 2 came too late to count."
    )
    expect(desk.locator(".overview .lead")).to_contain_text("what came later is kept")
    expect(desk.locator(".rows li[data-answer=super_like]")).to_have_count(17)
    late = ask(demo, "select position from swipes where deck = ? and late = 1 order by seq", deck)
    assert late == [(4,), (5,)]
    assert ask(demo, "select count(*) from swipes where deck = ? and late = 0", deck) == [(20,)]
    desk.locator(".finish").click()
    expect(desk.locator(".flip").first).to_be_visible()


def test_what_waits_in_a_browser_when_its_deck_is_closed_is_sent_by_the_page_of_the_result(
    open_context: Open, demo: Demo
) -> None:
    here = open_context()
    desk = here.new_page()
    deck = play(desk, demo, "henk")
    press(desk, ["ArrowRight"] * 18, 30)
    all_saved(desk)
    here.set_offline(True)
    press(desk, ["ArrowLeft"] * 2, 30)
    desk.close()
    here.set_offline(False)
    there = open_context(storage_state={"cookies": here.cookies(), "origins": []}).new_page()
    there.goto(f"{demo.url}/?lang=en&as=henk")
    card(there, 19)
    press(there, ["ArrowUp"] * 2, 30)
    all_saved(there)
    show_result(there)
    again = here.new_page()
    again.goto(f"{demo.url}/?lang=en&as=henk")
    expect(again.locator(".late")).to_have_text(
        "This deck was already closed; 2 came too late to count."
    )
    assert (
        again.evaluate("Object.keys(localStorage).filter(k => k.startsWith('brandswipe:'))") == []
    )
    late = ask(demo, "select position from swipes where deck = ? and late = 1 order by seq", deck)
    assert late == [(19,), (20,)]
    again.reload()
    expect(again.locator(".flip").first).to_be_visible()
    expect(again.locator(".late")).to_be_hidden()
