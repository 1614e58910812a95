"""What happens to networks, servers, clocks and browsers: every answered card is stored once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import Server
from tests.browser.support.gestures import all_saved, mood, open_deck, press, rows, touch

pytestmark = pytest.mark.browser
Open = Callable[..., BrowserContext]
Fault = Callable[[Route], None]
RIGHT = [(x, 0) for x in (0, 30, 80, 150)]
POSTS = "**/api/swipes"
ONLY_HERE = "3 not saved yet; keep this page open until they are."
FORBID = """Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("denied", "SecurityError") } })"""
FILL = """() => {
    for (let size = 1 << 23; size >= 1; size = Math.floor(size / 2)) {
        try { while (true) localStorage.setItem(`filler${size}${Math.random()}`, "x".repeat(size)) }
        catch { continue }
    }
}"""
# at once: the other tab's answer may come at any moment, and bring another card
LOOK_AND_PRESS = """(count, key) => {
    const before = count.textContent
    const common = { bubbles: true, composed: true }
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, ...common }))
    return before
}"""
WRONG_DAY = """days => {
    const now = Date.now.bind(Date)
    Date.now = () => now() + days * 86_400_000
}"""


def stored_once(page: Page, server: Server, deck: str, cards: int) -> None:
    """Every one of the first cards is stored, in order, and none of them twice."""
    found = rows(page, server, deck)
    assert [row["position"] for row in found] == list(range(1, cards + 1))
    assert len({row["id"] for row in found}) == cards


def card(page: Page, number: int, of: int = 20) -> None:
    expect(page.locator(".count")).to_have_text(f"Card {number} of {of}")


@pytest.mark.parametrize("gap", [150, 300])
def test_unhurried_keys_are_each_stored_once(desk: Page, stage: Server, gap: int) -> None:
    open_deck(desk, stage, f"gap{gap}", 6)
    press(desk, ["ArrowRight"] * 6, gap)
    all_saved(desk)
    stored_once(desk, stage, f"gap{gap}", 6)


def test_a_reload_after_each_of_twenty_cards_loses_none(desk: Page, stage: Server) -> None:
    open_deck(desk, stage, "reloads")
    for number in range(1, 21):
        card(desk, number)
        press(desk, ["ArrowRight"])
        desk.reload()
    expect(desk.locator(".finish")).to_be_visible()
    all_saved(desk)
    stored_once(desk, stage, "reloads", 20)


def test_who_swipes_on_without_a_network_loses_nothing(open_context: Open, stage: Server) -> None:
    context = open_context()
    page = context.new_page()
    open_deck(page, stage, "offline")
    press(page, ["ArrowRight"] * 3, 30)
    all_saved(page)
    context.set_offline(True)
    press(page, ["ArrowLeft"] * 6, 200)
    expect(page.locator(".saved")).to_have_attribute("data-state", "offline")
    card(page, 10)
    context.set_offline(False)
    all_saved(page)
    press(page, ["ArrowUp"] * 2, 30)
    all_saved(page)
    stored_once(page, stage, "offline", 11)


def error_500(route: Route) -> None:
    route.fulfill(status=500, json={"schema": 1, "error": "ours", "message": "Something failed."})


def too_many(route: Route) -> None:
    route.fulfill(status=429, json={"error": "too_many"}, headers={"Retry-After": "1"})


def too_many_in_html(route: Route) -> None:
    route.fulfill(status=429, body="<h1>Too many requests</h1>", content_type="text/html")


def stored_but_the_answer_breaks_off(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text()[:-12])


def stored_but_the_answer_never_comes(route: Route) -> None:
    route.fetch()
    route.abort("connectionreset")


@pytest.mark.parametrize(
    "fault",
    [
        error_500,
        too_many,
        too_many_in_html,
        stored_but_the_answer_breaks_off,
        stored_but_the_answer_never_comes,
    ],
)
def test_a_server_that_fails_gets_the_same_answers_again(
    desk: Page, stage: Server, fault: Fault
) -> None:
    deck = fault.__name__
    desk.route(POSTS, fault)  # before the deck, so that no post is faster than it
    open_deck(desk, stage, deck)
    press(desk, ["ArrowRight"] * 4, 30)
    expect(desk.locator(".saved")).to_contain_text("Offline; keep playing, we keep them.")
    desk.unroute(POSTS)
    press(desk, ["ArrowLeft"], 30)
    all_saved(desk)
    stored_once(desk, stage, deck, 5)


def answered_without_storage(open_context: Open, stage: Server, deck: str, more: str = "") -> Page:
    """A page that holds three answers which nobody else has."""
    context = open_context()
    context.add_init_script(FORBID)
    page = context.new_page()
    page.route(POSTS, error_500)
    open_deck(page, stage, deck, more=more)
    press(page, ["ArrowRight"] * 3, 30)
    expect(page.locator(".saved")).to_have_text(ONLY_HERE)
    return page


def test_a_browser_that_forbids_storage_keeps_answers_while_the_page_is_open(
    open_context: Open, stage: Server
) -> None:
    page = answered_without_storage(open_context, stage, "forbidden")
    page.unroute(POSTS)
    all_saved(page)
    press(page, ["ArrowLeft"] * 2)
    all_saved(page)
    page.reload()
    card(page, 6)
    stored_once(page, stage, "forbidden", 5)


def test_a_deck_that_is_mounted_again_has_what_only_the_page_holds(
    open_context: Open, stage: Server
) -> None:
    page = answered_without_storage(open_context, stage, "mounted", "&again=1")
    first = page.locator(".stage").element_handle()
    page.get_by_role("button", name="Mount again").click()
    expect(page.get_by_text("mounted again 1 times")).to_be_visible()
    page.wait_for_function("stage => !stage.isConnected", arg=first)
    card(page, 4)
    expect(page.locator(".saved")).to_have_text(ONLY_HERE)
    page.unroute(POSTS)
    press(page, ["ArrowLeft"])
    all_saved(page)
    stored_once(page, stage, "mounted", 4)


def test_a_full_storage_keeps_answers_and_a_page_that_goes_sends_them(
    open_context: Open, stage: Server
) -> None:
    page = open_context().new_page()
    page.route(POSTS, error_500)
    open_deck(page, stage, "full")
    page.evaluate(FILL)
    press(page, ["ArrowRight"] * 3, 30)
    expect(page.locator(".saved")).to_have_text(ONLY_HERE)
    page.unroute(POSTS)
    page.reload()
    expect(page.locator(".count")).to_have_text("Card 4 of 20")
    press(page, ["ArrowLeft"])
    all_saved(page)
    stored_once(page, stage, "full", 4)


def test_a_clock_that_jumps_by_days_changes_neither_number_nor_order(
    open_context: Open, stage: Server
) -> None:
    """Three page loads without a server: yesterday's undo comes after tomorrow's answer."""
    page = open_context().new_page()
    open_deck(page, stage, "clock")
    mood(page, stage, "down")
    try:
        page.evaluate(WRONG_DAY, 1)
        press(page, ["ArrowRight"] * 3)
        page.reload()
        card(page, 4)
        page.evaluate(WRONG_DAY, -1)
        press(page, ["z", "ArrowLeft", "ArrowUp"])
        page.reload()
        card(page, 5)
    finally:
        mood(page, stage, "ok")
    press(page, ["ArrowDown"])
    all_saved(page)
    found = rows(page, stage, "clock")
    assert [(row["position"], row["answer"]) for row in found] == [
        (1, "favourite"),
        (2, "favourite"),
        (3, "favourite"),
        (3, None),
        (3, "not_favourite"),
        (4, "super_like"),
        (5, "dont_know"),
    ]
    assert len({row["id"] for row in found}) == 7


def test_back_and_forward_come_back_to_the_same_card(open_context: Open, stage: Server) -> None:
    page = open_context().new_page()
    page.goto(f"{stage.url}/?scene=wall")
    page.locator(".brick").first.wait_for()
    open_deck(page, stage, "history")
    press(page, ["ArrowRight"] * 3)
    page.go_back()
    page.locator(".brick").first.wait_for()
    page.go_forward()
    card(page, 4)
    press(page, ["ArrowLeft"] * 2)
    page.go_back()
    page.go_forward()
    card(page, 6)
    all_saved(page)
    stored_once(page, stage, "history", 5)


def test_two_tabs_that_answer_in_turn_each_store_all_they_said(
    open_context: Open, stage: Server
) -> None:
    """Each key in the one tab is followed by one in the other, without waiting for either."""
    context = open_context()
    tabs = [context.new_page(), context.new_page()]
    for page in tabs:
        open_deck(page, stage, "turns")
    said: list[list[int]] = [[], []]
    for _ in range(6):
        for page, mine, key in zip(tabs, said, ("ArrowRight", "ArrowLeft"), strict=True):
            mine.append(int(page.locator(".count").evaluate(LOOK_AND_PRESS, key).split()[1]))
    for page in tabs:
        all_saved(page)
    found = rows(tabs[0], stage, "turns")
    assert len({row["id"] for row in found}) == len(found) == 12
    for answer, mine in zip(("favourite", "not_favourite"), said, strict=True):
        assert [row["position"] for row in found if row["answer"] == answer] == mine
    last = {row["position"]: row["answer"] for row in found}
    for page in tabs:
        page.reload()
        card(page, len(last) + 1)


def test_a_duplicated_tab_is_a_tab_of_its_own(open_context: Open, stage: Server) -> None:
    """`open` copies the session's storage, as a duplicated tab does."""
    page = open_context().new_page()
    open_deck(page, stage, "twin")
    press(page, ["ArrowRight"] * 2)
    all_saved(page)
    with page.expect_popup() as opened:
        page.evaluate("() => { open(location.href) }")
    twin = opened.value
    card(twin, 3)
    press(twin, ["ArrowLeft"] * 2)
    all_saved(twin)
    stored_once(page, stage, "twin", 4)
    page.reload()
    card(page, 5)
    assert len({row["tab"] for row in rows(page, stage, "twin")}) == 2


def test_a_phone_is_turned_and_turned_back_between_flings(
    open_context: Open, stage: Server
) -> None:
    page = open_context(390, 844, has_touch=True, is_mobile=True).new_page()
    open_deck(page, stage, "turned")
    for turn, (width, height) in enumerate([(390, 844), (844, 390), (390, 844)]):
        page.set_viewport_size({"width": width, "height": height})
        for fling in range(2):
            card(page, 2 * turn + fling + 1)
            page.locator(".card[data-depth='0']").scroll_into_view_if_needed()
            touch(page, RIGHT, 15)
    card(page, 7)
    all_saved(page)
    stored_once(page, stage, "turned", 6)
