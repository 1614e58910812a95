"""What a browser keeps of answers that wait: how little, for whom, and how long."""

import json
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import Server
from tests.browser.support.gestures import PRESS_AT_ONCE, all_saved, mood, open_deck, press, rows

pytestmark = pytest.mark.browser
Open = Callable[..., BrowserContext]
POSTS = "**/api/swipes"
KEPT = "() => Object.entries(localStorage).filter(([key]) => key.startsWith('brandswipe:'))"
HOUR = 3600


def kept(page: Page) -> list[tuple[str, str]]:
    """What the browser keeps of ours, keys and values."""
    return [(key, value) for key, value in page.evaluate(KEPT)]


def kept_decks(page: Page) -> list[str]:
    """The deck of every row that is kept."""
    return sorted(deck for key, _ in kept(page) if (deck := key.split(":")[2]))


def down(route: Route) -> None:
    route.fulfill(status=503, json={"schema": 1, "error": "not_stored", "message": "Full."})


def at(seconds: float) -> Callable[[Route], None]:
    """A server whose clock says this."""

    def answer(route: Route) -> None:
        said = route.fetch()
        route.fulfill(
            response=said, headers=said.headers | {"date": formatdate(seconds, usegmt=True)}
        )

    return answer


def leave_answers(page: Page, stage: Server, deck: str, count: int = 2, more: str = "") -> None:
    """Answer cards that the server does not take, and go away."""
    open_deck(page, stage, deck, more=more)
    mood(page, stage, "down")  # for the beacon as well
    try:
        press(page, ["ArrowRight"] * count)
        expect(page.locator(".saved")).to_have_attribute("data-state", "offline")
        page.goto("about:blank")
    finally:
        mood(page, stage, "ok")


def test_a_row_holds_the_answer_and_its_times_and_neither_token_nor_name_nor_brand(
    open_context: Open, stage: Server
) -> None:
    page = open_context().new_page()
    page.route(POSTS, down)
    open_deck(page, stage, "bare")
    press(page, ["ArrowRight", "z", "ArrowLeft"])
    found = kept(page)
    fields = {"id", "position", "kind", "answer", "shown_ms", "input", "device_class"}
    for key, value in found:
        row: dict[str, Any] = json.loads(value)
        assert set(row) == fields | {"tab", "tab_seq", "client_at"}
        assert key == f"brandswipe:me:bare:{row['id']}"
    assert len(found) == 3
    everything = str(found) + str(page.evaluate("() => Object.entries(sessionStorage)"))
    for word in ("bare#", "Lego", "Toys", "Technic"):
        assert word not in everything


def test_answers_to_another_deck_are_left_for_its_own_page(
    open_context: Open, stage: Server
) -> None:
    page = open_context().new_page()
    leave_answers(page, stage, "older")
    open_deck(page, stage, "newer")
    press(page, ["ArrowLeft"])
    all_saved(page)
    assert rows(page, stage, "older") == []
    assert kept_decks(page) == ["older", "older"]
    open_deck(page, stage, "older")
    expect(page.locator(".count")).to_have_text("Card 3 of 20")
    all_saved(page)
    assert [row["position"] for row in rows(page, stage, "older")] == [1, 2]
    assert kept(page) == []


def test_answers_to_another_deck_go_a_day_later_by_the_clock_of_the_server(
    open_context: Open, stage: Server
) -> None:
    """The browser's clock is two days ahead all the time, and nobody believes it."""
    context = open_context()
    context.add_init_script("const now = Date.now; Date.now = () => now() + 2 * 86_400_000")
    page = context.new_page()
    leave_answers(page, stage, "lost")
    for hours, left in ((0, ["lost"] * 2), (23.9, ["lost"] * 2), (24.1, [])):
        page.route(POSTS, at(1_800_000_000 + hours * HOUR))
        open_deck(page, stage, "found")
        press(page, ["ArrowLeft"])
        all_saved(page)
        page.unroute(POSTS)
        assert kept_decks(page) == left
    assert kept(page) == []


def test_a_deck_that_was_opened_again_has_its_day_anew(open_context: Open, stage: Server) -> None:
    page = open_context().new_page()
    leave_answers(page, stage, "again")
    for deck, hours in (("other", 0), ("again", 20), ("other", 30), ("other", 53.9)):
        page.route(POSTS, at(1_800_000_000 + hours * HOUR))
        open_deck(page, stage, deck)
        press(page, ["ArrowLeft"])
        all_saved(page)
        page.unroute(POSTS)
        if deck == "again":
            leave_answers(page, stage, "again", 1)
    assert kept_decks(page) == ["again"]


def test_who_comes_after_somebody_is_told_how_many_answers_were_not_sent(
    open_context: Open, stage: Server
) -> None:
    page = open_context().new_page()
    leave_answers(page, stage, "hers", 3, "&who=ann")
    open_deck(page, stage, "his", more="&who=bob")
    told = page.locator(".unsent")
    words = "Answers of an earlier player on this device may not have been sent: 3."
    expect(told).to_contain_text(words)
    assert kept(page) == []
    press(page, ["ArrowRight"])
    all_saved(page)
    expect(told).to_be_visible()
    open_deck(page, stage, "his", more="&who=bob&lang=nl")
    expect(told).to_be_hidden()
    assert rows(page, stage, "hers") == []


def test_who_logs_out_posts_what_waits_and_leaves_nothing_behind(
    open_context: Open, stage: Server
) -> None:
    page = open_context().new_page()
    page.route(POSTS, down)
    open_deck(page, stage, "leaving", more="&exit=1")
    press(page, ["ArrowRight"] * 3)
    expect(page.locator(".saved")).to_have_attribute("data-state", "offline")
    page.unroute(POSTS)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("logged out, 0 unsent")).to_be_visible()
    assert kept(page) == []
    assert [row["position"] for row in rows(page, stage, "leaving")] == [1, 2, 3]


def test_who_logs_out_without_a_server_leaves_nothing_and_hears_how_much_was_lost(
    open_context: Open, stage: Server
) -> None:
    page = open_context().new_page()
    leave_answers(page, stage, "before", 1)
    page.route(POSTS, down)
    open_deck(page, stage, "unlucky", more="&exit=1")
    press(page, ["ArrowRight"] * 2)
    expect(page.locator(".saved")).to_have_attribute("data-state", "offline")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("logged out, 3 unsent")).to_be_visible()
    assert kept(page) == []


def test_a_login_that_changed_in_another_tab_is_said_and_no_answer_is_given_away(
    desk: Page, stage: Server
) -> None:
    """Every token of this page is refused, also a new one: the browser has another login now."""

    def refuse(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or "")["token"])
        route.fulfill(status=401, json={"schema": 1, "error": "invalid", "message": "No."})

    asked: list[str] = []
    desk.route(POSTS, refuse)
    open_deck(desk, stage, "changed")
    press(desk, ["ArrowRight"] * 2)
    words = "2 not saved. Reload the page; they are kept on this device."
    expect(desk.locator(".saved")).to_have_text(words)
    desk.wait_for_timeout(2_500)
    assert set(asked) == {"changed#0", "changed#1"}
    desk.unroute(POSTS)
    desk.reload()
    all_saved(desk)
    assert [row["position"] for row in rows(desk, stage, "changed")] == [1, 2]


def test_a_server_that_asks_to_wait_is_not_asked_at_every_key(desk: Page, stage: Server) -> None:
    posts: list[str] = []

    def too_many(route: Route) -> None:
        posts.append(route.request.post_data or "")
        route.fulfill(status=429, json={"schema": 1, "error": "too_many", "message": "Wait."})

    desk.route(POSTS, too_many)
    open_deck(desk, stage, "patient")
    press(desk, ["ArrowRight"])
    expect(desk.locator(".saved")).to_have_attribute("data-state", "offline")
    desk.evaluate(PRESS_AT_ONCE, ["ArrowRight"] * 11)
    assert len(posts) <= 2  # the first, and the one that was due in these milliseconds
    desk.unroute(POSTS)
    all_saved(desk)
    assert [row["position"] for row in rows(desk, stage, "patient")] == list(range(1, 13))


def test_who_comes_too_late_sees_what_counts_and_goes_on_by_herself(
    desk: Page, stage: Server
) -> None:
    open_deck(desk, stage, "closed")
    press(desk, ["ArrowRight"] * 2)
    all_saved(desk)
    mood(desk, stage, "late")
    try:
        press(desk, ["ArrowLeft"])
        expect(desk.locator(".saved")).to_have_text(
            "This deck was already closed; 1 came too late to count."
        )
    finally:
        mood(desk, stage, "ok")
    expect(desk.locator(".overview .lead")).to_contain_text("This deck is closed.")
    expect(desk.locator(".choices button:enabled")).to_have_count(0)
    press(desk, ["ArrowUp", "z"])
    expect(desk.locator(".rows li[data-answer=super_like]")).to_have_count(0)
    expect(desk.get_by_text("finished closed")).to_have_count(0)
    desk.get_by_role("button", name="Show my result").click()
    expect(desk.get_by_text("finished closed with 2 answers")).to_be_visible()
